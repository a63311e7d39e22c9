#include <atomic>
#include <future>
#include <thread>

#include "fakes/asleep.hpp"
#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Transaction : public testing::Test
{
protected:
  Transaction()
      : store_(create_store("/transactions")), a_(make_variable<float>(store_, "a", {1, 1})),
        b_(make_variable<float>(store_, "b", {1, 1}))
  {
  }
  ~Transaction() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  svar_transaction_t *begin()
  {
    svar_transaction_t *transaction = nullptr;
    EXPECT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
    return transaction;
  }
  svar_ret_t put(svar_transaction_t *transaction, const Variable &variable,
                 const std::vector<float> &values)
  {
    Array<float> array(values);
    return svar_transaction_set(transaction, variable.get(), array.source());
  }

  ScratchDirectory directory_;
  Store store_;
  Variable a_, b_;
};

TEST_F(Transaction, AVariableMayBeSetFromALoanOfItself)
{
  Variable matrix;
  const int64_t shape[2] = {2, 2};
  const int64_t transposed[2] = {1, 2};
  float zeros[4] = {};
  DLTensor tensor = svar_tensor(SVAR_FLOAT32, zeros, 2, shape);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "matrix";
  options.store = store_.get();
  svar_variable_t *variable = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_array(&tensor), &options, &variable));
  matrix.reset(variable);
  svar_transaction_t *transaction = begin();
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_loan(transaction, variable, nullptr, false, &hole));
  float *numbers = static_cast<float *>(hole.tensor.data);
  for (int i = 0; i < 4; i++) {
    numbers[i] = static_cast<float>(i);
  }
  tensor = svar_tensor(SVAR_FLOAT32, numbers, 2, shape);
  tensor.strides = const_cast<int64_t *>(transposed);
  ASSERT_SVAR_OK(svar_transaction_set(transaction, variable, svar_array(&tensor)));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(matrix), (std::vector<float>{0, 2, 1, 3}));
}

TEST_F(Transaction, ShowsAllOfItsChangesAtOnce)
{
  Store reader = open_store("/transactions");
  Variable a = find(reader, "a"), b = find(reader, "b");
  svar_transaction_t *transaction = begin();
  ASSERT_SVAR_OK(put(transaction, a_, {2, 2}));
  ASSERT_SVAR_OK(put(transaction, b_, {3, 3, 3}));
  EXPECT_EQ(get<float>(a), (std::vector<float>{1, 1})) << "not before the commit";
  uint64_t version = 0;
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, &version));
  EXPECT_EQ(version, 3u);
  EXPECT_EQ(get<float>(a), (std::vector<float>{2, 2}));
  EXPECT_EQ(get<float>(b), (std::vector<float>{3, 3, 3}));
}

TEST_F(Transaction, ASnapshotStaysAtItsVersionOfEverything)
{
  Store reader = open_store("/transactions");
  Variable a = find(reader, "a"), b = find(reader, "b");
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  ASSERT_SVAR_OK(svar_snapshot_begin(reader.get(), &snapshot));
  svar_transaction_t *transaction = begin();
  ASSERT_SVAR_OK(put(transaction, a_, {2, 2}));
  ASSERT_SVAR_OK(put(transaction, b_, {2, 2}));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_snapshot_get(&snapshot, a.get(), &view));
  EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 1}));
  ASSERT_SVAR_OK(svar_snapshot_get(&snapshot, b.get(), &view));
  EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 1}));
  Variable late = make_variable<float>(store_, "late", {1});
  Variable late_here = find(reader, "late");
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSET, "late", svar_snapshot_get(&snapshot, late_here.get(), &view));
  svar_snapshot_end(&snapshot);
  svar_snapshot_end(&snapshot); // twice is harmless
}

