// A heap that counts what is alive and can refuse one allocation.
#ifndef TESTS_FAKES_FAILING_HEAP_HPP
#define TESTS_FAKES_FAILING_HEAP_HPP

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>

#include "shared_variable/allocator.h"

class FailingHeap
{
public:
  // Allocation number nth (from 0) returns NULL, all others succeed; -1: none fails.
  explicit FailingHeap(int nth = -1) : fails_at_(nth), base_(svar_allocator_default()) {}
  FailingHeap(const FailingHeap &) = delete;
  FailingHeap &operator=(const FailingHeap &) = delete;

  svar_allocator_t allocator()
  {
    return {allocate, deallocate, this};
  }
  int live() const
  {
    return live_;
  }
  int allocations() const
  {
    return count_;
  }

private:
  static void *allocate(size_t size_bytes, size_t alignment, void *state)
  {
    FailingHeap *heap = static_cast<FailingHeap *>(state);
    if (heap->count_++ == heap->fails_at_) {
      return nullptr;
    }
    heap->live_++;
    return heap->base_.allocate(size_bytes, alignment, heap->base_.state);
  }

  static void deallocate(void *memory, void *state)
  {
    FailingHeap *heap = static_cast<FailingHeap *>(state);
    heap->live_ -= memory != nullptr;
    heap->base_.deallocate(memory, heap->base_.state);
  }

  int fails_at_;
  std::atomic<int> count_{0}; // tests allocate from many threads
  std::atomic<int> live_{0};
  svar_allocator_t base_;
};

/// Calls use with one allocation failing after the other, until it says that all went well; each time nothing
/// may be left on the heap. Returns how many allocations use makes.
inline int
fail_each_allocation(const std::function<bool(FailingHeap &)> &use)
{
  const int most = 1000; // a use that fails for another reason never goes well
  bool went_well = false;
  int nth = 0;
  for (; !went_well && nth < most && !::testing::Test::HasFailure(); nth++) {
    FailingHeap heap(nth);
    went_well = use(heap);
    EXPECT_EQ(heap.live(), 0) << "after failing allocation " << nth;
  }
  EXPECT_TRUE(went_well);
  return nth - 1;
}

#endif
