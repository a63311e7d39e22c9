#include "tools/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/output.h"

enum { OPTIONS_MAX = 12, FIRST_CODE = 1000 }; // beyond any character, so that no option is short

typedef struct option_table {
  svari_option_t entries[OPTIONS_MAX];
  size_t count;
} option_table_t;

static void
write_usage_line(const svari_command_t *command, FILE *out)
{
  fprintf(out, "usage: svar %s [options]%s%s\n", command->name,
          command->operands[0] == '\0' ? "" : " ", command->operands);
}

int
svari_usage_error(const svari_command_t *command, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  svari_say_failure_list(format, arguments);
  va_end(arguments);
  write_usage_line(command, stderr);
  fprintf(stderr, "Try 'svar help %s'.\n", command->name);
  return SVARI_EXIT_USAGE;
}

static void
write_help(const svari_command_t *command, const option_table_t *table)
{
  write_usage_line(command, stdout);
  printf("\n%s\n\n%s\nOptions:\n", command->summary, command->description);
  for (size_t i = 0; i < table->count; ++i) {
    const svari_option_t *option = &table->entries[i];
    char flag[64];
    snprintf(flag, sizeof(flag), "--%s%s%s", option->name, option->value_name ? " " : "",
             option->value_name ? option->value_name : "");
    printf("  %-18s %s\n", flag, option->help);
  }
}

static bool
parse_count(const char *text, uint64_t *out_count)
{
  char *end;
  errno = 0;
  unsigned long long count = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || count == 0) {
    return false;
  }
  *out_count = count;
  return true;
}

static bool
parse_duration(const char *text, int64_t *out_ns)
{
  char *end;
  double seconds = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(seconds) || seconds < 0 || seconds > 9e9) {
    return false;
  }
  *out_ns = (int64_t)(seconds * 1e9);
  return true;
}

static bool
parse_user(const char *text, uid_t *out_user)
{
  const struct passwd *user = getpwnam(text);
  if (user != NULL) {
    *out_user = user->pw_uid;
    return true;
  }
  char *end;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number >= UINT32_MAX) {
    return false;
  }
  *out_user = (uid_t)number;
  return true;
}

// Stores one option's value; returns what it should have been, or NULL if it is fine.
static const char *
store_value(const svari_option_t *option, const char *value)
{
  switch (option->kind) {
  case SVARI_OPTION_FLAG:
    *(bool *)option->destination = true;
    return NULL;
  case SVARI_OPTION_TEXT:
    *(const char **)option->destination = value;
    return value[0] == '\0' ? "a text that is not empty" : NULL;
  case SVARI_OPTION_COUNT:
    return parse_count(value, option->destination) ? NULL : "a whole number from 1";
  case SVARI_OPTION_DURATION:
    return parse_duration(value, option->destination) ? NULL : "a number of seconds, 0 or more";
  case SVARI_OPTION_USER:
    return parse_user(value, option->destination) ? NULL : "a user of this machine or a user id";
  }
  return "an option of a known kind";
}

// The command's own options, then those of every command.
static option_table_t
all_options(const svari_option_t *own, size_t own_count, svari_arguments_t *arguments,
            bool *wants_help)
{
  const svari_option_t common[] = {
      {"directory", SVARI_OPTION_TEXT, "DIR",
       "segment directory (default: $SVAR_SEGMENT_DIR, else /dev/shm)", &arguments->directory},
      {"owner", SVARI_OPTION_USER, "USER", "whose stores, a name or an id (default: your own)",
       &arguments->owner},
      {"help", SVARI_OPTION_FLAG, NULL, "print this and exit", wants_help},
  };
  option_table_t table = {.count = 0};
  for (size_t i = 0; i < own_count; ++i) {
    table.entries[table.count++] = own[i];
  }
  for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); ++i) {
    table.entries[table.count++] = common[i];
  }
  return table;
}

// code is what getopt_long() returned, word the argument that it looked at last.
static void
say_bad_option(const svari_command_t *command, int code, const char *word)
{
  if (code == ':') {
    svari_usage_error(command, "option '%s' needs a value", word);
  } else if (optopt >= FIRST_CODE) {
    svari_usage_error(command, "'%s': this option takes no value", word);
  } else if (optopt != 0) {
    svari_usage_error(command, "'-%c' is not an option of svar %s", optopt, command->name);
  } else {
    svari_usage_error(command, "'%s' is not an option of svar %s", word, command->name);
  }
}

static bool
parse_options(const svari_command_t *command, const option_table_t *table, int argc, char **argv)
{
  struct option long_options[OPTIONS_MAX + 1] = {0};
  for (size_t i = 0; i < table->count; ++i) {
    long_options[i].name = table->entries[i].name;
    long_options[i].has_arg =
        table->entries[i].kind == SVARI_OPTION_FLAG ? no_argument : required_argument;
    long_options[i].val = FIRST_CODE + (int)i;
  }
  opterr = 0; // the sentences are ours
  optind = 0; // start over: glibc's way
  int code;
  while ((code = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
    if (code < FIRST_CODE) {
      say_bad_option(command, code, argv[optind - 1]);
      return false;
    }
    const svari_option_t *option = &table->entries[code - FIRST_CODE];
    const char *wanted = store_value(option, optarg);
    if (wanted != NULL) {
      svari_usage_error(command, "--%s '%s': needs %s", option->name, optarg, wanted);
      return false;
    }
  }
  return true;
}

bool
svari_arguments_parse(const svari_command_t *command, const svari_option_t *options,
                      size_t option_count, size_t least, size_t most, int argc, char **argv,
                      svari_arguments_t *out_arguments, int *out_exit_code)
{
  bool wants_help = false;
  *out_arguments = (svari_arguments_t){.owner = (uid_t)-1};
  option_table_t table = all_options(options, option_count, out_arguments, &wants_help);
  *out_exit_code = SVARI_EXIT_USAGE;
  if (!parse_options(command, &table, argc, argv)) {
    return false;
  }
  if (wants_help) {
    write_help(command, &table);
    *out_exit_code = SVARI_EXIT_OK;
    return false;
  }
  out_arguments->operands = argv + optind;
  out_arguments->operand_count = (size_t)(argc - optind);
  if (out_arguments->operand_count < least) {
    svari_usage_error(command, "svar %s needs %s", command->name, command->operands);
    return false;
  }
  if (out_arguments->operand_count > most) {
    svari_usage_error(command, "svar %s takes no '%s'", command->name,
                      out_arguments->operands[most]);
    return false;
  }
  return true;
}
