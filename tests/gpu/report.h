// The table that the probe prints: one line a fact, and last how many of those that must hold do.
#ifndef TESTS_GPU_REPORT_H
#define TESTS_GPU_REPORT_H

#include <stdbool.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// A fact that is good to know.
void report_fact(const char *what, const char *format, ...) SVAR_PRINTF(2, 3);
/// A fact that the design relies on. False is a failure; the value says what was found.
void report_check(bool holds, const char *what, const char *format, ...) SVAR_PRINTF(3, 4);
/// Of a call of the library: fails, with its sentence, unless it is SVAR_OK. Returns whether it is.
bool report_call(svar_ret_t ret, const char *what);
/// Prints "N passed, N failed"; returns the program's exit code.
int report_end(void);

/// CLOCK_MONOTONIC in microseconds.
double report_now_us(void);

SVAR_END_DECLS
#endif
