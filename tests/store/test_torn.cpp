// The torn-read oracle: every element of every variable carries the version's number, so that a value
// that changes while it is read, or a snapshot of two commits, cannot go unnoticed.
#include <algorithm>
#include <atomic>
#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

enum { VARIABLES = 3, READS = 400000 };
const size_t SIZES[VARIABLES] = {1, 60, 700};
const uint64_t PERIODS[VARIABLES] = {1, 3, 1}; // a variable changes in every so many commits

// The commit that gave variable i its value in `version`.
uint64_t
number_of(int i, uint64_t version)
{
  return std::max<uint64_t>(version - version % PERIODS[i], 1);
}

std::string
name_of(int i)
{
  return "v" + std::to_string(i);
}

svar_ret_t
commit_number(const Store &store, const std::vector<Variable> &variables, uint64_t number)
{
  svar_transaction_t *transaction = nullptr;
  SVAR_TRY(svar_transaction_begin(store.get(), &transaction));
  // The largest first: it has the fewest buffers, so the pins are scanned right after the last commit.
  for (int i = VARIABLES - 1; i >= 0; i--) {
    if (number_of(i, number) != number) {
      continue;
    }
    const int64_t shape[1] = {static_cast<int64_t>(SIZES[i])};
    svar_value_t hole = SVAR_VALUE_INIT;
    svar_ret_t ret = svar_transaction_loan(transaction, variables[i].get(), shape, false, &hole);
    if (ret != SVAR_OK) {
      svar_transaction_abort(transaction);
      return ret;
    }
    uint64_t *data = static_cast<uint64_t *>(hole.tensor.data);
    for (size_t k = 0; k < SIZES[i]; k++) {
      data[k] = number;
    }
  }
  return svar_transaction_commit(transaction, nullptr);
}

bool
is_uniform(const svar_value_t &view, uint64_t number)
{
  const volatile uint64_t *data = static_cast<const uint64_t *>(view.tensor.data);
  uint64_t count = svar_value_bytes(&view) / sizeof(uint64_t);
  for (uint64_t k = 0; k < count; k++) {
    uint64_t element = data[k];
    if (element != number) {
      fprintf(stderr, "version %llu: element %llu of %llu, of the value of version %llu, is %llu\n",
              static_cast<unsigned long long>(number), static_cast<unsigned long long>(k),
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(view.version),
              static_cast<unsigned long long>(element));
      return false;
    }
  }
  return true;
}

// Checks the variables of a snapshot, the n-th. Returns 0, or the number of the check that failed.
int
check_snapshot(const svar_snapshot_t &snapshot, const std::vector<svar_variable_t *> &variables,
               int n)
{
  int count = static_cast<int>(variables.size());
  for (int k = 0; k < count; k++) {
    int i = (n + k) % count;
    svar_value_t view = SVAR_VALUE_INIT;
    if (svar_snapshot_get(&snapshot, variables[i], &view) != SVAR_OK) {
      return 3;
    }
    if (!is_uniform(view, number_of(i, snapshot.version))) {
      return 4; // torn or mixed
    }
  }
  return 0;
}

// Reads the variables (the first ones of the store) in `reads` snapshots. Returns as above.
int
read_variables(const Store &store, const std::vector<svar_variable_t *> &variables, int reads)
{
  uint64_t last = 0;
  for (int n = 0; n < reads; n++) {
    svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
    if (svar_snapshot_begin(store.get(), &snapshot) != SVAR_OK) {
      return 1;
    }
    if (snapshot.version < last) {
      return 2; // not monotonic
    }
    last = snapshot.version;
    int failed = check_snapshot(snapshot, variables, n);
    if (failed != 0) {
      return failed;
    }
    svar_snapshot_end(&snapshot);
  }
  return 0;
}

int
read_snapshots(const char *store_name, int reads, int count = VARIABLES)
{
  Store store = open_store(store_name);
  std::vector<Variable> variables;
  std::vector<svar_variable_t *> handles;
  for (int i = 0; i < count; i++) {
    variables.push_back(find(store, name_of(i).c_str()));
    handles.push_back(variables.back().get());
  }
  return read_variables(store, handles, reads);
}

