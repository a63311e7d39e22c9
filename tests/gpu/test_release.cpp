// Views and snapshots that are released when work on a stream is over: not before, not never, and once.
#include <thread>

#include "fakes/failing_heap.hpp"
#include "gpu/on_stream.hpp"

extern "C" {
#include "gpu/lanes.h"
}

using namespace svar_test;

namespace
{

class Release : public OnStream
{
};

// --- not before --------------------------------------------------------------------------------------

TEST_F(Release, KeepsAViewUntilTheWorkIsOver)
{
  Floats found;
  svar_value_t value = view();
  Gate gate(stream_);
  enqueue_read(stream_, value.tensor.data, &found);
  ASSERT_SVAR_OK(release(&value));
  for (int i = 1; i < 40; i++) { // more versions than a ring has
    ASSERT_SVAR_OK(set(static_cast<float>(i)));
  }
  EXPECT_EQ(pins(), 1u);
  gate.open();
  settle();
  EXPECT_EQ(found, Floats(COUNT, 0));
}

TEST_F(Release, KeepsAllOfASnapshotUntilTheWorkIsOver)
{
  Floats found;
  svar_value_t seen = SVAR_VALUE_INIT;
  svar_snapshot_t now = snapshot();
  ASSERT_SVAR_OK(svar_snapshot_get(&now, w_.get(), &seen));
  Gate gate(stream_);
  enqueue_read(stream_, seen.tensor.data, &found);
  ASSERT_SVAR_OK(svar_snapshot_end_after(&now, 0, stream_.stream));
  EXPECT_EQ(now.store, nullptr);
  for (int i = 1; i < 40; i++) {
    ASSERT_SVAR_OK(set(static_cast<float>(i)));
  }
  EXPECT_EQ(pins(), 1u);
  gate.open();
  settle();
  EXPECT_EQ(found, Floats(COUNT, 0));
}

TEST_F(Release, EveryReadIsOfOneVersionWhileThePublisherCommits)
{
  const int reads = 300;
  std::vector<Floats> found(reads);
  std::atomic<bool> is_over{false};
  stand_in().delay(300);
  std::thread publisher([&] {
    for (int i = 1; !is_over; i++) {
      svar_ret_t ret = set(static_cast<float>(i));
      ASSERT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_BUSY) << svar_error_message();
    }
  });
  for (Floats &values : found) {
    svar_value_t value = view();
    enqueue_read(stream_, value.tensor.data, &values);
    ASSERT_SVAR_OK(release(&value));
  }
  is_over = true;
  publisher.join();
  settle();
  for (const Floats &values : found) {
    ASSERT_EQ(values, Floats(COUNT, values[0]));
  }
  for (int i = 1; i < reads; i++) {
    ASSERT_GE(found[i][0], found[i - 1][0]);
  }
}

// --- not never ---------------------------------------------------------------------------------------

TEST_F(Release, StreamsDoNotHoldUpEachOther)
{
  svari_stream_t other = {};
  ASSERT_SVAR_OK(svari_stream_init(&other, device_));
  svar_value_t slow = view();
  svar_value_t quick = view();
  Gate gate(stream_);
  ASSERT_SVAR_OK(release(&slow));
  ASSERT_SVAR_OK(svar_value_release_after(&quick, other.stream));
  expect_pins(1);
  gate.open();
  settle();
  svari_stream_fini(&other);
}

TEST_F(Release, MoreStreamsThanLanesHoldUpEachOtherAtMost)
{
  std::vector<svari_stream_t> streams(12);
  {
    std::vector<std::unique_ptr<Gate>> gates;
    for (svari_stream_t &stream : streams) {
      svar_value_t value = view();
      ASSERT_SVAR_OK(svari_stream_init(&stream, device_));
      gates.push_back(std::make_unique<Gate>(stream));
      ASSERT_SVAR_OK(svar_value_release_after(&value, stream.stream));
    }
    EXPECT_EQ(pins(), 12u);
    for (const auto &gate : gates) {
      gate->open();
    }
    expect_pins(0);
    for (svari_stream_t &stream : streams) {
      svari_stream_fini(&stream);
    }
  }
}

TEST_F(Release, TakesNoMoreMemoryOrStreamsThanAreAtWorkTogether)
{
  svar_value_t first = view();
  ASSERT_SVAR_OK(release(&first));
  expect_pins(0);
  int live = stand_in().live();
  for (int i = 0; i < 5000; i++) { // more than there are pins
    svar_value_t value = view();
    ASSERT_SVAR_OK(release(&value));
    if (i % 8 == 0) {
      ASSERT_SVAR_OK(svari_stream_synchronize(&stream_));
    }
  }
  expect_pins(0);
  EXPECT_EQ(stand_in().live(), live);
}

/// A heap that is not to get anything back for a while.
struct WatchfulHeap {
  std::atomic<bool> is_early{false};
  std::atomic<int> early_count{0};

