// The GPU driver of this machine, loaded when it is first asked for: the library is linked to no part of it.
#ifndef SVARI_GPU_DRIVER_H
#define SVARI_GPU_DRIVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "gpu/driver_calls.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

// What came of loading it. All but the first have a sentence, and the code that svari_driver_get() returns.
#define SVARI_DRIVER_STATES(X)                                                                     \
  X(SVARI_DRIVER_READY, SVAR_OK)                   /* with a device at least */                    \
  X(SVARI_DRIVER_MISSING, SVAR_ERR_UNSUPPORTED)    /* no such library */                           \
  X(SVARI_DRIVER_STUB, SVAR_ERR_UNSUPPORTED)       /* the toolkit's, which is for linking only */  \
  X(SVARI_DRIVER_TOO_OLD, SVAR_ERR_UNSUPPORTED)    /* before CUDA 12.0 */                          \
  X(SVARI_DRIVER_INCOMPLETE, SVAR_ERR_UNSUPPORTED) /* lacks a call that we need */                 \
  X(SVARI_DRIVER_DOES_NOT_START, SVAR_ERR_UNSUPPORTED)                                             \
  X(SVARI_DRIVER_NO_DEVICE, SVAR_ERR_CONTEXT) /* none is there, or none is visible */
#define SVARI_DRIVER_STATE(state, ret) state,
typedef enum svari_driver_state { SVARI_DRIVER_STATES(SVARI_DRIVER_STATE) } svari_driver_state_t;
#undef SVARI_DRIVER_STATE

typedef struct svari_driver {
  svari_driver_calls_t calls;
  int version; // 13020 is CUDA 13.2
  int device_count;
  pid_t process; // a child of it cannot use the driver
} svari_driver_t;

// Loads the driver at the first call of the process (tens of milliseconds), which others wait for; what came
// of it stays. The driver is libcuda.so.1, or what the environment variable SVAR_GPU_DRIVER names, unless
// the program has privileges that its user has not. It stays loaded: its threads may run.
svari_driver_state_t svari_driver_state(void);
// The driver, if it is ready.
// SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT as above; SVAR_ERR_FORKED in a child of the process that loaded it
svar_ret_t svari_driver_get(const svari_driver_t **out_driver);

// Where GPUs that a process does not find may be: the end of sentences.
#define SVARI_DRIVER_WHICH_GPUS                                                                    \
  "`nvidia-smi -L` lists those that there are, CUDA_VISIBLE_DEVICES chooses among them, and a "    \
  "container has those that it was given (docker run --gpus all; nvidia.com/gpu in Kubernetes)"
// SVAR_ERR_CONTEXT: there is no GPU of that number here.
svar_ret_t svari_driver_check_number(const svari_driver_t *driver, int number);

// The name of a result of the driver ("CUDA_ERROR_OUT_OF_MEMORY"). Static text, never NULL.
const char *svari_driver_result_name(const svari_driver_t *driver, svari_cu_result_t result);
// After such a result a context takes no more work, and does none: another one cannot be had in the same process.
bool svari_driver_is_final(svari_cu_result_t result);
// SVAR_OK for success. Else the code that the result means, with the sentence "<what>: <name> (<number>)" and
// a remedy where there is one:
// SVAR_ERR_NO_SPACE, SVAR_ERR_CONTEXT, SVAR_ERR_UNSUPPORTED; SVAR_ERR_DEVICE for all others
svar_ret_t svari_driver_result(const svari_driver_t *driver, svari_cu_result_t result,
                               const char *format, ...) SVAR_PRINTF(3, 4);

SVAR_END_DECLS
#endif
