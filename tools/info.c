#include <inttypes.h>
#include <stdio.h>

#include "shared_variable/gpu.h"
#include "tools/arguments.h"
#include "tools/output.h"
#include "tools/quantity.h"
#include "tools/store_lookup.h"
#include "tools/table.h"

static const char *
backing_name(svar_backing_t backing)
{
  switch (backing) {
  case SVAR_BACKING_CPU:
    return "private memory";
  case SVAR_BACKING_IPC:
    return "shared memory";
  case SVAR_BACKING_GPU:
    return "device memory";
  }
  return "unknown";
}

static void
add_time(svari_table_t *facts, const char *title, int64_t time_ns)
{
  char text[SVARI_QUANTITY_TEXT_BYTES];
  svari_table_add(facts, title);
  if (time_ns == 0) {
    svari_table_add(facts, NULL);
  } else if (facts->for_person) {
    svari_table_add(facts, svari_time_text(time_ns, text));
  } else {
    svari_table_add_number(facts, (uint64_t)time_ns);
  }
}

static void
add_number(svari_table_t *facts, const char *title, uint64_t number)
{
  svari_table_add(facts, title);
  svari_table_add_number(facts, number);
}

static void
add_bytes(svari_table_t *facts, const char *title, uint64_t bytes)
{
  svari_table_add(facts, title);
  svari_table_add_bytes(facts, bytes);
}

// One fact a row. The version is the snapshot's, as all the variables are; the rest is as of now.
static svar_ret_t
write_facts(const svar_store_info_t *info, uint64_t version, uint64_t variable_count)
{
  static const char *const titles[] = {"FACT", "VALUE"};
  svari_table_t facts = svari_table_init(titles, 2, svari_output_is_terminal());
  svari_table_add(&facts, "name");
  svari_table_add(&facts, info->name);
  svari_table_add(&facts, "backing");
  svari_table_add(&facts, backing_name(info->backing));
  add_number(&facts, "version", version);
  add_number(&facts, "variables", variable_count);
  add_bytes(&facts, "memory", info->memory_bytes);
  add_bytes(&facts, "gpu memory", info->device_memory_bytes);
  add_bytes(&facts, "registered", info->registered_bytes);
  add_bytes(&facts, "refused", info->refused_bytes);
  add_bytes(&facts, "capacity", info->capacity_bytes);
  svari_table_add(&facts, "holder");
  if (info->holder_pid != 0) {
    svari_table_add_number(&facts, (uint64_t)info->holder_pid);
  } else {
    svari_table_add(&facts, NULL);
  }
  add_number(&facts, "readers",
             info->reader_count > 0 ? info->reader_count - 1 : 0); // but this one
  add_number(&facts, "owner", info->owner);
  add_time(&facts, "created", info->created_ns);
  add_time(&facts, "committed", info->committed_ns);
  svar_ret_t ret = svari_table_write(&facts, stdout);
  svari_table_fini(&facts);
  return ret;
}

// The variable as a whole: its arrays have lines of their own, and sizes.
static void
add_sparse(svari_table_t *table, const svar_sparse_t *matrix)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  snprintf(text, sizeof(text), "%s %s", svar_sparse_format_name(matrix->format),
           svar_dtype_name(matrix->dtype));
  svari_table_add(table, text);
  svari_table_add(table, svar_shape_text(2, matrix->shape, text, sizeof(text)));
  svari_table_add(table, NULL);
}

static void
add_tensor(svari_table_t *table, const svar_value_t *view)
{
  char shape[SVAR_TYPE_TEXT_BYTES];
  svari_table_add(table, svar_dtype_name(view->tensor.dtype));
  svari_table_add(table, svar_shape_text(view->tensor.ndim, view->shape, shape, sizeof(shape)));
  svari_table_add_bytes(table, svar_value_bytes(view));
}

// Where the values lie: on the GPU of that name, or in host memory.
static void
add_place(svari_table_t *table, const svar_variable_t *variable)
{
  char name[SVAR_GPU_NAME_BYTES];
  bool is_on_gpu = svar_variable_backing(variable) == SVAR_BACKING_GPU;
  svari_table_add(table,
                  is_on_gpu && svar_variable_gpu_name(variable, name) == SVAR_OK ? name : "host");
}

