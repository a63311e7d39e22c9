// A live process of the group writes random words over the whole reader table, while the holder commits,
// reclaims, reaps and resumes, and others read: the values stay as committed, and the holder goes on.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <random>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const char *const kNames[] = {"a", "b", "c"};
enum { kVariables = 3, kCommits = 3000, kReaders = 2 };

struct Table {
  uint64_t *words;
  size_t count;
};

// The reader table of the directory's store, as a member of the group maps it.
Table
map_readers(const ScratchDirectory &directory)
{
  for (const std::string &file : directory.files()) {
    struct stat status;
    int fd = open((directory.path() + "/" + file).c_str(), O_RDWR | O_CLOEXEC);
    bool is_readers = file.find(".readers") != std::string::npos;
    if (is_readers && fd >= 0 && fstat(fd, &status) == 0) {
      void *map = mmap(nullptr, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      close(fd);
      return {static_cast<uint64_t *>(map), status.st_size / sizeof(uint64_t)};
    }
    close(fd);
  }
  return {nullptr, 0};
}

// Values that words of the table have, so that the holder takes some of them for true.
uint64_t
likely_word(std::mt19937_64 &random, uint64_t version)
{
  switch (random() % 6) {
  case 0:
    return 0;
  case 1:
    return random() % 8; // an owner
  case 2:
    return (version + random() % 4) << 2 | random() % 4; // a pin
  case 3:
    return UINT64_MAX;
  default:
    return random();
  }
}

// Writes over everything from word `first` on, for ever.
[[noreturn]] void
scribble(Table table, size_t first, Signal &has_begun)
{
  std::mt19937_64 random(1);
  uint64_t round = 0;
  for (;; round++) {
    for (size_t i = 0; i < 64; i++) {
      // Half of the words go where the few slots and processes of this test are.
      size_t span = random() % 2 == 0 ? table.count - first : 1024;
      size_t at =
          random() % 4 == 0 ? table.count - 4096 * 8 + random() % 64 : first + random() % span;
      __atomic_store_n(&table.words[at], likely_word(random, round), __ATOMIC_RELAXED);
    }
    if (round == 0) {
      has_begun.raise();
    }
  }
}

// Reads until it is killed. What it reads may be torn, its pins being written over: it must only live.
int
read_for_ever()
{
  Store store = open_store("/scribble");
  std::vector<Variable> variables;
  for (const char *name : kNames) {
    variables.push_back(find(store, name));
  }
  double sum = 0;
  for (;;) {
    for (const Variable &variable : variables) {
      svar_value_t value = SVAR_VALUE_INIT;
      svar_ret_t ret = svar_get_value(variable.get(), SVAR_BORROW, &value);
      if (ret == SVAR_OK) {
        sum += static_cast<const double *>(value.tensor.data)[0];
        svar_value_release(&value);
      } else if (ret != SVAR_ERR_READERS_FULL && ret != SVAR_ERR_UNSET) {
        return 1;
      }
    }
    svar_ret_t ret = svar_store_wait(store.get(), 0, 0, nullptr);
    if (ret != SVAR_OK && ret != SVAR_TIMEOUT) {
      return 2;
    }
  }
}

// The holder, and what it has committed by its own account.
class Holder
{
public:
  Holder() : store_(create_store("/scribble"))
  {
    for (int i = 0; i < kVariables; i++) {
      values_[i] = {0};
      variables_[i] = make_variable<double>(store_, kNames[i], values_[i]);
    }
  }

  // Each commit succeeds, or is refused with a reason; a refused one changes nothing.
  void commit(int round)
  {
    int i = round % kVariables;
    std::vector<double> next(1 + round % 700, round);
    svar_ret_t ret = set<double>(variables_[i], next);
    if (ret == SVAR_OK) {
      values_[i] = next;
      committed_++;
    } else {
      EXPECT_EQ(ret, SVAR_ERR_BUSY) << svar_error_message();
      EXPECT_NE(std::string(svar_error_message()).find("store '/scribble'"), std::string::npos);
      busy_++;
    }
  }

  void resume()
  {
    for (Variable &variable : variables_) {
      variable.reset();
    }
    store_.reset();
    store_ = create_store("/scribble");
    for (int i = 0; i < kVariables; i++) {
      variables_[i] = find(store_, kNames[i]);
    }
  }

  // The stored values, seen through the holder's own handle.
  void check() const
  {
    for (int i = 0; i < kVariables; i++) {
      svar_value_t value = SVAR_VALUE_INIT;
      svar_ret_t ret = svar_get_value(variables_[i].get(), SVAR_BORROW, &value);
      if (ret == SVAR_ERR_READERS_FULL) {
        continue; // its own pins were written over
      }
      ASSERT_EQ(ret, SVAR_OK) << svar_error_message();
      ASSERT_EQ(contents<double>(value), values_[i]) << kNames[i];
      svar_value_release(&value);
    }
  }

  // The stored values, through a handle opened now.
  void check_by_reader() const
  {
    Store reader = open_store("/scribble");
    for (int i = 0; i < kVariables; i++) {
      ASSERT_EQ(get<double>(find(reader, kNames[i])), values_[i]) << kNames[i];
    }
  }

  svar_store_t *store() const
  {
    return store_.get();
  }
  int committed() const
  {
    return committed_;
  }

private:
  Store store_;
  Variable variables_[kVariables];
  std::vector<double> values_[kVariables];
  int committed_ = 0, busy_ = 0;
};

TEST(Scribble, OverTheReaderTableNeverHarmsTheHolderOrStoredValues)
{
  ScratchDirectory directory;
  Holder holder;
  Table table = map_readers(directory);
  ASSERT_NE(table.words, nullptr);
  std::vector<std::unique_ptr<Child>> readers;
  for (int i = 0; i < kReaders; i++) {
    readers.push_back(std::make_unique<Child>(read_for_ever));
  }
  Signal has_begun;
  Child enemy([&]() -> int { scribble(table, 16, has_begun); }); // behind the table's identity
  has_begun.wait();
  for (int round = 1; round <= kCommits; round++) {
    holder.commit(round);
    ASSERT_NO_FATAL_FAILURE(holder.check()) << "round " << round;
    if (round % 500 == 0) {
      holder.resume();
    }
  }
  for (std::unique_ptr<Child> &reader : readers) {
    reader->kill(SIGKILL);
    EXPECT_EQ(reader->wait(), 128 + SIGKILL) << "a reader ended by itself";
  }
  enemy.kill(SIGKILL);
  ASSERT_EQ(enemy.wait(), 128 + SIGKILL);
  // What is left of the table no longer changes: the next holder goes on without an effort.
  holder.resume();
  ASSERT_NO_FATAL_FAILURE(holder.check_by_reader());
  EXPECT_SVAR_OK(svar_store_remove(holder.store()));
  munmap(table.words, table.count * sizeof(uint64_t));
}

// The worst that can be left behind: a pin of every version to come, in slots of nobody at all.
void
leave_pins(Table table, uint64_t version, size_t slots)
{
  const uint64_t owners[] = {0, 300, 100000, UINT64_MAX};
  uint64_t *first_slot = table.words + table.count - 4096 * 8;
  *(first_slot - 512 * 8 - 16) = UINT64_MAX; // slots_used: whatever covers all
  for (size_t i = 0; i < slots; i++) {
    uint64_t *slot = first_slot + (100 + i) * 8;
    slot[0] = owners[i % 4];
    for (int pin = 1; pin < 8; pin++) {
      slot[pin] = (version + i * 7 + pin) << 2 | 1;
    }
  }
}

TEST(Scribble, PinsThatAScribblerLeftBehindAreTakenBackWhenRoomIsNeeded)
{
  ScratchDirectory directory;
  Holder holder;
  Table table = map_readers(directory);
  ASSERT_NE(table.words, nullptr);
  leave_pins(table, svar_store_version(holder.store()), 400);
  for (int round = 1; round <= 600; round++) {
    holder.commit(round);
    ASSERT_NO_FATAL_FAILURE(holder.check()) << "round " << round;
  }
  EXPECT_EQ(holder.committed(), 600) << "a dead scribbler keeps nobody from committing";
  ASSERT_NO_FATAL_FAILURE(holder.check_by_reader());
  EXPECT_SVAR_OK(svar_store_remove(holder.store()));
  munmap(table.words, table.count * sizeof(uint64_t));
}

TEST(Scribble, ATableWithoutItsIdentityIsRefusedByReadersAndMendedByTheNextHolder)
{
  ScratchDirectory directory;
  Holder holder;
  Table table = map_readers(directory);
  ASSERT_NE(table.words, nullptr);
  holder.commit(1);
  for (size_t i = 0; i < 16; i++) {
    table.words[i] = ~table.words[i];
  }
  holder.commit(2);
  ASSERT_NO_FATAL_FAILURE(holder.check());
  svar_store_t *reader = nullptr;
  EXPECT_EQ(SVAR_ERR_CORRUPT, svar_store_open("/scribble", nullptr, &reader));
  holder.resume();
  ASSERT_NO_FATAL_FAILURE(holder.check_by_reader());
  EXPECT_SVAR_OK(svar_store_remove(holder.store()));
  munmap(table.words, table.count * sizeof(uint64_t));
}

TEST(Scribble, ATableCutShortWhileNobodyHoldsItIsMendedByTheNextHolder)
{
  ScratchDirectory directory;
  auto holder = std::make_unique<Holder>();
  holder->commit(1);
  holder->commit(2);
  std::vector<double> expected(1 + 2, 2);
  holder.reset();
  for (const std::string &file : directory.files()) {
    if (file.find(".readers") != std::string::npos) {
      ASSERT_EQ(truncate((directory.path() + "/" + file).c_str(), 100), 0);
    }
  }
  Store store = create_store("/scribble");
  EXPECT_EQ(get<double>(find(store, kNames[2])), expected);
  EXPECT_EQ(get<double>(find(open_store("/scribble"), kNames[2])), expected);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

} // namespace
