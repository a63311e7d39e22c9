// The table that the probe prints: one line a fact, and last how many of those that must hold do. A line begins with
// "ok" or "FAILED" for what the design relies on, "ok" or "MISSED" for a speed that it is held to.
#ifndef TESTS_GPU_REPORT_H
#define TESTS_GPU_REPORT_H

#include <stdbool.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// A fact that is good to know.
void report_fact(const char *what, const char *format, ...) SVAR_PRINTF(2, 3);
/// A fact that the design relies on. False is a failure; the value says what was found.
void report_check(bool holds, const char *what, const char *format, ...) SVAR_PRINTF(3, 4);
/// A speed, or a time, beside what it is held to. One that is missed fails nothing.
void report_speed(bool is_held, const char *what, const char *format, ...) SVAR_PRINTF(3, 4);
/// GB/s beside those of a ceiling that was found before.
void report_share(const char *what, double found, double ceiling, int least_percent);
/// Of a call of the library: fails, with its sentence, unless it is SVAR_OK. Returns whether it is.
bool report_call(svar_ret_t ret, const char *what);
/// Prints "N passed, N failed", and how many speeds were held and missed; returns the program's exit code.
int report_end(void);

/// CLOCK_MONOTONIC in microseconds.
double report_now_us(void);

SVAR_END_DECLS
#endif
