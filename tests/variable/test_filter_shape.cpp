// Rank, broadcastable axes, and elements wherever they lie.
#include <cctype>
#include <numeric>
#include <string>

#include "arrays.hpp"

namespace
{

svar_ret_t
offer_shape(const svar_type_t &type, std::vector<int64_t> shape)
{
  Array value(type.dtype, std::move(shape));
  return filter(type, value.source()).ret;
}

TEST(FilterShape, AnyExtentIsAcceptedAndReported)
{
  for (int64_t extent : {3, 5, 0, 1}) {
    Array value(SVAR_FLOAT64, {extent});
    Filtered stored = filter(type_of(SVAR_FLOAT64, 1), value.source());
    ASSERT_EQ(stored.ret, SVAR_OK);
    EXPECT_EQ(stored.plan.shape[0], extent);
    EXPECT_EQ(stored.plan.size_bytes, static_cast<uint64_t>(extent) * 8);
  }
}

TEST(FilterShape, RankIsNeverPaddedNorSqueezed)
{
  svar_type_t vector = type_of(SVAR_FLOAT64, 1);
  EXPECT_EQ(offer_shape(vector, {}), SVAR_ERR_TYPE);
  EXPECT_EQ(offer_shape(vector, {1, 3}), SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("rank 1 is expected, shape (1, 3) has rank 2"),
            std::string::npos);
  svar_type_t scalar = type_of(SVAR_FLOAT64, 0);
  EXPECT_EQ(offer_shape(scalar, {1}), SVAR_ERR_TYPE);
  EXPECT_EQ(filter(scalar, vector_of<double>({3.0}).literals()).ret, SVAR_ERR_TYPE);
  EXPECT_EQ(filter(vector, svar_float(3.0)).ret, SVAR_ERR_TYPE);
  EXPECT_EQ(filter(vector, Array(SVAR_FLOAT64, {2, 2}).source(), SVAR_DOWNCAST_UNSET, true).ret,
            SVAR_ERR_TYPE);
}

TEST(FilterShape, ABroadcastableAxisAlwaysHasExtentOne)
{
  svar_type_t row = type_of(SVAR_FLOAT64, 2, 1u);
  EXPECT_EQ(offer_shape(row, {1, 7}), SVAR_OK);
  EXPECT_EQ(offer_shape(row, {1, 0}), SVAR_OK);
  EXPECT_EQ(offer_shape(row, {2, 3}), SVAR_ERR_TYPE);
  EXPECT_EQ(offer_shape(row, {0, 3}), SVAR_ERR_TYPE);
  EXPECT_EQ(offer_shape(row, {3}), SVAR_ERR_TYPE);
  svar_type_t column = type_of(SVAR_FLOAT64, 2, 2u);
  EXPECT_EQ(offer_shape(column, {9, 1}), SVAR_OK);
  EXPECT_EQ(offer_shape(column, {9, 2}), SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("axis 1 is broadcastable"), std::string::npos);
}

TEST(FilterShape, DtypeIsReportedBeforeRank)
{
  Array value(SVAR_FLOAT64, {2, 2});
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), value.source()).ret, SVAR_ERR_TYPE);
  EXPECT_EQ(std::string(svar_error_message()).find("rank"), std::string::npos);
}

TEST(FilterShape, ImpossibleShapesAreArgumentErrors)
{
  Array value = vector_of<double>({1.0});
  int64_t huge[2] = {INT64_C(1) << 40, INT64_C(1) << 40};
  int64_t negative[2] = {-1, 2};
  int64_t wide[2] = {2, 2};
  int64_t far[2] = {INT64_MAX / 4, 1};
  svar_type_t matrix = type_of(SVAR_FLOAT64, 2);
  for (int64_t *shape : {huge, negative}) {
    DLTensor broken = svar_tensor(SVAR_FLOAT64, value.as<void>(), 2, shape);
    EXPECT_EQ(filter(matrix, svar_array(&broken)).ret, SVAR_ERR_ARGUMENT);
  }
  DLTensor strided = svar_tensor(SVAR_FLOAT64, value.as<void>(), 2, wide);
  strided.strides = far;
  EXPECT_EQ(filter(matrix, svar_array(&strided)).ret, SVAR_ERR_ARGUMENT);
  far[0] = INT64_MIN;
  EXPECT_EQ(filter(matrix, svar_array(&strided)).ret, SVAR_ERR_ARGUMENT);
  DLTensor deep = svar_tensor(SVAR_FLOAT64, value.as<void>(), SVAR_NDIM_MAX + 1, wide);
  EXPECT_EQ(filter(matrix, svar_array(&deep)).ret, SVAR_ERR_ARGUMENT);
  DLTensor nothing = svar_tensor(SVAR_FLOAT64, nullptr, 2, wide);
  EXPECT_EQ(filter(matrix, svar_array(&nothing)).ret, SVAR_ERR_ARGUMENT);
}

TEST(FilterShape, AWideningThatOutgrowsTheAddressSpaceIsRefused)
{
  char byte = 1;
  int64_t shape[1] = {INT64_MAX};
  DLTensor bytes = svar_tensor(SVAR_INT8, &byte, 1, shape); // its data are never read
  svari_filter_plan_t plan;
  svar_type_t type = type_of(SVAR_FLOAT64, 1);
  svar_source_t source = svar_array(&bytes);
  EXPECT_EQ(svari_filter_check(&type, false, SVAR_DOWNCAST_UNSET, "wts", &source, &plan),
            SVAR_ERR_ARGUMENT);
}

