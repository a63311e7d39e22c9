// What a GPU computes for us: conversions between dtypes, y += a * x, packing of strided arrays, and the layers of
// small networks.
// nvcc compiles this (gpu/make_kernels), and so does a C++ compiler for tests without a GPU: the stand-in driver
// (tests/fakes/driver) says itself what a kernel is and which of its threads is running.
//
// Each thread takes every n-th run of elements, n being how many threads there are: any number of threads
// does the work. A run is 16 bytes of the wider side, read and written at once where the addresses allow it.
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define SVARI_CONVERT_INLINE static __device__ __forceinline__
#define SVARI_CONSTANT const __grid_constant__
#define SVARI_KERNEL(name, ...)                                                                    \
  extern "C" __global__ void __launch_bounds__(SVARI_KERNEL_THREADS) name(__VA_ARGS__)
#endif

#include "gpu/kernels_layout.h"
#include "variable/convert_element.h"

// --- runs --------------------------------------------------------------------------------------------

template <typename T, unsigned N> struct alignas(N * sizeof(T)) Run {
  T element[N];
};

template <typename T, unsigned N>
SVARI_CONVERT_INLINE bool
starts_run(const T *address)
{
  return (uintptr_t)address % sizeof(Run<T, N>) == 0;
}

SVARI_CONVERT_INLINE uint64_t
first_index()
{
  return blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
}

SVARI_CONVERT_INLINE uint64_t
thread_count()
{
  return gridDim.x * (uint64_t)blockDim.x;
}

// --- conversions -------------------------------------------------------------------------------------

template <typename T> struct Pair {
  T part[2];
};
typedef Pair<float> stored_PAIR_FLOAT32;
typedef Pair<double> stored_PAIR_FLOAT64;

template <typename Rule, typename To, typename From>
SVARI_CONVERT_INLINE void
convert(To *__restrict__ out, const From *__restrict__ in, uint64_t count)
{
  const unsigned N = 16 / (sizeof(To) > sizeof(From) ? sizeof(To) : sizeof(From));
  uint64_t runs = starts_run<To, N>(out) && starts_run<From, N>(in) ? count / N : 0;
  for (uint64_t i = first_index(); i < runs; i += thread_count()) {
    Run<From, N> from = reinterpret_cast<const Run<From, N> *>(in)[i];
    Run<To, N> to;
    for (unsigned k = 0; k < N; k++) {
      Rule::apply(to.element[k], from.element[k]);
    }
    reinterpret_cast<Run<To, N> *>(out)[i] = to;
  }
  for (uint64_t i = runs * N + first_index(); i < count; i += thread_count()) {
    Rule::apply(out[i], in[i]);
  }
}

// As the CPU's loops, these take the processor's own instruction where it has one; it rounds the same.
#ifdef __CUDACC__
SVARI_CONVERT_INLINE float
float_from_float16(uint16_t half)
{
  float number;
  asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(half));
  return number;
}

SVARI_CONVERT_INLINE uint16_t
float16_from_float(float number)
{
  uint16_t half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(number));
  return half;
}
#else
#define float_from_float16 svari_float_from_float16
#define float16_from_float svari_float16_from_float
#endif
#define LOAD_FLOAT16(x) float_from_float16(x)
#define TO_FLOAT16(x) float16_from_float(BEFORE_FLOAT16(x))

#define CONVERSION(from, to, step)                                                                 \
  struct from##_to_##to {                                                                          \
    SVARI_CONVERT_INLINE void apply(stored_##to &out, const stored_##from &in)                     \
    {                                                                                              \
      step;                                                                                        \
    }                                                                                              \
  };                                                                                               \
  SVARI_KERNEL(svari_convert_##from##_##to, stored_##to *out, const stored_##from *in,             \
               uint64_t count)                                                                     \
  {                                                                                                \
    convert<from##_to_##to>(out, in, count);                                                       \
  }
#define REAL_TO_REAL(from, to) CONVERSION(from, to, out = TO_##to(LOAD_##from(in)))
#define FROM_FLOAT16(to, unused) REAL_TO_REAL(FLOAT16, to)
EACH_REAL_PAIR(REAL_TO_REAL)
EACH_REAL(REAL_TO_REAL, FLOAT16)
EACH_REAL(FROM_FLOAT16, )
CONVERSION(FLOAT16, FLOAT16, out = in)

