// Extents are free, rank and broadcastable axes are not.
#include "case.hpp"

using conformance::Variable;

namespace
{

// The options of a case with broadcastable flags.
template <size_t N>
svar_shared_options_t
with_flags(svar_shared_options_t options, const bool (&flags)[N])
{
  options.broadcastable = flags;
  options.broadcastable_count = N;
  return options;
}

} // namespace

SVAR_CASE(119, EverySetMayChangeTheExtents)
{
  Variable s = zeros(SVAR_FLOAT64, {3});
  for (int64_t extent : {5, 0, 3}) {
    Array x(SVAR_FLOAT64, {extent});
    EXPECT_EQ(set(s, x.source()), conformance::contents_of(x));
  }
}

SVAR_CASE(120, TheRankIsFixedAndNothingIsSqueezed)
{
  Variable vector = zeros(SVAR_FLOAT64, {2});
  expect_refused(SVAR_ERR_TYPE, vector, Array(SVAR_FLOAT64, {}).source());
  EXPECT_MESSAGE("rank 1");
  expect_refused(SVAR_ERR_TYPE, vector, Array(SVAR_FLOAT64, {1, 2}).source());
  EXPECT_MESSAGE("(1, 2)");
  expect_refused(SVAR_ERR_TYPE, vector, svar_float(3.0));
  Variable number = zeros(SVAR_FLOAT64, {});
  expect_refused(SVAR_ERR_TYPE, number, Array(SVAR_FLOAT64, {1}).source());
  expect_refused(SVAR_ERR_TYPE, number, vector_of<double>({3.0}).literals());
}

SVAR_CASE(121, ABroadcastableAxisHasExtentOneForEver)
{
  Variable row = shared(Array(SVAR_FLOAT64, {1, 3}).source(), with_flags(options(), {true, false}));
  svar_type_t type = svar_variable_type(row.get());
  EXPECT_EQ(type.broadcastable, 1u);
  EXPECT_EQ(set(row, Array(SVAR_FLOAT64, {1, 7}).source()).shape, (std::vector<int64_t>{1, 7}));
  expect_refused(SVAR_ERR_TYPE, row, Array(SVAR_FLOAT64, {2, 3}).source());
  EXPECT_MESSAGE("axis 0 is broadcastable");
  expect_refused(SVAR_ERR_TYPE, row, Array(SVAR_FLOAT64, {0, 3}).source());
  expect_refused(SVAR_ERR_TYPE, row, Array(SVAR_FLOAT64, {3}).source());
}

SVAR_CASE(122, AnyAxisCanBeBroadcastable)
{
  Variable column =
      shared(Array(SVAR_FLOAT64, {4, 1}).source(), with_flags(options(), {false, true}));
  EXPECT_EQ(svar_variable_type(column.get()).broadcastable, 2u);
  EXPECT_EQ(set(column, Array(SVAR_FLOAT64, {9, 1}).source()).shape, (std::vector<int64_t>{9, 1}));
  expect_refused(SVAR_ERR_TYPE, column, Array(SVAR_FLOAT64, {9, 2}).source());
}

SVAR_CASE(123, TheFirstValueMustFitTheFlags)
{
  Array x(SVAR_FLOAT64, {2, 3});
  expect_not_shared(SVAR_ERR_TYPE, x.source(), with_flags(options("w"), {true, false}));
  EXPECT_MESSAGE("axis 0 is broadcastable");
  expect_not_shared(SVAR_ERR_TYPE, x.source(), with_flags(options("w"), {false}));
  EXPECT_MESSAGE("1 broadcastable flags for an array of rank 2");
  Variable s = shared(x.source(), with_flags(options("w"), {false, false}));
  EXPECT_EQ(svar_variable_type(s.get()).broadcastable, 0u) << "a refused name is free again";
}

SVAR_CASE(124, NumbersServeAsFlags)
{
  Variable row = shared(Array(SVAR_FLOAT64, {1, 3}).source(), with_flags(options(), {1, 0}));
  EXPECT_EQ(svar_variable_type(row.get()).broadcastable, 1u);
}

SVAR_NOT_APPLICABLE(129,
                    "extents are no part of a type; a broadcastable axis is the one that is fixed")
