#include <stdio.h>

#include "tools/component.h"
#include "tools/containers.h"
#include "tools/output.h"

static const int64_t DEFAULT_TIMEOUT_NS = 30000000000;

static svar_ret_t
unload(const svari_arguments_t *arguments, int64_t timeout_ns)
{
  svari_containers_t containers;
  const svari_container_t *container;
  SVAR_TRY(svari_containers_read(arguments, timeout_ns, &containers));
  svar_ret_t ret = svari_containers_find(&containers, arguments->operands[0], &container);
  for (size_t i = 1; i < arguments->operand_count && ret == SVAR_OK; ++i) {
    const char *words[] = {arguments->operands[i]};
    ret = svari_container_ask(container->path, containers.owner, timeout_ns, SVARI_CONTROL_UNLOAD,
                              words, 1, NULL);
  }
  svari_containers_fini(&containers);
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
  return unload(&arguments, timeout_ns) == SVAR_OK ? SVARI_EXIT_OK : svari_say_error();
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
