// Values that variables take over from each other without a copy.
#include <optional>

#include "fakes/default_gpu.hpp"
#include "fakes/managed.hpp"

namespace
{

using namespace svar_test;

using Numbers = std::vector<double>;

// All backings: private stores, those of shared memory, and private ones with their values on a GPU.
class Assign : public testing::TestWithParam<svar_backing_t>
{
protected:
  Assign()
  {
    if (is_gpu()) {
      gpu_.emplace();
    }
    open();
    a_ = make_variable<double>(store_, "a", Numbers(1000, 1));
    b_ = make_variable<double>(store_, "b", Numbers(2000, 2));
  }
  ~Assign() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  bool is_ipc() const
  {
    return GetParam() == SVAR_BACKING_IPC;
  }
  bool is_gpu() const
  {
    return GetParam() == SVAR_BACKING_GPU;
  }
  void open()
  {
    svar_store_t *store = nullptr;
    EXPECT_SVAR_OK(is_ipc() ? svar_store_create("/assign", nullptr, &store)
                            : svar_store_create_private("/assign", nullptr, &store));
    store_.reset(store);
  }
  void begin()
  {
    ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction_));
  }
  svar_ret_t assign(const Variable &to, const Variable &from)
  {
    return svar_transaction_assign(transaction_, to.get(), from.get());
  }
  void commit()
  {
    ASSERT_SVAR_OK(svar_transaction_commit(transaction_, nullptr));
  }
  void swap()
  {
    begin();
    ASSERT_SVAR_OK(assign(a_, b_));
    ASSERT_SVAR_OK(assign(b_, a_));
    commit();
  }
  svar_value_t view(const Variable &variable) const
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(is_gpu() ? svar_get_device_view(variable.get(), &value)
                            : svar_get_value(variable.get(), SVAR_BORROW, &value));
    return value;
  }
  /// By way of another variable there, if that is on a GPU.
  Numbers numbers(const svar_value_t &view) const
  {
    if (!is_gpu()) {
      return contents<double>(view);
    }
    svar_variable_t *copy = nullptr;
    EXPECT_SVAR_OK(svar_shared(svar_array(&view.tensor), nullptr, &copy));
    return get<double>(Variable(copy));
  }
  const void *data(const Variable &variable) const
  {
    svar_value_t value = view(variable);
    const void *data = value.tensor.data;
    svar_value_release(&value);
    return data;
  }

  ScratchDirectory directory_;
  std::optional<DefaultGpu> gpu_;
  Store store_;
  Variable a_, b_;
  svar_transaction_t *transaction_ = nullptr;
};

TEST_P(Assign, SwapsTwoVariablesWithoutACopy)
{
  const void *a = data(a_), *b = data(b_);
  swap();
  EXPECT_EQ(get<double>(a_), Numbers(2000, 2));
  EXPECT_EQ(get<double>(b_), Numbers(1000, 1));
  EXPECT_EQ(data(a_), b);
  EXPECT_EQ(data(b_), a);
  EXPECT_EQ(svar_store_version(store_.get()), 3u);
}

TEST_P(Assign, PassesValuesAlongAChain)
{
  const void *b = data(b_);
  begin();
  Array<double> fresh(Numbers(10, 3));
  ASSERT_SVAR_OK(svar_transaction_set(transaction_, b_.get(), fresh.source()));
  ASSERT_SVAR_OK(assign(a_, b_));
  commit();
  EXPECT_EQ(get<double>(a_), Numbers(2000, 2));
  EXPECT_EQ(get<double>(b_), Numbers(10, 3));
  EXPECT_EQ(data(a_), b);
}

TEST_P(Assign, LetsBothHaveTheValueUntilOneIsSet)
{
  begin();
  ASSERT_SVAR_OK(assign(a_, b_));
  commit();
  EXPECT_EQ(data(a_), data(b_));
  for (double i = 0; i < 40; i++) { // b's next buffers are never the one that a has
    ASSERT_SVAR_OK(set<double>(b_, Numbers(2000, i)));
    ASSERT_EQ(get<double>(a_), Numbers(2000, 2));
  }
  for (double i = 0; i < 40; i++) {
    ASSERT_SVAR_OK(set<double>(a_, Numbers(2000, -i)));
    ASSERT_EQ(get<double>(b_), Numbers(2000, 39));
  }
}

TEST_P(Assign, ABufferThatAnyOldVersionPinsIsNotWritten)
{
  svar_value_t as_b = view(b_);
  swap();
  svar_value_t as_a = view(a_);
  EXPECT_EQ(as_a.tensor.data, as_b.tensor.data);
  svar_value_t *const holds[] = {&as_a, &as_b};
  for (svar_value_t *last : holds) {
    for (double i = 0; i < 40; i++) {
      ASSERT_SVAR_OK(set<double>(a_, Numbers(2000, 100 + i)));
      ASSERT_SVAR_OK(set<double>(b_, Numbers(2000, 200 + i)));
      if (as_a.tensor.data != nullptr) {
        ASSERT_EQ(numbers(as_a), Numbers(2000, 2));
      }
      ASSERT_EQ(numbers(as_b), Numbers(2000, 2));
    }
    svar_value_release(last);
    if (last == &as_b) {
      break;
    }
  }
}

