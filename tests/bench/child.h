// Processes of a benchmark. Every row runs in a child of its own and may start more; none outlives its
// parent. What cannot go on ends its process with a sentence: the row then counts as not measured.
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared_variable/error.h"

// Prints the sentence to stderr and ends the process with code 1.
_Noreturn void bench_fail(const char *format, ...) SVAR_PRINTF(1, 2);

#define BENCH_REQUIRE(condition, ...)                                                              \
  do {                                                                                             \
    if (__builtin_expect(!(condition), 0)) {                                                       \
      bench_fail(__VA_ARGS__);                                                                     \
    }                                                                                              \
  } while (0)

// A call of the library that must not fail.
#define BENCH_OK(call) BENCH_REQUIRE((call) == SVAR_OK, "%s: %s", #call, svar_error_message())

typedef struct bench_child {
  pid_t pid;
  int in, out; // the parent's ends of two pipes
} bench_child_t;

// What the child uses to keep step with its parent; the child's own parent sees bench_child_t.
typedef struct bench_parent {
  int in, out;
} bench_parent_t;

typedef void (*bench_body_t)(bench_parent_t *parent, void *context);

// Forks; the child runs body and ends. Fork before stores are opened: handles are of one process.
void bench_child_start(bench_body_t body, void *context, bench_child_t *out_child);
void bench_child_tell(bench_child_t *child);      // lets one bench_parent_await() return true
void bench_child_await(bench_child_t *child);     // fails if the child ended instead of telling
bool bench_child_try_await(bench_child_t *child); // false if it did
// bench_parent_await() returns false; waits for the end. Fails if the child did not end well.
void bench_child_end(bench_child_t *child);
bool bench_child_try_end(bench_child_t *child); // false if it did not
void bench_child_kill(bench_child_t *child);    // SIGKILL, and waits

bool bench_parent_await(bench_parent_t *parent); // false: the parent wants the end, or is gone
void bench_parent_tell(bench_parent_t *parent);

// Two processes that play with each other, on a CPU each. Both make what is their own; when both have, they find
// what is the other's; when both have, these return.
typedef void (*bench_preparation_t)(void *player);
void bench_child_greet(bench_child_t *child, void *player, bench_preparation_t make_own,
                       bench_preparation_t find_other);
void bench_parent_greet(bench_parent_t *parent, void *player, bench_preparation_t make_own,
                        bench_preparation_t find_other); // what the child calls meanwhile

// Memory that children forked from now on share with this process, zeroed.
void *bench_share(size_t size_bytes);

// Keeps the calling process on the index-th of the CPUs it may use, if there are that many.
void bench_pin(size_t index);
size_t bench_cpu_count(void);

#endif
