// The torn-read oracle: every element of every variable carries the version's number, so that a value
// that changes while it is read, or a snapshot of two commits, cannot go unnoticed.
#include <atomic>
#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

enum { VARIABLES = 3, READS = 400000, NAPPERS = 20, NAPPER_READS = 20000 };
const size_t SIZES[VARIABLES] = {1, 60, 700};

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
  for (int i = 0; i < VARIABLES; i++) {
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

/// What a reader does after each snapshot.
enum class Pace {
  Hurry, // at once the next
  Nap    // now and then nothing, so that the pin of a version read twice stays parked for a while
};

// Reads snapshots until `reads` are done. Returns 0, or the number of the check that failed.
int
read_snapshots(const char *store_name, int reads, Pace pace = Pace::Hurry)
{
  Store store = open_store(store_name);
  std::vector<Variable> variables;
  for (int i = 0; i < VARIABLES; i++) {
    variables.push_back(find(store, name_of(i).c_str()));
  }
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
    for (int i = 0; i < VARIABLES; i++) {
      svar_value_t view = SVAR_VALUE_INIT;
      if (svar_snapshot_get(&snapshot, variables[(n + i) % VARIABLES].get(), &view) != SVAR_OK) {
        return 3;
      }
      if (!is_uniform(view, snapshot.version)) {
        return 4; // torn or mixed
      }
    }
    svar_snapshot_end(&snapshot);
    if (pace == Pace::Nap && n % 64 == 63) {
      usleep(static_cast<useconds_t>(n * 37 % 2000));
    }
  }
  return 0;
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
  std::atomic<int> running{2};
  int results[2] = {-1, -1};
  std::vector<std::thread> readers;
  for (int &result : results) {
    readers.emplace_back([&running, &result] {
      result = read_snapshots("/torn", READS);
      running--;
    });
  }
  commit_while_running(store_, variables_, [&] { return running > 0; });
  for (std::thread &reader : readers) {
    reader.join();
  }
  EXPECT_EQ(results[0], 0);
  EXPECT_EQ(results[1], 0);
}

TEST_F(Torn, ReadersWhosePinsAreRevokedWhileTheyNapNeverSeeAMixture)
{
  // More threads than a variable has versions: they park on different ones, and the holder needs them.
  std::atomic<int> running{NAPPERS};
  int results[NAPPERS] = {};
  std::vector<std::thread> readers;
  for (int &result : results) {
    readers.emplace_back([&running, &result] {
      result = read_snapshots("/torn", NAPPER_READS, Pace::Nap);
      running--;
    });
  }
  commit_while_running(store_, variables_, [&] { return running > 0; });
  for (std::thread &reader : readers) {
    reader.join();
  }
  for (int result : results) {
    EXPECT_EQ(result, 0);
  }
}

TEST_F(Torn, TheOracleCatchesAValueOverwrittenUnderItsReader)
{
  // The check must be able to fail: a value of two numbers is not uniform.
  std::vector<uint64_t> mixed(SIZES[1], 7);
  mixed.back() = 8;
  ASSERT_SVAR_OK(set<uint64_t>(variables_[1], mixed));
  EXPECT_EQ(read_snapshots("/torn", 1), 4);
}

} // namespace
