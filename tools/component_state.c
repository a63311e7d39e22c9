#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/component.h"
#include "tools/containers.h"
#include "tools/output.h"

static const int64_t DEFAULT_TIMEOUT_NS = 30000000000;

static svar_ret_t
get_state(const svari_arguments_t *arguments, int64_t timeout_ns)
{
  svari_containers_t containers;
  const svari_container_t *container;
  SVAR_TRY(svari_containers_read(arguments, timeout_ns, &containers));
  svar_ret_t ret = svari_containers_find_node(&containers, arguments->operands[0], &container);
  if (ret == SVAR_OK) {
    svari_container_rows_t rows = svari_container_rows(container->list);
    while (svari_container_next_row(&rows)) {
      if (strcmp(rows.cells[1], arguments->operands[0]) == 0) {
        printf("%s\n", rows.cells[3]);
      }
    }
  }
  svari_containers_fini(&containers);
  return ret;
}

static svar_ret_t
set_state(const svari_arguments_t *arguments, int64_t timeout_ns)
{
  char *text = NULL;
  SVAR_TRY(svari_containers_ask(arguments, svari_containers_find_node, timeout_ns,
                                SVARI_CONTROL_CHANGE, (const char *const *)arguments->operands, 2,
                                &text));
  fputs(text, stdout);
  free(text);
  return SVAR_OK;
}

static int
run(const svari_command_t *command, size_t operand_count,
    svar_ret_t (*act)(const svari_arguments_t *arguments, int64_t timeout_ns), int argc,
    char **argv)
{
  int64_t timeout_ns = DEFAULT_TIMEOUT_NS;
  const svari_option_t options[] = {SVARI_CONTAINER_TIMEOUT_OPTION(&timeout_ns, "30")};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(command, options, 1, operand_count, operand_count, argc, argv,
                             &arguments, &exit_code)) {
    return exit_code;
  }
  return act(&arguments, timeout_ns) == SVAR_OK ? SVARI_EXIT_OK : svari_say_error();
}

static int
run_get_state(int argc, char **argv)
{
  return run(&svari_component_get_state, 1, get_state, argc, argv);
}

static int
run_set_state(int argc, char **argv)
{
  return run(&svari_component_set_state, 2, set_state, argc, argv);
}

const svari_command_t svari_component_get_state = {
    .name = "component get-state",
    .operands = "NODE",
    .summary = "Print the state of a component, as `ros2 lifecycle get` does.",
    .description =
        "unconfigured, inactive, active, finalized, or a state on the way (configuring,\n"
        "...). Everything else is in 'svar component list'.\n",
    .run = run_get_state,
};

const svari_command_t svari_component_set_state = {
    .name = "component set-state",
    .operands = "NODE TRANSITION",
    .summary = "Have a component make a transition, as `ros2 lifecycle set` does.",
    .description =
        "TRANSITION is configure, activate, deactivate, cleanup or shutdown. The state that it\n"
        "has led to is printed. One that fails, or that does not begin in the component's state,\n"
        "is said with the reason, exit code 1; so is one of a component that is in another.\n",
    .run = run_set_state,
};
