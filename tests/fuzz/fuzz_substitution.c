// A text of a launch file with substitutions in it: as one text, as words, and as a parameter's value.
#include <string.h>

#include "components/parameter_table.h"
#include "fuzz/fuzz.h"
#include "launch/param_file.h"
#include "launch/substitution.h"

// What the launcher writes for a node, the node reads.
static void
write_and_read(svari_arena_t *arena, const svari_param_value_t *value)
{
  const svari_param_t param = {.name = "rate", .value = *value};
  const char *text = NULL;
  if (fuzz_ret(svari_param_file_write(arena, "/policy", &param, &text)) != SVAR_OK) {
    return;
  }
  svari_parameter_table_t table = {0};
  const char *path = fuzz_file("params.yaml", (const uint8_t *)text, strlen(text));
  FUZZ_CHECK(fuzz_ret(svari_parameter_file_read(path, &table)) == SVAR_OK);
  const svari_parameter_value_t *read = svari_parameter_table_find(&table, "/policy", "rate");
  FUZZ_CHECK(read != NULL && read->count == value->items.count);
  FUZZ_CHECK(read->is_sequence == value->is_list && read->items[0].kind == value->kind);
  for (size_t i = 0; i < read->count && value->kind == SVAR_PARAMETER_STRING; i++) {
    FUZZ_CHECK(strcmp(read->items[i].as.string, value->items.items[i]) == 0);
  }
  svari_parameter_table_fini(&table);
}

static void
read_value(svari_arena_t *arena, const char *text, const char *type, const char *separator)
{
  svari_param_value_t value;
  if (fuzz_ret(svari_param_value_read(arena, text, type, separator, &value)) == SVAR_OK) {
    write_and_read(arena, &value);
  }
}

static void
perform(const svari_view_t *view, const char *source)
{
  const char *text = source;
  svari_words_t words = {0};
  fuzz_ret(svari_substitution_words(view, source, &words));
  fuzz_ret(svari_substitution_perform(view, source, &text));
  read_value(view->arena, text, NULL, NULL);
  read_value(view->arena, text, "str", NULL);
  read_value(view->arena, text, "float", NULL);
  read_value(view->arena, text, "list_of_str", ",");
  bool truth;
  const char *name_space;
  fuzz_ret(svari_text_to_bool(text, &truth));
  fuzz_ret(svari_namespace_join(view->arena, "/robot", text, &name_space));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  svari_arena_t arena;
  svari_packages_t packages;
  svari_arena_init(&arena);
  svari_packages_init(&packages, &arena, fuzz_folder(), NULL);
  svari_view_t view = {.arena = &arena, .packages = &packages, .file = "/launch/input.launch.xml"};
  view.scope = svari_scope_inner(&arena, &view.scope);
  svari_binding_add(&arena, &view.scope.variables, "a", "one two");
  char *source = fuzz_text(data, size_bytes);
  perform(&view, source);
  free(source);
  svari_arena_fini(&arena);
  return 0;
}
