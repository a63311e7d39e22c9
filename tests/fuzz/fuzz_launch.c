// A launch file, in XML or in YAML as its first character tells: to a plan, and to its text. Nothing is
// started.
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "launch/plan.h"

#define INDEX "share/ament_index/resource_index"

static void
install(const char *name, const char *text)
{
  const char *path = fuzz_file(name, (const uint8_t *)text, strlen(text));
  FUZZ_CHECK(chmod(path, 0700) == 0);
}

// A package with a container and components, for the input to name.
static void
prepare(void)
{
  static bool is_ready;
  if (is_ready) {
    return;
  }
  static const char *const folders[] = {"lib",
                                        "lib/robot",
                                        "share",
                                        "share/ament_index",
                                        INDEX,
                                        INDEX "/packages",
                                        INDEX "/shared_variable_components"};
  for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), folders[i]);
    FUZZ_CHECK(mkdir(path, 0700) == 0);
  }
  install(INDEX "/packages/robot", "");
  install(INDEX "/shared_variable_components/robot", "robot::Arm;lib/libarm.so\n");
  install("lib/robot/component_container", "#!/bin/sh\n");
  install("some.yaml", "/**: {ros__parameters: {a: 1, b: [x, y]}}\n");
  is_ready = true;
}

static void
make_plan(svari_arena_t *arena, const char *path)
{
  svari_packages_t packages;
  svari_packages_init(&packages, arena, fuzz_folder(), NULL);
  const svari_plan_request_t request = {
      .path = path, .params_directory = "/params", .packages = &packages};
  svari_plan_t *plan = NULL;
  if (fuzz_ret(svari_plan_create(&request, &plan)) == SVAR_OK) {
    char *text = svari_plan_text(plan);
    FUZZ_CHECK(text != NULL);
    free(text);
    svari_plan_destroy(plan);
  }
}

static void
list_arguments(svari_arena_t *arena, const char *path)
{
  svari_packages_t packages;
  svari_packages_init(&packages, arena, fuzz_folder(), NULL);
  const svari_plan_request_t request = {.path = path, .packages = &packages};
  svari_argument_list_t list;
  if (fuzz_ret(svari_plan_arguments(arena, &request, &list)) == SVAR_OK) {
    char *text = svari_arguments_text(path, list.arguments);
    FUZZ_CHECK(text != NULL);
    free(text);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  prepare();
  const char *path = fuzz_file("input.launch", data, size_bytes);
  svari_arena_t arena;
  svari_arena_init(&arena);
  make_plan(&arena, path);
  list_arguments(&arena, path);
  svari_arena_fini(&arena);
  return 0;
}
