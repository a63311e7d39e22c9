// A part of a test in a process of its own, for a process joins only one RouDi in its life, which ends it when it
// is told to end.
#ifndef TESTS_FAKES_IN_PROCESS_HPP
#define TESTS_FAKES_IN_PROCESS_HPP

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "fakes/scratch.hpp"

/// Returns when body has; its failures are the test's.
inline void
InProcess(const std::function<void()> &body)
{
  svar_test::Child child([&]() -> int {
    alarm(60); // an orphan ends, too
    body();
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  });
  EXPECT_EQ(child.wait(), 0);
}

#endif
