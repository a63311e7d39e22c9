// What Theano has no word for: readers beside a writer, and the death of a writer. Processes are really
// killed, and values are really read in another process.
#include <atomic>
#include <functional>
#include <thread>

#include "case.hpp"

using conformance::Child;
using conformance::Signal;
using conformance::Store;
using conformance::Variable;

namespace
{

constexpr char NAME[] = "/conformance/processes";
constexpr int64_t WORDS = 20000;
constexpr int KILLS = 40;

Store
private_store()
{
  svar_store_t *store = nullptr;
  EXPECT_SVAR_OK(svar_store_create_private(NAME, nullptr, &store));
  return Store(store);
}

// Fills some words of a loan with k.
svar_ret_t
fill(svar_transaction_t *change, const Variable &variable, uint64_t k, int64_t words = WORDS)
{
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svar_transaction_loan(change, variable.get(), &WORDS, false, &hole));
  std::fill_n(static_cast<uint64_t *>(hole.tensor.data), words, k);
  return SVAR_OK;
}

// The holder's side: two variables whose words are all k, changed together.
struct Pair {
  explicit Pair(const Store &store)
      : store(store.get()),
        first(svar_test::make_variable<uint64_t>(store, "first", std::vector<uint64_t>(WORDS, 1))),
        second(svar_test::make_variable<uint64_t>(store, "second", std::vector<uint64_t>(WORDS, 1)))
  {
  }
  svar_ret_t commit(uint64_t k) const
  {
    svar_transaction_t *change = nullptr;
    SVAR_TRY(svar_transaction_begin(store, &change));
    svar_ret_t ret = fill(change, first, k);
    ret = ret == SVAR_OK ? fill(change, second, k) : ret;
    if (ret != SVAR_OK) {
      svar_transaction_abort(change);
      return ret;
    }
    return svar_transaction_commit(change, nullptr);
  }

  svar_store_t *store;
  Variable first;
  Variable second;
};

// The word that all words of a view are, or 0 if they differ.
uint64_t
word_of(const svar_value_t &view)
{
  std::vector<uint64_t> words = svar_test::contents<uint64_t>(view);
  bool is_one = std::all_of(words.begin(), words.end(), [&](uint64_t w) { return w == words[0]; });
  return is_one && words.size() == static_cast<size_t>(WORDS) ? words[0] : 0;
}

// The word of both variables in one snapshot; 0 if they are torn or mixed.
uint64_t
word_of_pair(svar_store_t *store, const Variable &first, const Variable &second)
{
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  svar_value_t views[2] = {SVAR_VALUE_INIT, SVAR_VALUE_INIT};
  EXPECT_SVAR_OK(svar_snapshot_begin(store, &snapshot));
  EXPECT_SVAR_OK(svar_snapshot_get(&snapshot, first.get(), &views[0]));
  EXPECT_SVAR_OK(svar_snapshot_get(&snapshot, second.get(), &views[1]));
  uint64_t word = word_of(views[0]) == word_of(views[1]) ? word_of(views[0]) : 0;
  svar_snapshot_end(&snapshot);
  return word;
}

// Reads pairs while somebody commits, until `commits` newer ones were seen.
void
expect_whole_generations(const Store &store, uint64_t commits)
{
  Variable first = svar_test::find(store, "first");
  Variable second = svar_test::find(store, "second");
  uint64_t last = 0;
  for (uint64_t seen = 0; seen < commits;) {
    uint64_t word = word_of_pair(store.get(), first, second);
    ASSERT_NE(word, 0u) << "torn, or of two commits";
    ASSERT_GE(word, last) << "an older version after a newer one";
    seen += word > last;
    last = word;
  }
}

// Becomes the holder after the death of another, and finds whole values that take new ones.
void
expect_resumed(uint64_t at_least, uint64_t at_most)
{
  Store store = svar_test::create_store(NAME);
  Variable first = svar_test::find(store, "first");
  Variable second = svar_test::find(store, "second");
  uint64_t word = word_of_pair(store.get(), first, second);
  EXPECT_GE(word, at_least);
  EXPECT_LE(word, at_most);
  EXPECT_SVAR_OK(svar_test::set<uint64_t>(first, {7}));
  EXPECT_EQ(svar_test::get<uint64_t>(first), std::vector<uint64_t>{7});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

// A holder in another process that commits, does `last` to an open transaction, and is killed.
void
kill_after(const std::function<void(svar_transaction_t *, const Pair &)> &last)
{
  svar_test::ScratchDirectory directory;
  Signal ready;
  Child holder([&] {
    Store store = svar_test::create_store(NAME);
    Pair pair(store);
    svar_transaction_t *change = nullptr;
    if (pair.commit(2) != SVAR_OK || svar_transaction_begin(store.get(), &change) != SVAR_OK) {
      return 1;
    }
    last(change, pair);
    ready.raise();
    pause();
    return 1;
  });
  ready.wait();
  holder.kill(SIGKILL);
  EXPECT_EQ(holder.wait(), 128 + SIGKILL);
  expect_resumed(2, 2);
}

} // namespace

SVAR_CASE_ON(CPU, 246, ASnapshotBesideAWritingThreadIsOneGeneration)
{
  Store store = private_store();
  Pair pair(store);
  std::atomic<bool> is_over{false};
  std::atomic<bool> has_failed{false};
  std::thread writer([&] {
    for (uint64_t k = 2; !is_over && !has_failed; k++) {
      has_failed = pair.commit(k) != SVAR_OK;
    }
  });
  expect_whole_generations(store, 50);
  is_over = true;
  writer.join();
  EXPECT_FALSE(has_failed);
}

