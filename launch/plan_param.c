// <param>: one parameter file per top-level tag, as ros2 launch does.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "launch/resolver.h"

enum { PARAM_FILE_BYTES_MAX = 16 * 1024 * 1024 };

static void
add_params_argument(svari_resolver_t *resolver, svari_words_t *argv, const char *path)
{
  svari_words_add(resolver->view.arena, argv, "--params-file");
  svari_words_add(resolver->view.arena, argv, path);
}

void
svari_add_params_file(svari_resolver_t *resolver, const char *text, svari_words_t *argv,
                      svari_planned_file_t ***files_end)
{
  svari_arena_t *arena = resolver->view.arena;
  svari_planned_file_t *file = svari_arena_zeroed(arena, sizeof(*file));
  file->path = svari_arena_printf(arena, "%s/params_%d.yaml", resolver->request->params_directory,
                                  ++resolver->file_count);
  file->text = text;
  **files_end = file;
  *files_end = &file->next;
  add_params_argument(resolver, argv, file->path);
}

static svar_ret_t resolve_values(svari_resolver_t *resolver, const svari_element_t *element,
                                 const char *parent, svari_param_t ***end);

static svar_ret_t
resolve_nested(svari_resolver_t *resolver, const svari_element_t *element, const char *name,
               svari_param_t ***end)
{
  if (element->children == NULL) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "the parameter '%s' needs a value=\"...\" or nested <param> tags",
                              name);
  }
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    SVAR_TRY(resolve_values(resolver, child, name, end));
  }
  return SVAR_OK;
}

// Appends the parameters of a tag that has a name, its nested ones flattened.
static svar_ret_t
resolve_values(svari_resolver_t *resolver, const svari_element_t *element, const char *parent,
               svari_param_t ***end)
{
  svari_arena_t *arena = resolver->view.arena;
  const char *name = NULL;
  const char *text = NULL;
  const char *type = NULL;
  const char *separator = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &name));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "value", &text));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "type", &type));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "value-sep", &separator));
  if (name == NULL || *name == '\0') {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              parent == NULL ? "<param> needs a name=\"...\" or a from=\"...\""
                                             : "a nested <param> needs a name=\"...\"");
  }
  if (parent != NULL) {
    name = svari_arena_printf(arena, "%s.%s", parent, name);
  }
  if (text == NULL) {
    return resolve_nested(resolver, element, name, end);
  }
  if (element->children != NULL) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "the parameter '%s' has a value and nested <param> tags; keep one",
                              name);
  }
  svari_param_t *param = svari_arena_zeroed(arena, sizeof(*param));
  param->name = name;
  svar_ret_t ret = svari_param_value_read(arena, text, type, separator, &param->value);
  if (ret != SVAR_OK) {
    svar_fail_context("parameter '%s'", name);
    return svari_element_blame(element, ret);
  }
  **end = param;
  *end = &param->next;
  return SVAR_OK;
}

// Reads the whole file as text, whose substitutions are then performed.
static svar_ret_t
read_text(svari_arena_t *arena, const char *path, const char **out_text)
{
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return svar_fail(SVAR_ERR_NOT_FOUND, "the parameter file '%s' cannot be opened: %s", path,
                     strerror(errno));
  }
  char *text = NULL;
  size_t text_bytes = 0;
  ssize_t length = getdelim(&text, &text_bytes, '\0', file);
  svar_ret_t ret = SVAR_OK;
  if (ferror(file)) {
    ret = svar_fail(SVAR_ERR_SYSTEM, "the parameter file '%s' cannot be read: %s", path,
                    strerror(errno));
  } else if (!feof(file) || length > PARAM_FILE_BYTES_MAX) {
    ret = svar_fail(SVAR_ERR_SYNTAX,
                    "'%s' is not a parameter file: it is too long or has a zero "
                    "byte",
                    path);
  } else {
    *out_text = svari_arena_copy(arena, text == NULL ? "" : text, length > 0 ? (size_t)length : 0);
  }
  free(text);
  fclose(file);
  return ret;
}

svar_ret_t
svari_perform_params_file(const svari_resolver_t *resolver, const svari_element_t *element,
                          const char *path, const char **out_text)
{
  const char *text = NULL;
  SVAR_TRY(svari_element_blame(element, read_text(resolver->view.arena, path, &text)));
  svar_ret_t ret = svari_substitution_perform(&resolver->view, text, out_text);
  if (ret != SVAR_OK) {
    svar_fail_context("parameter file '%s'", path);
  }
  return svari_element_blame(element, ret);
}

