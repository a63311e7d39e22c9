// Variables that hold objects: who owns which one, and when it ends.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "fakes/failing_heap.hpp"
#include "fakes/objects.hpp"
#include "fakes/scratch.hpp"

extern "C" {
#include "variable/constructors.h"
}

using svar_test::HeldText;
using svar_test::Text;
using svar_test::Variable;

namespace
{

class Object : public ::testing::Test
{
protected:
  void TearDown() override
  {
    EXPECT_EQ(svar_test::living_texts(), 0) << "every object ends exactly once";
  }

  Variable make(const char *text, const svar_shared_options_t *options = nullptr)
  {
    Text object(text);
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(object.source(), options, &variable));
    object.release();
    return Variable(variable);
  }
};

TEST_F(Object, IsMovedIntoItsVariableAndEndsWithIt)
{
  Variable s = make("one");
  EXPECT_EQ(svar_test::living_texts(), 1);
  svar_type_t type = svar_variable_type(s.get());
  svar_type_t expected = svar_object_type();
  EXPECT_TRUE(svar_type_equal(&type, &expected));
  char text[SVAR_TYPE_TEXT_BYTES];
  EXPECT_STREQ(svar_variable_text(s.get(), text, sizeof(text)), "<Object>");
  EXPECT_EQ(svar_variable_backing(s.get()), SVAR_BACKING_CPU);
  EXPECT_EQ(svar_variable_store(s.get()), nullptr);
}

TEST_F(Object, ABorrowedOneOutlivesItsReplacementAndItsVariable)
{
  Variable s = make("one");
  HeldText held(s.get(), SVAR_BORROW);
  ASSERT_SVAR_OK(held.ret());
  EXPECT_TRUE(held.value().is_alias);
  EXPECT_EQ(held.value().version, 1u);
  Text two("two");
  ASSERT_SVAR_OK(svar_set_value(s.get(), two.source(), SVAR_BORROW));
  EXPECT_EQ(HeldText(s.get(), SVAR_BORROW).get(), two.release());
  EXPECT_EQ(HeldText(s.get(), SVAR_BORROW).value().version, 2u);
  s.reset();
  EXPECT_EQ(*held.get(), "one");
  EXPECT_EQ(svar_test::living_texts(), 1);
}

TEST_F(Object, ARefusedOneStaysTheCallers)
{
  Text one("one");
  svar_variable_t *none = nullptr;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.borrow = SVAR_BORROW;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "an object of type 'text' with borrow",
                    svar_shared(one.source(), &options, &none));
  options = SVAR_SHARED_OPTIONS_INIT;
  bool flag = true;
  options.broadcastable = &flag;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "broadcastable", svar_shared(one.source(), &options, &none));
  options = SVAR_SHARED_OPTIONS_INIT;
  svar_test::ScratchDirectory directory;
  svar_test::Store store = svar_test::create_store("/object");
  options.name = "one";
  options.store = store.get();
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "of this process alone",
                    svar_shared(one.source(), &options, &none));
  EXPECT_EQ(none, nullptr);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Object, TheVeryObjectAgainIsKept)
{
  Variable s = make("one");
  svar_object_t again;
  {
    HeldText held(s.get(), SVAR_BORROW);
    *held.get() = "changed";
    again = held.value().object;
  }
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_object_source(&again), SVAR_BORROW));
  HeldText held(s.get(), SVAR_BORROW);
  EXPECT_EQ(*held.get(), "changed");
  EXPECT_EQ(held.value().version, 2u);
}

TEST_F(Object, CanBeUnsetUnlessStrict)
{
  Variable s = make("one");
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_none(), SVAR_COPY));
  EXPECT_EQ(svar_test::living_texts(), 0);
  EXPECT_EQ(HeldText(s.get(), SVAR_COPY).ret(), SVAR_ERR_UNSET);
  Text two("two");
  ASSERT_SVAR_OK(svar_set_value(s.get(), two.source(), SVAR_COPY));
  EXPECT_EQ(*HeldText(s.get(), SVAR_COPY).get(), "two");
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.strict = true;
  Variable strict = make("three", &options);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict", svar_set_value(strict.get(), svar_none(), SVAR_COPY));
}

TEST_F(Object, IsNoTensorAndTakesNone)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "settings";
  Variable s = make("one", &options);
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "svar_object_get", svar_get_value(s.get(), SVAR_COPY, &value));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "type 'text'", svar_get_value(s.get(), SVAR_BORROW, &value));
  DLTensor tensor = svar_tensor(SVAR_INT8, &value, 0, nullptr);
  EXPECT_EQ(svar_get_value_into(s.get(), &tensor, nullptr), SVAR_ERR_TYPE);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "'settings' refuses the literal 5",
                    svar_set_value(s.get(), svar_int(5), SVAR_COPY));
  EXPECT_EQ(svar_zero(s.get(), SVAR_COPY), SVAR_ERR_TYPE);
  svar_variable_t *number = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_int(1), nullptr, &number));
  Text two("two");
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "an object of type 'text'",
                    svar_set_value(number, two.source(), SVAR_COPY));
  EXPECT_EQ(HeldText(number, SVAR_COPY).ret(), SVAR_ERR_TYPE);
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(svar_variable_store(number), &change));
  EXPECT_EQ(svar_transaction_set(change, s.get(), two.source()), SVAR_ERR_ARGUMENT);
  svar_transaction_abort(change);
  svar_variable_unref(number);
}