TEST_F(Transaction, SnapshotsOfOneVersionGiveTheSameViews)
{
  Store reader = open_store("/transactions");
  Variable a = find(reader, "a");
  auto view = [&](svar_value_t *out_view) {
    svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
    EXPECT_SVAR_OK(svar_snapshot_begin(reader.get(), &snapshot));
    EXPECT_SVAR_OK(svar_snapshot_get(&snapshot, a.get(), out_view));
    uint64_t version = snapshot.version;
    svar_snapshot_end(&snapshot);
    return version;
  };
  svar_value_t first = SVAR_VALUE_INIT, second = SVAR_VALUE_INIT;
  uint64_t version = view(&first);
  // Room is made and reclaimed in between, but nothing is committed.
  svar_transaction_t *transaction = begin();
  ASSERT_SVAR_OK(put(transaction, a_, std::vector<float>(100000, 1)));
  svar_transaction_abort(transaction);
  EXPECT_EQ(view(&second), version);
  EXPECT_EQ(first.tensor.data, second.tensor.data);
  EXPECT_EQ(first.version, second.version);
  EXPECT_EQ(first.shape[0], second.shape[0]);
  ASSERT_SVAR_OK(put(transaction = begin(), a_, {2, 2}));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(view(&second), version + 1);
  EXPECT_NE(first.tensor.data, second.tensor.data);
}

TEST_F(Transaction, AnAbortChangesNothing)
{
  svar_transaction_t *transaction = begin();
  ASSERT_SVAR_OK(put(transaction, a_, {2, 2}));
  svar_transaction_abort(transaction);
  EXPECT_EQ(get<float>(a_), (std::vector<float>{1, 1}));
  EXPECT_EQ(svar_store_version(store_.get()), 2u);
  svar_transaction_abort(nullptr);
}

TEST_F(Transaction, AnEmptyOneMakesNoVersion)
{
  uint64_t version = 0;
  ASSERT_SVAR_OK(svar_transaction_commit(begin(), &version));
  EXPECT_EQ(version, 2u);
  EXPECT_EQ(svar_store_version(store_.get()), 2u);
}

TEST_F(Transaction, ASecondSetReplacesTheFirst)
{
  svar_transaction_t *transaction = begin();
  ASSERT_SVAR_OK(put(transaction, a_, {2, 2}));
  ASSERT_SVAR_OK(put(transaction, a_, std::vector<float>(3000, 5)));
  ASSERT_SVAR_OK(put(transaction, a_, {4}));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(a_), std::vector<float>{4});
}

TEST_F(Transaction, ARefusedSetLeavesTheRestOfTheTransaction)
{
  svar_transaction_t *transaction = begin();
  ASSERT_SVAR_OK(put(transaction, a_, {2, 2}));
  Array<double> wrong({1.0});
  EXPECT_EQ(SVAR_ERR_TYPE, svar_transaction_set(transaction, b_.get(), wrong.source()));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(a_), (std::vector<float>{2, 2}));
  EXPECT_EQ(get<float>(b_), (std::vector<float>{1, 1}));
}

TEST_F(Transaction, ALoanIsWrittenInPlace)
{
  svar_transaction_t *transaction = begin();
  const int64_t shape[1] = {4};
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_loan(transaction, a_.get(), shape, false, &hole));
  EXPECT_EQ(svar_value_bytes(&hole), 16u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(hole.tensor.data) % 64, 0u);
  for (int i = 0; i < 4; i++) {
    static_cast<float *>(hole.tensor.data)[i] = static_cast<float>(i);
  }
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(a_), (std::vector<float>{0, 1, 2, 3}));
}

TEST_F(Transaction, APrefilledLoanStartsFromTheCurrentValue)
{
  svar_transaction_t *transaction = begin();
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_loan(transaction, a_.get(), nullptr, true, &hole));
  EXPECT_EQ(contents<float>(hole), (std::vector<float>{1, 1}));
  static_cast<float *>(hole.tensor.data)[0] = 9;
  EXPECT_EQ(get<float>(a_), (std::vector<float>{1, 1}));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(a_), (std::vector<float>{9, 1}));
}

