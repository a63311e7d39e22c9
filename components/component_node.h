// One component as a node of this process: its name, its parameters, its host services, its state.
//
// What happens to it happens in the thread of its worker (component_worker.h). The container asks for it,
// one task at a time: it fills the order, stores its task and rings the worker; the worker does it, fills
// the outcome, stores TASK_NONE and signals the container's event descriptor. So order and outcome belong
// to one of the two at any time, and the stores of the task hand them over. The last task is TAKE_DOWN:
// when it is done the worker knows the node no more.
#ifndef SVARI_COMPONENTS_COMPONENT_NODE_H
#define SVARI_COMPONENTS_COMPONENT_NODE_H

#include <stdatomic.h>

#include "components/lifecycle.h"
#include "components/node_arguments.h"
#include "components/realtime.h"
#include "components/step_schedule.h"
#include "shared_variable/component.h"

enum { SVARI_OUTCOME_BYTES = 512 };

typedef enum svari_node_task {
  SVARI_TASK_NONE,
  SVARI_TASK_BRING_UP, ///< create, configure, activate, as far as order.goal; destroy if that fails
  SVARI_TASK_CHANGE,   ///< order.transition
  SVARI_TASK_SET,      ///< order.value, if the component takes it
  SVARI_TASK_STOP_STEPS, ///< no step begins any more
  SVARI_TASK_TAKE_DOWN ///< deactivate, cleanup, shutdown, destroy; then the worker forgets the node
} svari_node_task_t;

typedef struct svari_node_order {
  _Atomic svari_node_task_t task;
  svari_lifecycle_state_t goal; ///< unconfigured, inactive or active
  svari_lifecycle_transition_t transition;
  size_t parameter;             ///< its index
  svar_parameter_value_t value; ///< a copy of the node's own, freed with the task
} svari_node_order_t;

typedef struct svari_node_outcome {
  svar_ret_t ret;
  char text[SVARI_OUTCOME_BYTES]; ///< the sentence, unless ret is SVAR_OK
} svari_node_outcome_t;

typedef struct svari_component_worker svari_component_worker_t;

typedef struct svari_component_node {
  svar_component_host_t host; ///< first: a host's functions find their node behind it
  const svar_component_descriptor_t *descriptor;
  const svari_ros_arguments_t *arguments;
  svari_node_arguments_t
      *own_arguments; ///< NULL, or what arguments is part of; freed with the node
  svari_node_identity_t identity;
  char logger[SVARI_FULL_NAME_BYTES]; ///< the full name with dots: "robot1.policy"
  svar_parameter_value_t *values;     ///< one for each parameter; owned
  svari_realtime_t realtime;          ///< as asked for

  const atomic_bool *is_container_stopping;
  atomic_bool is_leaving; ///< it is to be unloaded: its callbacks should end
  int event_fd;           ///< the container's; written when a task is done, and when the node ends
  svari_component_worker_t *worker; ///< NULL: none yet

  svari_node_order_t order;
  svari_node_outcome_t outcome;

  _Atomic svari_lifecycle_state_t state; ///< written by the worker
  atomic_bool is_over;                   ///< the object is destroyed, or could not be made
  atomic_bool has_failed;                ///< and why was logged
  _Atomic int64_t period_ns;             ///< < 0: no steps

  svari_realtime_t granted; ///< from here on: the worker's own
  bool is_stepping;
  svari_step_schedule_t schedule;
  bool is_created;
  void *self;
} svari_component_node_t;

/// Makes a node of a loaded component. descriptor and arguments are borrowed until destroy.
/// default_name: what rules may rename; is_own_name: it was chosen for this one, rules for all nodes
/// leave it. inherited: the scheduler, if the parameters name none. SVAR_ERR_VALUE: no node can have that
/// name; else as svari_component_parameters_fill() and svari_realtime_read().
svar_ret_t svari_component_node_create(const svar_component_descriptor_t *descriptor,
                                       const svari_ros_arguments_t *arguments,
                                       svari_schedule_t inherited, const char *default_name,
                                       bool is_own_name, svari_component_node_t **out_node);
/// Accepts NULL. It must have no task, and no object.
void svari_component_node_destroy(svari_component_node_t *node);

/// SVAR_ERR_NOT_FOUND: the table has a parameter for the node that it does not have.
svar_ret_t svari_component_node_check_parameters(const svari_component_node_t *node,
                                                 const svari_parameter_table_t *table);
/// True if its component should end what it does, by its own unloading or the container's end.
bool svari_component_node_is_stopping(const svari_component_node_t *node);
/// True if it has no task. For the container's thread: what the worker wrote until then is seen.
bool svari_component_node_is_idle(const svari_component_node_t *node);

// --- the worker's side (component_life.c) ----------------------------------------------------------

/// Does the node's task, up to the outcome.
void svari_component_node_obey(svari_component_node_t *node);
/// The scheduler and the CPUs of the node's thread. False: refused and required; the failure is logged.
/// @param[out] out_before for svari_realtime_leave(), in any case
bool svari_component_node_enter_realtime(svari_component_node_t *node, cpu_set_t *out_before);
/// The step that is due. True: its work is over, done or failed.
bool svari_component_node_step(svari_component_node_t *node);
/// Takes a node down whose work is over, and tells the container.
void svari_component_node_finish(svari_component_node_t *node);

#endif
