// The filter applied to typed arrays, for the tests of this room.
#ifndef TESTS_VARIABLE_ARRAYS_HPP
#define TESTS_VARIABLE_ARRAYS_HPP

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "fakes/arrays.hpp"

extern "C" {
#include "variable/filter.h"
}

inline svar_type_t
type_of(svar_dtype_t dtype, int32_t ndim, uint32_t broadcastable = 0)
{
  return svar_tensor_type(dtype, ndim, broadcastable);
}

// What the filter made of a source.
struct Filtered {
  svar_ret_t ret = SVAR_OK;
  svari_filter_plan_t plan = {};
  std::vector<unsigned char> bytes;

  template <typename T> std::vector<T> as() const
  {
    std::vector<T> values(bytes.size() / sizeof(T));
    for (size_t i = 0; i < values.size(); i++) {
      T value;
      std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
      values[i] = value;
    }
    return values;
  }
};

inline Filtered
filter(const svar_type_t &type, const svar_source_t &source,
       svar_downcast_t downcast = SVAR_DOWNCAST_UNSET, bool strict = false)
{
  Filtered filtered;
  filtered.ret = svari_filter_check(&type, strict, downcast, "wts", &source, &filtered.plan);
  if (filtered.ret == SVAR_OK) {
    // Aligned memory of exactly the promised size, so that a sanitizer sees one byte too many.
    svar_allocator_t heap = svar_allocator_default();
    size_t bytes = filtered.plan.size_bytes;
    auto *memory = static_cast<unsigned char *>(heap.allocate(bytes, 64, heap.state));
    svari_filter_write(&filtered.plan, &source, memory);
    filtered.bytes.assign(memory, memory + bytes);
    heap.deallocate(memory, heap.state);
  }
  return filtered;
}

#endif
