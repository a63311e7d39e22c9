#include <stdio.h>

#include "tools/component.h"
#include "tools/containers.h"
#include "tools/output.h"
#include "tools/table.h"

static void
add_nodes(svari_table_t *table, svari_container_t *container)
{
  svari_container_rows_t rows = svari_container_rows(container->list);
  bool is_empty = true;
  while (svari_container_next_row(&rows)) {
    is_empty = false;
    svari_table_add(table, container->name);
    svari_table_add(table, container->pid);
    svari_table_add(table, rows.cells[0]);
    svari_table_add(table, rows.cells[1]);
    svari_table_add(table, rows.cells[2]);
    char state[64];
    snprintf(state, sizeof(state), "%s%s", rows.cells[3],
             rows.cells[4][0] != '\0' ? " (failed)" : "");
    svari_table_add(table, state);
  }
  if (is_empty) {
    svari_table_add(table, container->name);
    svari_table_add(table, container->pid);
    for (int i = 0; i < 4; ++i) {
      svari_table_add(table, NULL);
    }
  }
}

static int
write_containers(svari_containers_t *containers, const char *wanted)
{
  static const char *const titles[] = {"CONTAINER", "PROCESS", "ID", "NODE", "TYPE", "STATE"};
  const svari_container_t *only = NULL;
  if (wanted != NULL && svari_containers_find(containers, wanted, &only) != SVAR_OK) {
    return svari_say_error();
  }
  svari_table_t table =
      svari_table_init(titles, sizeof(titles) / sizeof(*titles), svari_output_is_terminal());
  for (size_t i = 0; i < containers->count; ++i) {
    if (only == NULL || only == &containers->items[i]) {
      add_nodes(&table, &containers->items[i]);
    }
  }
  svar_ret_t ret = svari_table_write(&table, stdout);
  svari_table_fini(&table);
  return ret == SVAR_OK ? SVARI_EXIT_OK : svari_say_error();
}

static int
run_list(int argc, char **argv)
{
  int64_t timeout_ns = 0;
  const svari_option_t options[] = {SVARI_CONTAINER_TIMEOUT_OPTION(&timeout_ns, "5")};
  svari_arguments_t arguments;
  svari_containers_t containers;
  int exit_code;
  if (!svari_arguments_parse(&svari_component_list, options, 1, 0, 1, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  if (svari_containers_read(&arguments, timeout_ns, &containers) != SVAR_OK) {
    return svari_say_error();
  }
  if (containers.count == 0 && arguments.operand_count == 0) {
    exit_code = SVARI_EXIT_OK;
    if (svari_output_is_terminal()) {
      puts("No component runs.");
    }
  } else {
    exit_code =
        write_containers(&containers, arguments.operand_count > 0 ? arguments.operands[0] : NULL);
  }
  svari_containers_fini(&containers);
  return exit_code;
}

const svari_command_t svari_component_list = {
    .name = "component list",
    .operands = "[CONTAINER]",
    .summary = "List the components that run, and their states.",
    .description =
        "One line a node: the container that it runs in, the container's process, the node's\n"
        "number there, its full name, the type of its component, and its state as in ROS 2\n"
        "(unconfigured, inactive, active, finalized, or on the way). A program of one component\n"
        "is a container, too.\n",
    .run = run_list,
};