TEST_F(Transaction, ALoanOfAnImpossibleShapeIsRefused)
{
  svar_transaction_t *transaction = begin();
  svar_value_t hole = SVAR_VALUE_INIT;
  int64_t shape[1] = {-1};
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_transaction_loan(transaction, a_.get(), shape, false, &hole));
  shape[0] = INT64_MAX;
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_transaction_loan(transaction, a_.get(), shape, false, &hole));
  shape[0] = INT64_MAX / 8;
  EXPECT_EQ(SVAR_ERR_NO_SPACE, svar_transaction_loan(transaction, a_.get(), shape, false, &hole));
  svar_transaction_abort(transaction);
}

TEST_F(Transaction, OfTwoThatSetOneVariableTheLaterCommitWins)
{
  svar_transaction_t *first = begin();
  svar_transaction_t *second = begin();
  ASSERT_SVAR_OK(put(first, a_, {2}));
  ASSERT_SVAR_OK(put(second, a_, {3}));
  ASSERT_SVAR_OK(put(first, b_, {2}));
  ASSERT_SVAR_OK(put(first, a_, {4})) << "found again although the second took the note";
  ASSERT_SVAR_OK(svar_transaction_commit(second, nullptr));
  EXPECT_EQ(get<float>(a_), std::vector<float>{3});
  ASSERT_SVAR_OK(svar_transaction_commit(first, nullptr));
  EXPECT_EQ(get<float>(a_), std::vector<float>{4});
  EXPECT_EQ(get<float>(b_), std::vector<float>{2});
}

TEST_F(Transaction, KnowsItsOwnLoanAfterAnotherTransactionOfTheVariableEnded)
{
  svar_transaction_t *first = begin();
  svar_transaction_t *second = begin();
  ASSERT_SVAR_OK(put(first, a_, {1}));
  ASSERT_SVAR_OK(put(second, a_, {2}));
  svar_transaction_abort(second);
  ASSERT_SVAR_OK(put(first, a_, {3}));
  ASSERT_SVAR_OK(svar_transaction_commit(first, nullptr));
  EXPECT_EQ(get<float>(a_), std::vector<float>{3});
  a_.reset();
  b_.reset();
  store_.reset();
  store_ = create_store("/transactions"); // one record of that version, not two
  EXPECT_EQ(get<float>(find(store_, "a")), std::vector<float>{3});
}

TEST_F(Transaction, KeepsTheEntryOfAVariableThatWasLetGo)
{
  svar_transaction_t *transaction = begin();
  Variable c = make_variable<float>(store_, "c", {7}, transaction);
  c.reset();
  Array<double> other({1.0});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store_.get();
  options.name = "c";
  svar_variable_t *variable = nullptr;
  EXPECT_EQ(SVAR_ERR_EXISTS, svar_shared(other.source(), &options, &variable))
      << "its name is taken as long as the transaction is open";
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(find(store_, "c")), std::vector<float>{7});
}

TEST_F(Transaction, AfterACloseItsCommitIsRefusedAndItsLoanHarmsNobody)
{
  svar_transaction_t *transaction = begin();
  const int64_t shape[1] = {2};
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_loan(transaction, a_.get(), shape, false, &hole));
  Variable a = std::move(a_), b = std::move(b_); // they keep the closed handle's memory
  store_.reset();
  store_ = create_store("/transactions");
  for (float i = 0; i < 20; i++) {
    ASSERT_SVAR_OK(set<float>(find(store_, "a"), {i, i}));
    static_cast<float *>(hole.tensor.data)[0] = 666;
    EXPECT_EQ(get<float>(find(store_, "a")), (std::vector<float>{i, i}));
  }
  EXPECT_EQ(SVAR_ERR_STATE, svar_transaction_commit(transaction, nullptr));
}

TEST_F(Transaction, AReaderCannotBeginOne)
{
  Store reader = open_store("/transactions");
  svar_transaction_t *transaction = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_READ_ONLY, "/transactions",
                    svar_transaction_begin(reader.get(), &transaction));
  EXPECT_EQ(SVAR_ERR_READ_ONLY, set<float>(find(reader, "a"), {1}));
}

TEST_F(Transaction, AVariableOfAnotherStoreIsRefused)
{
  Store reader = open_store("/transactions");
  svar_transaction_t *transaction = begin();
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "another handle", put(transaction, find(reader, "a"), {1}));
  svar_transaction_abort(transaction);
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_snapshot_begin(reader.get(), &snapshot));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "another handle",
                    svar_snapshot_get(&snapshot, a_.get(), &view));
  svar_snapshot_end(&snapshot);
}

