// The value of --log-level: "LEVEL" or "logger.name:=LEVEL".
#ifndef SVARI_COMPONENTS_LOG_LEVEL_H
#define SVARI_COMPONENTS_LOG_LEVEL_H

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_log_level_rule {
  char *logger; ///< NULL: the default of all loggers
  int severity; ///< svar_log_level_t, or 0 for "unset": whatever the logger above it has
} svari_log_level_rule_t;

/// Levels are debug, info, warn, error, fatal and unset, in any case. SVAR_ERR_SYNTAX otherwise.
svar_ret_t svari_log_level_rule_parse(const char *text, svari_log_level_rule_t *out_rule);
void svari_log_level_rule_fini(svari_log_level_rule_t *rule);

SVAR_END_DECLS
#endif
