// The subcommands of `svar component`, one or two a file.
#ifndef SVARI_TOOLS_COMPONENT_H
#define SVARI_TOOLS_COMPONENT_H

#include "tools/command.h"

extern const svari_command_t svari_component_list;
extern const svari_command_t svari_component_load;
extern const svari_command_t svari_component_unload;
extern const svari_command_t svari_component_get_state;
extern const svari_command_t svari_component_set_state;
extern const svari_command_t svari_component_parameters;
extern const svari_command_t svari_component_set_parameter;

#endif
