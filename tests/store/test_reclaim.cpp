#include <signal.h>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

uint64_t
memory_of(const Store &store)
{
  svar_store_info_t info;
  EXPECT_SVAR_OK(svar_store_info(store.get(), &info));
  return info.memory_bytes;
}

const size_t LARGE = 256 * 1024; // floats: 1 MiB

class Reclaim : public testing::Test
{
protected:
  Reclaim() : store_(create_store("/reclaim")) {}
  ~Reclaim() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  ScratchDirectory directory_;
  Store store_;
};

TEST_F(Reclaim, TwoBuffersServeAnyNumberOfCommits)
{
  Variable weight = make_variable<float>(store_, "weight", std::vector<float>(LARGE, 0));
  ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(LARGE, 1)));
  uint64_t memory = memory_of(store_);
  for (float i = 2; i < 50; i++) {
    ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(LARGE, i)));
  }
  EXPECT_EQ(memory_of(store_), memory);
  EXPECT_LT(memory, 2.5 * LARGE * sizeof(float));
}

TEST_F(Reclaim, AnOldPinKeepsItsOwnVersionOnly)
{
  Variable weight = make_variable<float>(store_, "weight", std::vector<float>(LARGE, 0));
  svar_value_t old = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(weight.get(), SVAR_BORROW, &old));
  for (float i = 1; i < 50; i++) {
    ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(LARGE, i)));
  }
  EXPECT_LT(memory_of(store_), 3.5 * LARGE * sizeof(float)) << "two versions and the pinned one";
  EXPECT_EQ(contents<float>(old), std::vector<float>(LARGE, 0));
  svar_value_release(&old);
}

TEST_F(Reclaim, ACommitThatFindsEveryVersionPinnedNamesTheReader)
{
  Variable weight = make_variable<float>(store_, "weight", {0});
  std::vector<svar_value_t> views(16);
  for (size_t i = 0; i < views.size(); i++) {
    ASSERT_SVAR_OK(svar_get_value(weight.get(), SVAR_BORROW, &views[i]));
    if (i + 1 < views.size()) {
      ASSERT_SVAR_OK(set<float>(weight, {static_cast<float>(i + 1)}));
    }
  }
  EXPECT_SVAR_FAILS(SVAR_ERR_BUSY, std::to_string(getpid()), set<float>(weight, {99}));
  EXPECT_NE(std::string(svar_error_message()).find("test_reclaim"), std::string::npos);
  for (size_t i = 0; i < views.size(); i++) {
    EXPECT_EQ(contents<float>(views[i]), std::vector<float>{static_cast<float>(i)});
  }
  svar_value_release(&views[3]);
  ASSERT_SVAR_OK(set<float>(weight, {99})) << "one release is room for one commit";
  EXPECT_EQ(get<float>(weight), std::vector<float>{99});
  for (svar_value_t &view : views) {
    svar_value_release(&view);
  }
}

TEST_F(Reclaim, AReaderOfTheNewestVersionIsNotToBlameForOpenTransactions)
{
  Variable weight = make_variable<float>(store_, "weight", {0});
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(weight.get(), SVAR_BORROW, &view));
  std::vector<svar_transaction_t *> open;
  auto loan = [&] {
    svar_transaction_t *transaction = nullptr;
    svar_value_t hole = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_transaction_begin(store_.get(), &transaction));
    open.push_back(transaction);
    return svar_transaction_loan(transaction, weight.get(), nullptr, false, &hole);
  };
  for (int i = 0; i < 15; i++) {
    ASSERT_SVAR_OK(loan());
  }
  EXPECT_SVAR_FAILS(SVAR_ERR_BUSY, "neither committed nor aborted", loan());
  for (svar_transaction_t *transaction : open) {
    svar_transaction_abort(transaction);
  }
  svar_value_release(&view);
}

TEST_F(Reclaim, PinsOfAKilledReaderAreReaped)
{
  Variable weight = make_variable<float>(store_, "weight", {0});
  Signal go, pinned;
  Child reader([&] {
    Store store = open_store("/reclaim");
    Variable variable = find(store, "weight");
    std::vector<svar_value_t> views(16);
    for (svar_value_t &view : views) {
      go.wait();
      if (svar_get_value(variable.get(), SVAR_BORROW, &view) != SVAR_OK) {
        return 1;
      }
      pinned.raise();
    }
    pause();
    return 0;
  });
  for (float i = 1; i <= 16; i++) {
    go.raise();
    pinned.wait();
    if (i < 16) {
      ASSERT_SVAR_OK(set<float>(weight, {i}));
    }
  }
  EXPECT_SVAR_FAILS(SVAR_ERR_BUSY, std::to_string(reader.pid()), set<float>(weight, {99}));
  reader.kill(SIGKILL);
  EXPECT_EQ(reader.wait(), 128 + SIGKILL);
  for (float i = 100; i < 140; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {i}));
  }
  svar_store_info_t info;
  ASSERT_SVAR_OK(svar_store_info(store_.get(), &info));
  EXPECT_EQ(info.reader_count, 0u);
}

