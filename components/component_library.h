// Opens the shared object of a component and finds its descriptor, checked.
#ifndef SVARI_COMPONENTS_COMPONENT_LIBRARY_H
#define SVARI_COMPONENTS_COMPONENT_LIBRARY_H

#include "components/resource_index.h"
#include "shared_variable/component.h"

SVAR_BEGIN_DECLS

/// Loads entry's library (once; it stays until the process ends) and finds entry's type in it. Every
/// descriptor of the library is checked. SVAR_ERR_COMPONENT: it cannot be loaded, has no entry symbol,
/// another ABI, an incomplete descriptor, or no such type; the sentence names library and reason.
svar_ret_t svari_component_load(const svari_index_entry_t *entry,
                                const svar_component_descriptor_t **out_descriptor);

/// Whether the numbers a parameter declares are kept: limits of INTEGER and DOUBLE.
bool svari_component_parameter_is_within(const svar_parameter_descriptor_t *parameter,
                                         const svar_parameter_value_t *value);

SVAR_END_DECLS
#endif