TEST(FilterShape, EmptyValuesWithWildStridesAreFine)
{
  int64_t shape[3] = {3, 0, INT64_MAX / 32};
  int64_t strides[3] = {INT64_MAX, INT64_MIN, 7};
  DLTensor empty = svar_tensor(SVAR_FLOAT32, nullptr, 3, shape);
  empty.strides = strides;
  Filtered stored = filter(type_of(SVAR_FLOAT64, 3), svar_array(&empty));
  EXPECT_EQ(stored.ret, SVAR_OK);
  EXPECT_EQ(stored.plan.size_bytes, 0u);
}

// A walk over arbitrary strides, by index arithmetic alone.
template <typename T>
std::vector<double>
gathered(const T *first, const std::vector<int64_t> &shape, const std::vector<int64_t> &strides)
{
  int64_t count = std::accumulate(shape.begin(), shape.end(), INT64_C(1), std::multiplies<>());
  std::vector<double> values;
  for (int64_t flat = 0; flat < count; flat++) {
    int64_t rest = flat;
    int64_t offset = 0;
    for (size_t axis = shape.size(); axis-- > 0;) {
      offset += rest % shape[axis] * strides[axis];
      rest /= shape[axis];
    }
    values.push_back(first[offset]);
  }
  return values;
}

struct Walk {
  const char *what;
  int64_t first; // of 24 * 1000 elements
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
};

const Walk walks[] = {
    {"compact", 0, {24, 1000}, {1000, 1}},
    {"transposed", 0, {1000, 24}, {1, 1000}},
    {"transposed and backwards", 23999, {1000, 24}, {-1, -1000}},
    {"planes transposed", 0, {4, 1000, 6}, {6000, 1, 1000}},
    {"transposed, not by whole tiles", 30, {131, 70}, {2, 300}},
    {"every second column", 0, {24, 500}, {1000, 2}},
    {"rows with a gap", 3, {24, 777}, {1000, 1}},
    {"backwards", 23999, {24000}, {-1}},
    {"rows backwards", 23000, {24, 1000}, {-1000, 1}},
    {"one element many times", 17, {30, 700}, {0, 0}},
    {"one row many times", 17, {30, 700}, {0, 1}},
    {"axes of extent one with wild strides", 5, {1, 90, 1}, {INT64_MAX, 3, INT64_MIN}},
    {"four axes", 1, {2, 3, 5, 7}, {7, 1000, 0, 13}},
    {"sixteen axes",
     0,
     {2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 3},
     {1, 0, 8, 0, 3, 0, 900, 0, 64, 0, 5000, 0, 0, 0, 0, 11}},
    {"merging outer axes only", 0, {4, 6, 500}, {6000, 1000, 2}},
};

class FilterStrides : public ::testing::TestWithParam<Walk>
{
};

template <typename T>
void
expect_walk(const Walk &walk, svar_dtype_t to, size_t misalignment)
{
  std::vector<unsigned char> memory(24000 * sizeof(T) + 16);
  size_t shift = 16 - reinterpret_cast<uintptr_t>(memory.data()) % 16 + misalignment;
  shift %= 16;
  std::vector<T> values(24000);
  for (size_t i = 0; i < values.size(); i++) {
    values[i] = static_cast<T>(i % 120);
  }
  std::memcpy(memory.data() + shift, values.data(), 24000 * sizeof(T));

  std::vector<int64_t> shape = walk.shape;
  std::vector<int64_t> strides = walk.strides;
  DLTensor tensor =
      svar_tensor(dtype_of<T>(), memory.data(), static_cast<int32_t>(shape.size()), shape.data());
  tensor.strides = strides.data();
  tensor.byte_offset = shift + static_cast<size_t>(walk.first) * sizeof(T);
  Filtered stored = filter(type_of(to, tensor.ndim), svar_array(&tensor));
  ASSERT_EQ(stored.ret, SVAR_OK) << svar_error_message();
  std::vector<double> expected = gathered(values.data() + walk.first, shape, strides);
  if (svar_dtype_equal(to, SVAR_FLOAT64)) {
    ASSERT_EQ(stored.as<double>(), expected);
  } else {
    std::vector<T> same = stored.as<T>();
    ASSERT_EQ(std::vector<double>(same.begin(), same.end()), expected);
  }
}

TEST_P(FilterStrides, AreWalkedInRowMajorOrder)
{
  for (size_t misalignment : {0, 1, 2, 4}) {
    SCOPED_TRACE(misalignment);
    expect_walk<float>(GetParam(), SVAR_FLOAT64, misalignment);
    expect_walk<int8_t>(GetParam(), SVAR_FLOAT64, misalignment);
    expect_walk<int8_t>(GetParam(), SVAR_INT8, misalignment);
    expect_walk<int16_t>(GetParam(), SVAR_INT16, misalignment);
    expect_walk<float>(GetParam(), SVAR_FLOAT32, misalignment);
    expect_walk<double>(GetParam(), SVAR_FLOAT64, misalignment);
  }
}

INSTANTIATE_TEST_SUITE_P(Walks, FilterStrides, ::testing::ValuesIn(walks), [](const auto &walk) {
  std::string name = walk.param.what;
  for (char &letter : name) {
    letter = std::isalnum(letter) != 0 ? letter : '_';
  }
  return name;
});

TEST(FilterStrides, ComplexElementsMoveWhole)
{
  using Complex = std::complex<double>;
  Array value = vector_of<Complex>({{1, 2}, {3, 4}, {5, 6}});
  int64_t backwards[1] = {-1};
  value.tensor().strides = backwards;
  value.tensor().byte_offset = 2 * sizeof(Complex);
  EXPECT_EQ(filter(type_of(SVAR_COMPLEX128, 1), value.source()).as<Complex>(),
            (std::vector<Complex>{{5, 6}, {3, 4}, {1, 2}}));
}

} // namespace
