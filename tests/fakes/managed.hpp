// An array that comes with its owner's deleter, and counts how often that ran.
#ifndef TESTS_FAKES_MANAGED_HPP
#define TESTS_FAKES_MANAGED_HPP

#include <atomic>
#include <utility>
#include <vector>

#include "shared_variable/shared_variable.h"

template <typename T> class Managed
{
public:
  Managed(svar_dtype_t dtype, std::vector<T> values)
      : Managed(dtype, values, {static_cast<int64_t>(values.size())})
  {
  }
  Managed(svar_dtype_t dtype, std::vector<T> values, std::vector<int64_t> shape)
      : values_(std::move(values)), shape_(std::move(shape))
  {
    managed_.dl_tensor =
        svar_tensor(dtype, values_.data(), static_cast<int32_t>(shape_.size()), shape_.data());
    managed_.manager_ctx = this;
    managed_.deleter = count;
  }
  Managed(const Managed &) = delete;
  Managed &operator=(const Managed &) = delete;

  DLManagedTensor *get()
  {
    return &managed_;
  }
  svar_source_t source()
  {
    return svar_managed(&managed_);
  }
  T *data()
  {
    return values_.data();
  }
  int deletions() const
  {
    return deletions_;
  }

private:
  static void count(DLManagedTensor *managed)
  {
    static_cast<Managed *>(managed->manager_ctx)->deletions_++;
  }

  std::vector<T> values_;
  std::vector<int64_t> shape_;
  DLManagedTensor managed_ = {};
  std::atomic<int> deletions_{0};
};

#endif