TEST_P(Assign, SwapsForeverInConstantMemory)
{
  svar_store_info_t before, after;
  for (int i = 0; i < 100; i++) {
    swap();
  }
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &before));
  for (int i = 0; i < 1001; i++) {
    swap();
    ASSERT_EQ(get<double>(a_)[0], i % 2 == 0 ? 2 : 1);
  }
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &after));
  EXPECT_EQ(after.memory_bytes, before.memory_bytes);
}

TEST_P(Assign, WhatIsAbortedOrReplacedLeavesTheValues)
{
  begin();
  ASSERT_SVAR_OK(assign(a_, b_));
  svar_transaction_abort(transaction_);
  EXPECT_EQ(get<double>(a_), Numbers(1000, 1));
  begin();
  ASSERT_SVAR_OK(assign(a_, b_));
  Array<double> fresh(Numbers(10, 3));
  ASSERT_SVAR_OK(svar_transaction_set(transaction_, a_.get(), fresh.source()));
  ASSERT_SVAR_OK(assign(b_, b_));
  commit();
  EXPECT_EQ(get<double>(a_), Numbers(10, 3));
  EXPECT_EQ(get<double>(b_), Numbers(2000, 2));
}

TEST_P(Assign, TakesTheUnsetStateTooButNotFromTheStart)
{
  begin();
  ASSERT_SVAR_OK(assign(a_, b_));
  ASSERT_SVAR_OK(svar_set_value(b_.get(), svar_none(), SVAR_COPY));
  commit();
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(SVAR_ERR_UNSET, svar_get_value(a_.get(), SVAR_BORROW, &value));
  begin();
  EXPECT_EQ(SVAR_ERR_UNSET, assign(a_, b_));
  svar_transaction_abort(transaction_);
}

TEST_P(Assign, RefusesOtherTypesAndOtherStores)
{
  Variable c = make_variable<float>(store_, "c", {1});
  begin();
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "Tensor(float32, (?))", assign(a_, c));
  svar_variable_t *stranger = nullptr;
  Array<double> array({1});
  ASSERT_SVAR_OK(svar_shared(array.source(), nullptr, &stranger));
  Variable other(stranger);
  EXPECT_EQ(SVAR_ERR_ARGUMENT, assign(a_, other));
  EXPECT_EQ(SVAR_ERR_ARGUMENT, assign(other, a_));
  svar_transaction_abort(transaction_);
}

TEST_P(Assign, AnAdoptedArrayLivesAsLongAsAnyVariableHasIt)
{
  if (is_ipc() || is_gpu()) {
    GTEST_SKIP() << "a store of shared memory adopts nothing, and a GPU nothing of the host's";
  }
  Managed<double> array(SVAR_FLOAT64, {1, 2, 3});
  ASSERT_SVAR_OK(svar_set_value(b_.get(), array.source(), SVAR_BORROW));
  begin();
  ASSERT_SVAR_OK(assign(a_, b_));
  commit();
  ASSERT_SVAR_OK(set<double>(b_, {0}));
  EXPECT_EQ(data(a_), array.data());
  EXPECT_EQ(array.deletions(), 0);
  ASSERT_SVAR_OK(set<double>(a_, {0}));
  EXPECT_EQ(array.deletions(), 1);
}

TEST_P(Assign, ANextHolderKnowsWhoSharesWhat)
{
  if (!is_ipc()) {
    GTEST_SKIP() << "a private store ends with its process";
  }
  Store reader = open_store("/assign");
  Variable a = find(reader, "a"), b = find(reader, "b");
  svar_value_t as_b = view(b);
  swap();
  begin();
  Variable c = make_variable<double>(store_, "c", {9}, transaction_);
  commit();
  begin();
  ASSERT_SVAR_OK(assign(c, a_));
  commit();
  for (Variable *variable : {&a_, &b_, &c}) {
    variable->reset();
  }
  store_.reset();
  open();
  a_ = find(store_, "a");
  b_ = find(store_, "b");
  c = find(store_, "c");
  EXPECT_EQ(data(c), data(a_));
  for (double i = 0; i < 40; i++) {
    ASSERT_SVAR_OK(set<double>(a_, Numbers(2000, 100 + i)));
    ASSERT_SVAR_OK(set<double>(b_, Numbers(2000, 200 + i)));
    ASSERT_EQ(get<double>(c), Numbers(2000, 2));
    ASSERT_EQ(contents<double>(as_b), Numbers(2000, 2));
  }
  svar_value_release(&as_b);
}

std::string
name_of(const testing::TestParamInfo<svar_backing_t> &info)
{
  return info.param == SVAR_BACKING_CPU ? "cpu" : info.param == SVAR_BACKING_IPC ? "ipc" : "gpu";
}

INSTANTIATE_TEST_SUITE_P(Backings, Assign,
                         testing::Values(SVAR_BACKING_CPU, SVAR_BACKING_IPC, SVAR_BACKING_GPU),
                         name_of);

} // namespace
