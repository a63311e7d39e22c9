// One file, many programs: the build says which (cmake/targets.cmake, svar_add_component_program).
#include <stddef.h> // NULL, for component_container

#include "components/component_program.h"

int
main(int argc, char **argv)
{
  return svari_component_program_main(SVARI_PROGRAM_NAME, SVARI_PROGRAM_TYPE, argc, argv);
}