// Commits as fast as it can until no reader is left running.
void
commit_while_running(const Store &store, const std::vector<Variable> &variables,
                     const std::function<bool()> &is_running)
{
  uint64_t first = svar_store_version(store.get());
  uint64_t number = first + 1;
  while (is_running()) {
    svar_ret_t ret = commit_number(store, variables, number);
    if (ret == SVAR_ERR_BUSY) { // more readers inside a snapshot than a variable has versions
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(ret, SVAR_OK) << svar_error_message();
    number++;
  }
  EXPECT_GT(number, first + 100);
}

class Torn : public testing::Test
{
protected:
  Torn() : store_(create_store("/torn"))
  {
    svar_transaction_t *transaction = nullptr;
    EXPECT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
    for (int i = 0; i < VARIABLES; i++) {
      variables_.push_back(make_variable<uint64_t>(
          store_, name_of(i).c_str(), std::vector<uint64_t>(SIZES[i], 1), transaction));
    }
    EXPECT_SVAR_OK(svar_transaction_commit(transaction, nullptr));
  }
  ~Torn() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  // Commits while `count` threads read, and expects of each that it returns 0.
  // Begins to commit when they are ready.
  void commit_beside_threads(
      int count, int (*read)(), bool (*are_ready)() = [] { return true; })
  {
    std::atomic<int> running{count};
    std::vector<int> results(count, -1);
    std::vector<std::thread> readers;
    for (int &result : results) {
      readers.emplace_back([&running, &result, read] {
        result = read();
        running--;
      });
    }
    while (!are_ready()) {
      std::this_thread::yield();
    }
    commit_while_running(store_, variables_, [&] { return running > 0; });
    for (std::thread &reader : readers) {
      reader.join();
    }
    EXPECT_EQ(results, std::vector<int>(count, 0));
  }
  ScratchDirectory directory_;
  Store store_;
  std::vector<Variable> variables_;
};

TEST_F(Torn, ReadersInOtherProcessesNeverSeeAMixture)
{
  Child first([] { return read_snapshots("/torn", READS); });
  Child second([] { return read_snapshots("/torn", READS); });
  std::atomic<int> results[2] = {{-1}, {-1}};
  std::thread joiner([&] {
    results[0] = first.wait();
    results[1] = second.wait();
  });
  commit_while_running(store_, variables_, [&] { return results[1] < 0; });
  joiner.join();
  EXPECT_EQ(results[0], 0);
  EXPECT_EQ(results[1], 0);
}

TEST_F(Torn, ReadersInOtherThreadsNeverSeeAMixture)
{
  commit_beside_threads(2, [] { return read_snapshots("/torn", READS); });
}

// So many threads and so little work that some are always stopped between two steps of the protocol.
const int CROWD = 24;

TEST_F(Torn, ReadersThatArePreemptedAtAnyInstructionNeverSeeAMixture)
{
  commit_beside_threads(CROWD, [] { return read_snapshots("/torn", 4 * READS, 1); });
}

// How many of the crowd have pinned what was there before the first commit.
std::atomic<int> holding;

// With the pin that can be parked in use, every snapshot is pinned anew.
int
read_while_holding()
{
  Store store = open_store("/torn");
  svar_snapshot_t held = SVAR_SNAPSHOT_INIT;
  if (svar_snapshot_begin(store.get(), &held) != SVAR_OK) {
    return 1;
  }
  for (holding++; holding < CROWD;) {
    std::this_thread::yield();
  }
  Variable variable = find(store, name_of(0).c_str());
  int failed = read_variables(store, {variable.get()}, READS);
  svar_snapshot_end(&held);
  return failed;
}

TEST_F(Torn, ReadersThatHoldAnotherPinNeverSeeAMixture)
{
  holding = 0;
  commit_beside_threads(CROWD, read_while_holding, [] { return holding == CROWD; });
}

TEST_F(Torn, TheOracleCatchesAValueOverwrittenUnderItsReader)
{
  // The check must be able to fail: a value of two numbers is not uniform.
  std::vector<uint64_t> mixed(SIZES[1], 7);
  mixed.back() = 8;
  ASSERT_SVAR_OK(set<uint64_t>(variables_[1], mixed));
  EXPECT_EQ(read_snapshots("/torn", 1), 4);
}

// --- revoking --------------------------------------------------------------------------------------

// So large that the holder revokes parked pins rather than take another buffer. Its first and its last
// element are used.
const int64_t LARGE[1] = {4 * 1024 * 1024 + 8};

svar_ret_t
commit_large(const Store &store, const Variable &large, uint64_t number)
{
  svar_transaction_t *transaction = nullptr;
  SVAR_TRY(svar_transaction_begin(store.get(), &transaction));
  svar_value_t hole = SVAR_VALUE_INIT;
  svar_ret_t ret = svar_transaction_loan(transaction, large.get(), LARGE, false, &hole);
  if (ret != SVAR_OK) {
    svar_transaction_abort(transaction);
    return ret;
  }
  uint64_t *data = static_cast<uint64_t *>(hole.tensor.data);
  data[0] = number;
  data[LARGE[0] - 1] = number;
  return svar_transaction_commit(transaction, nullptr);
}

bool
is_of_its_version(const svar_value_t &view)
{
  const volatile uint64_t *data = static_cast<const uint64_t *>(view.tensor.data);
  uint64_t first = data[0];
  uint64_t last = data[LARGE[0] - 1];
  return first == view.version && last == view.version;
}

// Returns how many reads went wrong.
int
read_large(const std::atomic<bool> &stop)
{
  Store store = open_store("/revoked");
  Variable large = find(store, "large");
  int wrong = 0;
  for (int n = 0; !stop; n++) {
    svar_value_t view = SVAR_VALUE_INIT;
    if (svar_get_value(large.get(), SVAR_BORROW, &view) != SVAR_OK) {
      fprintf(stderr, "%s\n", svar_error_message());
      return wrong + 1;
    }
    wrong += !is_of_its_version(view);
    if (n % 100000 == 99999) {
      usleep(10000); // long enough for the holder to revoke what is parked meanwhile
      wrong += !is_of_its_version(view);
    }
    svar_value_release(&view);
  }
  return wrong;
}

TEST(Revoked, ReadersThatAreStoppedAtAnyInstructionNeverSeeAMixture)
{
  ScratchDirectory directory;
  Store store = create_store("/revoked");
  Variable large =
      make_variable<uint64_t>(store, "large", std::vector<uint64_t>(LARGE[0], 1)); // version 1
  std::atomic<bool> stop{false};
  std::vector<int> wrong(4, -1);
  std::vector<std::thread> readers;
  for (int &each : wrong) {
    readers.emplace_back([&stop, &each] { each = read_large(stop); });
  }
  for (uint64_t number = 2; number < 60; number++) {
    EXPECT_SVAR_OK(commit_large(store, large, number));
    usleep(static_cast<useconds_t>(number % 4 * 700)); // readers stop at different versions
  }
  stop = true;
  for (std::thread &reader : readers) {
    reader.join();
  }
  EXPECT_EQ(wrong, std::vector<int>(wrong.size(), 0));
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

} // namespace
