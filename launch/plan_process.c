// <node> and <executable>: from tags to the exact argv, environment and conduct of a process.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "components/ros_names.h"
#include "launch/resolver.h"

static const double STOP_TIMEOUT_S = 5.0;

svari_planned_process_t *
svari_new_process(svari_arena_t *arena)
{
  svari_planned_process_t *process = svari_arena_zeroed(arena, sizeof(*process));
  process->out_destinations = process->err_destinations = SVARI_TO_SCREEN;
  process->respawn_max_retries = -1;
  process->sigterm_timeout_s = STOP_TIMEOUT_S;
  process->sigkill_timeout_s = STOP_TIMEOUT_S;
  return process;
}

static svar_ret_t
resolve_seconds(const svari_resolver_t *resolver, const svari_element_t *element, const char *name,
                double *out_seconds)
{
  const char *text = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, name, &text));
  if (text == NULL) {
    return SVAR_OK;
  }
  char *end = NULL;
  double seconds = strtod(text, &end);
  if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= 1e6)) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "%s=\"%s\" is not a time; give seconds, from 0 to 1000000", name,
                              text);
  }
  *out_seconds = seconds;
  return SVAR_OK;
}

static svar_ret_t
resolve_respawn(const svari_resolver_t *resolver, const svari_element_t *element,
                svari_planned_process_t *process)
{
  SVAR_TRY(svari_resolve_bool(resolver, element, "respawn", &process->respawn));
  SVAR_TRY(resolve_seconds(resolver, element, "respawn_delay", &process->respawn_delay_s));
  const char *text = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "respawn_max_retries", &text));
  if (text != NULL) {
    char *end = NULL;
    errno = 0;
    process->respawn_max_retries = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || process->respawn_max_retries < -1) {
      return svari_element_fail(element, SVAR_ERR_VALUE,
                                "respawn_max_retries=\"%s\" is not a count; -1 is without limit",
                                text);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
resolve_on_exit(const svari_resolver_t *resolver, const svari_element_t *element,
                svari_planned_process_t *process)
{
  const char *text = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "on_exit", &text));
  if (text == NULL) {
    return SVAR_OK;
  }
  if (strcmp(text, "shutdown") != 0) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "on_exit=\"%s\" is not known; \"shutdown\" is the only one", text);
  }
  if (process->respawn) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "respawn and on_exit=\"shutdown\" contradict each other; keep one");
  }
  process->shutdown_on_exit = true;
  return SVAR_OK;
}

static svar_ret_t
resolve_output(const svari_resolver_t *resolver, const svari_element_t *element,
               svari_planned_process_t *process)
{
  static const struct {
    const char *name;
    unsigned out, err;
  } known[] = {
      {"screen", SVARI_TO_SCREEN, SVARI_TO_SCREEN},
      {"log", SVARI_TO_LOG, SVARI_TO_LOG | SVARI_TO_SCREEN},
      {"both", SVARI_TO_LOG | SVARI_TO_SCREEN, SVARI_TO_LOG | SVARI_TO_SCREEN},
      {"own_log", SVARI_TO_OWN | SVARI_TO_BOTH, SVARI_TO_OWN | SVARI_TO_BOTH},
      {"full", SVARI_TO_SCREEN | SVARI_TO_LOG | SVARI_TO_OWN | SVARI_TO_BOTH,
       SVARI_TO_SCREEN | SVARI_TO_LOG | SVARI_TO_OWN | SVARI_TO_BOTH},
  };
  const char *text = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "output", &text));
  const char *forced =
      svari_scope_environment(&resolver->view.scope, "OVERRIDE_LAUNCH_PROCESS_OUTPUT");
  bool is_forced = forced != NULL && *forced != '\0';
  text = is_forced ? forced : text == NULL ? "log" : text;
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
    if (strcmp(known[i].name, text) == 0) {
      process->out_destinations = known[i].out;
      process->err_destinations = known[i].err;
      return SVAR_OK;
    }
  }
  return svari_element_fail(element, SVAR_ERR_VALUE,
                            "%s\"%s\" is none of screen, log, both, own_log, full",
                            is_forced ? "OVERRIDE_LAUNCH_PROCESS_OUTPUT=" : "output=", text);
}

static svar_ret_t
resolve_cwd(const svari_resolver_t *resolver, const svari_element_t *element,
            svari_planned_process_t *process)
{
  SVAR_TRY(svari_resolve_attribute(resolver, element, "cwd", &process->cwd));
  struct stat status;
  if (process->cwd != NULL && (stat(process->cwd, &status) != 0 || !S_ISDIR(status.st_mode))) {
    return svari_element_fail(element, SVAR_ERR_NOT_FOUND, "cwd=\"%s\" is not a directory",
                              process->cwd);
  }
  return SVAR_OK;
}

