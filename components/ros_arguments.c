#include "components/ros_arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/array.h"

typedef svar_ret_t (*take_value_t)(svari_ros_arguments_t *arguments, const char *value);

static svar_ret_t
push_text(const char ***list, size_t *count, const char *text)
{
  const char **extended = svari_array_extend(*list, *count, sizeof(*extended));
  if (extended == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  extended[(*count)++] = text;
  *list = extended;
  return SVAR_OK;
}

static svar_ret_t
push_rule(svari_ros_arguments_t *arguments, svari_remap_rule_t *rule)
{
  svari_remap_rule_t *rules =
      svari_array_extend(arguments->rules, arguments->rule_count, sizeof(*rules));
  if (rules == NULL) {
    svari_remap_rule_fini(rule);
    return SVAR_ERR_NO_MEMORY;
  }
  rules[arguments->rule_count++] = *rule;
  arguments->rules = rules;
  return SVAR_OK;
}

static svar_ret_t
take_remap(svari_ros_arguments_t *arguments, const char *value)
{
  svari_remap_rule_t rule;
  SVAR_TRY(svari_remap_rule_parse(value, &rule));
  return push_rule(arguments, &rule);
}

static svar_ret_t
take_parameter(svari_ros_arguments_t *arguments, const char *value)
{
  return svari_parameter_rule_parse(value, &arguments->parameters);
}

static svar_ret_t
take_parameter_file(svari_ros_arguments_t *arguments, const char *value)
{
  return svari_parameter_file_read(value, &arguments->parameters);
}

static svar_ret_t
take_log_level(svari_ros_arguments_t *arguments, const char *value)
{
  svari_log_level_rule_t *levels =
      svari_array_extend(arguments->log_levels, arguments->log_level_count, sizeof(*levels));
  if (levels == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  arguments->log_levels = levels;
  SVAR_TRY(svari_log_level_rule_parse(value, &levels[arguments->log_level_count]));
  ++arguments->log_level_count;
  return SVAR_OK;
}

static svar_ret_t
take_without_effect(svari_ros_arguments_t *arguments, const char *value)
{
  (void)arguments;
  (void)value;
  return SVAR_OK;
}

static svar_ret_t
enable_console(svari_ros_arguments_t *arguments, const char *value)
{
  (void)value;
  arguments->disables_console = false;
  return SVAR_OK;
}

static svar_ret_t
disable_console(svari_ros_arguments_t *arguments, const char *value)
{
  (void)value;
  arguments->disables_console = true;
  return SVAR_OK;
}

static const struct flag {
  const char *name;
  bool has_value;
  take_value_t take;
} flags[] = {
    {"-p", true, take_parameter},
    {"--param", true, take_parameter},
    {"-r", true, take_remap},
    {"--remap", true, take_remap},
    {"--params-file", true, take_parameter_file},
    {"--log-level", true, take_log_level},
    {"--log-file-name", true, take_without_effect},
    {"--log-config-file", true, take_without_effect},
    {"-e", true, take_without_effect},
    {"--enclave", true, take_without_effect},
    {"--enable-stdout-logs", false, enable_console},
    {"--disable-stdout-logs", false, disable_console},
    {"--enable-rosout-logs", false, take_without_effect},
    {"--disable-rosout-logs", false, take_without_effect},
    {"--enable-external-lib-logs", false, take_without_effect},
    {"--disable-external-lib-logs", false, take_without_effect},
};

static const struct flag *
find_flag(const char *name)
{
  for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); ++i) {
    if (strcmp(flags[i].name, name) == 0) {
      return &flags[i];
    }
  }
  return NULL;
}

static svar_ret_t
take_user_argument(svari_ros_arguments_t *arguments, const char *text)
{
  svari_remap_rule_t rule;
  if (svari_remap_rule_parse(text, &rule) != SVAR_OK) {
    return push_text(&arguments->user, &arguments->user_count, text);
  }
  SVAR_TRY(push_rule(arguments, &rule));
  return push_text(&arguments->bare_rules, &arguments->bare_rule_count, text);
}

typedef struct unknown {
  char names[512]; // "'--foo', '5'", cut when they do not fit
  size_t count;
} unknown_t;

static void
note_unknown(unknown_t *unknown, const char *name)
{
  size_t used = strlen(unknown->names);
  snprintf(unknown->names + used, sizeof(unknown->names) - used, "%s'%s'",
           unknown->count == 0 ? "" : ", ", name);
  ++unknown->count;
}

static svar_ret_t
parse(int argc, char *const *argv, svari_ros_arguments_t *arguments)
{
  bool is_ros = false;
  unknown_t unknown = {0};
  for (int i = 1; i < argc; ++i) {
    const struct flag *flag = is_ros ? find_flag(argv[i]) : NULL;
    if (strcmp(argv[i], "--ros-args") == 0) {
      is_ros = true;
    } else if (!is_ros) {
      SVAR_TRY(take_user_argument(arguments, argv[i]));
    } else if (strcmp(argv[i], "--") == 0) {
      is_ros = false;
    } else if (flag == NULL) {
      note_unknown(&unknown, argv[i]);
    } else if (flag->has_value && i + 1 == argc) {
      return svar_fail(SVAR_ERR_ARGUMENT, "the ROS argument '%s' stands last: its value is missing",
                       argv[i]);
    } else {
      i += flag->has_value;
      SVAR_TRY(flag->take(arguments, argv[i]));
    }
  }
  if (unknown.count > 0) {
    return svar_fail(
        SVAR_ERR_ARGUMENT,
        "unknown ROS argument%s %s: after --ros-args stand -r from:=to, -p name:=value, "
        "--params-file FILE and --log-level LEVEL; what is not ROS's comes before, or "
        "after a '--'",
        unknown.count == 1 ? "" : "s", unknown.names);
  }
  return SVAR_OK;
}

svar_ret_t
svari_ros_arguments_parse(int argc, char *const *argv, svari_ros_arguments_t *out_arguments)
{
  svari_ros_arguments_t arguments = {0};
  svar_ret_t ret = parse(argc, argv, &arguments);
  if (ret != SVAR_OK) {
    svari_ros_arguments_fini(&arguments);
    return ret;
  }
  *out_arguments = arguments;
  return SVAR_OK;
}

void
svari_ros_arguments_fini(svari_ros_arguments_t *arguments)
{
  for (size_t i = 0; i < arguments->rule_count; ++i) {
    svari_remap_rule_fini(&arguments->rules[i]);
  }
  for (size_t i = 0; i < arguments->log_level_count; ++i) {
    svari_log_level_rule_fini(&arguments->log_levels[i]);
  }
  svari_parameter_table_fini(&arguments->parameters);
  free(arguments->rules);
  free(arguments->log_levels);
  free(arguments->bare_rules);
  free(arguments->user);
  *arguments = (svari_ros_arguments_t){0};
}
