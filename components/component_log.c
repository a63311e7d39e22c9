#include "components/component_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <rcutils/error_handling.h>
#include <rcutils/logging.h>

enum { LINE_BYTES = 2048 };

// rcutils keeps levels in a map that even a question changes, and promises no thread anything.
static pthread_mutex_t rcutils_lock = PTHREAD_MUTEX_INITIALIZER;

static void
write_nothing(const rcutils_log_location_t *location, int severity, const char *name,
              rcutils_time_point_value_t timestamp, const char *format, va_list *arguments)
{
  (void)location;
  (void)severity;
  (void)name;
  (void)timestamp;
  (void)format;
  (void)arguments;
}

static svar_ret_t
rcutils_failure(const char *doing)
{
  svar_ret_t ret =
      svar_fail(SVAR_ERR_SYSTEM, "%s: rcutils says: %s", doing, rcutils_get_error_string().str);
  rcutils_reset_error();
  return ret;
}

static svar_ret_t
set_levels(const svari_ros_arguments_t *arguments)
{
  for (size_t i = 0; i < arguments->log_level_count; ++i) {
    const svari_log_level_rule_t *rule = &arguments->log_levels[i];
    if (rule->logger == NULL) {
      rcutils_logging_set_default_logger_level(rule->severity);
    } else if (rcutils_logging_set_logger_level(rule->logger, rule->severity) != RCUTILS_RET_OK) {
      return rcutils_failure("setting a logger's level");
    }
  }
  return SVAR_OK;
}

svar_ret_t
svari_log_init(const svari_ros_arguments_t *arguments)
{
  // No time: launchers and journals put their own. An operator's own format stays.
  setenv("RCUTILS_CONSOLE_OUTPUT_FORMAT", "[{severity}] [{name}]: {message}", 0);
  if (rcutils_logging_initialize() != RCUTILS_RET_OK) {
    return rcutils_failure("starting the log");
  }
  if (arguments->disables_console) {
    rcutils_logging_set_output_handler(write_nothing);
  }
  return set_levels(arguments);
}

void
svari_log_fini(void)
{
  if (rcutils_logging_shutdown() != RCUTILS_RET_OK) {
    rcutils_reset_error(); // at the end of the program: nobody is left to be told
  }
}

void
svari_log_list(const char *logger, svar_log_level_t level, const char *format, va_list arguments)
{
  char line[LINE_BYTES];
  pthread_mutex_lock(&rcutils_lock);
  if (rcutils_logging_logger_is_enabled_for(logger, level)) {
    vsnprintf(line, sizeof(line), format, arguments);
    rcutils_log_internal(NULL, level, logger, "%s", line);
  }
  pthread_mutex_unlock(&rcutils_lock);
}

void
svari_log(const char *logger, svar_log_level_t level, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  svari_log_list(logger, level, format, arguments);
  va_end(arguments);
}
