#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "heap_probe.h"

namespace
{

class Heap : public testing::Test
{
protected:
  explicit Heap(uint64_t capacity = UINT64_C(1) << 30) : heap_(heap_probe_create(capacity)) {}
  ~Heap() override
  {
    heap_probe_destroy(heap_);
  }
  uint64_t take(uint64_t size)
  {
    uint64_t offset = 0;
    EXPECT_EQ(SVAR_OK, heap_probe_take(heap_, size, &offset)) << svar_error_message();
    return offset;
  }
  heap_probe_t *heap_;
};

TEST_F(Heap, AlignsSmallValuesToALineAndLargeOnesToAPage)
{
  EXPECT_EQ(heap_probe_round(heap_, 0), 64u);
  EXPECT_EQ(heap_probe_round(heap_, 65), 128u);
  EXPECT_EQ(heap_probe_round(heap_, 65537), 69632u);
  EXPECT_EQ(take(1) % 64, 0u);
  EXPECT_EQ(take(65) % 64, 0u);
  EXPECT_EQ(take(100000) % 4096, 0u);
}

TEST_F(Heap, NeverHandsOutTheSameByteTwice)
{
  std::mt19937_64 random(7);
  std::map<uint64_t, uint64_t> live; // offset -> size
  for (int step = 0; step < 20000; step++) {
    if (live.empty() || random() % 5 < 3) {
      uint64_t size = UINT64_C(1) << (random() % 18);
      size += random() % size;
      uint64_t offset = take(size);
      uint64_t end = offset + heap_probe_round(heap_, size);
      ASSERT_TRUE(heap_probe_is_committed(heap_, offset, size)) << "at step " << step;
      auto next = live.lower_bound(offset);
      ASSERT_TRUE(next == live.end() || next->first >= end);
      if (next != live.begin()) {
        auto before = std::prev(next);
        ASSERT_LE(before->first + heap_probe_round(heap_, before->second), offset);
      }
      live[offset] = size;
    } else {
      auto victim = std::next(live.begin(), random() % live.size());
      heap_probe_give(heap_, victim->first, victim->second);
      live.erase(victim);
    }
  }
  uint64_t used = 0;
  for (auto &[offset, size] : live) {
    used += heap_probe_round(heap_, size);
  }
  EXPECT_EQ(heap_probe_used(heap_), used);
}

TEST_F(Heap, JoinsWhatIsGivenBack)
{
  std::vector<uint64_t> offsets;
  for (int i = 0; i < 100; i++) {
    offsets.push_back(take(1000));
  }
  for (size_t i = 0; i < offsets.size(); i += 2) {
    heap_probe_give(heap_, offsets[i], 1000);
  }
  for (size_t i = 1; i < offsets.size(); i += 2) {
    heap_probe_give(heap_, offsets[i], 1000);
  }
  EXPECT_EQ(heap_probe_extents(heap_), 1u);
  EXPECT_EQ(heap_probe_used(heap_), 0u);
}

TEST_F(Heap, ARebuildFreesExactlyWhatIsNotUsed)
{
  uint64_t first = take(4096), second = take(4096), third = take(4096);
  const uint64_t ranges[] = {third, 4096, first, 4096};
  ASSERT_EQ(SVAR_OK, heap_probe_rebuild(heap_, ranges, 2)) << svar_error_message();
  EXPECT_EQ(take(4096), second);
  EXPECT_TRUE(heap_probe_is_committed(heap_, second, 4096));
}

TEST_F(Heap, ARebuildRefusesRangesThatContradictEachOther)
{
  uint64_t first = take(4096);
  const uint64_t overlapping[] = {first, 4096, first + 64, 64};
  EXPECT_EQ(SVAR_ERR_CORRUPT, heap_probe_rebuild(heap_, overlapping, 2));
  const uint64_t outside[] = {first, heap_probe_end(heap_)};
  EXPECT_EQ(SVAR_ERR_CORRUPT, heap_probe_rebuild(heap_, outside, 1));
  const uint64_t header[] = {64, 64};
  EXPECT_EQ(SVAR_ERR_CORRUPT, heap_probe_rebuild(heap_, header, 1));
  const uint64_t wrapping[] = {first, UINT64_MAX - 63};
  EXPECT_EQ(SVAR_ERR_CORRUPT, heap_probe_rebuild(heap_, wrapping, 1));
}

TEST_F(Heap, ARefusedCommitChangesNothing)
{
  take(100);
  uint64_t end = heap_probe_end(heap_), used = heap_probe_used(heap_), offset = 0;
  heap_probe_fail_commits(heap_, true);
  EXPECT_EQ(SVAR_ERR_NO_SPACE, heap_probe_take(heap_, 1 << 20, &offset));
  EXPECT_EQ(heap_probe_end(heap_), end);
  EXPECT_EQ(heap_probe_used(heap_), used);
  heap_probe_fail_commits(heap_, false);
  take(1 << 20);
}

class SmallHeap : public Heap
{
protected:
  SmallHeap() : Heap(1 << 20) {}
};

TEST_F(SmallHeap, StopsAtItsCapacityWithTheNumbers)
{
  uint64_t offset = 0;
  EXPECT_EQ(SVAR_ERR_NO_SPACE, heap_probe_take(heap_, 2 << 20, &offset));
  EXPECT_NE(std::string(svar_error_message()).find("1048576"), std::string::npos);
  EXPECT_EQ(SVAR_ERR_NO_SPACE, heap_probe_take(heap_, UINT64_MAX - 10000, &offset));
  take(900 << 10);
  EXPECT_EQ(SVAR_ERR_NO_SPACE, heap_probe_take(heap_, 200 << 10, &offset));
  take(64 << 10);
}

} // namespace