TEST_F(Transaction, NewVariablesAppearWithItsCommit)
{
  svar_transaction_t *transaction = begin();
  Variable c = make_variable<float>(store_, "c", {7}, transaction);
  ASSERT_SVAR_OK(put(transaction, a_, {7}));
  svar_variable_t *found = nullptr;
  EXPECT_EQ(SVAR_ERR_NOT_FOUND, svar_store_find(store_.get(), "c", &found));
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(SVAR_ERR_UNSET, svar_get_value(c.get(), SVAR_BORROW, &value));
  ASSERT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  EXPECT_EQ(get<float>(find(store_, "c")), std::vector<float>{7});
  EXPECT_EQ(svar_store_version(store_.get()), 3u);
}

TEST_F(Transaction, CommitsOfManyThreadsAllCount)
{
  enum { THREADS = 4, COMMITS = 500 };
  std::vector<std::thread> threads;
  for (int t = 0; t < THREADS; t++) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < COMMITS; i++) {
        ASSERT_SVAR_OK(set<float>(t % 2 ? a_ : b_, {static_cast<float>(i)}));
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(svar_store_version(store_.get()), 2u + THREADS * COMMITS);
}

// An allocator whose next call, once it is armed, waits until it is opened.
struct Gate {
  std::atomic<bool> is_armed{false};
  std::promise<void> is_reached, is_open;
  svar_allocator_t base = svar_allocator_default();

  svar_allocator_t allocator()
  {
    return {[](size_t size_bytes, size_t alignment, void *state) {
              Gate *self = static_cast<Gate *>(state);
              if (self->is_armed.exchange(false)) {
                self->is_reached.set_value();
                self->is_open.get_future().wait();
              }
              return self->base.allocate(size_bytes, alignment, self->base.state);
            },
            [](void *memory, void *state) {
              Gate *self = static_cast<Gate *>(state);
              self->base.deallocate(memory, self->base.state);
            },
            this};
  }
};

TEST(TransactionGate, NothingIsDeclaredInAStoreThatWasClosedWhileWeWaited)
{
  if (!can_see_threads()) {
    GTEST_SKIP() << "this kernel does not tell what a thread waits for";
  }
  Gate gate;
  svar_allocator_t allocator = gate.allocator();
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.allocator = &allocator;
  svar_store_t *store = nullptr;
  ASSERT_SVAR_OK(svar_store_create_private("/gate", &options, &store));
  Store owner(store);
  Variable kept = make_variable<float>(owner, "kept", {1}); // the store stays to be looked at
  svar_transaction_t *transactions[2] = {};
  ASSERT_SVAR_OK(
      svar_transaction_begin(store, &transactions[0])); // the object that is kept to be used again
  gate.is_armed = true;
  std::thread holder([&] { EXPECT_SVAR_OK(svar_transaction_begin(store, &transactions[1])); });
  gate.is_reached.get_future().wait(); // under the lock
  std::promise<pid_t> closes, declares;
  std::thread closer([&] {
    closes.set_value(gettid());
    owner.reset();
  });
  wait_until_asleep(closes.get_future().get(), true);
  svar_ret_t ret = SVAR_OK;
  std::thread maker([&] {
    svar_shared_options_t shared = SVAR_SHARED_OPTIONS_INIT;
    svar_variable_t *variable = nullptr;
    shared.name = "late";
    shared.store = store;
    declares.set_value(gettid());
    ret = svar_shared(svar_float(1), &shared, &variable);
    svar_variable_unref(variable);
  });
  wait_until_asleep(declares.get_future().get(), true);
  gate.is_open.set_value();
  holder.join();
  closer.join();
  maker.join();
  EXPECT_EQ(svar_store_count(store), ret == SVAR_OK ? 2u : 1u); // it may have come first
  for (svar_transaction_t *transaction : transactions) {
    svar_transaction_abort(transaction);
  }
}

} // namespace
