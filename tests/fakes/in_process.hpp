// A part of a test in a process of its own, for a process joins only one RouDi in its life, which ends it when it
// is told to end.
#ifndef TESTS_FAKES_IN_PROCESS_HPP
#define TESTS_FAKES_IN_PROCESS_HPP

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "fakes/scratch.hpp"

/// Begins body there; its failures make the process's exit code 1.
inline svar_test::Child
BeginInProcess(const std::function<void()> &body)
{
  return svar_test::Child([&]() -> int {
    alarm(60); // an orphan ends, too
    body();
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  });
}

/// Returns when body has; its failures are the test's.
inline void
InProcess(const std::function<void()> &body)
{
  EXPECT_EQ(BeginInProcess(body).wait(), 0);
}

#endif
