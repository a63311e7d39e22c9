#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "components/control_protocol.h"
#include "tools/found_stores.h"
#include "tools/output.h"
#include "tools/quantity.h"
#include "tools/store_lookup.h"
#include "tools/table.h"

typedef struct cleaning {
  const svari_arguments_t *arguments;
  bool is_rehearsal;
  bool is_sweep; // of every store there is: one in use is no failure
  svari_table_t table;
  uint64_t total_bytes;
} cleaning_t;

// Removes one store, or finds out whether it could be. Returns an exit code, having said what failed.
static int
clean_store(cleaning_t *cleaning, const char *name, uid_t owner)
{
  svar_store_options_t options = svari_store_options(cleaning->arguments);
  options.owner = owner;
  uint64_t bytes = 0;
  svar_ret_t ret = svar_store_clean(name, &options, cleaning->is_rehearsal, &bytes);
  if (ret == SVAR_OK) {
    svari_table_add(&cleaning->table, name);
    svari_table_add_bytes(&cleaning->table, bytes);
    cleaning->total_bytes += bytes;
    return SVARI_EXIT_OK;
  }
  bool is_in_use = ret == SVAR_ERR_HELD || ret == SVAR_ERR_BUSY;
  if (cleaning->is_sweep && (is_in_use || ret == SVAR_ERR_NOT_FOUND)) {
    return SVARI_EXIT_OK; // in use, or gone meanwhile
  }
  return svari_say_error();
}

static int
clean_all(cleaning_t *cleaning, bool all_users)
{
  svari_found_stores_t stores;
  if (svari_found_stores_read(cleaning->arguments, all_users, &stores) != SVAR_OK) {
    return svari_say_error();
  }
  int exit_code = SVARI_EXIT_OK;
  for (size_t i = 0; i < stores.count; ++i) {
    if (clean_store(cleaning, stores.items[i].name, stores.items[i].owner) != SVARI_EXIT_OK) {
      exit_code = SVARI_EXIT_FAILURE;
    }
  }
  svari_found_stores_fini(&stores);
  return exit_code;
}

// What containers of components left that were killed: a name each, without a line for it.
static int
clean_endpoints(const svari_arguments_t *arguments)
{
  uid_t owner = arguments->owner == (uid_t)-1 ? geteuid() : arguments->owner;
  return svar_endpoint_clean(arguments->directory, SVARI_CONTROL_KIND, owner) == SVAR_OK
             ? SVARI_EXIT_OK
             : svari_say_error();
}

static int
clean_named(cleaning_t *cleaning)
{
  const svari_arguments_t *arguments = cleaning->arguments;
  int exit_code = SVARI_EXIT_OK;
  for (size_t i = 0; i < arguments->operand_count; ++i) {
    const char *operand = arguments->operands[i];
    char name[SVAR_STORE_NAME_BYTES + 1];
    snprintf(name, sizeof(name), "%s%s", operand[0] == '/' ? "" : "/", operand);
    if (clean_store(cleaning, name, arguments->owner) != SVARI_EXIT_OK) {
      exit_code = SVARI_EXIT_FAILURE;
    }
  }
  return exit_code;
}

static int
write_cleaned(const cleaning_t *cleaning, int exit_code)
{
  size_t count = cleaning->table.cell_count / cleaning->table.column_count;
  if (count > 0 && svari_table_write(&cleaning->table, stdout) != SVAR_OK) {
    return svari_say_error();
  }
  if (svari_output_is_terminal()) {
    char text[SVARI_QUANTITY_TEXT_BYTES];
    printf("%s%zu store%s, %s.\n", cleaning->is_rehearsal ? "Would remove " : "Removed ", count,
           count == 1 ? "" : "s", svari_bytes_text(cleaning->total_bytes, text));
  }
  return exit_code;
}

static int
run_clean(int argc, char **argv)
{
  enum { STORES_MAX = 1 << 20 };
  static const char *const titles[] = {"STORE", "MEMORY"};
  bool all_users = false;
  cleaning_t cleaning = {0};
  const svari_option_t options[] = {
      {"all-users", SVARI_OPTION_FLAG, NULL, "stores of every user (for root)", &all_users},
      {"dry-run", SVARI_OPTION_FLAG, NULL, "remove nothing, only say what would be removed",
       &cleaning.is_rehearsal}};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_clean, options, 2, 0, STORES_MAX, argc, argv,
                             &arguments, &exit_code)) {
    return exit_code;
  }
  if (svari_refuse_two_owners(&svari_command_clean, &arguments, all_users)) {
    return SVARI_EXIT_USAGE;
  }
  if (all_users && arguments.operand_count > 0) {
    return svari_usage_error(&svari_command_clean,
                             "--all-users takes no STORE; --owner says whose it is");
  }
  cleaning.arguments = &arguments;
  cleaning.is_sweep = arguments.operand_count == 0;
  cleaning.table = svari_table_init(titles, 2, svari_output_is_terminal());
  exit_code = cleaning.is_sweep ? clean_all(&cleaning, all_users) : clean_named(&cleaning);
  if (cleaning.is_sweep && !cleaning.is_rehearsal && clean_endpoints(&arguments) != SVARI_EXIT_OK) {
    exit_code = SVARI_EXIT_FAILURE;
  }
  exit_code = write_cleaned(&cleaning, exit_code);
  svari_table_fini(&cleaning.table);
  return exit_code;
}

const svari_command_t svari_command_clean = {
    .name = "clean",
    .operands = "[STORE...]",
    .summary = "Remove stores that nobody holds or reads.",
    .description =
        "Removes the stores named, or else every one of yours, that no process holds or reads:\n"
        "their values and versions are gone then. What an interrupted removal left goes too, and\n"
        "without a name so do the sockets of containers of components that were killed.\n"
        "One line a store: its name, and the memory that it took. A store in use stays; that is\n"
        "a failure only if it was named. Safe beside programs that are just starting.\n",
    .run = run_clean,
};
