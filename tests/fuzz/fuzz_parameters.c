// A ROS parameter file, and what a node finds in it.
#include "components/parameter_table.h"
#include "fuzz/fuzz.h"

static void
describe(const svari_parameter_value_t *value)
{
  char text[64];
  FUZZ_CHECK(value->count > 0 && (value->is_sequence || value->count == 1));
  svari_parameter_value_describe(value, text, sizeof(text));
  for (size_t i = 0; i < value->count; i++) {
    FUZZ_CHECK(value->items[i].kind == value->items[0].kind);
    svari_parameter_print(&value->items[i], text, sizeof(text));
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  svari_parameter_table_t table = {0};
  fuzz_ret(svari_parameter_file_read(fuzz_file("input.yaml", data, size_bytes), &table));
  for (size_t i = 0; i < table.count; i++) { // on failure, what came before it
    const svari_parameter_section_t *section = &table.sections[i];
    FUZZ_CHECK(svari_section_check(section->pattern) == SVAR_OK);
    (void)svari_section_matches(section->pattern, "/robot/policy");
    for (size_t k = 0; k < section->count; k++) {
      describe(&section->parameters[k].value);
      (void)svari_parameter_table_find(&table, "/robot/policy", section->parameters[k].name);
    }
  }
  svari_parameter_table_fini(&table);
  return 0;
}
