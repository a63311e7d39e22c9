// The main of component_container and of the programs that run one component.
#ifndef SVARI_COMPONENTS_COMPONENT_PROGRAM_H
#define SVARI_COMPONENTS_COMPONENT_PROGRAM_H

/// name: the program's; the default name of its node. type: the component it runs, NULL: those that the
/// user arguments name. Returns the exit code: 0 all components are done or were stopped, 1 otherwise.
int svari_component_program_main(const char *name, const char *type, int argc, char **argv);

#endif
