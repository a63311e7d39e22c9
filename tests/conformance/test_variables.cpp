// Variables as objects: names, texts, containers, clones and copies.
#include <cmath>

#include "case.hpp"

using conformance::Contents;
using conformance::Variable;

namespace
{

svar_type_t
tensor_type(svar_dtype_t dtype, int32_t ndim)
{
  svar_type_t type = {};
  type.dtype = dtype;
  type.ndim = ndim;
  return type;
}

// The options of the base class for the backing of a case.
svar_variable_options_t
base_options(const svar_shared_options_t &backing, const svar_type_t *type,
             const svar_source_t *value)
{
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.name = backing.name;
  options.store = backing.store;
  options.type = type;
  options.value = value;
  return options;
}

// Makes a variable, which must succeed.
Variable
create(const svar_variable_options_t &options)
{
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_variable_create(&options, &variable));
  return Variable(variable);
}

void
expect_not_created(const svar_variable_options_t &options, const char *text)
{
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(svar_variable_create(&options, &variable), SVAR_ERR_TYPE) << svar_error_message();
  EXPECT_EQ(variable, nullptr);
  EXPECT_MESSAGE(text);
}

Variable
clone_of(const Variable &variable, const char *name = nullptr)
{
  svar_variable_t *clone = nullptr;
  EXPECT_SVAR_OK(svar_variable_clone(variable.get(), name, &clone));
  return Variable(clone);
}

std::string
text_of(const Variable &variable)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  return svar_variable_text(variable.get(), text, sizeof(text));
}

unsigned long long
auto_number(const Variable &variable)
{
  unsigned long long number = 0;
  char end = 0;
  const char *name = svar_variable_auto_name(variable.get());
  EXPECT_EQ(sscanf(name, "auto_%llu%c", &number, &end), 1) << name;
  return number;
}

} // namespace

SVAR_CASE_OF_NO_ARRAY(19, AutomaticNamesGrowAndTheContainerKeepsItsName)
{
  Variable first = shared(svar_int(1), options("w"));
  Variable second = shared(svar_int(1));
  EXPECT_GT(auto_number(second), auto_number(first));
  ASSERT_SVAR_OK(svar_variable_rename(first.get(), "later"));
  EXPECT_STREQ(svar_variable_name(first.get()), "later");
  EXPECT_STREQ(svar_container_name(svar_variable_container(first.get())), "w");
  ASSERT_SVAR_OK(svar_variable_rename(first.get(), nullptr));
  EXPECT_EQ(svar_variable_name(first.get()), nullptr);
  EXPECT_STREQ(svar_container_name(svar_variable_container(first.get())), "w");
}

SVAR_CASE_ON(IPC, 19, ReadersFindTheValueByTheContainersName)
{
  Variable s = shared(svar_int(7), options("w"));
  ASSERT_SVAR_OK(svar_variable_rename(s.get(), "later"));
  svar_variable_t *found = nullptr;
  EXPECT_EQ(svar_store_find(reader(), "later", &found), SVAR_ERR_NOT_FOUND);
  ASSERT_SVAR_OK(svar_store_find(reader(), "w", &found));
  EXPECT_STREQ(svar_variable_name(found), "w");
  svar_variable_unref(found);
}

SVAR_CASE(20, TheTextIsTheNameOrTheTypeInAngleBrackets)
{
  Array x(SVAR_FLOAT32, {2, 1});
  bool flags[2] = {false, true};
  svar_shared_options_t given = options("gain");
  given.broadcastable = flags;
  given.broadcastable_count = 2;
  Variable s = shared(x.source(), given);
  EXPECT_EQ(text_of(s), "gain");
  ASSERT_SVAR_OK(svar_variable_rename(s.get(), ""));
  EXPECT_EQ(text_of(s), "");
  ASSERT_SVAR_OK(svar_variable_rename(s.get(), nullptr));
  EXPECT_EQ(text_of(s), "<Tensor(float32, (?, 1))>");
}

SVAR_CASE_OF_NO_ARRAY(35, TheBaseClassFiltersItsFirstValue)
{
  svar_type_t type = tensor_type(SVAR_FLOAT64, 1);
  Array numbers = vector_of<int64_t>({1, 2});
  svar_source_t list = numbers.literals();
  svar_variable_options_t given = base_options(options("w"), &type, &list);
  Variable s = create(given);
  EXPECT_VALUE(s, vector_of<double>({1, 2}));
  given.name = "x";
  given.strict = true;
  expect_not_created(given, "strict");
}

SVAR_CASE_OF_NO_ARRAY(35, TheBaseClassRefusesWhatIsNoArray)
{
  svar_type_t type = tensor_type(SVAR_FLOAT64, 1);
  const svar_random_state_t state = svar_random_seeded(1);
  svar_source_t no_array = svar_random_source(&state);
  expect_not_created(base_options(options("w"), &type, &no_array), "random state");
}

