// Typed arrays that own their bytes, and the dtypes of C++ types.
#ifndef TESTS_FAKES_ARRAYS_HPP
#define TESTS_FAKES_ARRAYS_HPP

#include <complex>
#include <utility>
#include <vector>

#include "shared_variable/shared_variable.h"

// The fourteen dtypes of Theano, in the order of the tables below.
inline const std::vector<svar_dtype_t> &
theano_dtypes()
{
  static const std::vector<svar_dtype_t> all = {
      SVAR_BOOL,    SVAR_INT8,    SVAR_INT16,     SVAR_INT32,     SVAR_INT64,
      SVAR_UINT8,   SVAR_UINT16,  SVAR_UINT32,    SVAR_UINT64,    SVAR_FLOAT16,
      SVAR_FLOAT32, SVAR_FLOAT64, SVAR_COMPLEX64, SVAR_COMPLEX128};
  return all;
}

// The dtype of a C++ type.
template <typename T> svar_dtype_t dtype_of();
template <>
inline svar_dtype_t
dtype_of<bool>()
{
  return SVAR_BOOL;
}
template <>
inline svar_dtype_t
dtype_of<int8_t>()
{
  return SVAR_INT8;
}
template <>
inline svar_dtype_t
dtype_of<int16_t>()
{
  return SVAR_INT16;
}
template <>
inline svar_dtype_t
dtype_of<int32_t>()
{
  return SVAR_INT32;
}
template <>
inline svar_dtype_t
dtype_of<int64_t>()
{
  return SVAR_INT64;
}
template <>
inline svar_dtype_t
dtype_of<uint8_t>()
{
  return SVAR_UINT8;
}
template <>
inline svar_dtype_t
dtype_of<uint16_t>()
{
  return SVAR_UINT16;
}
template <>
inline svar_dtype_t
dtype_of<uint32_t>()
{
  return SVAR_UINT32;
}
template <>
inline svar_dtype_t
dtype_of<uint64_t>()
{
  return SVAR_UINT64;
}
template <>
inline svar_dtype_t
dtype_of<float>()
{
  return SVAR_FLOAT32;
}
template <>
inline svar_dtype_t
dtype_of<double>()
{
  return SVAR_FLOAT64;
}
template <>
inline svar_dtype_t
dtype_of<std::complex<float>>()
{
  return SVAR_COMPLEX64;
}
template <>
inline svar_dtype_t
dtype_of<std::complex<double>>()
{
  return SVAR_COMPLEX128;
}

// A compact array that owns its bytes; the source made of it is valid as long as it lives.
class Array
{
public:
  Array(svar_dtype_t dtype, std::vector<int64_t> shape)
      : shape_(std::move(shape)), bytes_(size_bytes(dtype) + 1, 0),
        tensor_(
            svar_tensor(dtype, bytes_.data(), static_cast<int32_t>(shape_.size()), shape_.data()))
  {
  }

  template <typename T>
  Array(const std::vector<T> &values, std::vector<int64_t> shape,
        svar_dtype_t dtype = dtype_of<T>())
      : Array(dtype, std::move(shape))
  {
    T *out = reinterpret_cast<T *>(bytes_.data());
    for (T value : values) {
      *out++ = value;
    }
  }

  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;

  DLTensor &tensor()
  {
    return tensor_;
  }
  svar_source_t source() const
  {
    return svar_array(&tensor_);
  }
  svar_source_t literals() const
  {
    return svar_literals(tensor_.dtype, tensor_.data, tensor_.ndim, tensor_.shape);
  }
  template <typename T> T *as()
  {
    return reinterpret_cast<T *>(bytes_.data());
  }

private:
  size_t size_bytes(svar_dtype_t dtype) const
  {
    size_t bytes = svar_dtype_bytes(dtype);
    for (int64_t extent : shape_) {
      bytes *= static_cast<size_t>(extent);
    }
    return bytes;
  }

  std::vector<int64_t> shape_;
  std::vector<unsigned char> bytes_;
  DLTensor tensor_;
};

template <typename T>
Array
vector_of(const std::vector<T> &values)
{
  return Array(values, {static_cast<int64_t>(values.size())});
}

#endif
