// Every conversion loop against a reference that shares nothing with it: 128-bit integers, long
// double, and for the 16-bit floats a search among all their values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "shared_variable/dtype.h"

extern "C" {
#include "variable/convert.h"
#include "variable/promotion.h"
}

namespace
{

using Bytes = std::vector<unsigned char>;

// A number as it is, before any rounding.
struct Exact {
  bool is_integer;
  __int128 integer;
  long double real, imaginary;
};

// The values of a 16-bit float, by the definition of its format.
class Narrow
{
public:
  Narrow(int exponent_bits, int fraction_bits)
      : fraction_bits_(fraction_bits), bias_((1 << (exponent_bits - 1)) - 1),
        infinity_(((1 << exponent_bits) - 1) << fraction_bits)
  {
    for (int pattern = 0; pattern <= infinity_; pattern++) {
      finite_.push_back(magnitude(pattern));
    }
  }

  long double decode(uint16_t bits) const
  {
    int pattern = bits & 0x7fff;
    long double value = pattern > infinity_    ? std::numeric_limits<long double>::quiet_NaN()
                        : pattern == infinity_ ? std::numeric_limits<long double>::infinity()
                                               : finite_[pattern];
    return bits >> 15 ? -value : value;
  }

  uint16_t encode(long double value) const
  {
    uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (std::isnan(value)) {
      return sign | infinity_ | 1;
    }
    long double size = std::fabs(value);
    auto above = std::lower_bound(finite_.begin(), finite_.end(), size);
    if (above == finite_.end()) {
      return sign | infinity_;
    }
    int high = static_cast<int>(above - finite_.begin());
    if (*above == size || high == 0) {
      return sign | high;
    }
    long double up = *above - size;
    long double down = size - finite_[high - 1];
    bool is_up = up < down || (up == down && high % 2 == 0);
    return sign | (is_up ? high : high - 1);
  }

  int infinity() const
  {
    return infinity_;
  }

private:
  // The pattern of infinity stands for the number that would follow the largest finite one.
  long double magnitude(int pattern) const
  {
    int exponent = pattern >> fraction_bits_;
    int fraction = pattern & ((1 << fraction_bits_) - 1);
    int hidden = exponent == 0 ? 0 : 1 << fraction_bits_;
    return std::ldexp(static_cast<long double>(hidden + fraction),
                      std::max(exponent, 1) - bias_ - fraction_bits_);
  }