  svar_allocator_t allocator()
  {
    return {[](size_t size_bytes, size_t alignment, void *) {
              svar_allocator_t base = svar_allocator_default();
              return base.allocate(size_bytes, alignment, base.state);
            },
            [](void *memory, void *state) {
              WatchfulHeap *self = static_cast<WatchfulHeap *>(state);
              self->early_count += memory != nullptr && self->is_early;
              svar_allocator_t base = svar_allocator_default();
              base.deallocate(memory, base.state);
            },
            this};
  }
};

TEST_F(Release, CloseWaitsForTheWork)
{
  WatchfulHeap heap;
  svar_allocator_t allocator = heap.allocator();
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.allocator = &allocator;
  svar_store_t *store = nullptr;
  Variable w;
  svar_value_t value = SVAR_VALUE_INIT;
  Floats found;
  ASSERT_SVAR_OK(svar_store_create_private("/closing", &options, &store));
  ASSERT_SVAR_OK(make_on_gpu(store, &w));
  ASSERT_SVAR_OK(svar_get_device_view(w.get(), &value));
  Gate gate(stream_);
  enqueue_read(stream_, value.tensor.data, &found);
  ASSERT_SVAR_OK(release(&value));
  w.reset();
  heap.is_early = true;
  std::thread opener([&] {
    usleep(20000); // the close is at it by now; if not, it has nothing to wait for
    heap.is_early = false;
    gate.open();
  });
  svar_store_close(store);
  EXPECT_EQ(found, Floats(COUNT, 0));
  EXPECT_EQ(heap.early_count, 0);
  opener.join();
}

TEST_F(Release, AReaderThatSleepsKeepsNoRoom)
{
  svar_value_t value = view();
  Gate gate(stream_);
  ASSERT_SVAR_OK(release(&value));
  std::thread opener([&] { gate.open(); });
  settle(); // and this thread has called nothing that could have ended it
  opener.join();
}

// --- once --------------------------------------------------------------------------------------------

TEST_F(Release, LeavesAnEmptyValueThatMayBeReleasedAgain)
{
  svar_value_t value = view();
  ASSERT_SVAR_OK(release(&value));
  EXPECT_EQ(value.tensor.data, nullptr);
  EXPECT_FALSE(value.is_alias);
  expect_pins(0);
  svar_value_t next = view(); // with the same pin
  ASSERT_SVAR_OK(release(&value));
  svar_value_release(&value);
  EXPECT_EQ(pins(), 1u);
  svar_value_release(&next);
  svar_snapshot_t none = SVAR_SNAPSHOT_INIT;
  EXPECT_SVAR_OK(svar_snapshot_end_after(&none, 0, stream_.stream));
  EXPECT_SVAR_OK(svar_snapshot_end_after(nullptr, 0, stream_.stream));
}

// --- failures ----------------------------------------------------------------------------------------

TEST_F(Release, AFailureLeavesTheViewAsItWas)
{
  svar_value_t value = view();
  svar_value_t warm = view(); // makes the lane, which stays
  ASSERT_SVAR_OK(release(&warm));
  expect_pins(1);
  int calls = fail_each_call([&] {
    svar_ret_t ret = release(&value);
    if (ret != SVAR_OK) {
      EXPECT_NE(value.internal.pin, nullptr);
      EXPECT_EQ(pins(), 1u);
    }
    return ret;
  });
  EXPECT_EQ(calls, 5); // capture, event, record, wait, function
  expect_pins(0);
}

TEST_F(Release, FollowsTheDefaultStreams)
{
  for (uintptr_t stream : {1, 2}) { // of the device, of the thread
    svar_value_t value = view();
    svar_snapshot_t now = snapshot();
    ASSERT_SVAR_OK(svar_value_release_after(&value, reinterpret_cast<void *>(stream)));
    ASSERT_SVAR_OK(svar_snapshot_end_after(&now, 0, reinterpret_cast<void *>(stream)));
    expect_pins(0);
  }
}

TEST_F(Release, RefusesStreamsThatCannotBeFollowed)
{
  svar_value_t value = view();
  svar_snapshot_t now = snapshot();
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "cudaStreamLegacy",
                    svar_value_release_after(&value, nullptr));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "cudaStreamLegacy",
                    svar_snapshot_end_after(&now, 0, nullptr));
  stand_in().capture(stream_.stream);
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "captured into a graph", release(&value));
  void *legacy = reinterpret_cast<void *>(uintptr_t{1}); // which waits for the one that is captured
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "captured into a graph",
                    svar_value_release_after(&value, legacy));
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "captured into a graph",
                    svar_transaction_follow(change, w_.get(), stream_.stream));
  svar_transaction_abort(change);
  stand_in().capture(nullptr);
  EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "no variable on GPU 3",
                    svar_snapshot_end_after(&now, 3, stream_.stream));
  EXPECT_EQ(pins(), 2u);
  ASSERT_SVAR_OK(release(&value));
  ASSERT_SVAR_OK(svar_snapshot_end_after(&now, 0, stream_.stream));
  expect_pins(0);
}

