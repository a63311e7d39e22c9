// Logging through rcutils: one line a record on stderr, "[INFO] [node]: text".
#ifndef SVARI_COMPONENTS_COMPONENT_LOG_H
#define SVARI_COMPONENTS_COMPONENT_LOG_H

#include <stdarg.h>

#include "components/ros_arguments.h"
#include "shared_variable/component.h"

/// Once, before any thread. Takes --log-level and --disable-stdout-logs from arguments; the environment
/// (RCUTILS_CONSOLE_OUTPUT_FORMAT, RCUTILS_COLORIZED_OUTPUT, ...) still has its say, as in ROS 2.
svar_ret_t svari_log_init(const svari_ros_arguments_t *arguments);
void svari_log_fini(void);

/// Writes one line if the logger's level lets it. From any thread; blocks on other writers and on stderr.
void svari_log(const char *logger, svar_log_level_t level, const char *format, ...)
    SVAR_PRINTF(3, 4);
void svari_log_list(const char *logger, svar_log_level_t level, const char *format,
                    va_list arguments);

#endif
