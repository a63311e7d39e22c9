// A constructor of a caller's own: lists of literals, which the library's decline, become float32 rows.
#include <gtest/gtest.h>

#include <string>

#include "fakes/scratch.hpp"

using svar_test::Store;
using svar_test::Variable;

namespace
{

svar_ret_t
construct_row(const svar_source_t *source, const svar_shared_options_t *options, void *context,
              svar_variable_t **out_variable)
{
  (*static_cast<int *>(context))++;
  if (source->kind != SVAR_SOURCE_LITERAL || source->tensor.ndim != 1) {
    return svar_fail(SVAR_ERR_TYPE, "it takes lists");
  }
  if (options->broadcastable != nullptr || options->sparse_format != SVAR_SPARSE_NONE) {
    return svar_fail(SVAR_ERR_TYPE, "it takes neither broadcastable nor sparse_format");
  }
  const svar_type_t type = svar_tensor_type(SVAR_FLOAT32, 1, 0);
  svar_variable_options_t made = SVAR_VARIABLE_OPTIONS_INIT;
  made.name = options->name;
  made.type = &type;
  made.value = source;
  made.store = options->store;
  made.transaction = options->transaction;
  made.allow_downcast = options->allow_downcast;
  return svar_variable_create(&made, out_variable);
}

class OwnConstructor : public ::testing::TestWithParam<bool>
{
protected:
  void SetUp() override
  {
    ASSERT_SVAR_OK(svar_constructor_register("row", construct_row, &calls_));
    if (GetParam()) {
      store_ = svar_test::create_store("/own/constructor");
    }
  }
  void TearDown() override
  {
    EXPECT_SVAR_OK(svar_constructor_unregister(construct_row, &calls_));
    if (store_) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  svar_shared_options_t options(const char *name)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store_.get();
    return options;
  }

  svar_test::ScratchDirectory directory_;
  Store store_;
  int calls_ = 0;
};

TEST_P(OwnConstructor, MakesVariablesOfATypeOfItsOwn)
{
  const double numbers[2] = {0.5, 2};
  const int64_t two = 2;
  svar_shared_options_t given = options("row");
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_literals(SVAR_FLOAT64, numbers, 1, &two), &given, &made));
  Variable row(made);
  const svar_type_t type = svar_variable_type(made);
  const svar_type_t expected = svar_tensor_type(SVAR_FLOAT32, 1, 0);
  EXPECT_TRUE(svar_type_equal(&type, &expected));
  EXPECT_EQ(svar_test::get<float>(row), (std::vector<float>{0.5f, 2}));
  EXPECT_STREQ(svar_variable_name(made), "row");
  EXPECT_EQ(calls_, 1);
}

TEST_P(OwnConstructor, AppearsWithTheTransactionThatTheOptionsName)
{
  const double numbers[1] = {1};
  const int64_t one = 1;
  svar_shared_options_t given = options("row");
  if (store_ == nullptr) {
    GTEST_SKIP() << "the private store of the process is not the caller's";
  }
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  given.transaction = change;
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_literals(SVAR_FLOAT64, numbers, 1, &one), &given, &made));
  Variable row(made);
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(svar_get_value(made, SVAR_BORROW, &value), SVAR_ERR_UNSET);
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(svar_test::get<float>(row), std::vector<float>{1});
}

TEST_P(OwnConstructor, DeclinesAndTheNextOneIsAsked)
{
  const double tenth[1] = {0.1}; // no float32
  const int64_t one = 1;
  svar_shared_options_t given = options("row");
  svar_variable_t *made = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "[row] variable 'row', Tensor(float32, (?)), refuses",
                    svar_shared(svar_literals(SVAR_FLOAT64, tenth, 1, &one), &given, &made));
  ASSERT_SVAR_OK(svar_shared(svar_int(1), &given, &made)) << "the name is free";
  Variable number(made);
  EXPECT_TRUE(svar_dtype_equal(svar_variable_type(made).dtype, SVAR_INT64));
}

INSTANTIATE_TEST_SUITE_P(Backings, OwnConstructor, ::testing::Bool(),
                         [](const auto &info) { return std::string(info.param ? "ipc" : "cpu"); });

} // namespace
