// A ROS command line, one argument a line, and the names that its rules give a node.
#include "components/ros_arguments.h"
#include "fuzz/fuzz.h"

enum { ARGUMENTS_MAX = 16 };

static void
check_names(const svari_ros_arguments_t *arguments)
{
  svari_node_identity_t node;
  char name[SVARI_TOPIC_NAME_MAX + 1];
  svar_ret_t ret =
      svari_remap_node(arguments->rules, arguments->rule_count, "policy", false, &node);
  if (fuzz_ret(ret) != SVAR_OK) {
    return;
  }
  FUZZ_CHECK(svari_node_name_check(node.name) == SVAR_OK);
  FUZZ_CHECK(svari_namespace_check(node.name_space) == SVAR_OK);
  (void)svari_parameter_table_find(&arguments->parameters, node.full_name, "rate");
  for (size_t i = 0; i < arguments->user_count; i++) {
    ret = svari_remap_name(arguments->rules, arguments->rule_count, &node, arguments->user[i], name,
                           sizeof(name));
    FUZZ_CHECK(fuzz_ret(ret) != SVAR_OK || name[0] == '/');
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  fuzz_input_t input = {data, data + size_bytes};
  char *argv[ARGUMENTS_MAX + 1] = {NULL};
  int argc = 0;
  while (fuzz_has_more(&input) && argc < ARGUMENTS_MAX) {
    argv[argc++] = fuzz_line(&input);
  }
  svari_ros_arguments_t arguments = {0};
  if (fuzz_ret(svari_ros_arguments_parse(argc, argv, &arguments)) == SVAR_OK) {
    check_names(&arguments);
    svari_ros_arguments_fini(&arguments);
  }
  for (int i = 0; i < argc; i++) {
    free(argv[i]);
  }
  return 0;
}
