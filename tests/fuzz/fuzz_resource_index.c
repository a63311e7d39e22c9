// A file of the ament resource index: the component types that a package says it has.
#include <string.h>
#include <sys/stat.h>

#include "components/component_log.h"
#include "components/resource_index.h"
#include "fuzz/fuzz.h"
#include "launch/packages.h"

// The folders of the index, and a log that is silent about every bad line.
static void
prepare(void)
{
  static bool is_ready;
  if (is_ready) {
    return;
  }
  static const char *const folders[] = {
      "share", "share/ament_index", "share/ament_index/resource_index",
      "share/ament_index/resource_index/shared_variable_components",
      "share/ament_index/resource_index/shared_variable_needs_roudi"};
  for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), folders[i]);
    FUZZ_CHECK(mkdir(path, 0700) == 0);
  }
  char *argv[] = {"fuzz", "--ros-args", "--log-level", "fatal"};
  svari_ros_arguments_t arguments;
  FUZZ_CHECK(svari_ros_arguments_parse(4, argv, &arguments) == SVAR_OK);
  FUZZ_CHECK(svari_log_init(&arguments) == SVAR_OK);
  svari_ros_arguments_fini(&arguments);
  is_ready = true;
}

static void
find_each(const svari_resource_index_t *index)
{
  const svari_index_entry_t *entry = NULL;
  for (size_t i = 0; i < index->count; i++) {
    FUZZ_CHECK(svari_resource_index_find(index, index->entries[i].type, &entry) == SVAR_OK);
    FUZZ_CHECK(strcmp(entry->type, index->entries[i].type) == 0 && entry->library[0] != '\0');
  }
  FUZZ_CHECK(fuzz_ret(svari_resource_index_find(index, "", &entry)) == SVAR_ERR_NOT_FOUND);
}

static void
look_for_roudi(void)
{
  svari_arena_t arena;
  svari_packages_t packages;
  svari_arena_init(&arena);
  svari_packages_init(&packages, &arena, fuzz_folder(), NULL);
  (void)svari_packages_needs_roudi(&packages, &arena, "robot", "talker");
  (void)svari_packages_type_needs_roudi(&packages, &arena, "robot::Talker");
  svari_arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  prepare();
  fuzz_file("share/ament_index/resource_index/shared_variable_components/robot", data, size_bytes);
  fuzz_file("share/ament_index/resource_index/shared_variable_needs_roudi/robot", data, size_bytes);
  svari_resource_index_t index = {0};
  if (fuzz_ret(svari_resource_index_add_prefix(&index, fuzz_folder())) == SVAR_OK) {
    find_each(&index);
  }
  svari_resource_index_fini(&index);
  look_for_roudi();
  return 0;
}