static svar_ret_t
resolve_from(svari_resolver_t *resolver, const svari_element_t *element, const char *path,
             svari_words_t *argv, svari_planned_file_t ***files_end)
{
  bool allow_substs = false;
  const char *text = NULL;
  SVAR_TRY(svari_resolve_bool(resolver, element, "allow_substs", &allow_substs));
  if (allow_substs) {
    SVAR_TRY(svari_perform_params_file(resolver, element, path, &text));
    svari_add_params_file(resolver, text, argv, files_end);
    return SVAR_OK;
  }
  struct stat status;
  bool is_there = stat(path, &status) == 0;
  if (!is_there || !S_ISREG(status.st_mode)) { // ROS 2 warns, too, and goes on
    svari_resolver_warn(resolver, element, "the parameter file '%s' is %s", path,
                        is_there ? "no file" : "not there");
  }
  add_params_argument(resolver, argv, path);
  return SVAR_OK;
}

svar_ret_t
svari_check_param_form(const svari_element_t *element)
{
  bool has_from = svari_element_attribute(element, "from") != NULL;
  bool has_substs = svari_element_attribute(element, "allow_substs") != NULL;
  bool has_value = svari_element_attribute(element, "value") != NULL;
  bool has_other =
      has_value || element->children != NULL || svari_element_attribute(element, "name") != NULL;
  bool shapes_value = svari_element_attribute(element, "type") != NULL ||
                      svari_element_attribute(element, "value-sep") != NULL;
  if (has_from && (has_other || shapes_value)) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "<param from=\"...\"> takes the whole file, and neither name, value, "
                              "type nor nested tags");
  }
  if (!has_from && has_substs) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "allow_substs belongs to <param from=\"...\">");
  }
  if (!has_value && shapes_value) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "type and value-sep belong to <param> with a value=\"...\"");
  }
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (svari_element_attribute(child, "from") != NULL) {
      return svari_element_fail(child, SVAR_ERR_SYNTAX,
                                "a nested <param> cannot have from=\"...\"");
    }
    SVAR_TRY(svari_check_param_form(child));
  }
  return SVAR_OK;
}

svar_ret_t
svari_resolve_named_params(svari_resolver_t *resolver, const svari_element_t *element,
                           svari_param_t **out_params)
{
  svari_param_t **params_end = out_params;
  *params_end = NULL;
  return resolve_values(resolver, element, NULL, &params_end);
}

svar_ret_t
svari_resolve_param(svari_resolver_t *resolver, const svari_element_t *element, const char *node,
                    svari_words_t *argv, svari_planned_file_t ***files_end)
{
  SVAR_TRY(svari_check_param_form(element));
  const char *path = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "from", &path));
  if (path != NULL) {
    return resolve_from(resolver, element, path, argv, files_end);
  }
  svari_param_t *params = NULL;
  const char *text = NULL;
  SVAR_TRY(svari_resolve_named_params(resolver, element, &params));
  SVAR_TRY(svari_element_blame(element,
                               svari_param_file_write(resolver->view.arena, node, params, &text)));
  svari_add_params_file(resolver, text, argv, files_end);
  return SVAR_OK;
}

svar_ret_t
svari_resolve_set_parameter(svari_resolver_t *resolver, const svari_element_t *element)
{
  svari_param_t *param = NULL;
  const char *rule = NULL;
  SVAR_TRY(svari_resolve_named_params(resolver, element, &param));
  SVAR_TRY(
      svari_element_blame(element, svari_param_rule_write(resolver->view.arena, param, &rule)));
  param->next = resolver->view.scope.parameters;
  resolver->view.scope.parameters = param;
  return SVAR_OK;
}

// From the oldest on: the last that sets a parameter wins.
static svar_ret_t
add_rules(svari_arena_t *arena, const svari_param_t *params, svari_words_t *argv)
{
  if (params == NULL) {
    return SVAR_OK;
  }
  const char *rule = NULL;
  SVAR_TRY(add_rules(arena, params->next, argv));
  SVAR_TRY(svari_param_rule_write(arena, params, &rule));
  svari_words_add(arena, argv, "-p");
  svari_words_add(arena, argv, rule);
  return SVAR_OK;
}

svar_ret_t
svari_resolve_scope_parameters(const svari_resolver_t *resolver, const svari_element_t *element,
                               svari_words_t *argv)
{
  return svari_element_blame(
      element, add_rules(resolver->view.arena, resolver->view.scope.parameters, argv));
}
