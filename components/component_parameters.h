// The parameters of one component: what it declares, under what the command line gives.
#ifndef SVARI_COMPONENTS_COMPONENT_PARAMETERS_H
#define SVARI_COMPONENTS_COMPONENT_PARAMETERS_H

#include "components/parameter_table.h"
#include "shared_variable/component.h"

/// Fills out_values (descriptor->parameter_count of them): the value given to the node, else the
/// default. Strings are borrowed from table and descriptor. SVAR_ERR_TYPE: a value of another kind (an
/// integer is taken for a double); SVAR_ERR_RANGE: outside the limits declared.
svar_ret_t svari_component_parameters_fill(const svar_component_descriptor_t *descriptor,
                                           const svari_parameter_table_t *table,
                                           const char *node_full_name,
                                           svar_parameter_value_t *out_values);

/// Position of a declared parameter, or -1.
ptrdiff_t svari_component_parameter_index(const svar_component_descriptor_t *descriptor,
                                          const char *name);

/// SVAR_ERR_NOT_FOUND with the sentence: the component declares no such parameter, but these.
svar_ret_t svari_component_parameter_unknown(const svar_component_descriptor_t *descriptor,
                                             const char *node_full_name, const char *name);

#endif
