#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/component.h"
#include "tools/containers.h"
#include "tools/output.h"

static const int64_t DEFAULT_TIMEOUT_NS = 30000000000;

typedef struct loading {
  const char *goal;
  int64_t timeout_ns;
  const char *words[SVARI_CONTROL_WORDS];
  size_t count;
  char paths[SVARI_CONTROL_WORDS / 2][PATH_MAX]; // of parameter files, made absolute
  size_t path_count;
} loading_t;

// The container has a working directory of its own.
static const char *
absolute(loading_t *loading, const char *path)
{
  char *place = loading->paths[loading->path_count];
  if (realpath(path, place) == NULL) {
    return path; // the container says what is wrong with it
  }
  ++loading->path_count;
  return place;
}

static svar_ret_t
take_ros_arguments(loading_t *loading, char **words, int count)
{
  for (int i = 0; i < count; ++i) {
    if (loading->count == SVARI_CONTROL_WORDS) {
      return svar_fail(SVAR_ERR_RANGE, "more than %d words: put parameters into a file",
                       SVARI_CONTROL_WORDS);
    }
    bool is_file = i > 0 && strcmp(words[i - 1], "--params-file") == 0;
    loading->words[loading->count++] = is_file ? absolute(loading, words[i]) : words[i];
  }
  return SVAR_OK;
}

// Where the words begin that are not ours to read; argc if there are none.
static int
ros_arguments_at(int argc, char **argv)
{
  int at = 0;
  while (at < argc && strcmp(argv[at], "--ros-args") != 0) {
    ++at;
  }
  return at;
}

static int
run_load(int argc, char **argv)
{
  static loading_t loading; // large
  loading = (loading_t){.goal = "active", .timeout_ns = DEFAULT_TIMEOUT_NS};
  const svari_option_t options[] = {
      SVARI_CONTAINER_TIMEOUT_OPTION(&loading.timeout_ns, "30"),
      {"state", SVARI_OPTION_TEXT, "STATE",
       "bring it to unconfigured, inactive or active (default active)", &loading.goal}};
  svari_arguments_t arguments;
  int exit_code;
  int ros_at = ros_arguments_at(argc, argv);
  if (!svari_arguments_parse(&svari_component_load, options, 2, 2, 2, ros_at, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  loading.words[loading.count++] = loading.goal;
  loading.words[loading.count++] = arguments.operands[1];
  char *text = NULL;
  if (take_ros_arguments(&loading, argv + ros_at, argc - ros_at) != SVAR_OK ||
      svari_containers_await(&arguments, arguments.operands[0], loading.timeout_ns) != SVAR_OK ||
      svari_containers_ask(&arguments, svari_containers_find, loading.timeout_ns,
                           SVARI_CONTROL_LOAD, loading.words, loading.count, &text) != SVAR_OK) {
    return svari_say_error();
  }
  fputs(text, stdout);
  free(text);
  return SVARI_EXIT_OK;
}

const svari_command_t svari_component_load = {
    .name = "component load",
    .operands = "CONTAINER TYPE [--ros-args ...]",
    .summary = "Load a component into a container, and bring it up.",
    .description =
        "The container may have been started just now: it is waited for, 5 s at most.\n"
        "TYPE is one that `component_container --list` prints. Behind --ros-args are names and\n"
        "parameters as for any node: -r __node:=NAME, -r __ns:=/NAMESPACE, -p NAME:=VALUE,\n"
        "--params-file FILE. The node's number and full name are printed. A component that does\n"
        "not come up is not loaded, and the reason is said.\n",
    .run = run_load,
};
