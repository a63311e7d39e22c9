// What a crash run says at its end.
#ifndef SVAR_TESTS_CRASH_REPORT_H
#define SVAR_TESTS_CRASH_REPORT_H

#include <stdbool.h>

#include "tests/crash/supervisor.h"

// Prints the table of points, the figures, and "N passed, N failed". True if nothing failed.
bool crash_report(const crash_options_t *options, const crash_arena_t *arena,
                  const crash_result_t *result);

#endif
