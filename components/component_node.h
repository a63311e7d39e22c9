// One component as a node of this process: its name, its parameters, its host services, its thread.
//
// The thread runs the whole life: create, configure, activate, steps, deactivate, cleanup, destroy. The
// container (component_container.h) speaks to it through two words: `orders`, written by the container,
// and `phase`, written by the thread, which also signals the container's event descriptor.
#ifndef SVARI_COMPONENTS_COMPONENT_NODE_H
#define SVARI_COMPONENTS_COMPONENT_NODE_H

#include <pthread.h>
#include <stdatomic.h>

#include "components/lifecycle.h"
#include "components/realtime.h"
#include "components/ros_arguments.h"
#include "components/wake_word.h"
#include "shared_variable/component.h"

/// What the container wants. Only grows.
typedef enum svari_node_order {
  SVARI_ORDER_RUN,
  SVARI_ORDER_STOP_STEPS, ///< no step begins any more
  SVARI_ORDER_TAKE_DOWN   ///< deactivate, cleanup, destroy, and end
} svari_node_order_t;

/// How far the thread is. Only grows.
typedef enum svari_node_phase {
  SVARI_PHASE_WAITING,  ///< no thread yet
  SVARI_PHASE_STARTING, ///< create, configure, activate
  SVARI_PHASE_ACTIVE,
  SVARI_PHASE_STEPS_STOPPED, ///< still active; waits to be taken down
  SVARI_PHASE_FINISHED       ///< the object is destroyed
} svari_node_phase_t;

typedef struct svari_component_node {
  svar_component_host_t host; ///< first: a host's functions find their node behind it
  const svar_component_descriptor_t *descriptor;
  const svari_ros_arguments_t *arguments;
  svari_node_identity_t identity;
  char logger[SVARI_FULL_NAME_BYTES]; ///< the full name with dots: "robot1.policy"
  svar_parameter_value_t *values;     ///< one for each parameter; owned

  const atomic_bool *is_stopping; ///< the container's
  int event_fd;                   ///< the container's; written at each change of phase
  svari_wake_word_t orders;
  _Atomic svari_node_phase_t phase;
  atomic_bool has_failed;
  _Atomic int64_t period_ns; ///< < 0: no steps

  pthread_t thread;
  svari_realtime_t realtime; ///< from here on: the thread's own
  svari_lifecycle_state_t state;
  bool is_created;
  void *self;
} svari_component_node_t;

/// Makes a node of a loaded component. descriptor, arguments and is_stopping are borrowed until destroy.
/// default_name: what rules may rename; is_own_name: it was chosen for this one, rules for all nodes
/// leave it. inherited: the scheduler, if the parameters name none. SVAR_ERR_VALUE: no node can have that
/// name; else as svari_component_parameters_fill() and svari_realtime_read().
svar_ret_t svari_component_node_create(const svar_component_descriptor_t *descriptor,
                                       const svari_ros_arguments_t *arguments,
                                       svari_schedule_t inherited, const char *default_name,
                                       bool is_own_name, svari_component_node_t **out_node);
/// Accepts NULL. The thread must have ended, or never begun.
void svari_component_node_destroy(svari_component_node_t *node);

/// Starts the thread, which brings the component up at once. SVAR_ERR_SYSTEM: no thread to be had.
svar_ret_t svari_component_node_start(svari_component_node_t *node);
/// The node's thread (component_life.c). argument is the node.
void *svari_component_life(void *argument);

#endif
