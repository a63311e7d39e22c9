#include <pwd.h>
#include <stdio.h>

#include "tools/found_stores.h"
#include "tools/output.h"
#include "tools/quantity.h"
#include "tools/store_lookup.h"
#include "tools/table.h"

static svar_ret_t
read_info(const svari_found_store_t *found, const svari_arguments_t *arguments,
          svar_store_info_t *out_info)
{
  svar_store_options_t options = svari_store_options(arguments);
  options.owner = found->owner;
  svar_store_t *store = NULL;
  SVAR_TRY(svar_store_open(found->name, &options, &store));
  svar_ret_t ret = svar_store_info(store, out_info);
  svar_store_close(store);
  return ret;
}

static void
add_owner(svari_table_t *table, uid_t owner)
{
  const struct passwd *user = getpwuid(owner);
  if (user != NULL) {
    svari_table_add(table, user->pw_name);
  } else {
    svari_table_add_number(table, owner);
  }
}

static void
add_facts(svari_table_t *table, const svar_store_info_t *info)
{
  svari_table_add_number(table, info->version);
  svari_table_add_number(table, info->variable_count);
  svari_table_add_bytes(table, info->memory_bytes);
  svari_table_add_bytes(table, info->device_memory_bytes);
  if (info->holder_pid != 0) {
    svari_table_add_number(table, (uint64_t)info->holder_pid);
  } else {
    svari_table_add(table, NULL);
  }
  svari_table_add_number(table,
                         info->reader_count > 0 ? info->reader_count - 1 : 0); // but this one
  if (info->committed_ns != 0) {
    svari_table_add_duration(table, svari_time_now_ns() - info->committed_ns);
  } else {
    svari_table_add(table, NULL);
  }
}

// Adds one store's row; returns SVARI_EXIT_FAILURE, having said why, if there is not much to tell.
static int
add_store(svari_table_t *table, const svari_found_store_t *found,
          const svari_arguments_t *arguments, bool with_owner)
{
  svari_table_add(table, found->name);
  if (with_owner) {
    add_owner(table, found->owner);
  }
  svar_store_info_t info;
  if (read_info(found, arguments, &info) == SVAR_OK) {
    add_facts(table, &info);
    return SVARI_EXIT_OK;
  }
  for (int unknown = 0; unknown < 7; ++unknown) {
    svari_table_add(table, NULL);
  }
  return svari_say_error();
}

static int
write_stores(const svari_found_stores_t *stores, bool all_users, const svari_arguments_t *arguments)
{
  static const char *const titles[] = {"NAME",       "OWNER",  "VERSION", "VARIABLES", "MEMORY",
                                       "GPU MEMORY", "HOLDER", "READERS", "COMMITTED"};
  static const char *const own_titles[] = {"NAME",       "VERSION", "VARIABLES", "MEMORY",
                                           "GPU MEMORY", "HOLDER",  "READERS",   "COMMITTED"};
  bool for_person = svari_output_is_terminal();
  svari_table_t table =
      all_users
          ? svari_table_init(titles, sizeof(titles) / sizeof(*titles), for_person)
          : svari_table_init(own_titles, sizeof(own_titles) / sizeof(*own_titles), for_person);
  int exit_code = SVARI_EXIT_OK;
  for (size_t i = 0; i < stores->count; ++i) {
    if (add_store(&table, &stores->items[i], arguments, all_users) != SVARI_EXIT_OK) {
      exit_code = SVARI_EXIT_FAILURE;
    }
  }
  if (svari_table_write(&table, stdout) != SVAR_OK) {
    exit_code = svari_say_error();
  }
  svari_table_fini(&table);
  return exit_code;
}

static int
run_list(int argc, char **argv)
{
  bool all_users = false;
  const svari_option_t options[] = {{"all-users", SVARI_OPTION_FLAG, NULL,
                                     "stores of every user, with a column for the owner",
                                     &all_users}};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_list, options, 1, 0, 0, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  if (svari_refuse_two_owners(&svari_command_list, &arguments, all_users)) {
    return SVARI_EXIT_USAGE;
  }
  svari_found_stores_t stores;
  if (svari_found_stores_read(&arguments, all_users, &stores) != SVAR_OK) {
    return svari_say_error();
  }
  exit_code = SVARI_EXIT_OK;
  if (stores.count > 0) {
    exit_code = write_stores(&stores, all_users, &arguments);
  } else if (svari_output_is_terminal()) {
    puts("There are no stores.");
  }
  svari_found_stores_fini(&stores);
  return exit_code;
}

const svari_command_t svari_command_list = {
    .name = "list",
    .operands = "",
    .summary = "List the stores in the segment directory.",
    .description =
        "One line a store: its name, the version of its latest commit, the number of its\n"
        "variables, the memory it takes, the host's and GPUs', the process that holds it (- if "
        "none does), how many\n"
        "handles read it, and the time since the latest commit (- before the first).\n"
        "A store that cannot be opened is listed with dashes, the reason goes to standard error,\n"
        "and the exit code is 1. Into a pipe: no header, tabs, bytes and nanoseconds.\n",
    .run = run_list,
};
