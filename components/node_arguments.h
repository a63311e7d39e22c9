// The command line of a node that is loaded at run time: its names and values come from there.
#ifndef SVARI_COMPONENTS_NODE_ARGUMENTS_H
#define SVARI_COMPONENTS_NODE_ARGUMENTS_H

#include "components/ros_arguments.h"

SVAR_BEGIN_DECLS

typedef struct svari_node_arguments {
  svari_ros_arguments_t parsed;
  size_t count;
  char *words[]; ///< count of them: those that parsed borrows from; owned
} svari_node_arguments_t;

/// Reads a copy of words, which are what would stand behind --ros-args. As svari_ros_arguments_parse();
/// SVAR_ERR_ARGUMENT, too, for what is not ROS's, and for log levels, which are the process's.
/// @param[out] out_arguments svari_node_arguments_free() them
svar_ret_t svari_node_arguments_make(const char *const *words, size_t count,
                                     svari_node_arguments_t **out_arguments);
/// Accepts NULL.
void svari_node_arguments_free(svari_node_arguments_t *arguments);

SVAR_END_DECLS
#endif
