// Parked pins (store/layout.h): what a reader leaves behind must not cost the holder more than time.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const size_t HUGE = 10 * 1024 * 1024; // floats: 40 MiB

/// A thread that reads when told to, each time twice, so that its pin is parked; and idles in between.
class Reader
{
public:
  explicit Reader(svar_variable_t *variable) : variable_(variable), thread_([this] { run(); }) {}
  ~Reader()
  {
    order(-1);
    thread_.join();
  }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  /// Reads `times` times and returns the first element of the last.
  float read(int times)
  {
    order(times);
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return times_ == 0; });
    return seen_;
  }

private:
  void order(int times)
  {
    std::lock_guard<std::mutex> lock(mutex_);
    times_ = times;
    changed_.notify_all();
  }
  void run()
  {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return times_ != 0; });
      if (times_ < 0) {
        return;
      }
      for (; times_ > 0; times_--) {
        svar_value_t view = SVAR_VALUE_INIT;
        EXPECT_SVAR_OK(svar_get_value(variable_, SVAR_BORROW, &view));
        seen_ = *static_cast<const float *>(view.tensor.data);
        svar_value_release(&view);
      }
      changed_.notify_all();
    }
  }

  svar_variable_t *variable_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  float seen_ = -1;
  std::thread thread_; // last: it uses the others
};

class Parked : public testing::Test
{
protected:
  Parked() : store_(create_store("/parked")) {}
  ~Parked() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  uint64_t memory() const
  {
    svar_store_info_t info;
    EXPECT_SVAR_OK(svar_store_info(store_.get(), &info));
    return info.memory_bytes;
  }
  ScratchDirectory directory_;
  Store store_;
};

TEST_F(Parked, IdleReadersOfManyVersionsNeverMakeACommitBusy)
{
  Variable weight = make_variable<float>(store_, "weight", {0});
  Store reading = open_store("/parked");
  Variable seen = find(reading, "weight");
  std::vector<std::unique_ptr<Reader>> readers; // more than a variable has versions
  for (int i = 0; i < 20; i++) {
    readers.push_back(std::make_unique<Reader>(seen.get()));
    EXPECT_EQ(readers.back()->read(3), static_cast<float>(i));
    ASSERT_SVAR_OK(set<float>(weight, {static_cast<float>(i + 1)})) << "idle readers: " << i + 1;
  }
  for (int i = 20; i < 60; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {static_cast<float>(i + 1)}));
  }
  for (auto &reader : readers) {
    EXPECT_EQ(reader->read(1), 60) << "what was parked is not read again";
    EXPECT_EQ(reader->read(3), 60);
  }
}

TEST_F(Parked, AViewThatIsHeldIsNotTakenAwayWithTheParkedOnes)
{
  Variable weight = make_variable<float>(store_, "weight", {0});
  Store reading = open_store("/parked");
  Variable seen = find(reading, "weight");
  for (int i = 0; i < 3; i++) {
    get<float>(seen); // this thread's pin is parked ...
  }
  svar_value_t held = SVAR_VALUE_INIT; // ... and taken up again
  ASSERT_SVAR_OK(svar_get_value(seen.get(), SVAR_BORROW, &held));
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 20; i++) {
    readers.push_back(std::make_unique<Reader>(seen.get()));
    readers.back()->read(3);
    ASSERT_SVAR_OK(set<float>(weight, {static_cast<float>(i + 1)}));
  }
  for (int i = 20; i < 60; i++) {
    ASSERT_SVAR_OK(set<float>(weight, {static_cast<float>(i + 1)}));
  }
  EXPECT_EQ(contents<float>(held), std::vector<float>{0});
  svar_value_release(&held);
}

TEST_F(Parked, ALargeValueThatNobodyReadsAnyMoreMakesRoomForTheNext)
{
  Variable weight = make_variable<float>(store_, "weight", std::vector<float>(HUGE, 0));
  Store reading = open_store("/parked");
  Variable seen = find(reading, "weight");
  Reader reader(seen.get());
  EXPECT_EQ(reader.read(3), 0);
  for (int i = 1; i < 4; i++) {
    ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(HUGE, static_cast<float>(i))));
  }
  EXPECT_LT(memory(), 2.5 * HUGE * sizeof(float)) << "two buffers, none for the idle reader";
  EXPECT_EQ(reader.read(1), 3);
}

TEST_F(Parked, AThreadThatEndsLeavesNothingParked)
{
  Variable weight = make_variable<float>(store_, "weight", std::vector<float>(1024, 0));
  Store reading = open_store("/parked");
  Variable seen = find(reading, "weight");
  for (int i = 1; i < 20; i++) {
    Reader(seen.get()).read(3);
    ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(1024, static_cast<float>(i))));
  }
  uint64_t before = memory();
  for (int i = 20; i < 60; i++) {
    Reader(seen.get()).read(3);
    ASSERT_SVAR_OK(set<float>(weight, std::vector<float>(1024, static_cast<float>(i))));
  }
  EXPECT_EQ(memory(), before);
}

} // namespace
