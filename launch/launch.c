#include "launch/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/plan.h"
#include "launch/private_dir.h"
#include "launch/runner.h"

enum { EXIT_USAGE = 2 };

static const char help[] =
    "usage: svar launch FILE [NAME:=VALUE ...] [--print | --show-args]\n"
    "       svar launch PACKAGE FILE [NAME:=VALUE ...] [--print | --show-args]\n"
    "\n"
    "Starts what a ROS 2 launch file (XML or YAML) describes, forwards the output of each process\n"
    "under its name, and stops all of them, last started first, on Ctrl-C or when a node with\n"
    "on_exit=\"shutdown\" ends. Output goes where output=\"...\" of a node says: screen, log (a "
    "file; "
    "what\n"
    "a node without it has, but its stderr is on the screen, too), both, own_log or full. Log "
    "files "
    "are\n"
    "in ROS_LOG_DIR, else in ~/.ros/log; OVERRIDE_LAUNCH_PROCESS_OUTPUT=screen shows everything.\n"
    "Starts iox-roudi, and stops it again, when a node needs it and "
    "none\n"
    "runs. ROS itself is not needed. With PACKAGE, FILE is looked for below the package's share\n"
    "directory (AMENT_PREFIX_PATH, then where svar is installed, then /usr).\n"
    "\n"
    "  NAME:=VALUE   an argument of the launch file\n"
    "  --show-args   list the arguments of the file, and of those it includes, and end\n"
    "  --print       show the processes that would be started, and end\n"
    "  --help        this text\n"
    "\n"
    "Exit code: 0 when every process ended well; 1 when one failed, the file has a mistake, or an\n"
    "argument of it is unknown, missing or no choice; 2 when this command line is malformed.\n";

typedef struct svari_command {
  svari_arena_t *arena;
  const char *words[2]; // FILE, or PACKAGE and FILE
  int word_count;
  const svari_binding_t *arguments;
  bool is_print;
  bool is_show_args;
  bool is_help;
} svari_command_t;

static int
complain(const char *sentence)
{
  fprintf(stderr, "svar launch: %s\n", sentence);
  return EXIT_FAILURE;
}

static svar_ret_t
take_option(svari_command_t *command, const char *option)
{
  if (strcmp(option, "--print") == 0) {
    command->is_print = true;
  } else if (strcmp(option, "--show-args") == 0 || strcmp(option, "-s") == 0) {
    command->is_show_args = true;
  } else if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
    command->is_help = true;
  } else {
    return svar_fail(SVAR_ERR_ARGUMENT, "there is no option '%s'; see svar launch --help", option);
  }
  return SVAR_OK;
}

static svar_ret_t
take_word(svari_command_t *command, const char *word)
{
  const char *assignment = strstr(word, ":=");
  if (assignment != NULL && assignment > word) {
    const char *name = svari_arena_copy(command->arena, word, (size_t)(assignment - word));
    svari_binding_add(command->arena, &command->arguments, name, assignment + 2);
    return SVAR_OK;
  }
  if (command->arguments != NULL || assignment != NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT, "'%s' is not an argument of the form NAME:=VALUE", word);
  }
  if (command->word_count == 2) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "'%s' is one word too many: give FILE, or PACKAGE and FILE, then NAME:=VALUE",
                     word);
  }
  command->words[command->word_count++] = word;
  return SVAR_OK;
}

static svar_ret_t
parse_command(svari_command_t *command, int argc, char **argv)
{
  for (int i = 1; i < argc; ++i) {
    SVAR_TRY(argv[i][0] == '-' ? take_option(command, argv[i]) : take_word(command, argv[i]));
  }
  if (command->word_count == 0 && !command->is_help) {
    return svar_fail(SVAR_ERR_ARGUMENT, "name a launch file; see svar launch --help");
  }
  return SVAR_OK;
}

static svar_ret_t
find_file(const svari_command_t *command, const svari_packages_t *packages, const char **out_path)
{
  if (command->word_count == 1) {
    *out_path = command->words[0];
    return SVAR_OK;
  }
  return svari_packages_launch_file(packages, command->arena, command->words[0], command->words[1],
                                    out_path);
}

// Refuses an argument that neither list declares: a misspelt one would change nothing, silently.
static svar_ret_t
check_arguments(const svari_command_t *command, const char *path,
                const svari_declared_argument_t *own, const svari_declared_argument_t *met)
{
  for (const svari_binding_t *at = command->arguments; at != NULL; at = at->next) {
    if (svari_arguments_have(own, at->name) || svari_arguments_have(met, at->name)) {
      continue;
    }
    svar_ret_t ret = svar_fail(SVAR_ERR_ARGUMENT, "%s has no argument '%s'", path, at->name);
    char *text = svari_arguments_text(path, own);
    fprintf(stderr, "svar launch: %s; %s\n%s", svar_error_message(),
            own != NULL ? "it takes:" : "it takes none, remove it", text != NULL ? text : "");
    free(text);
    return ret;
  }
  return SVAR_OK;
}