  int fraction_bits_, bias_, infinity_;
  std::vector<long double> finite_;
};

const Narrow &
narrow(svar_dtype_t dtype)
{
  static const Narrow half(5, 10), bfloat(8, 7);
  return dtype.code == kDLBfloat ? bfloat : half;
}

bool
is_narrow(svar_dtype_t dtype)
{
  return dtype.bits == 16 && (dtype.code == kDLFloat || dtype.code == kDLBfloat);
}

template <typename T>
T
peek(const unsigned char *bytes)
{
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

long double
float_at(svar_dtype_t dtype, int float_bits, const unsigned char *bytes)
{
  if (is_narrow(dtype)) {
    return narrow(dtype).decode(peek<uint16_t>(bytes));
  }
  return float_bits == 32 ? peek<float>(bytes) : peek<double>(bytes);
}

Exact
read(svar_dtype_t dtype, const unsigned char *bytes)
{
  if (dtype.code == SVAR_DL_BOOL) {
    return {true, bytes[0] != 0, 0, 0};
  }
  if (dtype.code == kDLInt || dtype.code == kDLUInt) {
    uint64_t raw = 0;
    std::memcpy(&raw, bytes, dtype.bits / 8);
    __int128 value = raw;
    if (dtype.code == kDLInt && (raw >> (dtype.bits - 1)) != 0) {
      value -= static_cast<__int128>(1) << dtype.bits;
    }
    return {true, value, 0, 0};
  }
  if (dtype.code == kDLComplex) {
    int part = dtype.bits / 2;
    return {false, 0, float_at(dtype, part, bytes), float_at(dtype, part, bytes + part / 8)};
  }
  return {false, 0, float_at(dtype, dtype.bits, bytes), 0};
}

__int128
to_integer(svar_dtype_t dtype, const Exact &exact)
{
  if (exact.is_integer) {
    return exact.integer; // the low bytes that are kept are the value modulo 2^N
  }
  bool is_signed = dtype.code == kDLInt;
  __int128 least = is_signed ? -(static_cast<__int128>(1) << (dtype.bits - 1)) : 0;
  __int128 most = (static_cast<__int128>(1) << (is_signed ? dtype.bits - 1 : dtype.bits)) - 1;
  if (std::isnan(exact.real)) {
    return 0;
  }
  if (std::fabs(exact.real) > 1e30L) {
    return exact.real < 0 ? least : most;
  }
  return std::clamp(static_cast<__int128>(std::trunc(exact.real)), least, most);
}

void
put_float(svar_dtype_t dtype, int float_bits, long double value, Bytes &out)
{
  auto put = [&out](const void *from, size_t size) {
    const auto *bytes = static_cast<const unsigned char *>(from);
    out.insert(out.end(), bytes, bytes + size);
  };
  if (is_narrow(dtype)) {
    uint16_t bits = narrow(dtype).encode(value);
    put(&bits, sizeof(bits));
  } else if (float_bits == 32) {
    float rounded = static_cast<float>(value);
    put(&rounded, sizeof(rounded));
  } else {
    double rounded = static_cast<double>(value);
    put(&rounded, sizeof(rounded));
  }
}

Bytes
write(svar_dtype_t dtype, const Exact &exact)
{
  Bytes out;
  long double real = exact.is_integer ? static_cast<long double>(exact.integer) : exact.real;
  if (dtype.code == SVAR_DL_BOOL) {
    out.push_back(real != 0 || exact.imaginary != 0);
  } else if (dtype.code == kDLInt || dtype.code == kDLUInt) {
    __int128 value = to_integer(dtype, exact);
    const auto *low = reinterpret_cast<const unsigned char *>(&value);
    out.assign(low, low + dtype.bits / 8);
  } else if (dtype.code == kDLComplex) {
    put_float(dtype, dtype.bits / 2, real, out);
    put_float(dtype, dtype.bits / 2, exact.imaginary, out);
  } else {
    put_float(dtype, dtype.bits, real, out);
  }
  return out;
}

// Bytes are the same, where NaN may differ in its payload.
bool
same(svar_dtype_t dtype, const unsigned char *a, const unsigned char *b)
{
  if (std::memcmp(a, b, svar_dtype_bytes(dtype)) == 0) {
    return true;
  }
  Exact x = read(dtype, a);
  Exact y = read(dtype, b);
  auto equal = [](long double p, long double q) {
    return (std::isnan(p) && std::isnan(q)) || (p == q && std::signbit(p) == std::signbit(q));
  };
  return !x.is_integer && equal(x.real, y.real) && equal(x.imaginary, y.imaginary);
}

template <typename T>
void
append(Bytes &out, T value)
{
  const auto *bytes = reinterpret_cast<const unsigned char *>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(value));
}

std::vector<double>
telling_doubles()
{
  std::vector<double> values = {0.0,   0.5,  1.0,   1.5,      2.5,   8.23, 8.9,   0.1,
                                254.5, 1e-8, 1e-40, 1e-320,   1e18,  1e38, 1e300, 2048,
                                2049,  2051, 65504, 65519.99, 65520, 70000};
  for (int power : {-150, -149, -134, -133, -126, -25, -24, -14, 7,   8,
                    15,   16,   24,   31,   32,   53,  63,  64,  127, 128}) {
    double edge = std::ldexp(1.0, power);
    for (double near : {std::nextafter(edge, 0), edge, std::nextafter(edge, 1e308), edge - 1,
                        edge + 1, edge - 0.5, edge + 0.5}) {
      values.push_back(near);
    }
  }
  values.push_back(std::numeric_limits<double>::infinity());
  values.push_back(std::numeric_limits<double>::quiet_NaN());
  size_t positive = values.size();
  for (size_t i = 0; i < positive; i++) {
    values.push_back(-values[i]);
  }
  return values;
}

// Elements of a dtype that reach every rule: limits, halves, subnormals, random bits.
Bytes
elements_of(svar_dtype_t dtype)
{
  Bytes out;
  std::mt19937_64 random(dtype.code * 256u + dtype.bits);
  if (is_narrow(dtype)) {
    for (uint32_t pattern = 0; pattern < 65536; pattern++) {
      append(out, static_cast<uint16_t>(pattern));
    }
  } else if (dtype.code == SVAR_DL_BOOL) {
    out = {0, 1, 2, 255};
  } else if (dtype.code == kDLInt || dtype.code == kDLUInt) {
    std::vector<uint64_t> values = {0, 1, UINT64_MAX};
    for (int power = 1; power < 64; power++) {
      uint64_t edge = UINT64_C(1) << power;
      values.insert(values.end(), {edge - 1, edge, edge + 1, 0 - edge, edge + (edge >> 9),
                                   edge + (edge >> 8) + 1});
    }
    for (int i = 0; i < 300; i++) {
      values.push_back(random() >> (i % 60));
    }
    for (uint64_t value : values) {
      const auto *low = reinterpret_cast<const unsigned char *>(&value);
      out.insert(out.end(), low, low + dtype.bits / 8);
    }
  } else {
    int part = dtype.code == kDLComplex ? dtype.bits / 2 : dtype.bits;
    std::vector<double> values = telling_doubles();
    for (int i = 0; i < 600; i++) {
      values.push_back(
          std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 200) - 160));
    }
    for (size_t i = 0; i < values.size(); i++) {
      double pair[2] = {values[i], values[(i * 7 + 3) % values.size()]};
      for (int p = 0; p < (dtype.code == kDLComplex ? 2 : 1); p++) {
        put_float({kDLFloat, static_cast<uint8_t>(part), 1}, part, pair[p], out);
      }
    }
  }
  return out;
}

