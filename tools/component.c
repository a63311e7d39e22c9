// The subcommands of `svar component`.
#include "tools/component.h"

#include <stdio.h>
#include <string.h>

#include "tools/output.h"
#include "tools/suggestion.h"

static const svari_command_t *const commands[] = {
    &svari_component_list,          &svari_component_load,      &svari_component_unload,
    &svari_component_get_state,     &svari_component_set_state, &svari_component_parameters,
    &svari_component_set_parameter,
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

// "component load" -> "load"
static const char *
word_of(const svari_command_t *command)
{
  return strchr(command->name, ' ') + 1;
}

static void
write_overview(FILE *out)
{
  fputs("usage: svar component COMMAND [options] ...\n\n"
        "Components that run: look at them, load and unload them, change their states.\n\n",
        out);
  for (size_t i = 0; i < COMMAND_COUNT; ++i) {
    fprintf(out, "  svar %s %s\n      %s\n", commands[i]->name, commands[i]->operands,
            commands[i]->summary);
  }
  fputs("\nA NODE is a full name, such as /robot1/policy; a CONTAINER a name or a process number.\n"
        "'svar component COMMAND --help' says more.\n",
        out);
}

static int
refuse_command(const char *name)
{
  char nearest[SVARI_SUGGESTION_BYTES];
  svari_suggestion_t suggestion = svari_suggestion_begin(name);
  for (size_t i = 0; i < COMMAND_COUNT; ++i) {
    svari_suggestion_offer(&suggestion, word_of(commands[i]));
  }
  svari_say_failure("there is no command 'component %s'%s", name,
                    svari_suggestion_text(&suggestion, nearest, sizeof(nearest)));
  fputs("Try 'svar component --help'.\n", stderr);
  return SVARI_EXIT_USAGE;
}

static int
run_component(int argc, char **argv)
{
  if (argc < 2) {
    write_overview(stderr);
    return SVARI_EXIT_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0) {
    write_overview(stdout);
    return SVARI_EXIT_OK;
  }
  for (size_t i = 0; i < COMMAND_COUNT; ++i) {
    if (strcmp(word_of(commands[i]), argv[1]) == 0) {
      return commands[i]->run(argc - 1, argv + 1);
    }
  }
  return refuse_command(argv[1]);
}

const svari_command_t svari_command_component = {
    .name = "component",
    .operands = "COMMAND ...",
    .summary = "List, load, unload and change the components that run.",
    .run = run_component,
};
