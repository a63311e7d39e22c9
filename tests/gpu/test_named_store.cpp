// Variables on a GPU in stores that other processes read: each maps the holder's memory, of whatever holder. The test's own
// process never loads the driver; its children do, each for itself.
#include "gpu/store_process.hpp"

using namespace svar_test;

namespace
{

using Environment = StoreProcess::Environment;
using Floats = StoreProcess::Floats;

// Two holders' worth of a value: more than the 16 MiB that memory comes in.
const size_t kLarge = (UINT64_C(20) << 20) / sizeof(float);

const Environment kNoDriver{{"SVAR_GPU_DRIVER", "/nowhere/libcuda.so.1"}};

class NamedGpuStore : public testing::Test
{
protected:
  ScratchDirectory directory_;
};

TEST_F(NamedGpuStore, AReaderViewsWhatTheHolderSets)
{
  StoreProcess holder, reader;
  holder.Hold("w", {1, 2, 3});
  reader.Open();
  EXPECT_EQ(reader.Read("w"), Floats({1, 2, 3}));
  holder.Set("w", {4, 5});
  EXPECT_EQ(reader.Read("w"), Floats({4, 5}));
  holder.Remove();
}

TEST_F(NamedGpuStore, AViewStaysWhileTheHolderCommits)
{
  StoreProcess holder, reader;
  holder.Hold("w", {1, 2, 3});
  reader.Open();
  reader.View("w");
  for (float x = 0; x < 40; x++) { // all versions that a variable can have, and again
    holder.Set("w", {x, x, x});
    EXPECT_EQ(reader.Viewed(), Floats({1, 2, 3}));
  }
  reader.Release();
  EXPECT_EQ(reader.Read("w"), Floats({39, 39, 39}));
  holder.Remove();
}

TEST_F(NamedGpuStore, GrowsUnderItsReaders)
{
  StoreProcess holder, reader;
  holder.Hold("w", {1});
  reader.Open();
  reader.View("w");
  for (size_t count : {kLarge, 3 * kLarge, kLarge / 2}) {
    holder.Set("w", Floats(count, float(count)));
    EXPECT_EQ(reader.Read("w"), Floats(count, float(count)));
  }
  EXPECT_EQ(reader.Viewed(), Floats({1}));
  holder.Remove();
}

TEST_F(NamedGpuStore, ASnapshotHasBothMemoriesOfOneVersion)
{
  StoreProcess holder, reader;
  holder.Hold("w", {0});
  holder.HoldOnHost("h", {0});
  reader.Open();
  holder.BeginSetting("w", "h");
  for (int i = 0; i < 200; i++) {
    std::vector<Floats> both = reader.ReadTogether("w", "h");
    EXPECT_EQ(both[0], both[1]);
  }
  holder.EndSetting();
  holder.Remove();
}

TEST_F(NamedGpuStore, ThreadsOfAReaderAttachAtOnce)
{
  const StoreProcess::Environment slow{{"FAKE_DRIVER_DELAY_US", "20"}};
  StoreProcess holder(slow), reader(slow), next(slow);
  holder.Hold("w", {0});
  holder.Add("v", {0});
  reader.Open();
  reader.ReadByThreads("w", "v");
  holder.BeginSetting("w", "v");
  reader.ReadByThreads("w", "v");
  holder.Kill();
  reader.ReadByThreads("w", "v");
  next.Resume();
  next.BeginSetting("v", "w");
  for (int i = 0; i < 4; i++) { // and give older memory back
    reader.ReadByThreads("w", "v");
  }
  next.EndSetting();
  next.Remove();
}

TEST_F(NamedGpuStore, OpeningAndReadingTheHostPartNeedsNoDriver)
{
  StoreProcess holder, reader(kNoDriver);
  holder.Hold("w", {1});
  holder.HoldOnHost("h", {2});
  reader.Open();
  EXPECT_EQ(reader.Read("h"), Floats({2}));
  const size_t before = reader.Descriptors();
  reader.ExpectFailure("w", SVAR_ERR_UNSUPPORTED, "there is no NVIDIA driver on this machine");
  EXPECT_EQ(reader.Descriptors(), before);
  EXPECT_EQ(reader.Read("h"), Floats({2}));
  holder.Remove();
}

TEST_F(NamedGpuStore, IsReadByWhoeverSeesItsGpu)
{
  if (is_on_gpu()) {
    GTEST_SKIP() << "only the stand-in shows one process more GPUs than another";
  }
  const Environment two{{"FAKE_DRIVER_DEVICES", "2"}};
  StoreProcess holder(two), seeing(two), other;
  holder.Hold("w", {1}, 1);
  seeing.Open();
  other.Open();
  EXPECT_EQ(seeing.Read("w"), Floats({1}));
  other.ExpectFailure("w", SVAR_ERR_CONTEXT,
                      "GPU-5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01 is not visible to this process");
  holder.Remove();
}

TEST_F(NamedGpuStore, WithoutAServiceSaysWhy)
{
  StoreProcess holder, reader;
  holder.HoldWithoutService("w", {1});
  reader.Open();
  reader.ExpectFailure("w", SVAR_ERR_UNSET, "it was created with no_service");
  EXPECT_EQ(holder.Read("w"), Floats({1}));
  holder.Remove();
}

TEST_F(NamedGpuStore, GivesMemoryToItsOwnUserOnly)
{
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can be another user";
  }
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  StoreProcess holder, reader({}, 65534);
  holder.Resume("65534");
  holder.HoldOnHost("h", {2});
  holder.Add("w", {1});
  reader.OpenOf(0);
  EXPECT_EQ(reader.Read("h"), Floats({2}));
  reader.ExpectFailure("w", SVAR_ERR_PERMISSION, "to processes of user 0 only");
  holder.Remove();
}

