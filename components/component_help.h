// What --help and --list print.
#ifndef SVARI_COMPONENTS_COMPONENT_HELP_H
#define SVARI_COMPONENTS_COMPONENT_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "components/resource_index.h"
#include "shared_variable/component.h"

/// Usage of component_container.
void svari_help_container(FILE *out);
/// Usage of a program that runs one component, and the component.
void svari_help_program(FILE *out, const char *program,
                        const svar_component_descriptor_t *descriptor);
/// Description and parameters of a component.
void svari_help_component(FILE *out, const svar_component_descriptor_t *descriptor);
/// "type<TAB>description" of every type in the index. False: some could not be loaded, which is logged.
bool svari_help_list(FILE *out, const char *logger, const svari_resource_index_t *index);

#endif