// As PyTorch captures, by default: the driver forbids other calls then, and ends the capture that they fall in.
TEST_F(Release, AnotherStreamsCaptureForbidsNothing)
{
  svari_stream_t other = {};
  ASSERT_SVAR_OK(svari_stream_init(&other, device_));
  svar_value_t value = view();
  svari_cu_capture_mode_t mode = 1; // the thread's own captures alone
  const svari_driver_calls_t &calls = device_->driver->calls;
  ASSERT_EQ(calls.cuThreadExchangeStreamCaptureMode(&mode), SVARI_CU_SUCCESS);
  svari_cu_capture_mode_t earlier = mode;
  stand_in().capture(stream_.stream);
  EXPECT_SVAR_OK(set(3));
  svar_value_t copy = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(w_.get(), SVAR_COPY, &copy));
  EXPECT_EQ(static_cast<const float *>(copy.tensor.data)[COUNT - 1], 3);
  svar_value_release(&copy);
  ASSERT_SVAR_OK(svar_value_release_after(&value, other.stream));
  expect_pins(0);
  stand_in().capture(nullptr);
  svari_stream_fini(&other);
  ASSERT_EQ(calls.cuThreadExchangeStreamCaptureMode(&earlier), SVARI_CU_SUCCESS);
  EXPECT_EQ(earlier, 1) << "the thread's mode is not what it was";
}

TEST_F(Release, RefusesWhatHasNoPinOnADevice)
{
  svar_value_t copy = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(w_.get(), SVAR_COPY, &copy));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "copies are the caller's", release(&copy));
  svar_value_release(&copy);
  svar_value_t seen = SVAR_VALUE_INIT;
  svar_snapshot_t now = snapshot();
  ASSERT_SVAR_OK(svar_snapshot_get(&now, w_.get(), &seen));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "a view of a snapshot", release(&seen));
  svar_snapshot_end(&now);
  Variable on_host = make_variable<float>(store_, "host", {1, 2});
  svar_value_t borrowed = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(on_host.get(), SVAR_BORROW, &borrowed));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "host memory", release(&borrowed));
  svar_value_release(&borrowed);
}

TEST_F(Release, AForkedChildReleasesNothingOfItsParents)
{
  svar_value_t pending = view();
  svar_value_t value = view();
  Gate gate(stream_);
  ASSERT_SVAR_OK(release(&pending));
  in_a_child([&] {
    EXPECT_EQ(release(&value), SVAR_ERR_FORKED);
    svar_value_release(&value);
    w_.reset();
    svar_store_close(store_.release()); // and does not wait for the gate
  });
  EXPECT_EQ(pins(), 2u);
  svar_value_release(&value);
  gate.open();
  settle();
}

// A thread may release, or wait for releases, at the moment of the fork: its lock is the child's for ever.
TEST_F(Release, AForkedChildWaitsForNoThreadThatWaits)
{
  svari_lanes_t lanes;
  svari_lanes_init(&lanes, device_);
  Gate gate(stream_);
  ASSERT_SVAR_OK(svari_lanes_call(
      &lanes, stream_.stream, [](void *) {}, nullptr));
  std::thread waiter([&lanes] { svari_lanes_settle(&lanes); });
  while (pthread_mutex_trylock(&lanes.lock) == 0) {
    pthread_mutex_unlock(&lanes.lock);
    std::this_thread::yield();
  }
  in_a_child([&lanes] {
    alarm(10);
    svari_lanes_settle(&lanes);
    svari_lanes_fini(&lanes);
  });
  gate.open();
  waiter.join();
  svari_lanes_fini(&lanes);
}

TEST_F(Release, SurvivesEveryFailedAllocation)
{
  int allocations = fail_each_allocation([this](FailingHeap &heap) {
    svar_allocator_t allocator = heap.allocator();
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.allocator = &allocator;
    svar_store_t *store = nullptr;
    Variable w;
    svar_value_t value = SVAR_VALUE_INIT;
    svar_ret_t ret = svar_store_create_private("/failing", &options, &store);
    if (ret == SVAR_OK && (ret = make_on_gpu(store, &w)) == SVAR_OK &&
        (ret = svar_get_device_view(w.get(), &value)) == SVAR_OK &&
        (ret = release(&value)) != SVAR_OK) {
      EXPECT_NE(value.internal.pin, nullptr);
      svar_value_release(&value);
    }
    EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
    w.reset();
    svar_store_close(store);
    return ret == SVAR_OK;
  });
  EXPECT_GT(allocations, 10);
}

} // namespace