std::vector<svar_dtype_t>
convertible()
{
  std::vector<svar_dtype_t> dtypes;
#define ADD(symbol, name, code, bits)                                                              \
  if (svari_dtype_is_convertible(symbol)) {                                                        \
    dtypes.push_back(symbol);                                                                      \
  }
  SVAR_DTYPE_LIST(ADD)
#undef ADD
  return dtypes;
}

// Memory at a vector's alignment.
struct Aligned {
  explicit Aligned(size_t bytes) : words((bytes + 15) / 16 + 1) {}
  unsigned char *data()
  {
    return reinterpret_cast<unsigned char *>(words.data());
  }
  struct alignas(16) Word {
    unsigned char bytes[16];
  };
  std::vector<Word> words;
};

TEST(Convert, FifteenDtypesConvertAndFloat8DoesNot)
{
  EXPECT_EQ(convertible().size(), 15u);
  for (svar_dtype_t stored : {SVAR_FLOAT8_E4M3FN, SVAR_FLOAT8_E5M2, SVAR_FLOAT8_E8M0FNU,
                              SVAR_FLOAT8_E4M3FNUZ, SVAR_FLOAT8_E5M2FNUZ}) {
    EXPECT_EQ(svari_convert_find(stored, SVAR_FLOAT32), nullptr);
    EXPECT_EQ(svari_convert_find(SVAR_FLOAT32, stored), nullptr);
  }
}

TEST(Convert, EveryPairAgreesWithTheReference)
{
  for (svar_dtype_t from : convertible()) {
    Bytes elements = elements_of(from);
    size_t from_bytes = svar_dtype_bytes(from);
    size_t count = elements.size() / from_bytes;
    Aligned source(elements.size());
    std::memcpy(source.data(), elements.data(), elements.size());
    for (svar_dtype_t to : convertible()) {
      size_t to_bytes = svar_dtype_bytes(to);
      std::vector<Aligned> results(svari_convert_set_count(), Aligned(count * to_bytes));
      for (size_t set = 0; set < results.size(); set++) {
        svari_convert_find_in(set, from, to)(source.data(), results[set].data(), count);
      }
      for (size_t i = 0; i < count; i++) {
        Bytes expected = write(to, read(from, source.data() + i * from_bytes));
        for (size_t set = 0; set < results.size(); set++) {
          ASSERT_TRUE(same(to, results[set].data() + i * to_bytes, expected.data()))
              << svar_dtype_name(from) << " to " << svar_dtype_name(to) << ", element " << i
              << " = " << static_cast<double>(read(from, source.data() + i * from_bytes).real)
              << ", instruction set " << set;
        }
      }
    }
  }
}

