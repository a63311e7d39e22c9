// Many nodes in one process: brings them up in order, waits for signals, for nodes and for requests, takes
// them down. One ordinary thread does this; what the nodes do happens in their workers' threads.
#ifndef SVARI_COMPONENTS_COMPONENT_CONTAINER_H
#define SVARI_COMPONENTS_COMPONENT_CONTAINER_H

#include "components/component_worker.h"

/// A node, and what the container wants of it.
typedef struct svari_container_seat {
  svari_component_node_t *node;
  uint64_t id;        ///< from 1 on, never used again
  bool has_begun;     ///< its way up was ordered; false: its turn has not come
  bool was_loaded;    ///< at run time: if it does not come up, it leaves
  bool has_come_up;   ///< of those
  bool is_leaving;    ///< taken down as soon as it is idle, and forgotten
  bool is_taken_down; ///< that was ordered
  uint64_t request;   ///< who waits for what the node does now (component_control.h); 0: nobody
  uint16_t request_kind;
  uint64_t farewell; ///< who waits until it is gone; 0: nobody
} svari_container_seat_t;

struct svari_component_control;

typedef struct svari_component_container {
  const char *logger; ///< borrowed
  svari_container_seat_t *seats;
  size_t count;
  svari_component_worker_t **shared; ///< workers of threads that nodes share
  size_t shared_count;
  uint64_t last_id;
  bool stays;            ///< also when no node has work
  bool fails_with_one;   ///< the failure of one node takes all down
  bool has_lost_failure; ///< a node that has left had failed
  atomic_bool is_stopping;
  int event_fd;  ///< an eventfd: a node is done with something
  int signal_fd; ///< a signalfd: SIGINT, SIGTERM, SIGHUP
  int signal_count;
  struct svari_component_control *control; ///< NULL: nobody can ask for anything
} svari_component_container_t;

/// Blocks SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP in this thread and those it makes:
/// the container takes them from a descriptor. So before anything that starts threads, libraries included.
svar_ret_t svari_component_container_init(svari_component_container_t *container,
                                          const char *logger);
void svari_component_container_fini(svari_component_container_t *container);

/// The node moves in on SVAR_OK, and comes up in its turn. SVAR_ERR_EXISTS: a node of that full name is there.
svar_ret_t svari_component_container_add(svari_component_container_t *container,
                                         svari_component_node_t *node);

/// SVAR_ERR_NOT_FOUND: a parameter was given to a node whose component does not declare it. One that
/// comes from a section with wildcards need only be declared by one of the nodes it is for.
svar_ret_t svari_component_container_check_parameters(const svari_component_container_t *container,
                                                      const svari_parameter_table_t *table);

/// Brings the nodes up, each one when the one before is active or has failed; returns when all have ended,
/// or, if the container stays, when it is stopped. A node whose step is done, or that fails, goes down
/// alone, unless fails_with_one. One of the signals that init() blocks takes all down: first every node
/// stops stepping, then they go down in reverse order. A second SIGINT or SIGTERM ends the process. False
/// if any node failed.
bool svari_component_container_run(svari_component_container_t *container);

// --- at run time (component_control.c) -------------------------------------------------------------

/// NULL: there is none of that id, or full name if id is 0.
svari_container_seat_t *svari_component_container_find(svari_component_container_t *container,
                                                       uint64_t id, const char *full_name);
/// Adds a node and starts its way up to goal at once. It moves in on SVAR_OK; later failures are the
/// outcome of the node's task. As svari_component_container_add().
svar_ret_t svari_component_container_load(svari_component_container_t *container,
                                          svari_component_node_t *node,
                                          svari_lifecycle_state_t goal,
                                          svari_container_seat_t **out_seat);
/// Has a node make a transition. SVAR_ERR_BUSY: it is in another.
svar_ret_t svari_component_container_change(svari_container_seat_t *seat,
                                            svari_lifecycle_transition_t transition);
/// Has a node set a parameter, value moving in on SVAR_OK. SVAR_ERR_BUSY
svar_ret_t svari_component_container_set(svari_container_seat_t *seat, size_t parameter,
                                         svar_parameter_value_t *value);
/// Has a node leave: when it is idle it is taken down and its seat is gone.
void svari_component_container_unload(svari_component_container_t *container,
                                      svari_container_seat_t *seat);

#endif
