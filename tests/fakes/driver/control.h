// What a test says to the stand-in driver, and asks it, beside the driver's own calls. The environment says the
// rest, for processes that a test starts:
//   FAKE_DRIVER_VERSION       13000      what cuDriverGetVersion answers
//   FAKE_DRIVER_DEVICES       1          how many GPUs there are, at most 4
//   FAKE_DRIVER_NO_VMM        (unset)    set: they cannot share memory
//   FAKE_DRIVER_COMPUTE_MODE  0          as the driver counts; any but 0 refuses a context
//   FAKE_DRIVER_MISSING       (unset)    a call that the driver has not
//   FAKE_DRIVER_FAIL          (unset)    "cuMemCreate:2:2": the 2nd call returns 2; "*" is any call
//   FAKE_DRIVER_DELAY_US      0          every piece of a stream's work waits a random time up to this
#ifndef TESTS_FAKES_DRIVER_CONTROL_H
#define TESTS_FAKES_DRIVER_CONTROL_H

#include <stddef.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

typedef struct fake_driver_control {
  /// Call number nth (from 1) of that name returns result instead of doing anything, once. "*": of any name.
  /// NULL: none does. Calls that give something back, or change what is the thread's, are not failed by "*".
  void (*fail)(const char *name, int nth, int result);
  /// Whether it happened since.
  int (*has_failed)(void);
  /// Microseconds that a stream's work waits, at most; as FAKE_DRIVER_DELAY_US.
  void (*delay)(int most_us);
  /// That stream is said to be captured into a graph, from now on, in the mode that forbids other threads' calls;
  /// NULL: none is.
  void (*capture)(const void *stream);
  /// Bytes of the host that are registered now.
  size_t (*registered)(void);
  /// Copies, so far, that were from or to such memory.
  int (*registered_copies)(void);
  /// What is not given back: allocations, reserved and mapped ranges, registered pages, streams, events, modules,
  /// references to contexts.
  int (*live)(void);
} fake_driver_control_t;

/// The one symbol beside the driver's own, "fake_driver_control".
typedef const fake_driver_control_t *(*fake_driver_control_get_t)(void);

SVAR_END_DECLS
#endif