SVAR_CASE_OF_NO_ARRAY(36, ABaseClassWithoutValueAndContainerIsATypeError)
{
  svar_type_t type = tensor_type(SVAR_FLOAT64, 1);
  expect_not_created(base_options(options("w"), &type, nullptr), "a value");
  svar_source_t none = svar_none();
  expect_not_created(base_options(options("w"), &type, &none), "a value");
}

SVAR_CASE(38, AContainerHasItsOwnRules)
{
  Array x = vector_of<double>({1, 2});
  Variable s = shared(x.source());
  svar_type_t type = svar_variable_type(s.get());
  svar_source_t value = x.source();
  svar_variable_options_t given = SVAR_VARIABLE_OPTIONS_INIT;
  given.type = &type;
  given.container = svar_variable_container(s.get());
  given.allow_downcast = SVAR_DOWNCAST_TRUE;
  expect_not_created(given, "allow_downcast");
  given.allow_downcast = SVAR_DOWNCAST_UNSET;
  given.strict = true;
  expect_not_created(given, "strict");
  given.strict = false;
  given.value = &value;
  expect_not_created(given, "a value");
  given.value = nullptr;
  Variable t = create(given);
  EXPECT_EQ(svar_variable_container(t.get()), svar_variable_container(s.get()));
  ASSERT_SVAR_OK(svar_set_value(t.get(), vector_of<double>({3}).source(), SVAR_COPY));
  EXPECT_VALUE(s, vector_of<double>({3}));
}

SVAR_CASE(39, AContainerOfAnotherTypeIsATypeError)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  svar_variable_options_t given = SVAR_VARIABLE_OPTIONS_INIT;
  given.container = svar_variable_container(s.get());
  for (svar_type_t other : {tensor_type(SVAR_FLOAT64, 2), tensor_type(SVAR_FLOAT32, 1)}) {
    given.type = &other;
    expect_not_created(given, "Tensor(float64, (?))");
  }
}

SVAR_NOT_APPLICABLE(40, "a container makes its own storage: there is no list of a cell to hand in")

SVAR_CASE(41, AReadOnlyContainerRefusesEverySet)
{
  Variable s = shared(vector_of<double>({1, 2}).source(), options("w"));
  svar_container_t *container = svar_variable_container(s.get());
  svar_container_readonly_set(container, true);
  EXPECT_TRUE(svar_container_is_readonly(container));
  expect_refused(SVAR_ERR_STATE, s, vector_of<double>({3}).source());
  expect_refused(SVAR_ERR_STATE, s, vector_of<float>({3}).source());
  EXPECT_MESSAGE("'w' is read-only");
  EXPECT_EQ(svar_set_value(clone_of(s).get(), svar_none(), SVAR_COPY), SVAR_ERR_STATE);
  EXPECT_EQ(svar_zero(s.get(), SVAR_COPY), SVAR_ERR_STATE);
  EXPECT_VALUE(s, vector_of<double>({1, 2}));
  svar_container_readonly_set(container, false);
  EXPECT_EQ(set(s, vector_of<double>({3}).source()).as<double>(), std::vector<double>{3});
}

SVAR_NOT_APPLICABLE(42, "there is no accessor but get_value and set_value")

SVAR_CASE(135, ACloneSharesTheContainer)
{
  Variable s = shared(vector_of<double>({1, 2}).source(), options("w"));
  Variable c = clone_of(s);
  EXPECT_STREQ(svar_variable_name(c.get()), "w");
  svar_type_t type = svar_variable_type(s.get());
  svar_type_t clones = svar_variable_type(c.get());
  EXPECT_TRUE(svar_type_equal(&type, &clones));
  EXPECT_GT(auto_number(c), auto_number(s));
  EXPECT_VALUE(c, vector_of<double>({1, 2}));
  ASSERT_SVAR_OK(svar_set_value(c.get(), vector_of<double>({3}).source(), SVAR_COPY));
  EXPECT_VALUE(s, vector_of<double>({3}));
  ASSERT_SVAR_OK(svar_set_value(s.get(), vector_of<double>({4, 5}).source(), SVAR_COPY));
  EXPECT_VALUE(c, vector_of<double>({4, 5}));
  EXPECT_STREQ(svar_variable_name(clone_of(s, "other").get()), "other");
}

