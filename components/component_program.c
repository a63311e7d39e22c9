#include "components/component_program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/array.h"
#include "components/component_container.h"
#include "components/component_control.h"
#include "components/component_factory.h"
#include "components/component_help.h"
#include "components/component_log.h"

static const char EXIT_ON_FAILURE[] = "--exit-on-failure";

typedef struct program {
  const char *name;
  const char *type; // NULL: component_container
  svari_ros_arguments_t arguments;
  svari_resource_index_t index;
  svari_schedule_t started_with; // the scheduler of whoever started this program
  svari_component_container_t container;
} program_t;

static bool
has_user_argument(const program_t *program, const char *text)
{
  for (size_t i = 0; i < program->arguments.user_count; ++i) {
    if (strcmp(program->arguments.user[i], text) == 0) {
      return true;
    }
  }
  return false;
}

static svar_ret_t
add_node(program_t *program, const char *type, const char *node_name, bool is_own_name)
{
  svari_component_node_t *node;
  SVAR_TRY(svari_component_make(&program->index, type, &program->arguments, program->started_with,
                                node_name, is_own_name, &node));
  svar_ret_t ret = svari_component_container_add(&program->container, node);
  if (ret != SVAR_OK) {
    svari_component_node_destroy(node);
  }
  return ret;
}

// TYPE or TYPE=NODE_NAME
static svar_ret_t
add_named(program_t *program, const char *argument)
{
  if (argument[0] == '-') {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "unknown option '%s': see --help (ROS arguments come after --ros-args)",
                     argument);
  }
  const char *equals = strchr(argument, '=');
  if (equals != NULL && equals[1] == '\0') {
    return svar_fail(SVAR_ERR_ARGUMENT, "'%s': a node's name must follow the '='", argument);
  }
  char *type;
  SVAR_TRY(svari_text_copy(argument, strcspn(argument, "="), &type));
  svar_ret_t ret = add_node(program, type, equals != NULL ? equals + 1 : NULL, equals != NULL);
  free(type);
  return ret;
}

static svar_ret_t
add_nodes(program_t *program)
{
  const svari_ros_arguments_t *arguments = &program->arguments;
  if (program->type != NULL) {
    if (arguments->user_count > 0) {
      return svar_fail(SVAR_ERR_ARGUMENT,
                       "unexpected argument '%s': parameters are given as --ros-args -p "
                       "name:=value, see --help",
                       arguments->user[0]);
    }
    return add_node(program, program->type, program->name, false);
  }
  program->container.stays = arguments->user_count == 0; // to be filled at run time
  program->container.fails_with_one = has_user_argument(program, EXIT_ON_FAILURE);
  for (size_t i = 0; i < arguments->user_count; ++i) {
    if (strcmp(arguments->user[i], EXIT_ON_FAILURE) != 0) {
      SVAR_TRY(add_named(program, arguments->user[i]));
    }
  }
  return SVAR_OK;
}

static svar_ret_t
print_help(const program_t *program)
{
  const svar_component_descriptor_t *descriptor;
  if (program->type != NULL) {
    SVAR_TRY(svari_component_find(&program->index, program->type, &descriptor));
    svari_help_program(stdout, program->name, descriptor);
    return SVAR_OK;
  }
  bool names_type = false;
  for (size_t i = 0; i < program->arguments.user_count; ++i) {
    const char *type = program->arguments.user[i];
    if (type[0] != '-') {
      SVAR_TRY(svari_component_find(&program->index, type, &descriptor));
      svari_help_component(stdout, descriptor);
      names_type = true;
    }
  }
  if (!names_type) {
    svari_help_container(stdout);
  }
  return SVAR_OK;
}

// Without it the nodes run as well; only nobody can load another, or ask for their states.
static void
open_control(program_t *program)
{
  svari_component_container_t *container = &program->container;
  if (svari_component_control_open(container, &program->arguments, program->started_with,
                                   &container->control) != SVAR_OK) {
    svari_log(program->name, SVAR_LOG_WARN, "`svar component` will not find this process: %s",
              svar_error_message());
  }
}

static svar_ret_t
run_nodes(program_t *program, bool *out_ok)
{
  SVAR_TRY(add_nodes(program));
  SVAR_TRY(svari_component_container_check_parameters(&program->container,
                                                      &program->arguments.parameters));
  open_control(program);
  *out_ok = svari_component_container_run(&program->container);
  return SVAR_OK;
}

static svar_ret_t
run(program_t *program, bool *out_ok)
{
  for (size_t i = 0; i < program->arguments.bare_rule_count; ++i) {
    svari_log(program->name, SVAR_LOG_WARN,
              "'%s' is taken as a remap rule: write --ros-args -r %s, the bare form is deprecated",
              program->arguments.bare_rules[i], program->arguments.bare_rules[i]);
  }
  SVAR_TRY(svari_resource_index_load(&program->index));
  if (has_user_argument(program, "--help") || has_user_argument(program, "-h")) {
    *out_ok = true;
    return print_help(program);
  }
  if (program->type == NULL && has_user_argument(program, "--list")) {
    *out_ok = svari_help_list(stdout, program->name, &program->index);
    return SVAR_OK;
  }
  return run_nodes(program, out_ok);
}

static svar_ret_t
prepare(program_t *program, int argc, char **argv)
{
  // First of all, before a library can start a thread that would take the signals.
  svar_ret_t ret = svari_component_container_init(&program->container, program->name);
  if (ret == SVAR_OK) {
    ret = svari_ros_arguments_parse(argc, argv, &program->arguments);
  }
  // In any case: what did not parse is said through the log, too.
  svar_ret_t log_ret = svari_log_init(&program->arguments);
  return ret != SVAR_OK ? ret : log_ret;
}

int
svari_component_program_main(const char *name, const char *type, int argc, char **argv)
{
  // Whoever read our output may go away; a control loop must not end with it.
  signal(SIGPIPE, SIG_IGN);
  // This thread waits and talks; that is no real-time work.
  program_t program = {.name = name, .type = type, .started_with = svari_schedule_give_up()};
  bool is_ok = false;
  svar_ret_t ret;
  if ((ret = prepare(&program, argc, argv)) != SVAR_OK ||
      (ret = run(&program, &is_ok)) != SVAR_OK) {
    svari_log(name, SVAR_LOG_ERROR, "%s", svar_error_message());
  }
  svari_component_container_fini(&program.container);
  svari_resource_index_fini(&program.index);
  svari_ros_arguments_fini(&program.arguments);
  svari_log_fini();
  return ret == SVAR_OK && is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