// --- set from outside --------------------------------------------------------------------------------

TEST_F(NamedGpuStore, IsSetFromOutside)
{
  StoreProcess holder, reader, setter;
  holder.Hold("w", {1});
  reader.Open();
  setter.SetFromOutside("w", {2, 3});
  EXPECT_EQ(reader.Read("w"), Floats({2, 3}));
  for (size_t count : {kLarge / 16, kLarge}) { // more than a holder copies at once
    setter.SetFromOutside("w", Floats(count, 4));
    EXPECT_EQ(reader.Read("w"), Floats(count, 4));
    setter.SetBytesFromOutside("w", Floats(count, 5));
    EXPECT_EQ(reader.Read("w"), Floats(count, 5));
  }
  holder.Remove();
}

TEST_F(NamedGpuStore, AStrictOneIsNotSetFromOutside)
{
  StoreProcess holder, setter;
  holder.Resume();
  holder.AddStrict("w", {1});
  for (size_t count : {size_t(2), kLarge}) {
    setter.ExpectRefusalFromOutside("w", Floats(count, 2), SVAR_ERR_TYPE, "on GPU 0 already");
  }
  EXPECT_EQ(holder.Read("w"), Floats({1}));
  holder.Remove();
}

TEST_F(NamedGpuStore, TheNextHolderIsSetFromOutsideFirst)
{
  StoreProcess holder, next, setter;
  holder.Hold("w", {1});
  holder.Kill();
  next.Resume();
  setter.SetFromOutside("w", Floats(kLarge, 4));
  EXPECT_EQ(next.Read("w"), Floats(kLarge, 4));
  next.Remove();
}

/// A heap whose next allocation, once it is told to, does not come back before it is told to.
struct StoppingHeap {
  std::atomic<bool> stops{false};
  Signal has_stopped, goes_on;

  svar_allocator_t allocator()
  {
    return {[](size_t size_bytes, size_t alignment, void *state) {
              StoppingHeap *self = static_cast<StoppingHeap *>(state);
              if (self->stops.exchange(false)) {
                self->has_stopped.raise();
                self->goes_on.wait();
              }
              svar_allocator_t base = svar_allocator_default();
              return base.allocate(size_bytes, alignment, base.state);
            },
            [](void *memory, void *) {
              svar_allocator_t base = svar_allocator_default();
              base.deallocate(memory, base.state);
            },
            this};
  }
};

