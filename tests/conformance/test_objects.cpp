// Variables that hold objects (Theano's generic).
#include "case.hpp"
#include "fakes/objects.hpp"

using conformance::Variable;
using svar_test::HeldText;
using svar_test::Text;

namespace
{

// A variable that holds the text, which is moved.
Variable
holding(Text &text, const svar_shared_options_t &options)
{
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(text.source(), &options, &variable));
  text.release();
  return Variable(variable);
}

} // namespace

SVAR_CASE_OF_NO_ARRAY(14, AnArrayOfNoTensorsDtypeIsNoObjectUnlessOfferedAsOne)
{
  Array opaque(SVAR_FLOAT64, {2});
  opaque.tensor().dtype = {kDLOpaqueHandle, 64, 1};
  expect_not_shared(SVAR_ERR_TYPE, opaque.source(), options("opaque"));
  EXPECT_MESSAGE("no dtype has code 3");
  Array extended(SVAR_COMPLEX128, {2});
  extended.tensor().dtype = {kDLFloat, 128, 1};
  expect_not_shared(SVAR_ERR_TYPE, extended.source(), options("extended"));
}

SVAR_CASE_ON(CPU, 14, WhatIsOfferedAsAnObjectBecomesOne)
{
  Text text("<U5");
  Variable s = holding(text, options());
  EXPECT_EQ(svar_variable_type(s.get()).kind, SVAR_KIND_OBJECT);
  Text refused("<U5");
  svar_shared_options_t given = options();
  given.borrow = SVAR_BORROW;
  expect_not_shared(SVAR_ERR_TYPE, refused.source(), given);
}

SVAR_CASE_OF_NO_ARRAY(26, AnObjectTakesNoOptionOfOtherKinds)
{
  Text text("a");
  svar_shared_options_t given = options("w");
  given.borrow = SVAR_BORROW;
  expect_not_shared(SVAR_ERR_TYPE, text.source(), given);
  EXPECT_MESSAGE("[object]");
}

SVAR_CASE_ON(IPC, 26, AnObjectIsInNoStore)
{
  Text text("a");
  expect_not_shared(SVAR_ERR_TYPE, text.source(), options("w"));
  EXPECT_MESSAGE("of this process alone");
}

SVAR_CASE_ON(CPU, 65, AnObjectIsSharedAtConstructionAndCopiedByDefaultAfterwards)
{
  Text mine("list");
  std::string *list = mine.get();
  Variable s = holding(mine, options());
  list->append("+");
  EXPECT_EQ(*HeldText(s.get(), SVAR_BORROW).get(), "list+") << "construction copies nothing";
  EXPECT_EQ(HeldText(s.get(), SVAR_BORROW).get(), list);
  {
    HeldText copy(s.get(), SVAR_COPY);
    EXPECT_NE(copy.get(), list);
    copy.get()->append("!");
    EXPECT_EQ(*HeldText(s.get(), SVAR_BORROW).get(), "list+");
  }
  Text x("x");
  ASSERT_SVAR_OK(svar_set_value(s.get(), x.source(), SVAR_COPY));
  x.get()->append("!");
  EXPECT_EQ(*HeldText(s.get(), SVAR_BORROW).get(), "x");
  ASSERT_SVAR_OK(svar_set_value(s.get(), x.source(), SVAR_BORROW));
  EXPECT_EQ(HeldText(s.get(), SVAR_BORROW).get(), x.release());
}
SVAR_NOT_ON(IPC, 65, "objects are of one process")
SVAR_NOT_ON(GPU, 65, "objects are no arrays")

SVAR_CASE_ON(CPU, 66, AStrictObjectVariableTakesObjectsOfEveryClass)
{
  static const svar_object_class_t number_class = {sizeof(number_class), "number", nullptr,
                                                   nullptr};
  static int number = 5;
  Text text("text");
  svar_shared_options_t given = options();
  given.strict = true;
  Variable s = holding(text, given);
  EXPECT_TRUE(svar_container_is_strict(svar_variable_container(s.get())));
  svar_object_t object = {&number, &number_class};
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_object_source(&object), SVAR_BORROW));
  svar_object_value_t value = SVAR_OBJECT_VALUE_INIT;
  ASSERT_SVAR_OK(svar_object_get(s.get(), SVAR_BORROW, &value));
  EXPECT_EQ(value.object.pointer, &number);
  EXPECT_STREQ(value.object.object_class->type_name, "number");
  svar_object_value_release(&value);
}
SVAR_NOT_ON(IPC, 66, "objects are of one process")
SVAR_NOT_ON(GPU, 66, "objects are no arrays")

SVAR_CASE_ON(CPU, 144, AnObjectIsNotIndexedAndTheSentenceNamesItsType)
{
  Text text("g");
  Variable g = holding(text, options("g"));
  svar_expression_t *expression = nullptr;
  EXPECT_EQ(svar_expression_of(g.get(), &expression), SVAR_ERR_TYPE);
  EXPECT_MESSAGE("'g'");
  EXPECT_MESSAGE("of type 'text'");
  EXPECT_MESSAGE("index");
  EXPECT_MESSAGE("svar_array");
  static const svar_object_class_t texts = {sizeof(texts), "array of <U5", nullptr, nullptr};
  svar_object_t array = {&expression, &texts};
  ASSERT_SVAR_OK(svar_set_value(g.get(), svar_object_source(&array), SVAR_BORROW));
  EXPECT_EQ(svar_expression_of(g.get(), &expression), SVAR_ERR_TYPE);
  EXPECT_MESSAGE("array of <U5");
}
SVAR_NOT_ON(IPC, 144, "objects are of one process")
SVAR_NOT_ON(GPU, 144, "objects are no arrays")
