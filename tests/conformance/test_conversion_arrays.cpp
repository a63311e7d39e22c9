// What an array may become is decided by its dtype alone.
#include <cmath>
#include <sstream>

#include "case.hpp"

using conformance::Case;
using conformance::contents_of;
using conformance::Variable;

namespace
{

// Rows are targets, columns sources, both in the order of theano_dtypes(); Y: the target holds every
// number of the source, as NumPy promotes.
const char TABLE[] = "bool        Y  .  .  .  .  .  .  .  .  .  .  .  .  .\n"
                     "int8        Y  Y  .  .  .  .  .  .  .  .  .  .  .  .\n"
                     "int16       Y  Y  Y  .  .  Y  .  .  .  .  .  .  .  .\n"
                     "int32       Y  Y  Y  Y  .  Y  Y  .  .  .  .  .  .  .\n"
                     "int64       Y  Y  Y  Y  Y  Y  Y  Y  .  .  .  .  .  .\n"
                     "uint8       Y  .  .  .  .  Y  .  .  .  .  .  .  .  .\n"
                     "uint16      Y  .  .  .  .  Y  Y  .  .  .  .  .  .  .\n"
                     "uint32      Y  .  .  .  .  Y  Y  Y  .  .  .  .  .  .\n"
                     "uint64      Y  .  .  .  .  Y  Y  Y  Y  .  .  .  .  .\n"
                     "float16     Y  Y  .  .  .  Y  .  .  .  Y  .  .  .  .\n"
                     "float32     Y  Y  Y  .  .  Y  Y  .  .  Y  Y  .  .  .\n"
                     "float64     Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  .  .\n"
                     "complex64   Y  Y  Y  .  .  Y  Y  .  .  Y  Y  .  Y  .\n"
                     "complex128  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y\n";

// The rows of the table as dtype names and words.
std::vector<std::vector<std::string>>
table_rows()
{
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(TABLE);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> row;
    for (std::string word; words >> word;) {
      row.push_back(word);
    }
    rows.push_back(row);
  }
  return rows;
}

// One element of a dtype, as bytes: the number one.
std::vector<unsigned char>
one(svar_dtype_t dtype)
{
  std::vector<unsigned char> bytes(svar_dtype_bytes(dtype), 0);
  auto store = [&bytes](auto number) { memcpy(bytes.data(), &number, sizeof(number)); };
  if (svar_dtype_equal(dtype, SVAR_FLOAT16)) {
    store(uint16_t(0x3c00));
  } else if (svar_dtype_equal(dtype, SVAR_FLOAT32) || svar_dtype_equal(dtype, SVAR_COMPLEX64)) {
    store(1.0f);
  } else if (svar_dtype_equal(dtype, SVAR_FLOAT64) || svar_dtype_equal(dtype, SVAR_COMPLEX128)) {
    store(1.0);
  } else {
    bytes[0] = 1;
  }
  return bytes;
}

// arr(dtype, [1, 1])
Array
ones(svar_dtype_t dtype)
{
  std::vector<unsigned char> bytes = one(dtype);
  std::vector<unsigned char> twice(bytes);
  twice.insert(twice.end(), bytes.begin(), bytes.end());
  return Array(twice, {2}, dtype);
}

// Every pair of dtypes, with these flags: is_accepted(target, source, what the table says) decides.
void
expect_matrix(Case &test, svar_downcast_t allow_downcast, bool strict,
              bool (*is_accepted)(size_t target, size_t source, bool is_in_table))
{
  const std::vector<svar_dtype_t> &dtypes = theano_dtypes();
  std::vector<std::vector<std::string>> table = table_rows();
  ASSERT_EQ(table.size(), dtypes.size());
  for (size_t t = 0; t < dtypes.size(); t++) {
    ASSERT_EQ(table[t].size(), dtypes.size() + 1);
    ASSERT_EQ(table[t][0], svar_dtype_name(dtypes[t]));
    for (size_t s = 0; s < dtypes.size(); s++) {
      SCOPED_TRACE(table[t][0] + " from " + table[s][0]);
      Variable variable = test.zeros(dtypes[t], {2}, allow_downcast, strict);
      Array source = ones(dtypes[s]);
      if (is_accepted(t, s, table[t][s + 1] == "Y")) {
        EXPECT_EQ(test.set(variable, source.source()), contents_of(ones(dtypes[t])));
      } else {
        test.expect_refused(SVAR_ERR_TYPE, variable, source.source());
      }
    }
  }
}

bool
as_the_table_says(size_t, size_t, bool is_in_table)
{
  return is_in_table;
}

bool
always(size_t, size_t, bool)
{
  return true;
}

bool
only_the_same(size_t target, size_t source, bool)
{
  return target == source;
}

} // namespace

SVAR_CASE(70, ArraysAreAcceptedByDtypeAsInTheTable)
{
  expect_matrix(*this, SVAR_DOWNCAST_UNSET, false, as_the_table_says);
}

SVAR_CASE(71, DowncastFalseIsTheSameTableForArrays)
{
  expect_matrix(*this, SVAR_DOWNCAST_FALSE, false, as_the_table_says);
}