SVAR_CASE_OF_NO_ARRAY(135, AShallowCopyKeepsTheAutomaticNameToo)
{
  Variable s = shared(svar_int(1), options("w"));
  svar_variable_t *copied = nullptr;
  ASSERT_SVAR_OK(svar_variable_copy(s.get(), &copied));
  Variable c(copied);
  EXPECT_NE(c, s);
  EXPECT_STREQ(svar_variable_name(c.get()), "w");
  EXPECT_STREQ(svar_variable_auto_name(c.get()), svar_variable_auto_name(s.get()));
  EXPECT_EQ(svar_variable_container(c.get()), svar_variable_container(s.get()));
}

SVAR_CASE_OF_NO_ARRAY(135, ACloneHasNoDefaultUpdateAndAShallowCopyKeepsIt)
{
  Variable s = shared(svar_int(1), options("w"));
  svar_expression_t *update = nullptr;
  ASSERT_SVAR_OK(svar_expression_constant(svar_int(2), nullptr, &update));
  svar_variable_default_update_set(s.get(), update);
  svar_expression_unref(update);
  EXPECT_EQ(svar_variable_default_update(clone_of(s).get()), nullptr);
  svar_variable_t *copied = nullptr;
  ASSERT_SVAR_OK(svar_variable_copy(s.get(), &copied));
  EXPECT_EQ(svar_variable_default_update(copied), update);
  svar_variable_unref(copied);
}

SVAR_CASE_OF_NO_ARRAY(145, VariablesAreEqualByIdentity)
{
  Variable s = shared(svar_int(1));
  Variable t = shared(svar_int(1));
  svar_variable_t *again = svar_variable_ref(s.get());
  EXPECT_EQ(again, s.get());
  svar_variable_unref(again);
  EXPECT_NE(s.get(), t.get());
  EXPECT_EQ(read(s), read(t)) << "though their values are equal";
}

SVAR_CASE_ON(PROCESS, 146, ValuesAreComparedExactly)
{
  auto equal = [](Array &a, Array &b, bool ignore_dtype = false) {
    bool is_equal = false;
    EXPECT_SVAR_OK(svar_values_equal(&a.tensor(), &b.tensor(), ignore_dtype, &is_equal));
    return is_equal;
  };
  Array nan_1 = vector_of<double>({NAN, 1});
  Array other_nan_1 = vector_of<double>({-NAN, 1});
  Array nan_2 = vector_of<double>({NAN, 2});
  Array zero = vector_of<double>({0.0});
  Array minus_zero = vector_of<double>({-0.0});
  Array row(std::vector<double>{0.0}, {1, 1});
  Array narrow = vector_of<float>({0.0f});
  EXPECT_FALSE(equal(nan_1, nan_2));
  EXPECT_TRUE(equal(nan_1, nan_1));
  EXPECT_TRUE(equal(nan_1, other_nan_1));
  EXPECT_TRUE(equal(zero, minus_zero));
  EXPECT_FALSE(equal(zero, row));
  EXPECT_FALSE(equal(zero, narrow));
  EXPECT_TRUE(equal(zero, narrow, true));
}

SVAR_CASE_OF_NO_ARRAY(147, ATrueNumberHasRulesOfItsOwn)
{
  int8_t three = 3;
  int8_t five = 5;
  svar_shared_options_t given = options("strict");
  given.strict = true;
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_number(svar_scalar(SVAR_INT8, &three), &given, &made));
  Variable strict(made);
  expect_refused(SVAR_ERR_TYPE, strict, svar_int(5));
  expect_refused(SVAR_ERR_TYPE, strict, Array(std::vector<int8_t>{5}, {}).source());
  EXPECT_EQ(set(strict, svar_scalar(SVAR_INT8, &five)).as<int8_t>(), std::vector<int8_t>{5});

  svar_shared_options_t plain = options("plain");
  ASSERT_SVAR_OK(svar_number(svar_scalar(SVAR_INT8, &three), &plain, &made));
  Variable number(made);
  EXPECT_EQ(svar_variable_type(number.get()).kind, SVAR_KIND_NUMBER);
  EXPECT_EQ(set(number, svar_float(5.0)).as<int8_t>(), std::vector<int8_t>{5});
  for (double refused : {5.5, 200.0, double(NAN), 1e30}) {
    expect_refused(SVAR_ERR_TYPE, number, svar_float(refused));
  }
  expect_refused(SVAR_ERR_TYPE, number, svar_int(200));
  expect_refused(SVAR_ERR_TYPE, number, svar_uint(UINT64_MAX));
  expect_refused(SVAR_ERR_TYPE, number, vector_of<int8_t>({1}).source());

  svar_shared_options_t casting = options("casting");
  casting.allow_downcast = SVAR_DOWNCAST_TRUE;
  ASSERT_SVAR_OK(svar_number(svar_scalar(SVAR_INT8, &three), &casting, &made));
  Variable cast(made);
  EXPECT_EQ(set(cast, svar_int(200)).as<int8_t>(), std::vector<int8_t>{-56});
}
