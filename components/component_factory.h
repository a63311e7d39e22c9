// From a type's name to a node that can be started.
#ifndef SVARI_COMPONENTS_COMPONENT_FACTORY_H
#define SVARI_COMPONENTS_COMPONENT_FACTORY_H

#include "components/component_node.h"
#include "components/resource_index.h"

/// Finds the type in the index, loads its library, and makes a node. arguments is borrowed until the node is
/// destroyed. node_name: NULL: as the type's own program would call it ("ns::WeightsPublisher" ->
/// "weights_publisher"), which rules may rename; else is_own_name says. As svari_resource_index_find(),
/// svari_component_load() and svari_component_node_create().
svar_ret_t svari_component_make(const svari_resource_index_t *index, const char *type,
                                const svari_ros_arguments_t *arguments, svari_schedule_t inherited,
                                const char *node_name, bool is_own_name,
                                svari_component_node_t **out_node);

/// The descriptor alone.
svar_ret_t svari_component_find(const svari_resource_index_t *index, const char *type,
                                const svar_component_descriptor_t **out_descriptor);

#endif
