// Many nodes in one process: brings them up in order, waits for signals and for the nodes, takes them down.
#ifndef SVARI_COMPONENTS_COMPONENT_CONTAINER_H
#define SVARI_COMPONENTS_COMPONENT_CONTAINER_H

#include "components/component_node.h"

typedef struct svari_component_container {
  const char *logger; ///< borrowed
  svari_component_node_t **nodes;
  size_t count;
  atomic_bool is_stopping;
  int event_fd;  ///< an eventfd: a node changed its phase
  int signal_fd; ///< a signalfd: SIGINT, SIGTERM, SIGHUP
  int signal_count;
} svari_component_container_t;

/// Blocks SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP in this thread and those it makes:
/// the container takes them from a descriptor. So before anything that starts threads, libraries included.
svar_ret_t svari_component_container_init(svari_component_container_t *container,
                                          const char *logger);
void svari_component_container_fini(svari_component_container_t *container);

/// The node moves in on SVAR_OK. SVAR_ERR_EXISTS: a node of that full name is there.
svar_ret_t svari_component_container_add(svari_component_container_t *container,
                                         svari_component_node_t *node);

/// SVAR_ERR_NOT_FOUND: a parameter was given to a node whose component does not declare it. One that
/// comes from a section with wildcards need only be declared by one of the nodes it is for.
svar_ret_t svari_component_container_check_parameters(const svari_component_container_t *container,
                                                      const svari_parameter_table_t *table);

/// Brings the nodes up, each one when the one before is active; returns when all have ended. A node
/// whose step is done goes down at once. One of the signals that init() blocks, and the failure of any
/// node, take all down: first every node stops stepping, then they go down in reverse order. A second
/// SIGINT or SIGTERM ends the process. False if any node failed.
bool svari_component_container_run(svari_component_container_t *container);

#endif
