// For tests of what programs of other builds rely on.
#ifndef TESTS_FAKES_OFFSET_HPP
#define TESTS_FAKES_OFFSET_HPP

#include <gtest/gtest.h>

#include <cstddef>

#define EXPECT_OFFSET(type, member, offset) EXPECT_EQ(offsetof(type, member), size_t(offset))

#endif
