#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

TEST(Resume, ValuesAndVersionsGoOnAfterAnOrderlyClose)
{
  ScratchDirectory directory;
  {
    Store store = create_store("/resume");
    Variable weight = make_variable<float>(store, "weight", {1, 2});
    ASSERT_SVAR_OK(set<float>(weight, {3, 4}));
  }
  Store reader = open_store("/resume");
  Variable seen = find(reader, "weight");
  EXPECT_EQ(get<float>(seen), (std::vector<float>{3, 4})) << "without any holder";
  Store store = create_store("/resume");
  EXPECT_EQ(svar_store_version(store.get()), 2u);
  Variable weight = find(store, "weight");
  EXPECT_EQ(get<float>(weight), (std::vector<float>{3, 4}));
  for (float i = 0; i < 40; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {i}));
  }
  EXPECT_EQ(svar_store_version(store.get()), 42u);
  EXPECT_EQ(get<float>(seen), std::vector<float>{39})
      << "readers attached before notice nothing else";
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(Resume, AViewPinnedAcrossAChangeOfHolderKeepsItsBytes)
{
  ScratchDirectory directory;
  Store store = create_store("/resume");
  Variable weight = make_variable<float>(store, "weight", {1, 2});
  Store reader = open_store("/resume");
  Variable seen = find(reader, "weight");
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(seen.get(), SVAR_BORROW, &view));
  ASSERT_SVAR_OK(set<float>(weight, {3, 4}));
  weight.reset();
  store.reset();
  store = create_store("/resume");
  weight = find(store, "weight");
  for (float i = 0; i < 40; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {i, i}));
  }
  EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 2}));
  svar_value_release(&view);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

// A holder that commits numbered values until it is killed, reporting each commit.
int
commit_until_killed(int report)
{
  Store store = create_store("/resume");
  std::vector<Variable> variables;
  uint64_t number = svar_store_version(store.get());
  for (const char *name : {"a", "b"}) {
    svar_variable_t *found = nullptr;
    if (svar_store_find(store.get(), name, &found) == SVAR_OK) {
      variables.emplace_back(found);
    } else {
      variables.push_back(make_variable<uint64_t>(store, name, {++number}));
    }
  }
  for (;;) {
    svar_transaction_t *transaction = nullptr;
    if (svar_transaction_begin(store.get(), &transaction) != SVAR_OK) {
      return 1;
    }
    number++;
    for (Variable &variable : variables) {
      Array<uint64_t> array(std::vector<uint64_t>(1 + number % 900, number));
      if (svar_transaction_set(transaction, variable.get(), array.source()) != SVAR_OK) {
        return 1;
      }
    }
    uint64_t version = 0;
    if (svar_transaction_commit(transaction, &version) != SVAR_OK || version != number ||
        write(report, &version, sizeof(version)) != sizeof(version)) {
      return 1;
    }
  }
}

TEST(Resume, NoReportedCommitIsLostToKillMinusNine)
{
  ScratchDirectory directory;
  for (int round = 0; round < 60; round++) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    Child holder([&] { return commit_until_killed(ends[1]); });
    close(ends[1]);
    uint64_t reported = 0, next = 0;
    for (int i = 0; i < 5 + round % 7; i++) { // let it get going, then end it wherever it is
      ASSERT_EQ(read(ends[0], &reported, sizeof(reported)), (ssize_t)sizeof(reported));
    }
    holder.kill(SIGKILL);
    ASSERT_EQ(holder.wait(), 128 + SIGKILL);
    while (read(ends[0], &next, sizeof(next)) == (ssize_t)sizeof(next)) {
      reported = next;
    }
    close(ends[0]);
    Store reader = open_store("/resume");
    uint64_t version = svar_store_version(reader.get());
    ASSERT_GE(version, reported);
    ASSERT_LE(version, reported + 1) << "one commit may have been made and not reported";
    std::vector<uint64_t> expected(1 + version % 900, version);
    ASSERT_EQ(get<uint64_t>(find(reader, "a")), expected);
    ASSERT_EQ(get<uint64_t>(find(reader, "b")), expected) << "one commit, both variables";
  }
  Store store = create_store("/resume");
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(Resume, AVariableThatNeverGotAValueCanBeMadeAnewWithAnotherType)
{
  ScratchDirectory directory;
  Store store = create_store("/resume");
  Variable weight = make_variable<float>(store, "weight", {1});
  svar_transaction_t *transaction = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store.get(), &transaction));
  Variable late = make_variable<float>(store, "late", {1}, transaction);
  svar_transaction_abort(transaction);
  late.reset();
  late = make_variable<double>(store, "late", {2});
  EXPECT_EQ(get<double>(late), std::vector<double>{2});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(Resume, AStoreWhoseRemovalWasInterruptedIsNotResumed)
{
  ScratchDirectory directory;
  {
    Store store = create_store("/resume");
    make_variable<float>(store, "weight", {1});
    // what segment_remove() leaves when it is killed after its first step
    for (const std::string &file : directory.files()) {
      ASSERT_EQ(link((directory.path() + "/" + file).c_str(),
                     (directory.path() + "/.kept" + file).c_str()),
                0);
    }
    ASSERT_SVAR_OK(svar_store_remove(store.get()));
  }
  for (const char *file : {"readers", "state"}) {
    std::string name = "svar." + std::to_string(geteuid()) + ".resume." + file;
    ASSERT_EQ(rename((directory.path() + "/.kept" + name).c_str(),
                     (directory.path() + "/" + name).c_str()),
              0);
  }
  Store store = create_store("/resume");
  EXPECT_EQ(svar_store_version(store.get()), 0u);
  EXPECT_EQ(svar_store_count(store.get()), 0u);
}

TEST(Resume, StartEmptyDiscardsWhatIsThereAndTellsItsReaders)
{
  ScratchDirectory directory;
  {
    Store store = create_store("/resume");
    make_variable<float>(store, "weight", {1});
  }
  Store reader = open_store("/resume");
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.start_empty = true;
  Store store = create_store("/resume", &options);
  EXPECT_EQ(svar_store_version(store.get()), 0u);
  EXPECT_EQ(svar_store_count(store.get()), 0u);
  EXPECT_EQ(SVAR_ERR_STALE, svar_store_wait(reader.get(), 1, -1, nullptr));
  EXPECT_EQ(get<float>(find(reader, "weight")), std::vector<float>{1});
  svar_store_info_t info;
  ASSERT_SVAR_OK(svar_store_info(reader.get(), &info));
  EXPECT_TRUE(info.is_stale);
}

} // namespace
