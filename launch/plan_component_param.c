// The parameters of a component. Its container reads the files of all its components, and so each is given
// a file whose one section is the component's full name; what a <param from> says of other nodes is left out.
#include <stdio.h>
#include <string.h>

#include "components/parameter_table.h"
#include "launch/resolver.h"

// Sets the parameter in the list, in its place if the list has it, else at the end.
static void
set_param(svari_arena_t *arena, svari_param_t **list, const char *name, svari_param_value_t value)
{
  while (*list != NULL && strcmp((*list)->name, name) != 0) {
    list = &(*list)->next;
  }
  if (*list == NULL) {
    *list = svari_arena_zeroed(arena, sizeof(**list));
    (*list)->name = name;
  }
  (*list)->value = value;
}

// From the oldest on.
static void
set_scope_params(svari_arena_t *arena, const svari_param_t *params, svari_param_t **list)
{
  if (params != NULL) {
    set_scope_params(arena, params->next, list);
    set_param(arena, list, params->name, params->value);
  }
}

// Sets what the table says of the node: its sections in order, later ones over earlier ones.
static void
set_table_params(svari_arena_t *arena, const svari_parameter_table_t *table, const char *full_name,
                 svari_param_t **list)
{
  for (size_t i = 0; i < table->count; ++i) {
    const svari_parameter_section_t *section = &table->sections[i];
    if (!svari_section_matches(section->pattern, full_name)) {
      continue;
    }
    for (size_t k = 0; k < section->count; ++k) {
      const svari_parameter_t *param = &section->parameters[k];
      set_param(arena, list, svari_arena_copy(arena, param->name, strlen(param->name)),
                svari_param_value_of(arena, &param->value));
    }
  }
}

static svar_ret_t
read_table(svari_resolver_t *resolver, const svari_element_t *element, const char *path,
           svari_parameter_table_t *table)
{
  bool allow_substs = false;
  SVAR_TRY(svari_resolve_bool(resolver, element, "allow_substs", &allow_substs));
  if (!allow_substs) {
    return svari_element_blame(element, svari_parameter_file_read(path, table));
  }
  const char *text = NULL;
  SVAR_TRY(svari_perform_params_file(resolver, element, path, &text));
  FILE *file = fmemopen((char *)text, strlen(text), "r"); // is not written to
  if (file == NULL) {
    return *text == '\0' ? SVAR_OK : svar_fail(SVAR_ERR_NO_MEMORY, "no memory to read '%s'", path);
  }
  svar_ret_t ret = svari_parameter_stream_read(path, file, table);
  fclose(file);
  return svari_element_blame(element, ret);
}

static svar_ret_t
set_file_params(svari_resolver_t *resolver, const svari_element_t *element, const char *path,
                const char *full_name, svari_param_t **list)
{
  svari_parameter_table_t table = {0};
  svar_ret_t ret = read_table(resolver, element, path, &table);
  if (ret == SVAR_OK) {
    set_table_params(resolver->view.arena, &table, full_name, list);
  }
  svari_parameter_table_fini(&table);
  return ret;
}

static svar_ret_t
set_own_params(svari_resolver_t *resolver, const svari_element_t *element, const char *full_name,
               svari_param_t **list)
{
  svari_param_t *params = NULL;
  const char *path = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "from", &path));
  if (path != NULL) {
    return set_file_params(resolver, element, path, full_name, list);
  }
  SVAR_TRY(svari_resolve_named_params(resolver, element, &params));
  for (const svari_param_t *at = params; at != NULL; at = at->next) {
    set_param(resolver->view.arena, list, at->name, at->value);
  }
  return SVAR_OK;
}

svar_ret_t
svari_resolve_component_params(svari_resolver_t *resolver, const svari_element_t *element,
                               const char *full_name, svari_words_t *argv,
                               svari_planned_file_t ***files_end)
{
  svari_arena_t *arena = resolver->view.arena;
  svari_param_t *list = NULL;
  set_scope_params(arena, resolver->view.scope.parameters, &list);
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "param") == 0) {
      SVAR_TRY(svari_check_param_form(child));
      SVAR_TRY(set_own_params(resolver, child, full_name, &list));
    }
  }
  if (list == NULL) {
    return SVAR_OK;
  }
  const char *text = NULL;
  SVAR_TRY(svari_element_blame(element, svari_param_file_write(arena, full_name, list, &text)));
  svari_add_params_file(resolver, text, argv, files_end);
  return SVAR_OK;
}