SVAR_NOT_ON(GPU, 246, "tests/gpu/test_store.cpp has it, of values on a GPU and on the host at once")

SVAR_CASE_ON(IPC, 246, ASnapshotBesideAWritingProcessIsOneGeneration)
{
  svar_test::ScratchDirectory directory;
  Signal ready;
  Signal over;
  Child holder([&] {
    Store store = svar_test::create_store(NAME);
    Pair pair(store);
    ready.raise();
    for (uint64_t k = 2; k < 1000000 && pair.commit(k) == SVAR_OK; k++) {
    }
    return 1; // killed before
  });
  ready.wait();
  expect_whole_generations(svar_test::open_store(NAME), 50);
  holder.kill(SIGKILL);
  EXPECT_EQ(holder.wait(), 128 + SIGKILL);
  expect_resumed(2, UINT64_MAX);
}

SVAR_NOT_ON(CPU, 247, "private memory ends with its process")
SVAR_NOT_ON(GPU, 247, "private memory ends with its process")

SVAR_CASE_ON(IPC, 247, AWriterKilledHalfWayThroughAValueLeavesThePreviousOne)
{
  kill_after([](svar_transaction_t *change, const Pair &pair) {
    EXPECT_SVAR_OK(fill(change, pair.first, 3, WORDS / 2));
  });
}

SVAR_CASE_ON(IPC, 247, AReaderKeepsItsViewWhenTheWriterIsKilled)
{
  svar_test::ScratchDirectory directory;
  Signal ready;
  Child holder([&] {
    Store store = svar_test::create_store(NAME);
    Pair pair(store);
    ready.raise();
    pause();
    return 1;
  });
  ready.wait();
  {
    Store store = svar_test::open_store(NAME);
    Variable first = svar_test::find(store, "first");
    svar_value_t view = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_value(first.get(), SVAR_BORROW, &view));
    holder.kill(SIGKILL);
    EXPECT_EQ(holder.wait(), 128 + SIGKILL);
    EXPECT_EQ(word_of(view), 1u);
    svar_value_release(&view);
    EXPECT_EQ(svar_test::get<uint64_t>(first), std::vector<uint64_t>(WORDS, 1));
  }
  expect_resumed(1, 1);
}

SVAR_NOT_ON(CPU, 248, "private memory ends with its process")
SVAR_NOT_ON(GPU, 248, "private memory ends with its process")

SVAR_CASE_ON(IPC, 248, ACommitOfTwoVariablesKilledBetweenThemLeavesNeither)
{
  kill_after([](svar_transaction_t *change, const Pair &pair) {
    EXPECT_SVAR_OK(fill(change, pair.first, 3));
    EXPECT_SVAR_OK(fill(change, pair.second, 3, WORDS / 2));
  });
}

SVAR_CASE_ON(IPC, 248, ACommitOfTwoVariablesKilledAtAnyMomentIsWholeOrNot)
{
  for (int i = 0; i < KILLS && !HasFailure(); i++) {
    SCOPED_TRACE(i);
    svar_test::ScratchDirectory directory;
    Signal ready;
    Child holder([&] {
      Store store = svar_test::create_store(NAME);
      Pair pair(store);
      ready.raise();
      for (uint64_t k = 2; pair.commit(k) == SVAR_OK; k++) {
      }
      return 1;
    });
    ready.wait();
    usleep(static_cast<useconds_t>(i * 37)); // another moment each time; nothing depends on which
    holder.kill(SIGKILL);
    EXPECT_EQ(holder.wait(), 128 + SIGKILL);
    expect_resumed(1, UINT64_MAX);
  }
}

SVAR_CASE(249, BorrowOfTheCallersMemoryCopiesIt)
{
  Variable s = zeros(SVAR_FLOAT64, {2});
  {
    Array outside = vector_of<double>({1, 2});
    ASSERT_SVAR_OK(svar_set_value(s.get(), outside.source(), SVAR_BORROW));
    outside.as<double>()[0] = 9;
  }
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
}

SVAR_CASE(250, AViewKeptOverAResizeIsOldAndWholeAndKnownToBeOld)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(s.get(), SVAR_BORROW, &view));
  for (int64_t extent = 1; extent < 2000; extent += 100) {
    ASSERT_SVAR_OK(svar_set_value(s.get(), Array(SVAR_FLOAT64, {extent}).source(), SVAR_COPY));
  }
  EXPECT_LT(view.version, svar_store_version(svar_variable_store(s.get())));
  EXPECT_EQ(svar_test::contents<double>(view), (std::vector<double>{1, 2}));
  svar_value_release(&view);
}

SVAR_CASE_ON(IPC, 250, AViewKeptOverAResizeByAnotherProcessIsOldAndWhole)
{
  svar_test::ScratchDirectory directory;
  Signal ready;
  Signal go_on;
  Child holder([&] {
    Store store = svar_test::create_store(NAME);
    Pair pair(store);
    ready.raise();
    go_on.wait();
    for (size_t words = WORDS; words < 20 * WORDS; words += WORDS) {
      EXPECT_SVAR_OK(svar_test::set(pair.first, std::vector<uint64_t>(words, 5)));
    }
    ready.raise();
    go_on.wait();
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
    return HasFailure() ? 1 : 0;
  });
  ready.wait();
  Store store = svar_test::open_store(NAME);
  Variable first = svar_test::find(store, "first");
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(first.get(), SVAR_BORROW, &view));
  go_on.raise();
  ready.wait();
  EXPECT_LT(view.version, svar_store_version(store.get()));
  EXPECT_EQ(word_of(view), 1u);
  svar_value_release(&view);
  go_on.raise();
  EXPECT_EQ(holder.wait(), 0);
}