// The look for older memory, which comes with the next read, takes a lock that a thread of the parent may have.
TEST_F(NamedGpuStore, AReadInAForkedChildWaitsForNoThreadOfItsParent)
{
  StoreProcess holder;
  holder.Hold("w", {1});
  in_a_child([] {
    use_stand_in();
    StoppingHeap heap;
    const svar_allocator_t allocator = heap.allocator();
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.allocator = &allocator;
    svar_store_t *store = nullptr;
    svar_variable_t *w = nullptr;
    svar_value_t view = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_store_open("/gpu", &options, &store));
    ASSERT_SVAR_OK(svar_store_at(store, 0, &w));
    ASSERT_SVAR_OK(svar_get_device_view(w, &view));
    svar_value_release(&view);
    heap.stops = true;
    std::thread finder([store] {
      svar_variable_t *found = nullptr;
      EXPECT_SVAR_OK(svar_store_find(store, "w", &found));
      svar_variable_unref(found);
    });
    heap.has_stopped.wait();
    in_a_child([w, &view] {
      alarm(10);
      EXPECT_EQ(svar_get_device_view(w, &view), SVAR_ERR_FORKED);
    });
    heap.goes_on.raise();
    finder.join();
    svar_variable_unref(w);
    svar_store_close(store);
  });
  holder.Remove();
}

// Regions of both have the same number: each store counts its own.
TEST_F(NamedGpuStore, MemoryOfAnotherStoreOfTheNameIsNotTakenForItsOwn)
{
  StoreProcess holder, reader, early, next;
  holder.Hold("w", {1});
  reader.Open();
  early.Open();
  EXPECT_EQ(early.Read("w"), Floats({1}));
  holder.Remove();
  next.Hold("w", {5});
  reader.ExpectFailure("w", SVAR_ERR_UNSET, "another store of that name");
  EXPECT_EQ(early.Read("w"), Floats({1}));
  reader.Open();
  EXPECT_EQ(reader.Read("w"), Floats({5}));
  next.Remove();
}

// --- deaths ------------------------------------------------------------------------------------------

class NamedGpuStoreWhoseHolderDies : public NamedGpuStore
{
protected:
  void SetUp() override
  {
    holder_.Hold("w", {1, 2, 3});
    holder_.HoldOnHost("h", {7});
    early_.Open();
    early_.View("w");
    holder_.Set("w", {4, 5});
    EXPECT_EQ(early_.Read("w"), Floats({4, 5}));
    holder_.Kill();
  }

  StoreProcess holder_, early_, late_, next_;
};

TEST_F(NamedGpuStoreWhoseHolderDies, StaysForThoseThatReadIt)
{
  late_.Open();
  EXPECT_EQ(early_.Viewed(), Floats({1, 2, 3}));
  EXPECT_EQ(early_.Read("w"), Floats({4, 5}));
  EXPECT_EQ(late_.Read("h"), Floats({7}));
  late_.ExpectFailure("w", SVAR_ERR_UNSET, "nobody holds the store");
  next_.Resume();
  next_.Remove();
}

// Whether the value can be had at all comes before whether this process could take it.
TEST_F(NamedGpuStoreWhoseHolderDies, IsUnsetForThoseWithoutADriverToo)
{
  StoreProcess reader(kNoDriver);
  reader.Open();
  reader.ExpectFailure("w", SVAR_ERR_UNSET, "nobody holds the store (start its publisher");
  next_.Resume();
  reader.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
  next_.Set("w", {6});
  reader.ExpectFailure("w", SVAR_ERR_UNSUPPORTED, "there is no NVIDIA driver on this machine");
  next_.Remove();
}

TEST_F(NamedGpuStoreWhoseHolderDies, HasNoValueForTheNextHolderUntilItSetsOne)
{
  next_.Resume();
  late_.Open();
  next_.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
  late_.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
  EXPECT_EQ(next_.Read("h"), Floats({7}));
  EXPECT_EQ(early_.Read("w"), Floats({4, 5})); // no gap for those that have it
  next_.Set("w", {6, 7, 8, 9});
  for (StoreProcess *process : {&next_, &late_, &early_}) {
    EXPECT_EQ(process->Read("w"), Floats({6, 7, 8, 9}));
  }
  EXPECT_EQ(early_.Viewed(), Floats({1, 2, 3}));
  next_.Remove();
}

