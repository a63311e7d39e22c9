// The parameters of one component: what it declares, under what the command line gives.
#ifndef SVARI_COMPONENTS_COMPONENT_PARAMETERS_H
#define SVARI_COMPONENTS_COMPONENT_PARAMETERS_H

#include "components/parameter_table.h"
#include "shared_variable/component.h"

/// How many parameters a node of the component has: those that it declares, and behind them those of every
/// component (realtime.h).
size_t svari_component_parameter_count(const svar_component_descriptor_t *descriptor);
/// The one at index, below that count.
const svar_parameter_descriptor_t *
svari_component_parameter_at(const svar_component_descriptor_t *descriptor, size_t index);
/// Position of a parameter, or -1.
ptrdiff_t svari_component_parameter_index(const svar_component_descriptor_t *descriptor,
                                          const char *name);

/// A copy of a value given to a node, if it is what the parameter declares; svari_parameter_free() it, on
/// failure too ({0} before). SVAR_ERR_TYPE: of another kind (integers are taken for doubles);
/// SVAR_ERR_RANGE: outside the limits.
svar_ret_t svari_component_parameter_take(const svar_parameter_descriptor_t *parameter,
                                          const char *node, const svari_parameter_value_t *given,
                                          svar_parameter_value_t *out_value);

/// Fills out_values, one for each parameter and {0} before: what svari_component_parameter_take() makes of
/// the value given to the node, else a copy of the default.
svar_ret_t svari_component_parameters_fill(const svar_component_descriptor_t *descriptor,
                                           const svari_parameter_table_t *table,
                                           const char *node_full_name,
                                           svar_parameter_value_t *out_values);

/// SVAR_ERR_NOT_FOUND with the sentence: the component has no such parameter, but these.
svar_ret_t svari_component_parameter_unknown(const svar_component_descriptor_t *descriptor,
                                             const char *node_full_name, const char *name);

#endif