TEST_F(Object, AReadOnlyContainerKeepsIt)
{
  Variable s = make("one");
  svar_container_readonly_set(svar_variable_container(s.get()), true);
  Text two("two");
  EXPECT_EQ(svar_set_value(s.get(), two.source(), SVAR_BORROW), SVAR_ERR_STATE);
  EXPECT_EQ(*HeldText(s.get(), SVAR_BORROW).get(), "one");
}

TEST_F(Object, WithoutACopyIsOnlyLent)
{
  static const svar_object_class_t unique = {sizeof(unique), "device", nullptr, nullptr};
  int device = 0;
  svar_object_t object = {&device, &unique};
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_object_source(&object), nullptr, &made));
  Variable s(made);
  EXPECT_EQ(HeldText(s.get(), SVAR_COPY).ret(), SVAR_ERR_NOT_IMPLEMENTED);
  EXPECT_EQ(svar_set_value(s.get(), svar_object_source(&object), SVAR_COPY),
            SVAR_ERR_NOT_IMPLEMENTED);
  svar_object_value_t value = SVAR_OBJECT_VALUE_INIT;
  ASSERT_SVAR_OK(svar_object_get(s.get(), SVAR_BORROW, &value));
  EXPECT_EQ(value.object.pointer, &device);
  svar_object_value_release(&value);
  svar_object_value_release(&value);
  svar_object_value_release(nullptr);
}

TEST_F(Object, ACopyThatFailsFailsTheCall)
{
  static const svar_object_class_t clumsy = {
      sizeof(clumsy), "vase",
      [](const void *, void **) { return svar_fail(SVAR_ERR_VALUE, "it broke"); }, nullptr};
  static const svar_object_class_t empty = {sizeof(empty), "hole",
                                            [](const void *, void **) { return SVAR_OK; }, nullptr};
  Variable s = make("one");
  int vase = 0;
  svar_object_t object = {&vase, &clumsy};
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "it broke",
                    svar_set_value(s.get(), svar_object_source(&object), SVAR_COPY));
  object.object_class = &empty;
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "'hole'",
                    svar_set_value(s.get(), svar_object_source(&object), SVAR_COPY));
  EXPECT_EQ(*HeldText(s.get(), SVAR_BORROW).get(), "one");
}

TEST_F(Object, ThatMakesNoSenseIsAnArgumentError)
{
  svar_variable_t *none = nullptr;
  int something = 0;
  svar_object_class_t short_one = {sizeof(short_one) - 8, "short", nullptr, nullptr};
  svar_object_class_t nameless = {sizeof(nameless), nullptr, nullptr, nullptr};
  for (svar_object_t object :
       {svar_object_t{nullptr, svar_test::text_class()}, svar_object_t{&something, nullptr},
        svar_object_t{&something, &short_one}, svar_object_t{&something, &nameless}}) {
    EXPECT_EQ(svar_shared(svar_object_source(&object), nullptr, &none), SVAR_ERR_ARGUMENT);
  }
  EXPECT_EQ(svar_shared(svar_object_source(nullptr), nullptr, &none), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(none, nullptr);
}

TEST_F(Object, OfTheBaseClassIsMadeByItsType)
{
  svar_type_t type = svar_object_type();
  Text one("one");
  svar_source_t value = one.source();
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.type = &type;
  options.value = &value;
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_variable_create(&options, &made));
  one.release();
  EXPECT_EQ(*HeldText(made, SVAR_BORROW).get(), "one");
  svar_variable_unref(made);
  Text two("two");
  value = two.source();
  EXPECT_TRUE(svar_type_is_valid_value(&type, &value));
  value = svar_int(1);
  EXPECT_FALSE(svar_type_is_valid_value(&type, &value));
  EXPECT_EQ(svar_variable_create(&options, &made), SVAR_ERR_TYPE);
}

TEST_F(Object, IsSetAndReadByManyThreads)
{
  Variable s = make("start");
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; i++) {
    threads.emplace_back([&s] {
      for (int round = 0; round < 500; round++) {
        Text text("next");
        ASSERT_SVAR_OK(svar_set_value(s.get(), text.source(), SVAR_BORROW));
        text.release();
      }
    });
    threads.emplace_back([&s, i] {
      for (int round = 0; round < 500; round++) {
        HeldText held(s.get(), i == 0 ? SVAR_BORROW : SVAR_COPY);
        ASSERT_SVAR_OK(held.ret());
        EXPECT_TRUE(*held.get() == "start" || *held.get() == "next");
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(HeldText(s.get(), SVAR_BORROW).value().version, 1001u);
}

// Makes, sets and copies with one allocation failing; returns whether all went well.
bool
use_with_failing_heap(FailingHeap &heap)
{
  svar_allocator_t allocator = heap.allocator();
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "object";
  Text one("one");
  Text two("two");
  svar_source_t source = one.source();
  svar_variable_t *s = nullptr;
  svar_ret_t ret = svari_construct_object(&source, &options, &allocator, &s);
  if (ret == SVAR_OK) {
    one.release();
    ret = svar_set_value(s, two.source(), SVAR_COPY);
  }
  if (ret == SVAR_OK) {
    ret = svar_set_value(s, two.source(), SVAR_BORROW);
  }
  if (ret == SVAR_OK) {
    two.release();
  }
  EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
  svar_variable_unref(s);
  return ret == SVAR_OK;
}

TEST_F(Object, EveryFailedAllocationIsReportedAndEndsNoObjectTwice)
{
  int allocations = fail_each_allocation([](FailingHeap &heap) {
    bool went_well = use_with_failing_heap(heap);
    EXPECT_EQ(svar_test::living_texts(), 0);
    return went_well;
  });
  EXPECT_EQ(allocations, 5) << "container, handle, cell, two new cells";
}

} // namespace