SVAR_CASE(72, DowncastTrueAcceptsEveryPair)
{
  expect_matrix(*this, SVAR_DOWNCAST_TRUE, false, always);
}

SVAR_CASE_ON_HOST(73, StrictAcceptsTheDiagonalOnly)
{
  expect_matrix(*this, SVAR_DOWNCAST_UNSET, true, only_the_same);
}

SVAR_NOT_ON(GPU, 73, "strict means an array that is on the GPU already: case 239")

SVAR_CASE(74, StrictWinsOverDowncast)
{
  Variable s = zeros(SVAR_FLOAT32, {1}, SVAR_DOWNCAST_TRUE, true);
  expect_refused(SVAR_ERR_TYPE, s, vector_of<double>({1}).source());
  EXPECT_MESSAGE("strict");
  Variable wide = zeros(SVAR_FLOAT64, {1}, SVAR_DOWNCAST_TRUE, true);
  expect_refused(SVAR_ERR_TYPE, wide, vector_of<float>({1}).source());
}

SVAR_CASE(75, ANarrowerFloatRefusesAnArrayButTakesExactLiterals)
{
  Variable s = zeros(SVAR_FLOAT32, {1});
  Array half = vector_of<double>({0.5});
  expect_refused(SVAR_ERR_TYPE, s, half.source());
  EXPECT_EQ(set(s, half.literals()).as<float>(), std::vector<float>{0.5f});
}

SVAR_CASE(76, ANarrowerIntegerRefusesAnArrayButTakesLiterals)
{
  Variable s = zeros(SVAR_INT32, {1});
  Array five = vector_of<int64_t>({5});
  expect_refused(SVAR_ERR_TYPE, s, five.source());
  EXPECT_EQ(set(s, five.literals()).as<int32_t>(), std::vector<int32_t>{5});
  Variable number = zeros(SVAR_INT32, {});
  int64_t typed = 5;
  EXPECT_EQ(set(number, svar_scalar(SVAR_INT64, &typed)).as<int32_t>(), std::vector<int32_t>{5});
}

SVAR_CASE(78, LargeIntegersOfAnArrayAreRoundedByFloat64)
{
  Variable s = zeros(SVAR_FLOAT64, {1});
  Array x = vector_of<int64_t>({(INT64_C(1) << 53) + 1});
  EXPECT_EQ(set(s, x.source()).as<double>(), std::vector<double>{0x1p53});
}

SVAR_CASE(94, AComplexArrayBecomesRealOnlyByDowncast)
{
  Array x = vector_of<std::complex<double>>({{1, 2}});
  expect_refused(SVAR_ERR_TYPE, zeros(SVAR_FLOAT64, {1}), x.source());
  Variable s = zeros(SVAR_FLOAT64, {1}, SVAR_DOWNCAST_TRUE);
  EXPECT_EQ(set(s, x.source()).as<double>(), std::vector<double>{1.0});
}

SVAR_CASE_ON_HOST(105, StrictTakesAnyExtentsOfItsRankAndDtype)
{
  Variable s = zeros(SVAR_FLOAT64, {2}, SVAR_DOWNCAST_UNSET, true);
  EXPECT_EQ(set(s, vector_of<double>({1, 2, 3}).source()).as<double>(),
            (std::vector<double>{1, 2, 3}));
  expect_refused(SVAR_ERR_TYPE, s, Array(SVAR_FLOAT64, {2, 2}).source());
  expect_refused(SVAR_ERR_TYPE, s, vector_of<double>({1, 2}).literals());
}

SVAR_NOT_ON(GPU, 105, "strict means an array that is on the GPU already: case 239")

SVAR_NOT_APPLICABLE(114, "DLPack has no byte order: every array is of the machine's own")

SVAR_CASE(115, AWrongDtypeIsReportedBeforeAWrongRank)
{
  Variable s = zeros(SVAR_FLOAT32, {2});
  expect_refused(SVAR_ERR_TYPE, s, Array(SVAR_FLOAT64, {2, 2}).source());
  EXPECT_MESSAGE("float32 does not hold every float64");
}

SVAR_CASE(116, TheRefusalNamesTheVariable)
{
  Variable s = shared(Array(SVAR_FLOAT32, {2}).source(), options("wts"));
  expect_refused(SVAR_ERR_TYPE, s, Array(SVAR_FLOAT64, {2}).source());
  EXPECT_MESSAGE("'wts'");
}

SVAR_CASE(118, TruthValuesAreAcceptedByEveryDtype)
{
  Array truths = vector_of<bool>({true, true});
  Array falsities = vector_of<bool>({false, false});
  for (svar_dtype_t dtype : theano_dtypes()) {
    SCOPED_TRACE(svar_dtype_name(dtype));
    Variable s = zeros(dtype, {1});
    EXPECT_EQ(set(s, truths.source()), contents_of(ones(dtype)));
    EXPECT_EQ(set(s, falsities.source()), contents_of(Array(dtype, {2})));
  }
}