static int
show_arguments(const char *path, const svari_argument_list_t *list)
{
  char *text = svari_arguments_text(path, list->arguments);
  if (text == NULL) {
    return complain("out of memory for the list of arguments");
  }
  printf("%s %s\n%s", path, list->arguments != NULL ? "takes:" : "takes no arguments.", text);
  if (list->has_unknown) {
    printf(
        "It includes files that are known only once arguments are given, and takes theirs, too.\n");
  }
  free(text);
  return EXIT_SUCCESS;
}

static int
print_plan(const svari_plan_t *plan)
{
  char *text = svari_plan_text(plan);
  if (text == NULL) {
    return complain("out of memory for the list of processes");
  }
  for (const svari_planned_message_t *at = plan->messages; at != NULL; at = at->next) {
    if (at->is_warning) {
      complain(at->text);
    }
  }
  fputs(text, stdout);
  free(text);
  return EXIT_SUCCESS;
}

static svar_ret_t
write_files(const svari_plan_t *plan)
{
  for (const svari_planned_process_t *process = plan->processes; process != NULL;
       process = process->next) {
    for (const svari_planned_file_t *file = process->files; file != NULL; file = file->next) {
      SVAR_TRY(svari_private_dir_write(file->path, file->text));
    }
  }
  return SVAR_OK;
}

static int
run_plan(svari_plan_t *plan, const char *directory)
{
  int exit_code = EXIT_FAILURE;
  svar_ret_t ret = write_files(plan);
  if (ret == SVAR_OK) {
    ret = svari_runner_run(plan, directory, &exit_code);
  }
  return ret == SVAR_OK ? exit_code : complain(svar_error_message());
}

static int
plan_and_run(const svari_command_t *command, const svari_plan_request_t *request,
             const svari_declared_argument_t *own_arguments)
{
  svari_plan_t *plan = NULL;
  int exit_code = EXIT_FAILURE;
  if (svari_plan_create(request, &plan) != SVAR_OK) {
    return complain(svar_error_message());
  }
  if (check_arguments(command, request->path, own_arguments, plan->arguments) == SVAR_OK) {
    exit_code = command->is_print ? print_plan(plan) : run_plan(plan, request->params_directory);
  }
  svari_plan_destroy(plan);
  return exit_code;
}

static int
execute(const svari_command_t *command)
{
  svari_packages_t packages;
  svari_packages_init(&packages, command->arena, getenv("AMENT_PREFIX_PATH"),
                      svari_packages_own_prefix(command->arena));
  svari_private_dir_t directory = {.path = SVARI_PRIVATE_DIR_EXAMPLE};
  svari_plan_request_t request = {
      .arguments = command->arguments,
      .params_directory = directory.path,
      .packages = &packages,
  };
  svari_argument_list_t list = {0};
  if (find_file(command, &packages, &request.path) != SVAR_OK ||
      svari_plan_arguments(command->arena, &request, &list) != SVAR_OK) {
    return complain(svar_error_message());
  }
  // Which files are included, and so what they take, is sure only when they have been; where none is, a misspelt
  // argument is told before what its absence leads to. What is shown is what the list says.
  bool is_sure = command->is_show_args ? !list.has_unknown : !list.has_includes;
  if (is_sure && check_arguments(command, request.path, list.arguments, NULL) != SVAR_OK) {
    return EXIT_FAILURE;
  }
  if (command->is_show_args) {
    return show_arguments(request.path, &list);
  }
  if (!command->is_print && svari_private_dir_create(&directory) != SVAR_OK) {
    return complain(svar_error_message());
  }
  int exit_code = plan_and_run(command, &request, list.arguments);
  if (!command->is_print) {
    svari_private_dir_destroy(&directory);
  }
  return exit_code;
}

int
svari_launch_main(int argc, char **argv)
{
  svari_arena_t arena;
  svari_arena_init(&arena);
  svari_command_t command = {.arena = &arena};
  int exit_code = EXIT_SUCCESS;
  if (parse_command(&command, argc, argv) != SVAR_OK) {
    complain(svar_error_message());
    exit_code = EXIT_USAGE;
  } else if (command.is_help) {
    fputs(help, stdout);
  } else {
    exit_code = execute(&command);
  }
  svari_arena_fini(&arena);
  return exit_code;
}
