// The arguments that a launch file takes, its included files' among them, told without any being given.
#include <string.h>

#include "launch/resolver.h"

enum { FILES_MAX = 1000 }; // as when they are resolved

typedef struct svari_argument_search {
  svari_arena_t *arena;
  svari_argument_list_t *found;
  svari_declared_argument_t **end;
  svari_view_t view;            // as far as it is known: values of the command line, and defaults
  const svari_binding_t *fixed; // variables that an <include> sets: nobody else can
  svari_words_t files;          // that were looked into
} svari_argument_search_t;

static svar_ret_t search_file(svari_argument_search_t *search, const char *path);

svari_declared_argument_t *
svari_declare_argument(svari_arena_t *arena, const svari_element_t *element)
{
  svari_declared_argument_t *argument = svari_arena_zeroed(arena, sizeof(*argument));
  argument->file = element->file;
  argument->name = svari_element_attribute(element, "name");
  argument->default_text = svari_element_attribute(element, "default");
  argument->description = svari_element_attribute(element, "description");
  for (const svari_element_t *choice = element->children; choice != NULL; choice = choice->next) {
    svari_words_add(arena, &argument->choices, svari_element_attribute(choice, "value"));
  }
  return argument;
}

// Sets the variable to an attribute's value, unless that depends on what is not known yet.
static void
bind(svari_argument_search_t *search, const svari_element_t *element, const char *attribute)
{
  const char *raw = svari_element_attribute(element, attribute);
  const char *value = NULL;
  if (raw != NULL && svari_substitution_perform(&search->view, raw, &value) == SVAR_OK) {
    svari_binding_add(search->arena, &search->view.scope.variables,
                      svari_element_attribute(element, "name"), value);
  }
}

static void
take_argument(svari_argument_search_t *search, const svari_element_t *element)
{
  const char *name = svari_element_attribute(element, "name");
  if (svari_binding_find(search->view.scope.variables, name) == NULL) {
    bind(search, element, "default");
  }
  if (svari_binding_find(search->fixed, name) == NULL &&
      !svari_arguments_have(search->found->arguments, name)) {
    *search->end = svari_declare_argument(search->arena, element);
    search->end = &(*search->end)->next;
  }
}

static bool
has_file(const svari_words_t *files, const char *path)
{
  size_t i = 0;
  while (i < files->count && strcmp(files->items[i], path) != 0) {
    ++i;
  }
  return i < files->count;
}

static svar_ret_t
search_include(svari_argument_search_t *search, const svari_element_t *element)
{
  const char *path = NULL;
  const char *file = svari_element_attribute(element, "file");
  search->found->has_includes = true;
  if (svari_substitution_perform(&search->view, file, &path) != SVAR_OK ||
      svari_document_check(path) != SVAR_OK || search->files.count == FILES_MAX) {
    search->found->has_unknown = true;
    return SVAR_OK;
  }
  const svari_binding_t *outer_fixed = search->fixed;
  const char *outer_file = search->view.file;
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    bind(search, child, "value");
    svari_binding_add(search->arena, &search->fixed, svari_element_attribute(child, "name"), "");
  }
  svar_ret_t ret = search_file(search, path);
  search->fixed = outer_fixed;
  search->view.file = outer_file;
  return ret;
}

// Whatever conditions say.
static svar_ret_t
search_children(svari_argument_search_t *search, const svari_element_t *parent)
{
  for (const svari_element_t *child = parent->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "arg") == 0) {
      take_argument(search, child);
    } else if (strcmp(child->tag, "let") == 0) {
      bind(search, child, "value");
    } else if (strcmp(child->tag, "include") == 0) {
      SVAR_TRY(search_include(search, child));
    } else {
      SVAR_TRY(search_children(search, child));
    }
  }
  return SVAR_OK;
}

// Each file once: they may include each other.
static svar_ret_t
search_file(svari_argument_search_t *search, const char *path)
{
  const svari_element_t *root = NULL;
  SVAR_TRY(svari_path_absolute(search->arena, path, &search->view.file));
  if (has_file(&search->files, search->view.file)) {
    return SVAR_OK;
  }
  svari_words_add(search->arena, &search->files, search->view.file);
  SVAR_TRY(svari_document_read(search->arena, path, &root));
  return search_children(search, root);
}

svar_ret_t
svari_plan_arguments(svari_arena_t *arena, const svari_plan_request_t *request,
                     svari_argument_list_t *out_list)
{
  *out_list = (svari_argument_list_t){0};
  svari_argument_search_t search = {
      .arena = arena,
      .found = out_list,
      .end = &out_list->arguments,
      .view = {.arena = arena, .packages = request->packages},
  };
  search.view.scope = svari_scope_inner(arena, &(svari_scope_t){0});
  search.view.scope.variables = request->arguments;
  return search_file(&search, request->path);
}
