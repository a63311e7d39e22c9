// Values that go through a file.
#include "archive_file.hpp"
#include "case.hpp"

using conformance::File;
using conformance::Variable;

namespace
{

std::vector<double>
numbers_of(svar_variable_t *variable)
{
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_get_value(variable, SVAR_BORROW, &value));
  std::vector<double> numbers = svar_test::contents<double>(value);
  svar_value_release(&value);
  return numbers;
}

} // namespace

SVAR_CASE_ON_HOST(138, ALoadedVariableHasValueTypeNameAndRulesOfTheSavedAndNoMemoryOfIt)
{
  svar_shared_options_t rules = options("w");
  rules.strict = true;
  rules.allow_downcast = SVAR_DOWNCAST_FALSE;
  Variable s = shared(vector_of<double>({1, 2}).source(), rules);
  File file;
  ASSERT_SVAR_OK(file.save({s.get()}));
  svar_test::Store target = is_ipc() ? svar_test::create_store("/loaded") : nullptr;
  svar_archive_variables_t &loaded = file.load(target.get());
  ASSERT_EQ(loaded.count, 1u);
  svar_variable_t *l = loaded.variables[0];
  svar_type_t type = svar_variable_type(s.get()), type_of_loaded = svar_variable_type(l);
  EXPECT_TRUE(svar_type_equal(&type, &type_of_loaded));
  EXPECT_EQ(svar_variable_backing(l), svar_variable_backing(s.get()));
  EXPECT_STREQ(svar_variable_name(l), "w");
  const svar_container_t *container = svar_variable_container(l);
  EXPECT_TRUE(svar_container_is_strict(container));
  EXPECT_EQ(svar_container_allow_downcast(container), SVAR_DOWNCAST_FALSE);
  EXPECT_EQ(numbers_of(l), (std::vector<double>{1, 2}));
  ASSERT_SVAR_OK(svar_set_value(l, vector_of<double>({8, 9}).source(), SVAR_COPY));
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
  ASSERT_SVAR_OK(svar_set_value(s.get(), vector_of<double>({3}).source(), SVAR_COPY));
  EXPECT_EQ(numbers_of(l), (std::vector<double>{8, 9}));
  if (target != nullptr) {
    EXPECT_SVAR_OK(svar_store_remove(target.get()));
  }
}

SVAR_NOT_ON(GPU, 138, "a strict variable takes nothing from the host; case 243 has the others")

SVAR_CASE(139, ClonesShareAContainerAgainIfTheyWereSavedTogether)
{
  Variable a = shared(vector_of<double>({1}).source(), options("a"));
  svar_variable_t *clone = nullptr;
  ASSERT_SVAR_OK(svar_variable_clone(a.get(), "b", &clone));
  Variable b(clone);
  File together;
  ASSERT_SVAR_OK(together.save({a.get(), b.get()}));
  svar_test::Store target = is_ipc() ? svar_test::create_store("/loaded") : nullptr;
  svar_archive_variables_t &loaded = together.load(target.get());
  ASSERT_EQ(loaded.count, 2u);
  EXPECT_NE(loaded.variables[0], loaded.variables[1]);
  EXPECT_STREQ(svar_variable_name(loaded.variables[1]), "b");
  ASSERT_SVAR_OK(svar_set_value(loaded.variables[1], vector_of<double>({8}).source(), SVAR_COPY));
  EXPECT_EQ(numbers_of(loaded.variables[0]), std::vector<double>{8});
  if (target != nullptr) {
    EXPECT_SVAR_OK(svar_store_remove(target.get()));
  }

  File of_a, of_b;
  ASSERT_SVAR_OK(of_a.save({a.get()}));
  ASSERT_SVAR_OK(of_b.save({b.get()}));
  svar_variable_t *alone = of_a.load().variables[0], *other = of_b.load().variables[0];
  EXPECT_NE(svar_variable_container(alone), svar_variable_container(other));
  ASSERT_SVAR_OK(svar_set_value(alone, vector_of<double>({9}).source(), SVAR_COPY));
  EXPECT_EQ(numbers_of(other), std::vector<double>{1});
}

SVAR_CASE(140, OverlappingArraysAreLoadedApartAndOneVariableAsOne)
{
  Array buffer = vector_of<double>({1, 2, 3});
  const int64_t two[1] = {2};
  DLTensor front = svar_tensor(SVAR_FLOAT64, buffer.as<double>(), 1, two);
  DLTensor back = svar_tensor(SVAR_FLOAT64, buffer.as<double>() + 1, 1, two);
  svar_shared_options_t borrowing = options("a");
  borrowing.borrow = SVAR_BORROW;
  Variable a = shared(svar_array(&front), borrowing);
  borrowing.name = "b";
  Variable b = shared(svar_array(&back), borrowing);
  File file;
  ASSERT_SVAR_OK(file.save({a.get(), b.get(), a.get()}));
  svar_archive_variables_t &loaded = file.load();
  ASSERT_EQ(loaded.count, 3u);
  EXPECT_EQ(loaded.variables[0], loaded.variables[2]);
  ASSERT_SVAR_OK(
      svar_set_value(loaded.variables[0], vector_of<double>({8, 9}).source(), SVAR_COPY));
  EXPECT_EQ(numbers_of(loaded.variables[2]), (std::vector<double>{8, 9}));
  EXPECT_EQ(numbers_of(loaded.variables[1]), (std::vector<double>{2, 3}));
  EXPECT_EQ(read(a).as<double>(), (std::vector<double>{1, 2}));
}

SVAR_NOT_ON(IPC, 142, "the names of a store's variables are unique, and none is without")

SVAR_CASE_IN_PROCESS(142, RepeatedNamesGetSuffixesOrAreRefused)
{
  std::vector<Variable> foos;
  std::vector<svar_variable_t *> all;
  for (double number : {1.0, 2.0, 3.0}) {
    foos.push_back(shared(vector_of<double>({number}).source(), options("foo")));
    all.push_back(foos.back().get());
  }
  File file;
  EXPECT_EQ(file.save(all, true), SVAR_ERR_VALUE);
  EXPECT_MESSAGE("'foo'");
  ASSERT_SVAR_OK(file.save(all));
  EXPECT_EQ(file.tensors(), (std::vector<std::string>{"foo", "foo_2", "foo_3"}));
  svar_archive_variables_t &loaded = file.load();
  ASSERT_EQ(loaded.count, 3u);
  for (size_t i = 0; i < 3; i++) {
    EXPECT_STREQ(svar_variable_name(loaded.variables[i]), "foo");
    EXPECT_EQ(numbers_of(loaded.variables[i]), std::vector<double>{static_cast<double>(i + 1)});
  }
}

SVAR_CASE_IN_PROCESS(142, UnnamedVariablesAreNumberedOrRefused)
{
  Variable first = shared(vector_of<double>({1}).source());
  Variable second = shared(vector_of<double>({2}).source());
  File file;
  EXPECT_EQ(file.save({first.get()}, true), SVAR_ERR_VALUE);
  EXPECT_MESSAGE("no name");
  ASSERT_SVAR_OK(file.save({first.get(), second.get()}));
  EXPECT_EQ(file.tensors(), (std::vector<std::string>{"array_0", "array_1"}));
}
