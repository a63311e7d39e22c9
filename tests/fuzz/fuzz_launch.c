// A launch file, in XML or in YAML as its first character tells: to a plan, and to its text. Nothing is
// started.
#include <string.h>

#include "fuzz/fuzz.h"
#include "launch/plan.h"

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
  svari_declared_argument_t *arguments = NULL;
  bool includes = false;
  if (fuzz_ret(svari_plan_arguments(arena, path, &arguments, &includes)) == SVAR_OK) {
    char *text = svari_arguments_text(arguments);
    FUZZ_CHECK(text != NULL);
    free(text);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  const char *path = fuzz_file("input.launch", data, size_bytes);
  svari_arena_t arena;
  svari_arena_init(&arena);
  make_plan(&arena, path);
  list_arguments(&arena, path);
  svari_arena_fini(&arena);
  return 0;
}
