// A thread, and the nodes that run in it: one, or those that share it by name. It sleeps until the next step
// of any of them is due, or it is rung. Only steps run under the scheduler and on the CPUs asked for.
#ifndef SVARI_COMPONENTS_COMPONENT_WORKER_H
#define SVARI_COMPONENTS_COMPONENT_WORKER_H

#include <pthread.h>

#include "components/component_node.h"
#include "components/wake_word.h"

enum { SVARI_WORKER_NODES_MAX = 64 };

struct svari_component_worker {
  char name[SVARI_THREAD_NAME_BYTES]; ///< that its nodes share it by, or its one node's
  size_t users; ///< the container's: nodes that have this worker, or had it and are not destroyed
  svari_wake_word_t bell; ///< grows with each ring
  pthread_t thread;
  pthread_mutex_t lock; ///< over what follows
  svari_component_node_t *nodes[SVARI_WORKER_NODES_MAX];
  size_t count;
  bool has_ended; ///< the thread is to return
};

/// Starts a thread. realtime says what stack it has, name what it is called; both borrowed for the call.
/// SVAR_ERR_SYSTEM: no thread to be had; SVAR_ERR_NO_MEMORY
svar_ret_t svari_component_worker_create(const char *name, const svari_realtime_t *realtime,
                                         svari_component_worker_t **out_worker);
/// NULL is a no-op. It must have no nodes. Waits for the thread.
void svari_component_worker_destroy(svari_component_worker_t *worker);

/// The node moves in. SVAR_ERR_VALUE: its real-time options are others than those of the nodes here;
/// SVAR_ERR_RANGE: it is full
svar_ret_t svari_component_worker_add(svari_component_worker_t *worker,
                                      svari_component_node_t *node);
/// Gives the worker's idle node a task; the order is filled.
void svari_component_worker_order(svari_component_node_t *node, svari_node_task_t task);
/// Has it look: at tasks, and at whether its nodes are stopping.
void svari_component_worker_ring(svari_component_worker_t *worker);

#endif