static void
add_variable(svari_table_t *table, const svar_variable_t *variable, const svari_view_t *view)
{
  svari_table_add(table, svar_variable_name(variable));
  if (view->is_sparse) {
    add_sparse(table, &view->matrix.matrix);
  } else {
    add_tensor(table, &view->value);
  }
  svari_table_add_number(table, view->version);
  add_place(table, variable);
}

static void
add_unset(svari_table_t *table, const svar_variable_t *variable, uint64_t version)
{
  svari_table_add(table, svar_variable_name(variable));
  svari_table_add(table, svar_dtype_name(svar_variable_type(variable).dtype));
  svari_table_add(table, "unset");
  svari_table_add_bytes(table, 0);
  svari_table_add_number(table, version);
  add_place(table, variable);
}

// Fills table with the variables that are of the snapshot: those that came later have no version in it.
static svar_ret_t
add_variables(svari_table_t *table, const svari_variable_list_t *list,
              const svar_snapshot_t *snapshot)
{
  for (size_t i = 0; i < list->count; ++i) {
    svari_view_t view;
    svar_ret_t ret = svari_snapshot_view(snapshot, list->items[i], &view);
    if (ret == SVAR_OK) {
      add_variable(table, list->items[i], &view);
    } else if (ret == SVAR_EMPTY && view.version > 0) {
      add_unset(table, list->items[i], view.version);
    } else if (ret != SVAR_EMPTY) {
      return ret;
    }
  }
  return SVAR_OK;
}

static svar_ret_t
write_info(svar_store_t *store, const svari_variable_list_t *list, const svar_snapshot_t *snapshot)
{
  static const char *const titles[] = {"VARIABLE", "DTYPE", "SHAPE", "SIZE", "VERSION", "PLACE"};
  svar_store_info_t info;
  SVAR_TRY(svar_store_info(store, &info));
  svari_table_t table =
      svari_table_init(titles, sizeof(titles) / sizeof(*titles), svari_output_is_terminal());
  svar_ret_t ret = add_variables(&table, list, snapshot);
  uint64_t variable_count = table.cell_count / table.column_count;
  if (ret == SVAR_OK && (ret = write_facts(&info, snapshot->version, variable_count)) == SVAR_OK &&
      variable_count > 0) {
    fputc('\n', stdout);
    ret = svari_table_write(&table, stdout);
  }
  svari_table_fini(&table);
  return ret;
}

static svar_ret_t
show_store(const svari_arguments_t *arguments, const char *name)
{
  svar_store_t *store = NULL;
  SVAR_TRY(svari_store_lookup(arguments, name, &store));
  svari_variable_list_t list = SVARI_VARIABLE_LIST_INIT;
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  svar_ret_t ret;
  // The snapshot first: every variable of its version is in the directory by now.
  if ((ret = svar_snapshot_begin(store, &snapshot)) == SVAR_OK &&
      (ret = svari_variable_list_refresh(&list, store)) == SVAR_OK) {
    ret = write_info(store, &list, &snapshot);
  }
  svar_snapshot_end(&snapshot);
  svari_variable_list_fini(&list);
  svar_store_close(store);
  return ret;
}

static int
run_info(int argc, char **argv)
{
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_info, NULL, 0, 1, 1, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  return show_store(&arguments, arguments.operands[0]) == SVAR_OK ? SVARI_EXIT_OK
                                                                  : svari_say_error();
}

const svari_command_t svari_command_info = {
    .name = "info",
    .operands = "STORE",
    .summary = "Show a store's facts and its variables.",
    .description =
        "The facts of the store, then one line a variable: name, dtype, shape "
        "(\"unset\" where there\n"
        "is no value), size, the version that its value was committed with, and the place "
        "of its\n"
        "values: host, or the GPU as `nvidia-smi -L` names it, which need not be here; all "
        "of one snapshot.\n"
        "memory is the host's. gpu memory is what the holder has on GPUs for the store; "
        "registered,\n"
        "what of the host's memory is locked for copies to and from them at full speed; "
        "refused, what\n"
        "the driver did not lock: those copies are slower.\n"
        "Into a pipe: tabs, bytes, nanoseconds since 1970, no headers, and an empty "
        "line between the\n"
        "two.\n",
    .run = run_info,
};