static svar_ret_t
resolve_environment(svari_resolver_t *resolver, const svari_element_t *element,
                    svari_planned_process_t *process)
{
  process->environment = resolver->view.scope.environment;
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "env") == 0) {
      SVAR_TRY(svari_resolve_environment(resolver, child, &process->environment));
    }
  }
  return SVAR_OK;
}

// The attributes that <node> and <executable> share.
static svar_ret_t
resolve_conduct(svari_resolver_t *resolver, const svari_element_t *element,
                svari_planned_process_t *process)
{
  SVAR_TRY(resolve_seconds(resolver, element, "sigterm_timeout", &process->sigterm_timeout_s));
  SVAR_TRY(resolve_seconds(resolver, element, "sigkill_timeout", &process->sigkill_timeout_s));
  SVAR_TRY(resolve_respawn(resolver, element, process));
  SVAR_TRY(resolve_on_exit(resolver, element, process));
  SVAR_TRY(resolve_output(resolver, element, process));
  SVAR_TRY(svari_resolve_bool(resolver, element, "emulate_tty", &process->emulates_terminal));
  SVAR_TRY(svari_resolve_bool(resolver, element, "shell", &process->is_for_shell));
  SVAR_TRY(resolve_cwd(resolver, element, process));
  return resolve_environment(resolver, element, process);
}

// Appends the words of an attribute to argv; absent appends nothing.
static svar_ret_t
resolve_words(const svari_resolver_t *resolver, const svari_element_t *element, const char *name,
              svari_words_t *argv)
{
  const char *raw = svari_element_attribute(element, name);
  return raw == NULL
             ? SVAR_OK
             : svari_element_blame(element, svari_substitution_words(&resolver->view, raw, argv));
}

// Makes argv[0] the program to execute, looked up on the PATH that the process will have.
static svar_ret_t
find_program(const svari_resolver_t *resolver, const svari_element_t *element,
             svari_planned_process_t *process)
{
  if (process->is_for_shell) { // which finds it, and knows words that are no programs
    process->program = "/bin/sh";
    return SVAR_OK;
  }
  const char *path = svari_scope_environment(&resolver->view.scope, "PATH");
  return svari_element_blame(
      element,
      svari_program_find(resolver->view.arena, path, process->argv.items[0], &process->program));
}

void
svari_add_process(svari_resolver_t *resolver, svari_planned_process_t *process,
                  const char *program_name)
{
  svari_plan_t *plan = resolver->plan;
  process->label = svari_arena_printf(resolver->view.arena, "%s-%d", basename(program_name),
                                      ++plan->process_count);
  *resolver->process_end = process;
  resolver->process_end = &process->next;
}

svar_ret_t
svari_resolve_executable(svari_resolver_t *resolver, const svari_element_t *element)
{
  svari_planned_process_t *process = svari_new_process(resolver->view.arena);
  const char *name = NULL;
  SVAR_TRY(resolve_conduct(resolver, element, process));
  SVAR_TRY(resolve_words(resolver, element, "launch-prefix", &process->argv));
  size_t prefix_count = process->argv.count;
  SVAR_TRY(resolve_words(resolver, element, "cmd", &process->argv));
  if (process->argv.count == prefix_count) {
    return svari_element_fail(element, SVAR_ERR_VALUE, "cmd=\"%s\" names no program",
                              svari_element_attribute(element, "cmd"));
  }
  SVAR_TRY(find_program(resolver, element, process));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &name));
  svari_add_process(resolver, process, name != NULL ? name : process->argv.items[prefix_count]);
  return SVAR_OK;
}

svar_ret_t
svari_resolve_node_name(const svari_resolver_t *resolver, const svari_element_t *element,
                        svari_node_name_t *out_name)
{
  svari_node_name_t node = {.ros_namespace = resolver->view.scope.ros_namespace};
  const char *own = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &node.name));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "namespace", &own));
  if (node.name != NULL) {
    SVAR_TRY(svari_element_blame(element, svari_node_name_check(node.name)));
  }
  if (own != NULL) {
    SVAR_TRY(
        svari_element_blame(element, svari_namespace_join(resolver->view.arena, node.ros_namespace,
                                                          own, &node.ros_namespace)));
  }
  node.section = "/**";
  if (node.name != NULL && node.ros_namespace != NULL) {
    const char *space = strcmp(node.ros_namespace, "/") == 0 ? "" : node.ros_namespace;
    node.section = svari_arena_printf(resolver->view.arena, "%s/%s", space, node.name);
  }
  *out_name = node;
  return SVAR_OK;
}