TEST_F(Reclaim, EachPinnedVersionKeepsItsOwnBytesAndNoOthers)
{
  Variable weight = make_variable<float>(store_, "weight", std::vector<float>(LARGE, 0));
  std::vector<svar_value_t> pinned(3);
  for (size_t i = 0; i < 30; i++) {
    ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(LARGE, static_cast<float>(i))));
    if (i % 10 == 5) {
      ASSERT_SVAR_OK(svar_get_value(weight.get(), SVAR_BORROW, &pinned[i / 10]));
    }
  }
  EXPECT_LT(memory_of(store_), 5.5 * LARGE * sizeof(float)) << "two versions and three pinned";
  for (size_t i = 0; i < pinned.size(); i++) {
    EXPECT_EQ(contents<float>(pinned[i]),
              std::vector<float>(LARGE, static_cast<float>(10 * i + 5)));
    svar_value_release(&pinned[i]);
  }
}

TEST_F(Reclaim, ValuesThatShrinkGiveTheirMemoryBack)
{
  const size_t huge = 64 * LARGE; // 64 MiB
  Variable weight = make_variable<float>(store_, "weight", std::vector<float>(huge, 1));
  ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(huge, 2)));
  uint64_t before = memory_of(store_);
  EXPECT_GT(before, 128u << 20);
  for (float i = 0; i < 3; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {i}));
  }
  EXPECT_LT(memory_of(store_), 40u << 20) << "the high-water mark is 16 MiB";
  ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(huge, 3))) << "and can grow again";
  EXPECT_EQ(get<float>(weight), std::vector<float>(huge, 3));
}

TEST_F(Reclaim, ARefusedCommitTellsWhoKeepsWhatForHowLong)
{
  Variable weight = make_variable<float>(store_, "weight", {0});
  Signal go, pinned;
  Child reader([&] {
    Store store = open_store("/reclaim");
    Variable variable = find(store, "weight");
    std::vector<svar_value_t> views(16);
    for (svar_value_t &view : views) {
      go.wait();
      EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &view));
      pinned.raise();
    }
    go.wait();
    for (svar_value_t &view : views) {
      svar_value_release(&view);
    }
    pinned.raise();
    go.wait();
    return 0;
  });
  for (float i = 1; i <= 16; i++) {
    go.raise();
    pinned.wait();
    if (i < 16) {
      ASSERT_SVAR_OK(set<float>(weight, {i}));
    }
  }
  EXPECT_EQ(SVAR_ERR_BUSY, set<float>(weight, {99}));
  std::string sentence = svar_error_message();
  for (const std::string &part :
       {std::string("store '/reclaim'"), std::string("'weight'"),
        "process " + std::to_string(reader.pid()) + " (test_reclaim, attached for 0 s)",
        std::string("version 1, 15 behind"), std::string("must release")}) {
    EXPECT_NE(sentence.find(part), std::string::npos) << part << " in: " << sentence;
  }
  EXPECT_EQ(get<float>(weight), std::vector<float>{15});
  go.raise();
  pinned.wait();
  ASSERT_SVAR_OK(set<float>(weight, {99}));
  go.raise();
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(Reclaim, FreedMemoryAboveTheHighWaterMarkGoesBack)
{
  const size_t huge = 16 * LARGE; // 16 MiB
  std::vector<Variable> variables;
  for (int i = 0; i < 6; i++) {
    variables.push_back(make_variable<float>(store_, ("v" + std::to_string(i)).c_str(),
                                             std::vector<float>(huge, 1)));
  }
  uint64_t before = memory_of(store_);
  for (int round = 0; round < 3; round++) { // the second set reclaims what the first left
    for (Variable &variable : variables) {
      ASSERT_SVAR_OK(set<float>(variable, {1}));
    }
  }
  EXPECT_LT(memory_of(store_), before / 2);
  ASSERT_SVAR_OK(set<float>(variables[0], std::vector<float>(huge, 3))) << "and can be had again";
  EXPECT_EQ(get<float>(variables[0]), std::vector<float>(huge, 3));
}

TEST_F(Reclaim, OldVersionsOfOneVariableMakeRoomForAnother)
{
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.capacity_bytes = 9 << 20;
  Store small = create_store("/small", &options);
  const size_t third = 800 * 1000; // floats: 3.2 MB
  Variable a = make_variable<float>(small, "a", std::vector<float>(third, 1));
  ASSERT_SVAR_OK(set<float>(a, std::vector<float>(third, 2)));
  Variable b = make_variable<float>(small, "b", std::vector<float>(third, 3));
  ASSERT_TRUE(b);
  EXPECT_EQ(get<float>(a), std::vector<float>(third, 2));
  EXPECT_EQ(get<float>(b), std::vector<float>(third, 3));
  EXPECT_SVAR_OK(svar_store_remove(small.get()));
}

TEST_F(Reclaim, AFullStoreSaysSoAndKeepsItsValues)
{
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.capacity_bytes = 4 << 20;
  Store small = create_store("/small", &options);
  Variable weight = make_variable<float>(small, "weight", std::vector<float>(LARGE, 5));
  EXPECT_SVAR_FAILS(SVAR_ERR_NO_SPACE, "capacity_bytes",
                    set<float>(weight, std::vector<float>(4 * LARGE, 6)));
  EXPECT_EQ(get<float>(weight), std::vector<float>(LARGE, 5));
  ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(LARGE, 7)));
  EXPECT_SVAR_OK(svar_store_remove(small.get()));
}

} // namespace
