// The command line: finds the subcommand and runs it.
#include <stdio.h>
#include <string.h>

#include "launch/launch.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/suggestion.h"

static int run_help(int argc, char **argv);

static const svari_command_t launch_command = {
    .name = "launch",
    .operands = "FILE [ARGUMENT:=VALUE...]",
    .summary = "Start the programs of a launch file, and stop them in order.",
    .run = svari_launch_main,
};

static const svari_command_t help_command = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "Say more about a command.",
    .run = run_help,
};

static const svari_command_t *const commands[] = {
    &svari_command_list,   &svari_command_info,      &svari_command_get,   &svari_command_set,
    &svari_command_save,   &svari_command_load,      &svari_command_watch, &svari_command_clean,
    &svari_command_doctor, &svari_command_component, &launch_command,      &help_command,
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void
write_overview(FILE *out)
{
  fputs("usage: svar COMMAND [options] ...\n\n"
        "Shared variables of running robots: look at them, and start what holds them.\n\n",
        out);
  for (size_t i = 0; i < COMMAND_COUNT; ++i) {
    char call[64];
    snprintf(call, sizeof(call), "%s %s", commands[i]->name, commands[i]->operands);
    fprintf(out, "  svar %-33s %s\n", call, commands[i]->summary);
  }
  fputs(
      "\n'svar COMMAND --help' says more. Exit codes: 0 done, 1 failed (standard error says why),\n"
      "2 not called so. Output into a pipe is tab-separated, without headers, numbers unrounded.\n",
      out);
}

static const svari_command_t *
find_command(const char *name)
{
  for (size_t i = 0; i < COMMAND_COUNT; ++i) {
    if (strcmp(commands[i]->name, name) == 0) {
      return commands[i];
    }
  }
  return NULL;
}

static int
refuse_command(const char *name)
{
  svari_suggestion_t suggestion = svari_suggestion_begin(name);
  for (size_t i = 0; i < COMMAND_COUNT; ++i) {
    svari_suggestion_offer(&suggestion, commands[i]->name);
  }
  char nearest[256];
  svari_suggestion_text(&suggestion, nearest, sizeof(nearest));
  svari_say_failure("there is no command '%s'%s", name, nearest);
  fputs("usage: svar COMMAND [options] ...\nTry 'svar help'.\n", stderr);
  return SVARI_EXIT_USAGE;
}

static int
run_help(int argc, char **argv)
{
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    write_overview(stdout);
    return SVARI_EXIT_OK;
  }
  const svari_command_t *command = find_command(argv[1]);
  if (command == NULL) {
    return refuse_command(argv[1]);
  }
  char help[] = "--help";
  char *help_arguments[] = {argv[1], help, NULL};
  return command->run(2, help_arguments);
}

int
main(int argc, char **argv)
{
  if (argc < 2) {
    write_overview(stderr);
    return SVARI_EXIT_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("svar " SVARI_TOOLS_VERSION);
    return svari_output_finish(SVARI_EXIT_OK);
  }
  const svari_command_t *command =
      strcmp(argv[1], "--help") == 0 ? &help_command : find_command(argv[1]);
  if (command == NULL) {
    return refuse_command(argv[1]);
  }
  if (command != &launch_command) { // its children expect signals as they are
    svari_output_begin();
  }
  return svari_output_finish(command->run(argc - 1, argv + 1));
}