TEST(Convert, SixteenBitFloatsComeBackFromWiderOnesBitForBit)
{
  for (svar_dtype_t half : {SVAR_FLOAT16, SVAR_BFLOAT16}) {
    int infinity = narrow(half).infinity();
    int quiet = half.code == kDLBfloat ? 1 << 6 : 1 << 9;
    for (svar_dtype_t wide : {SVAR_FLOAT32, SVAR_FLOAT64, SVAR_COMPLEX64, SVAR_COMPLEX128}) {
      for (uint32_t pattern = 0; pattern < 65536; pattern++) {
        uint16_t bits = static_cast<uint16_t>(pattern);
        double between[2];
        uint16_t back = 0;
        svari_convert_find(half, wide)(&bits, between, 1);
        svari_convert_find(wide, half)(between, &back, 1);
        bool is_nan = (bits & 0x7fff) > infinity;
        ASSERT_EQ(back, is_nan ? bits | quiet : bits) << svar_dtype_name(wide);
      }
    }
  }
}

TEST(Convert, NarrowingRoundsTiesToEvenAtEveryStep)
{
  for (svar_dtype_t half : {SVAR_FLOAT16, SVAR_BFLOAT16}) {
    for (int pattern = 0; pattern < narrow(half).infinity(); pattern++) {
      double low = static_cast<double>(narrow(half).decode(static_cast<uint16_t>(pattern)));
      double high =
          pattern + 1 == narrow(half).infinity()
              ? 2 * low -
                    static_cast<double>(narrow(half).decode(static_cast<uint16_t>(pattern - 1)))
              : static_cast<double>(narrow(half).decode(static_cast<uint16_t>(pattern + 1)));
      double middle = low + (high - low) / 2;
      double points[3] = {std::nextafter(middle, low), middle, std::nextafter(middle, high)};
      uint16_t rounded[3];
      svari_convert_find(SVAR_FLOAT64, half)(points, rounded, 3);
      ASSERT_EQ(rounded[0], pattern);
      ASSERT_EQ(rounded[1], pattern + pattern % 2);
      ASSERT_EQ(rounded[2], pattern + 1);
    }
  }
}

// Floats on both sides of, and at, every point where the float32 that is given rounds to another half.
std::vector<float>
rounding_floats(svar_dtype_t half)
{
  std::vector<float> floats;
  for (int pattern = 0; pattern < narrow(half).infinity(); pattern++) {
    long double low = narrow(half).decode(static_cast<uint16_t>(pattern));
    int next = std::min(pattern + 1, narrow(half).infinity() - 1);
    long double gap = next > pattern
                          ? narrow(half).decode(static_cast<uint16_t>(next)) - low
                          : low - narrow(half).decode(static_cast<uint16_t>(pattern - 1));
    for (long double point : {low, low + gap / 2}) {
      float near = static_cast<float>(point); // exact: 16-bit floats have many bits fewer
      for (float value : {std::nextafter(near, -INFINITY), near, std::nextafter(near, INFINITY)}) {
        floats.insert(floats.end(), {value, -value});
      }
    }
  }
  return floats;
}

