#include <stdio.h>
#include <stdlib.h>

#include "tools/component.h"
#include "tools/containers.h"
#include "tools/output.h"
#include "tools/table.h"

static int
write_parameters(char *text)
{
  enum { NAME, KIND, VALUE, DEFAULT, MINIMUM, MAXIMUM, READ_ONLY, DESCRIPTION };
  static const char *const titles[] = {"PARAMETER", "KIND",      "VALUE",      "DEFAULT",
                                       "RANGE",     "READ-ONLY", "DESCRIPTION"};
  svari_table_t table =
      svari_table_init(titles, sizeof(titles) / sizeof(*titles), svari_output_is_terminal());
  svari_container_rows_t rows = svari_container_rows(text);
  while (svari_container_next_row(&rows)) {
    char range[128];
    snprintf(range, sizeof(range), "%s to %s", rows.cells[MINIMUM], rows.cells[MAXIMUM]);
    svari_table_add(&table, rows.cells[NAME]);
    svari_table_add(&table, rows.cells[KIND]);
    svari_table_add(&table, rows.cells[VALUE]);
    svari_table_add(&table, rows.cells[DEFAULT]);
    svari_table_add(&table, rows.cells[MINIMUM][0] != '\0' ? range : NULL);
    svari_table_add(&table, rows.cells[READ_ONLY][0] != '\0' ? "yes" : "no");
    svari_table_add(&table, rows.cells[DESCRIPTION][0] != '\0' ? rows.cells[DESCRIPTION] : NULL);
  }
  svar_ret_t ret = svari_table_write(&table, stdout);
  svari_table_fini(&table);
  return ret == SVAR_OK ? SVARI_EXIT_OK : svari_say_error();
}

static int
run(const svari_command_t *command, size_t operand_count, svari_control_kind_t kind, int argc,
    char **argv)
{
  int64_t timeout_ns = 5000000000;
  const svari_option_t options[] = {SVARI_CONTAINER_TIMEOUT_OPTION(&timeout_ns, "5")};
  svari_arguments_t arguments;
  char *text = NULL;
  int exit_code;
  if (!svari_arguments_parse(command, options, 1, operand_count, operand_count, argc, argv,
                             &arguments, &exit_code)) {
    return exit_code;
  }
  if (svari_containers_ask(&arguments, svari_containers_find_node, timeout_ns, kind,
                           (const char *const *)arguments.operands, arguments.operand_count,
                           &text) != SVAR_OK) {
    return svari_say_error();
  }
  exit_code = kind == SVARI_CONTROL_PARAMETERS ? write_parameters(text) : SVARI_EXIT_OK;
  free(text);
  return exit_code;
}

static int
run_parameters(int argc, char **argv)
{
  return run(&svari_component_parameters, 1, SVARI_CONTROL_PARAMETERS, argc, argv);
}

static int
run_set_parameter(int argc, char **argv)
{
  return run(&svari_component_set_parameter, 2, SVARI_CONTROL_SET, argc, argv);
}

const svari_command_t svari_component_parameters = {
    .name = "component parameters",
    .operands = "NODE",
    .summary = "Print the parameters of a component: kinds, values, limits.",
    .description =
        "One line a parameter: its name, kind, value, default, limits, whether it can be\n"
        "set only when the component is loaded, and what it is for.\n",
    .run = run_parameters,
};

const svari_command_t svari_component_set_parameter = {
    .name = "component set-parameter",
    .operands = "NODE NAME:=VALUE",
    .summary = "Set a parameter of a component that runs.",
    .description =
        "The value must be of the kind and within the limits declared, and the parameter not\n"
        "read-only. A component that is configured must take part in it, or it is refused: set\n"
        "parameters of the others while they are unconfigured ('svar component set-state').\n",
    .run = run_set_parameter,
};
