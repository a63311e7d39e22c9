// Errors: a code for the program, a sentence for the person, both made in one expression.
#ifndef SHARED_VARIABLE_ERROR_H
#define SHARED_VARIABLE_ERROR_H

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

// One list makes the enum, svar_ret_name() and svar_ret_text(). Append only: the numbers are ABI.
// Codes 20-29 keep Theano's kinds of error apart (TypeError, ValueError, OverflowError, ...).
#define SVAR_RET_LIST(X)                                                                           \
  X(SVAR_OK, 0, "success")                                                                         \
  X(SVAR_EMPTY, 1, "nothing to take right now")                                                    \
  X(SVAR_TIMEOUT, 2, "the time given has passed")                                                  \
  X(SVAR_INTERRUPTED, 3, "a signal handler ran while waiting")                                     \
  X(SVAR_ERR_ARGUMENT, 10, "an argument breaks the function's contract")                           \
  X(SVAR_ERR_NO_MEMORY, 11, "the allocator returned NULL")                                         \
  X(SVAR_ERR_UNSUPPORTED, 12, "this machine or this build cannot do that")                         \
  X(SVAR_ERR_SYSTEM, 13, "the operating system refused a call")                                    \
  X(SVAR_ERR_SYNTAX, 14, "a text or file does not parse")                                          \
  X(SVAR_ERR_TYPE, 20, "the value does not fit the variable's type")                               \
  X(SVAR_ERR_VALUE, 21, "the value itself is not acceptable")                                      \
  X(SVAR_ERR_RANGE, 22, "a number is outside the range of the target")                             \
  X(SVAR_ERR_NOT_IMPLEMENTED, 23, "this combination is not offered")                               \
  X(SVAR_ERR_INDEX, 24, "more indices than dimensions, or one out of range")                       \
  X(SVAR_ERR_STATE, 25, "the object is not in a state that allows the call")                       \
  X(SVAR_ERR_NOT_FOUND, 30, "no such store, variable, file or component")                          \
  X(SVAR_ERR_EXISTS, 31, "the name is already taken")                                              \
  X(SVAR_ERR_HELD, 32, "another process holds the store")                                          \
  X(SVAR_ERR_BUSY, 33, "readers pin every version that could be reused")                           \
  X(SVAR_ERR_NO_SPACE, 34, "the memory behind the store is full")                                  \
  X(SVAR_ERR_FORKED, 35, "the handle belongs to the parent process")                               \
  X(SVAR_ERR_LAYOUT, 36, "the file was written by an incompatible build")                          \
  X(SVAR_ERR_CORRUPT, 37, "the bytes found contradict each other")                                 \
  X(SVAR_ERR_STALE, 38, "the store was removed or replaced")                                       \
  X(SVAR_ERR_PERMISSION, 39, "the operating system denies access")                                 \
  X(SVAR_ERR_READERS_FULL, 40, "every reader slot of the store is taken")                          \
  X(SVAR_ERR_READ_ONLY, 41, "this handle may read but not commit")                                 \
  X(SVAR_ERR_UNSET, 42, "the variable has no value")                                               \
  X(SVAR_ERR_NO_ROUDI, 50, "the iceoryx daemon does not answer")                                   \
  X(SVAR_ERR_MESSAGES, 51, "the message plane refused a call")                                     \
  X(SVAR_ERR_COMPONENT, 60, "a component is missing, of another ABI, or failed")                   \
  X(SVAR_ERR_ASSERTION, 26, "a promise made about the value does not hold")                        \
  X(SVAR_ERR_RUNTIME, 27, "a function's input would be replaced")                                  \
  X(SVAR_ERR_UNUSED, 28, "an input of a function is not used, or listed twice")                    \
  X(SVAR_ERR_MISSING, 29, "a function needs an input that was not listed")                         \
  X(SVAR_ERR_CONTEXT, 70, "no such GPU, or none that this process may use")                        \
  X(SVAR_ERR_DEVICE, 71, "the GPU failed, or its driver refused a call")

#define SVAR_RET_ENUM(name, value, text) name = value,
typedef enum svar_ret { SVAR_RET_LIST(SVAR_RET_ENUM) } svar_ret_t;
#undef SVAR_RET_ENUM

/// The enumerator's own spelling ("SVAR_ERR_HELD"), or "SVAR_RET_UNKNOWN". Static text.
SVAR_PUBLIC const char *svar_ret_name(svar_ret_t ret);
/// What the code means, in a few words. Static text.
SVAR_PUBLIC const char *svar_ret_text(svar_ret_t ret);

/// The sentence of this thread's last failure: what was tried, on what, with which values, and what
/// to do. Borrowed: valid until the next failure in this thread. Never NULL; "" before the first.
/// Success does not clear it; SVAR_EMPTY, SVAR_TIMEOUT and SVAR_INTERRUPTED do not set it.
SVAR_PUBLIC const char *svar_error_message(void);

/// Sets this thread's message and returns code: `return svar_fail(SVAR_ERR_ARGUMENT, "...", ...);`
/// The one who discovers a failure writes the sentence. Allocates nothing; keeps errno.
SVAR_PUBLIC svar_ret_t svar_fail(svar_ret_t code, const char *format, ...) SVAR_PRINTF(2, 3);
/// Puts "<context>: " before this thread's message, for one who passes a failure on.
SVAR_PUBLIC void svar_fail_context(const char *format, ...) SVAR_PRINTF(1, 2);

/// Public functions check their contract with this; it and SVAR_TRY are the only macros that return.
#define SVAR_REQUIRE(condition)                                                                    \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      return svar_fail(SVAR_ERR_ARGUMENT, "%s: the call breaks its contract: %s", __func__,        \
                       #condition);                                                                \
    }                                                                                              \
  } while (0)

/// Returns from the enclosing function what `call` returned, unless that is SVAR_OK.
#define SVAR_TRY(call)                                                                             \
  do {                                                                                             \
    svar_ret_t svar_try_ret = (call);                                                              \
    if (svar_try_ret != SVAR_OK) {                                                                 \
      return svar_try_ret;                                                                         \
    }                                                                                              \
  } while (0)

SVAR_END_DECLS
#endif