TEST_F(NamedGpuStoreWhoseHolderDies, AnOpenSnapshotOutlivesBothHolders)
{
  early_.BeginSnapshot();
  next_.Resume();
  for (float x = 0; x < 12; x++) {
    next_.Set("w", {x});
  }
  EXPECT_EQ(early_.ReadInSnapshot("w"), Floats({4, 5}));
  early_.EndSnapshot();
  EXPECT_EQ(early_.Read("w"), Floats({11}));
  EXPECT_EQ(early_.Viewed(), Floats({1, 2, 3}));
  next_.Remove();
}

TEST_F(NamedGpuStoreWhoseHolderDies, OldMemoryIsGivenBackWhenNobodyReadsIt)
{
  if (is_on_gpu()) {
    next_.Resume();
    next_.Remove();
    GTEST_SKIP() << "only the stand-in counts what is not given back";
  }
  const size_t before = early_.Live();
  EXPECT_GT(before, 0u);
  for (int life = 0; life < 5; life++) {
    StoreProcess holder;
    holder.Resume();
    if (life == 2) {
      EXPECT_EQ(early_.Viewed(), Floats({1, 2, 3}));
      early_.Release();
    }
    for (float x = 0; x < 40; x++) {
      holder.Set("w", {x});
    }
    EXPECT_EQ(early_.Read("w"), Floats({39}));
    EXPECT_LE(early_.Live(), before * (life < 2 ? 3 : 2));
    holder.Kill();
  }
  next_.Resume();
  next_.Remove();
}

TEST_F(NamedGpuStore, OldMemoryIsGivenBackWhenTheLastVariableOfItIsSet)
{
  if (is_on_gpu()) {
    GTEST_SKIP() << "only the stand-in counts what is not given back";
  }
  StoreProcess holder, reader, next;
  holder.Hold("w", {1});
  holder.Add("v", {2});
  reader.Open();
  EXPECT_EQ(reader.Read("w"), Floats({1}));
  EXPECT_EQ(reader.Read("v"), Floats({2}));
  const size_t before = reader.Live();
  holder.Kill();
  next.Resume();
  next.Set("w", {3});
  EXPECT_EQ(reader.Read("w"), Floats({3}));
  EXPECT_GT(reader.Live(), before);
  EXPECT_EQ(reader.Read("v"), Floats({2}));
  next.Set("v", {3});
  EXPECT_EQ(reader.Read("v"), Floats({3}));
  for (float x = 0; x < 40; x++) { // until no version of it is kept, and the reader looks
    next.Set("w", {x});
    EXPECT_EQ(reader.Read("w"), Floats({x}));
  }
  EXPECT_EQ(reader.Live(), before);
  next.Remove();
}

// The next holder has no memory there yet, and no room for one version more.
TEST_F(NamedGpuStoreWhoseHolderDies, WhatReadersKeepAllVersionsOfCannotBeUnset)
{
  StoreProcess holder;
  holder.Resume();
  early_.Release();
  for (float x = 0; x < 15; x++) {
    holder.Set("w", {x});
    early_.View("w"); // beside the views before
  }
  holder.Set("w", {15});
  holder.Kill();
  next_.Resume();
  next_.ExpectFailureToUnset("w", SVAR_ERR_BUSY, "readers pin the older ones");
  EXPECT_EQ(early_.Viewed(), Floats({14}));
  EXPECT_EQ(early_.Read("w"), Floats({15}));
  next_.Remove();
}

TEST_F(NamedGpuStoreWhoseHolderDies, AnotherVariableOfTheirsIsFoundAndSet)
{
  next_.Resume();
  next_.Add("v", {1});
  late_.Open();
  EXPECT_EQ(late_.Read("v"), Floats({1}));
  late_.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
  EXPECT_EQ(early_.Read("w"), Floats({4, 5}));
  EXPECT_EQ(early_.Read("v"), Floats({1}));
  next_.Remove();
}

} // namespace
