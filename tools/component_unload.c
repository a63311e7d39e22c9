#include <stdlib.h>

#include "tools/component.h"
#include "tools/containers.h"
#include "tools/output.h"

static const int64_t DEFAULT_TIMEOUT_NS = 30000000000;

static svar_ret_t
unload(const svari_arguments_t *arguments, int64_t timeout_ns, const char *node)
{
  char *text = NULL;
  svar_ret_t ret = svari_containers_ask(arguments, svari_containers_find, timeout_ns,
                                        SVARI_CONTROL_UNLOAD, &node, 1, &text);
  free(text);
  return ret;
}

static int
run_unload(int argc, char **argv)
{
  int64_t timeout_ns = DEFAULT_TIMEOUT_NS;
  const svari_option_t options[] = {SVARI_CONTAINER_TIMEOUT_OPTION(&timeout_ns, "30")};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_component_unload, options, 1, 2, SVARI_CONTROL_WORDS, argc,
                             argv, &arguments, &exit_code)) {
    return exit_code;
  }
  for (size_t i = 1; i < arguments.operand_count; ++i) {
    if (unload(&arguments, timeout_ns, arguments.operands[i]) != SVAR_OK) {
      return svari_say_error();
    }
  }
  return SVARI_EXIT_OK;
}

const svari_command_t svari_component_unload = {
    .name = "component unload",
    .operands = "CONTAINER ID|NODE...",
    .summary = "Take components down, in order, and forget them.",
    .description =
        "Each is deactivated, cleaned up and destroyed; this returns when they are gone.\n"
        "A callback that takes long is asked to end (is_stopping), not interrupted.\n",
    .run = run_unload,
};
