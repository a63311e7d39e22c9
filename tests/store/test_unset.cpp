// The explicit unset state: a version without a value, and values that other versions keep.
#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Unset : public testing::Test
{
protected:
  Unset() : store_(create_store("/unset")), x_(make_variable<float>(store_, "x", {1, 2})) {}
  ~Unset() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  svar_ret_t unset()
  {
    return svar_set_value(x_.get(), svar_none(), SVAR_COPY);
  }
  static svar_ret_t read(const Variable &variable, svar_borrow_t borrow = SVAR_BORROW)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    svar_ret_t ret = svar_get_value(variable.get(), borrow, &value);
    EXPECT_EQ(value.internal.pin == nullptr, ret != SVAR_OK || borrow == SVAR_COPY);
    svar_value_release(&value);
    return ret;
  }

  ScratchDirectory directory_;
  Store store_;
  Variable x_;
};

TEST_F(Unset, EveryReaderIsToldAndOlderVersionsKeepTheirValue)
{
  Store reader = open_store("/unset");
  Variable x = find(reader, "x");
  for (int i = 0; i < 4; i++) { // so that the pin is parked
    EXPECT_EQ(get<float>(x), (std::vector<float>{1, 2}));
  }
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_snapshot_begin(reader.get(), &snapshot));
  ASSERT_SVAR_OK(unset());
  for (svar_borrow_t borrow : {SVAR_BORROW, SVAR_BORROW, SVAR_BORROW, SVAR_COPY}) {
    EXPECT_SVAR_FAILS(SVAR_ERR_UNSET, "unset in version 2", read(x, borrow));
    EXPECT_EQ(SVAR_ERR_UNSET, read(x_, borrow));
  }
  ASSERT_SVAR_OK(svar_snapshot_get(&snapshot, x.get(), &view));
  EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 2}));
  svar_snapshot_end(&snapshot);
  ASSERT_SVAR_OK(svar_snapshot_begin(reader.get(), &snapshot));
  EXPECT_EQ(SVAR_ERR_UNSET, svar_snapshot_get(&snapshot, x.get(), &view));
  EXPECT_EQ(view.version, 2u) << "the commit that unset it";
  svar_snapshot_end(&snapshot);
  EXPECT_EQ(SVAR_ERR_UNSET, read(find(reader, "x"))) << "it can still be found";
  ASSERT_SVAR_OK(set<float>(x_, {3}));
  EXPECT_EQ(get<float>(x), std::vector<float>{3});
}

TEST_F(Unset, TakesPartInTransactions)
{
  Variable y = make_variable<float>(store_, "y", {1});
  svar_transaction_t *transaction = nullptr;
  svar_value_t hole = SVAR_VALUE_INIT;
  Array<float> array({4});
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  ASSERT_SVAR_OK(svar_transaction_set(transaction, x_.get(), array.source()));
  ASSERT_SVAR_OK(svar_transaction_set(transaction, x_.get(), svar_none()));
  ASSERT_SVAR_OK(svar_transaction_set(transaction, y.get(), svar_none()));
  ASSERT_SVAR_OK(svar_transaction_set(transaction, y.get(), array.source()));
  EXPECT_SVAR_OK(read(x_)) << "not before the commit";
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(SVAR_ERR_UNSET, read(x_));
  EXPECT_EQ(get<float>(y), std::vector<float>{4});
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
  EXPECT_EQ(SVAR_ERR_UNSET, svar_transaction_loan(transaction, x_.get(), nullptr, true, &hole));
  ASSERT_SVAR_OK(svar_transaction_set(transaction, y.get(), svar_none()));
  svar_transaction_abort(transaction);
  EXPECT_EQ(get<float>(y), std::vector<float>{4});
}

TEST_F(Unset, StrictVariablesRefuseIt)
{
  Array<double> array({1});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.strict = true;
  svar_variable_t *strict = nullptr;
  ASSERT_SVAR_OK(svar_shared(array.source(), &options, &strict));
  Variable variable(strict);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict", svar_set_value(strict, svar_none(), SVAR_COPY));
  EXPECT_EQ(get<double>(variable), std::vector<double>{1});
}

TEST_F(Unset, OutlivesItsHolder)
{
  ASSERT_SVAR_OK(unset());
  x_.reset();
  store_.reset();
  store_ = create_store("/unset");
  x_ = find(store_, "x");
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSET, "unset in version 2", read(x_));
  ASSERT_SVAR_OK(unset());
  ASSERT_SVAR_OK(set<float>(x_, {5, 6, 7}));
  EXPECT_EQ(get<float>(x_), (std::vector<float>{5, 6, 7}));
}

TEST_F(Unset, MayBeRepeatedForever)
{
  svar_store_info_t before, after;
  ASSERT_SVAR_OK(unset());
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &before));
  for (int i = 0; i < 1000; i++) {
    ASSERT_SVAR_OK(unset());
    ASSERT_SVAR_OK(set<float>(x_, std::vector<float>(1000, 1)));
  }
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &after));
  EXPECT_LE(after.memory_bytes, before.memory_bytes + 256 * 1024);
}

} // namespace
