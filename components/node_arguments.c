#include "components/node_arguments.h"

#include <stdlib.h>
#include <string.h>

#include "components/array.h"

enum { HEAD = 2 }; // words before those given: the program, --ros-args

static svar_ret_t
copy_words(const char *const *words, size_t count, svari_node_arguments_t *arguments)
{
  static const char *const head[HEAD] = {"component_container", "--ros-args"};
  for (size_t i = 0; i < HEAD + count; ++i) {
    const char *word = i < HEAD ? head[i] : words[i - HEAD];
    SVAR_TRY(svari_text_copy(word, strlen(word), &arguments->words[i]));
    ++arguments->count;
  }
  return SVAR_OK;
}

static svar_ret_t
parse(svari_node_arguments_t *arguments)
{
  svari_ros_arguments_t *parsed = &arguments->parsed;
  SVAR_TRY(svari_ros_arguments_parse((int)arguments->count, arguments->words, parsed));
  if (parsed->user_count > 0 || parsed->bare_rule_count > 0) {
    return svar_fail(SVAR_ERR_ARGUMENT, "'%s' is no ROS argument",
                     parsed->user_count > 0 ? parsed->user[0] : parsed->bare_rules[0]);
  }
  if (parsed->log_level_count > 0) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "--log-level is the process's: give it when the container is started");
  }
  return SVAR_OK;
}

svar_ret_t
svari_node_arguments_make(const char *const *words, size_t count,
                          svari_node_arguments_t **out_arguments)
{
  svari_node_arguments_t *arguments =
      calloc(1, sizeof(*arguments) + (HEAD + count) * sizeof(arguments->words[0]));
  if (arguments == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu arguments", count);
  }
  svar_ret_t ret = copy_words(words, count, arguments);
  if (ret == SVAR_OK) {
    ret = parse(arguments);
  }
  if (ret != SVAR_OK) {
    svari_node_arguments_free(arguments);
    return ret;
  }
  *out_arguments = arguments;
  return SVAR_OK;
}

void
svari_node_arguments_free(svari_node_arguments_t *arguments)
{
  if (arguments == NULL) {
    return;
  }
  svari_ros_arguments_fini(&arguments->parsed);
  for (size_t i = 0; i < arguments->count; ++i) {
    free(arguments->words[i]);
  }
  free(arguments);
}
