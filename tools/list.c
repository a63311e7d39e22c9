#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/arguments.h"
#include "tools/output.h"
#include "tools/quantity.h"
#include "tools/store_lookup.h"
#include "tools/table.h"

// A store found in the directory.
typedef struct found_store {
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner;
} found_store_t;

typedef struct found_list {
  found_store_t *items;
  size_t count;
  uid_t owner; // whose stores are wanted
  bool all_users;
  bool is_incomplete;
} found_list_t;

static bool
keep_store(const char *name, uid_t owner, void *context)
{
  found_list_t *list = context;
  if (!list->all_users && owner != list->owner) {
    return true;
  }
  found_store_t *items = reallocarray(list->items, list->count + 1, sizeof(*items));
  if (items == NULL) {
    list->is_incomplete = true;
    return false;
  }
  list->items = items;
  found_store_t *store = &items[list->count++];
  snprintf(store->name, sizeof(store->name), "%s", name);
  store->owner = owner;
  return true;
}

static int
by_name(const void *a, const void *b)
{
  const found_store_t *left = a;
  const found_store_t *right = b;
  int order = strcmp(left->name, right->name);
  return order != 0 ? order : (left->owner > right->owner) - (left->owner < right->owner);
}

static svar_ret_t
read_info(const found_store_t *found, const svari_arguments_t *arguments,
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
add_store(svari_table_t *table, const found_store_t *found, const svari_arguments_t *arguments,
          bool with_owner)
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
  for (int unknown = 0; unknown < 6; ++unknown) {
    svari_table_add(table, NULL);
  }
  return svari_say_error();
}

static int
write_stores(const found_list_t *list, const svari_arguments_t *arguments)
{
  static const char *const titles[] = {"NAME",   "OWNER",  "VERSION", "VARIABLES",
                                       "MEMORY", "HOLDER", "READERS", "COMMITTED"};
  static const char *const own_titles[] = {"NAME",   "VERSION", "VARIABLES", "MEMORY",
                                           "HOLDER", "READERS", "COMMITTED"};
  bool for_person = svari_output_is_terminal();
  svari_table_t table =
      list->all_users
          ? svari_table_init(titles, sizeof(titles) / sizeof(*titles), for_person)
          : svari_table_init(own_titles, sizeof(own_titles) / sizeof(*own_titles), for_person);
  int exit_code = SVARI_EXIT_OK;
  for (size_t i = 0; i < list->count; ++i) {
    if (add_store(&table, &list->items[i], arguments, list->all_users) != SVARI_EXIT_OK) {
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
  found_list_t list = {0};
  const svari_option_t options[] = {{"all-users", SVARI_OPTION_FLAG, NULL,
                                     "stores of every user, with a column for the owner",
                                     &list.all_users}};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_list, options, 1, 0, 0, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  if (list.all_users && arguments.owner != (uid_t)-1) {
    return svari_usage_error(&svari_command_list, "--all-users and --owner exclude each other");
  }
  list.owner = arguments.owner == (uid_t)-1 ? geteuid() : arguments.owner;
  if (svar_store_list(arguments.directory, keep_store, &list) != SVAR_OK) {
    exit_code = svari_say_error();
  } else if (list.is_incomplete) {
    exit_code = svari_say_failure("no memory for the names of %zu stores", list.count + 1);
  } else if (list.count > 0) {
    qsort(list.items, list.count, sizeof(*list.items), by_name);
    exit_code = write_stores(&list, &arguments);
  } else {
    exit_code = SVARI_EXIT_OK;
    if (svari_output_is_terminal()) {
      puts("There are no stores.");
    }
  }
  free(list.items);
  return exit_code;
}

const svari_command_t svari_command_list = {
    .name = "list",
    .operands = "",
    .summary = "List the stores in the segment directory.",
    .description =
        "One line a store: its name, the version of its latest commit, the number of its\n"
        "variables, the memory it takes, the process that holds it (- if none does), how many\n"
        "handles read it, and the time since the latest commit (- before the first).\n"
        "A store that cannot be opened is listed with dashes, the reason goes to standard error,\n"
        "and the exit code is 1. Into a pipe: no header, tabs, bytes and nanoseconds.\n",
    .run = run_list,
};
