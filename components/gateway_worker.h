// A thread that calls into iceoryx. Such a call may never return: a process, RouDi included, that is killed while
// it holds a lock of a topic leaves it locked. So the component's own thread makes no such call; it watches those
// who do, and gives up on one that is stuck.
#ifndef COMPONENTS_GATEWAY_WORKER_H
#define COMPONENTS_GATEWAY_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared_variable/error.h"

typedef struct svari_gateway_worker svari_gateway_worker_t;

typedef struct svari_gateway_work {
  const char *name; // for messages: "following stores"
  svar_ret_t (*turn)(
      void *context); // again and again, until it fails or is stopped; must come back soon
  void *context;
  int64_t patience_ns; // longest that a turn can take if all is well
} svari_gateway_work_t;

/// Begins. @param[out] out_worker owned: svari_gateway_worker_stop()
/// @retval SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM no thread
SVAR_MUST_USE svar_ret_t svari_gateway_worker_start(const svari_gateway_work_t *work,
                                                    svari_gateway_worker_t **out_worker);
/// SVAR_OK as long as it works. Does not block.
/// @retval SVAR_ERR_MESSAGES a turn does not come back
/// and what a turn failed with, which ended the thread
SVAR_MUST_USE svar_ret_t svari_gateway_worker_check(svari_gateway_worker_t *worker);
/// Ends it, after the turn under way; NULL is a no-op. Blocks up to 2 s.
/// @return false: the turn did not come back. The thread keeps what it uses: nothing of that may be freed, and
/// only the process's end ends it.
SVAR_MUST_USE bool svari_gateway_worker_stop(svari_gateway_worker_t *worker);

#endif
