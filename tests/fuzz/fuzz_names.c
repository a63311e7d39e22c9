// Names from outside: files in the segment directory, stores, topics, runtimes, nodes, rules.
#include <string.h>

#include "components/remap_rule.h"
#include "fuzz/fuzz.h"
#include "ipc/messages_names.h"
#include "ipc/store_name.h"

// A name that a file gives back is the name that makes the file.
static void
parse_file_name(const char *file_name)
{
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner;
  bool is_whole;
  if (!svari_store_name_parse(file_name, name, &owner, &is_whole)) {
    return;
  }
  FUZZ_CHECK(memchr(name, '\0', sizeof(name)) != NULL);
#ifdef FUZZ_PLANTED_BUG // what tests/fuzz/run must find, to show that it can
  char *copy = strdup(name);
  if (owner == 7 && copy[strlen(copy) + 1] == 'x') {
    abort();
  }
  free(copy);
#endif
  svari_store_paths_t paths;
  if (is_whole && fuzz_ret(svari_store_paths("", name, owner, &paths)) == SVAR_OK) {
    FUZZ_CHECK(strcmp(paths.state + 1, file_name) == 0);
  }
}

static void
check_names(const char *text)
{
  svari_store_paths_t paths;
  fuzz_ret(svari_store_paths("/dev/shm", text, 1000, &paths));
  fuzz_ret(svari_topic_check(text));
  fuzz_ret(svari_node_name_check(text));
  fuzz_ret(svari_namespace_check(text));
  (void)svari_name_token(text);
  (void)svari_name_path(text);
  (void)svari_name_identifier(text);
  char runtime[SVARI_RUNTIME_NAME_BYTES];
  svari_runtime_name_make(text, runtime);
  FUZZ_CHECK(strchr(runtime, '/') == NULL && strlen(runtime) < sizeof(runtime));
}

static void
parse_rule(const char *text)
{
  svari_remap_rule_t rule;
  svari_node_identity_t node;
  if (fuzz_ret(svari_remap_rule_parse(text, &rule)) == SVAR_OK) {
    char name[SVARI_TOPIC_NAME_MAX + 1];
    if (fuzz_ret(svari_remap_node(&rule, 1, "policy", false, &node)) == SVAR_OK) {
      fuzz_ret(svari_remap_name(&rule, 1, &node, "weights", name, sizeof(name)));
    }
    svari_remap_rule_fini(&rule);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  char *text = fuzz_text(data, size_bytes);
  parse_file_name(text);
  check_names(text);
  parse_rule(text);
  free(text);
  return 0;
}