// Appends the node's program, and finds what has to be executed.
static svar_ret_t
resolve_node_program(svari_resolver_t *resolver, const svari_element_t *element,
                     svari_planned_process_t *process, const char *program)
{
  svari_arena_t *arena = resolver->view.arena;
  const char *package = NULL;
  const char *path = program;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "pkg", &package));
  if (package != NULL) {
    const svari_packages_t *packages = resolver->view.packages;
    SVAR_TRY(svari_element_blame(element,
                                 svari_packages_program(packages, arena, package, program, &path)));
    process->needs_roudi = svari_packages_needs_roudi(packages, arena, package, program);
  } else {
    const char *search = svari_scope_environment(&resolver->view.scope, "PATH");
    SVAR_TRY(svari_element_blame(element, svari_program_find(arena, search, program, &path)));
  }
  SVAR_TRY(resolve_words(resolver, element, "launch-prefix", &process->argv));
  svari_words_add(arena, &process->argv, path);
  return find_program(resolver, element, process);
}

svar_ret_t
svari_resolve_ros_args(const svari_resolver_t *resolver, const svari_element_t *element,
                       svari_words_t *argv)
{
  if (svari_element_attribute(element, "ros_args") != NULL) {
    svari_words_add(resolver->view.arena, argv, "--ros-args");
    SVAR_TRY(resolve_words(resolver, element, "ros_args", argv));
  }
  svari_words_add(resolver->view.arena, argv, "--ros-args");
  return SVAR_OK;
}

void
svari_name_arguments(svari_arena_t *arena, const svari_node_name_t *node, svari_words_t *argv)
{
  if (node->name != NULL) {
    svari_words_add(arena, argv, "-r");
    svari_words_add(arena, argv, svari_arena_printf(arena, "__node:=%s", node->name));
  }
  if (node->ros_namespace != NULL) {
    svari_words_add(arena, argv, "-r");
    svari_words_add(arena, argv, svari_arena_printf(arena, "__ns:=%s", node->ros_namespace));
  }
}

// [--ros-args ros_args] --ros-args [-r __node:=N] [-r __ns:=/NS] {-p a:=1} {--params-file F} {-r a:=b}
static svar_ret_t
resolve_ros_section(svari_resolver_t *resolver, const svari_element_t *element,
                    svari_planned_process_t *process)
{
  svari_words_t *argv = &process->argv;
  svari_node_name_t node = {0};
  SVAR_TRY(svari_resolve_node_name(resolver, element, &node));
  SVAR_TRY(svari_resolve_ros_args(resolver, element, argv));
  svari_name_arguments(resolver->view.arena, &node, argv);
  SVAR_TRY(svari_resolve_scope_parameters(resolver, element, argv));
  svari_planned_file_t **files_end = &process->files;
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "param") == 0) {
      SVAR_TRY(svari_resolve_param(resolver, child, node.section, argv, &files_end));
    }
  }
  svari_words_t rules = {0};
  SVAR_TRY(svari_resolve_remaps(resolver, element, "", &rules));
  svari_rule_arguments(resolver->view.arena, "", &rules, argv);
  return SVAR_OK;
}

svar_ret_t
svari_resolve_node_process(svari_resolver_t *resolver, const svari_element_t *element,
                           svari_planned_process_t *process)
{
  const char *program = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "exec", &program));
  SVAR_TRY(resolve_conduct(resolver, element, process));
  SVAR_TRY(resolve_node_program(resolver, element, process, program));
  return resolve_words(resolver, element, "args", &process->argv);
}

svar_ret_t
svari_plan_node(svari_resolver_t *resolver, const svari_element_t *element,
                svari_planned_process_t *process)
{
  const char *program = NULL;
  const char *exec_name = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "exec", &program));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "exec_name", &exec_name));
  process->needs_roudi |= svari_container_needs_roudi(resolver, program, &process->argv);
  svari_add_process(resolver, process, exec_name != NULL ? exec_name : program);
  return SVAR_OK;
}

svar_ret_t
svari_resolve_node(svari_resolver_t *resolver, const svari_element_t *element)
{
  svari_planned_process_t *process = svari_new_process(resolver->view.arena);
  SVAR_TRY(svari_resolve_node_process(resolver, element, process));
  SVAR_TRY(resolve_ros_section(resolver, element, process));
  return svari_plan_node(resolver, element, process);
}