TEST(Convert, EveryInstructionSetRoundsFloatsAtEveryBoundaryOfA16BitFloat)
{
  for (svar_dtype_t half : {SVAR_FLOAT16, SVAR_BFLOAT16}) {
    std::vector<float> floats = rounding_floats(half);
    std::vector<uint16_t> rounded(floats.size());
    for (size_t set = 0; set < svari_convert_set_count(); set++) {
      svari_convert_find_in(set, SVAR_FLOAT32, half)(floats.data(), rounded.data(), floats.size());
      for (size_t i = 0; i < floats.size(); i++) {
        ASSERT_EQ(rounded[i], narrow(half).encode(floats[i]))
            << svar_dtype_name(half) << ", instruction set " << set << ", " << floats[i];
      }
    }
  }
}

// Any bits are a float: NaN, subnormals and exponents of all sizes among them.
template <typename T>
void
expect_random_bits(svar_dtype_t from, const std::vector<svar_dtype_t> &targets)
{
  std::mt19937_64 random(20240117);
  std::vector<T> source(20011);
  for (T &number : source) {
    uint64_t bits = random();
    std::memcpy(&number, &bits, sizeof(number));
  }
  for (svar_dtype_t to : targets) {
    size_t bytes = svar_dtype_bytes(to);
    Aligned result(source.size() * bytes);
    for (size_t set = 0; set < svari_convert_set_count(); set++) {
      svari_convert_find_in(set, from, to)(source.data(), result.data(), source.size());
      for (size_t i = 0; i < source.size(); i++) {
        const auto *element = reinterpret_cast<const unsigned char *>(&source[i]);
        Bytes expected = write(to, read(from, element));
        ASSERT_TRUE(same(to, result.data() + i * bytes, expected.data()))
            << svar_dtype_name(from) << " to " << svar_dtype_name(to) << ", instruction set " << set
            << ", " << +source[i];
      }
    }
  }
}

TEST(Convert, RandomBitsAgreeWithTheReferenceInEveryInstructionSet)
{
  expect_random_bits<float>(SVAR_FLOAT32, convertible());
  expect_random_bits<double>(SVAR_FLOAT64, convertible());
  expect_random_bits<int64_t>(SVAR_INT64, convertible());
  expect_random_bits<uint64_t>(SVAR_UINT64, convertible());
}

TEST(Convert, NarrowingIgnoresTheRoundingModeOfTheThread)
{
  for (svar_dtype_t half : {SVAR_FLOAT16, SVAR_BFLOAT16}) {
    std::vector<float> floats = rounding_floats(half);
    std::vector<double> doubles(floats.begin(), floats.end());
    size_t count = floats.size();
    for (size_t set = 0; set < svari_convert_set_count(); set++) {
      for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        std::vector<uint16_t> from_floats(count), from_doubles(count);
        std::fesetround(mode);
        svari_convert_find_in(set, SVAR_FLOAT32, half)(floats.data(), from_floats.data(), count);
        svari_convert_find_in(set, SVAR_FLOAT64, half)(doubles.data(), from_doubles.data(), count);
        std::fesetround(FE_TONEAREST);
        for (size_t i = 0; i < count; i++) {
          uint16_t expected = narrow(half).encode(floats[i]);
          ASSERT_EQ(from_floats[i], expected) << svar_dtype_name(half) << ", " << floats[i];
          ASSERT_EQ(from_doubles[i], expected) << svar_dtype_name(half) << ", " << floats[i];
        }
      }
    }
  }
}

TEST(Convert, TouchesExactlyTheElementsAskedFor)
{
  for (size_t count = 0; count < 70; count++) {
    std::vector<float> source(count + 1, 1.5f);
    for (size_t set = 0; set < svari_convert_set_count(); set++) {
      std::vector<double> result(count + 1, -1.0);
      std::vector<uint16_t> halves(count + 1, 7);
      svari_convert_find_in(set, SVAR_FLOAT32, SVAR_FLOAT64)(source.data(), result.data(), count);
      svari_convert_find_in(set, SVAR_FLOAT32, SVAR_FLOAT16)(source.data(), halves.data(), count);
      for (size_t i = 0; i < count; i++) {
        ASSERT_EQ(result[i], 1.5);
        ASSERT_EQ(halves[i], 0x3e00);
      }
      ASSERT_EQ(result[count], -1.0);
      ASSERT_EQ(halves[count], 7);
    }
  }
}

} // namespace