// A complex element is a pair; what it loses to a real one is its imaginary part.
typedef Pair<float> stored_COMPLEX64;
typedef Pair<double> stored_COMPLEX128;
#define REAL_TO_COMPLEX(from, to, part_type)                                                       \
  CONVERSION(from, to, out.part[0] = TO_##part_type(LOAD_##from(in)); out.part[1] = 0)
#define TO_COMPLEX64(from, unused) REAL_TO_COMPLEX(from, COMPLEX64, FLOAT32)
#define TO_COMPLEX128(from, unused) REAL_TO_COMPLEX(from, COMPLEX128, FLOAT64)
#define COMPLEX_TO_REAL(to, from) CONVERSION(from, to, out = TO_##to(in.part[0]))
#define COMPLEX_TO_BOOL(from) CONVERSION(from, BOOL, out = (in.part[0] != 0) | (in.part[1] != 0))
#define COMPLEX_TO_COMPLEX(from, to, part_type)                                                    \
  CONVERSION(from, to, out.part[0] = TO_##part_type(in.part[0]);                                   \
             out.part[1] = TO_##part_type(in.part[1]))
EACH_REAL(TO_COMPLEX64, )
EACH_REAL(TO_COMPLEX128, )
TO_COMPLEX64(FLOAT16, )
TO_COMPLEX128(FLOAT16, )
EACH_NUMBER(COMPLEX_TO_REAL, COMPLEX64)
EACH_NUMBER(COMPLEX_TO_REAL, COMPLEX128)
COMPLEX_TO_REAL(FLOAT16, COMPLEX64)
COMPLEX_TO_REAL(FLOAT16, COMPLEX128)
COMPLEX_TO_BOOL(COMPLEX64)
COMPLEX_TO_BOOL(COMPLEX128)
COMPLEX_TO_COMPLEX(COMPLEX64, COMPLEX64, FLOAT32)
COMPLEX_TO_COMPLEX(COMPLEX64, COMPLEX128, FLOAT64)
COMPLEX_TO_COMPLEX(COMPLEX128, COMPLEX64, FLOAT32)
COMPLEX_TO_COMPLEX(COMPLEX128, COMPLEX128, FLOAT64)

// --- y += a * x --------------------------------------------------------------------------------------

// Rounded after the product and after the sum, as C and NumPy do; 16-bit floats once more at the end.
template <typename Rule, typename T, typename Number>
SVARI_CONVERT_INLINE void
add_scaled(T *y, const T *x, Number a, uint64_t count)
{
  const unsigned N = 16 / sizeof(T);
  uint64_t runs = starts_run<T, N>(y) && starts_run<T, N>(x) ? count / N : 0;
  for (uint64_t i = first_index(); i < runs; i += thread_count()) {
    Run<T, N> scaled = reinterpret_cast<const Run<T, N> *>(x)[i];
    Run<T, N> sum = reinterpret_cast<Run<T, N> *>(y)[i];
    for (unsigned k = 0; k < N; k++) {
      Rule::apply(sum.element[k], scaled.element[k], a);
    }
    reinterpret_cast<Run<T, N> *>(y)[i] = sum;
  }
  for (uint64_t i = runs * N + first_index(); i < count; i += thread_count()) {
    Rule::apply(y[i], x[i], a);
  }
}

#define ADD_SCALED(dtype, number)                                                                  \
  struct dtype##_add_scaled {                                                                      \
    SVARI_CONVERT_INLINE void apply(stored_##dtype &y, const stored_##dtype &x, number a)          \
    {                                                                                              \
      number sum = LOAD_##dtype(y) + a * LOAD_##dtype(x);                                          \
      y = TO_##dtype(sum);                                                                         \
    }                                                                                              \
  };                                                                                               \
  SVARI_KERNEL(svari_add_scaled_##dtype, stored_##dtype *y, const stored_##dtype *x, number a,     \
               uint64_t count)                                                                     \
  {                                                                                                \
    add_scaled<dtype##_add_scaled>(y, x, a, count);                                                \
  }
ADD_SCALED(FLOAT16, float)
ADD_SCALED(BFLOAT16, float)
ADD_SCALED(FLOAT32, float)
ADD_SCALED(FLOAT64, double)

// --- packing -----------------------------------------------------------------------------------------

// Where in the strided array the element lies that comes at this place in row-major order.
SVARI_CONVERT_INLINE int64_t
offset_of(const svari_kernel_view_t &view, uint64_t place)
{
  int64_t offset = 0;
  for (int32_t k = view.ndim - 1; k >= 0; k--) {
    uint64_t extent = (uint64_t)view.shape[k];
    uint64_t rest = place / extent;
    offset += (int64_t)(place - rest * extent) * view.strides[k];
    place = rest;
  }
  return offset;
}

typedef uint8_t Bytes1;
typedef uint16_t Bytes2;
typedef uint32_t Bytes4;
typedef uint64_t Bytes8;
struct alignas(8) Bytes16 { // a complex128: two of 8 bytes, at a multiple of 8
  uint64_t half[2];
};

#define PACK(bytes)                                                                                \
  SVARI_KERNEL(svari_pack_##bytes, Bytes##bytes *out, const Bytes##bytes *in,                      \
               SVARI_CONSTANT svari_kernel_view_t view, uint64_t count)                            \
  {                                                                                                \
    for (uint64_t i = first_index(); i < count; i += thread_count()) {                             \
      out[i] = in[offset_of(view, i)];                                                             \
    }                                                                                              \
  }
PACK(1)
PACK(2)
PACK(4)
PACK(8)
PACK(16)

// --- layers of networks ------------------------------------------------------------------------------

// Each row of a matrix is a warp's: a multiplication by a vector is bound by how fast the matrix is read, and the
// lanes read what lies side by side. The order of the sums depends on nothing but the lengths.
SVARI_CONVERT_INLINE unsigned
lane()
{
  return threadIdx.x % SVARI_KERNEL_LANES;
}

SVARI_CONVERT_INLINE uint64_t
first_row()
{
  return first_index() / SVARI_KERNEL_LANES;
}

SVARI_CONVERT_INLINE uint64_t
warp_count()
{
  return thread_count() / SVARI_KERNEL_LANES;
}

// This lane's part of a row's product with a vector: the elements number lane(), lane() + 32 ...
SVARI_CONVERT_INLINE float
lane_product(const float *__restrict__ row, const float *__restrict__ vector, uint64_t count)
{
  float sum = 0;
  for (uint64_t i = lane(); i < count; i += SVARI_KERNEL_LANES) {
    sum += row[i] * vector[i];
  }
  return sum;
}

// What the lane has that is lanes_away. All lanes of a warp call it together; the stand-in driver has its own.
#ifdef __CUDACC__
template <unsigned N>
SVARI_CONVERT_INLINE Run<float, N>
shuffle(Run<float, N> numbers, unsigned lanes_away)
{
  for (unsigned k = 0; k < N; k++) {
    numbers.element[k] = __shfl_xor_sync(0xffffffff, numbers.element[k], lanes_away);
  }
  return numbers;
}
#endif

// The sums of all lanes' parts, in all lanes: of those 16 apart first, of neighbours last.
template <unsigned N>
SVARI_CONVERT_INLINE Run<float, N>
warp_sums(Run<float, N> parts)
{
  for (unsigned away = SVARI_KERNEL_LANES / 2; away > 0; away /= 2) {
    Run<float, N> others = shuffle(parts, away);
    for (unsigned k = 0; k < N; k++) {
      parts.element[k] += others.element[k];
    }
  }
  return parts;
}

SVARI_CONVERT_INLINE float
activate(float x, int32_t activation)
{
  switch (activation) {
  case SVARI_KERNEL_RELU:
    return x < 0 ? 0 : x; // not a number stays what it is
  case SVARI_KERNEL_ELU:
    return x > 0 ? x : expm1f(x);
  case SVARI_KERNEL_TANH:
    return tanhf(x);
  default:
    return x;
  }
}

// out = activation(weight in + bias)
SVARI_KERNEL(svari_dense, float *out, const float *weight, const float *bias, const float *in,
             uint64_t rows, uint64_t columns, int32_t activation)
{
  for (uint64_t row = first_row(); row < rows; row += warp_count()) {
    Run<float, 1> sum =
        warp_sums(Run<float, 1>{{lane_product(weight + row * columns, in, columns)}});
    if (lane() == 0) {
      out[row] = activate(sum.element[0] + bias[row], activation);
    }
  }
}

SVARI_CONVERT_INLINE float
sigmoid(float x)
{
  return 1 / (1 + expf(-x));
}

// One step of an LSTM: the warp of a unit takes the four gates' rows of that unit, which are stacked in the
// order input, forget, candidate, output.
SVARI_KERNEL(svari_lstm, float *out_hidden, float *out_cell, const float *weight_in,
             const float *weight_hidden, const float *bias_in, const float *bias_hidden,
             const float *in, const float *hidden, const float *cell, uint64_t inputs,
             uint64_t units)
{
  for (uint64_t unit = first_row(); unit < units; unit += warp_count()) {
    Run<float, 4> gates;
    for (unsigned k = 0; k < 4; k++) {
      uint64_t row = k * units + unit;
      gates.element[k] = lane_product(weight_in + row * inputs, in, inputs) +
                         lane_product(weight_hidden + row * units, hidden, units);
    }
    gates = warp_sums(gates);
    for (unsigned k = 0; k < 4; k++) {
      uint64_t row = k * units + unit;
      gates.element[k] = gates.element[k] + bias_in[row] + bias_hidden[row];
    }
    const float *gate = gates.element;
    float kept = sigmoid(gate[1]) * cell[unit] + sigmoid(gate[0]) * tanhf(gate[2]);
    if (lane() == 0) {
      out_cell[unit] = kept;
      out_hidden[unit] = sigmoid(gate[3]) * tanhf(kept);
    }
  }
}
