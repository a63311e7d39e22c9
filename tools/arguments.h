// The command line of a subcommand: its options are a table, from which both the parser and --help are
// made, so that the two cannot disagree.
#ifndef SVARI_TOOLS_ARGUMENTS_H
#define SVARI_TOOLS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/command.h"

typedef enum svari_option_kind {
  SVARI_OPTION_FLAG,     // bool
  SVARI_OPTION_TEXT,     // const char *, borrowed from argv
  SVARI_OPTION_COUNT,    // uint64_t, at least 1
  SVARI_OPTION_DURATION, // int64_t nanoseconds, given in seconds ("0.5")
  SVARI_OPTION_USER      // uid_t, given as a name or a number
} svari_option_kind_t;

typedef struct svari_option {
  const char *name; // without the dashes
  svari_option_kind_t kind;
  const char *value_name; // "FILE"; NULL for a flag
  const char *help;       // one line
  void *destination;      // of the kind's type; untouched if the option is not given
} svari_option_t;

typedef struct svari_arguments {
  const char *directory; // --directory: NULL if not given
  uid_t owner;           // --owner: (uid_t)-1 if not given
  char **operands;       // operand_count of them, borrowed from argv
  size_t operand_count;
} svari_arguments_t;

// Parses argv by options and the two that every command has, --directory and --owner. argv is reordered.
// @param most most operands that the command takes; least: fewest
// @return true: run. False: *out_exit_code is the answer, and everything has been said (--help was
// given, or the usage was wrong).
bool svari_arguments_parse(const svari_command_t *command, const svari_option_t *options,
                           size_t option_count, size_t least, size_t most, int argc, char **argv,
                           svari_arguments_t *out_arguments, int *out_exit_code);

// Says "svar: <sentence>" and the usage line on stderr. Returns SVARI_EXIT_USAGE.
int svari_usage_error(const svari_command_t *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
