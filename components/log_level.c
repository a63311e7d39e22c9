#include "components/log_level.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "components/array.h"
#include "shared_variable/component.h"

static const struct {
  const char *name;
  int severity;
} levels[] = {
    {"unset", 0},
    {"debug", SVAR_LOG_DEBUG},
    {"info", SVAR_LOG_INFO},
    {"warn", SVAR_LOG_WARN},
    {"error", SVAR_LOG_ERROR},
    {"fatal", SVAR_LOG_FATAL},
};

static const char logger_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./";

svar_ret_t
svari_log_level_rule_parse(const char *text, svari_log_level_rule_t *out_rule)
{
  const char *assign = strstr(text, ":=");
  const char *level = assign != NULL ? assign + 2 : text;
  size_t logger_length = assign != NULL ? (size_t)(assign - text) : 0;
  if (assign != NULL && (logger_length == 0 || strspn(text, logger_characters) != logger_length)) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "log level '%s': before ':=' stands a logger's name, such as "
                     "robot1.policy",
                     text);
  }
  for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); ++i) {
    if (strcasecmp(level, levels[i].name) == 0) {
      svari_log_level_rule_t rule = {.severity = levels[i].severity};
      if (assign != NULL) {
        SVAR_TRY(svari_text_copy(text, logger_length, &rule.logger));
      }
      *out_rule = rule;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_SYNTAX,
                   "log level '%s': the levels are debug, info, warn, error, fatal and unset",
                   text);
}

void
svari_log_level_rule_fini(svari_log_level_rule_t *rule)
{
  free(rule->logger);
  *rule = (svari_log_level_rule_t){0};
}
