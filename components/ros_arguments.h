// A ROS 2 command line: `program user arguments --ros-args -r from:=to -p name:=value ... [-- user arguments]`.
#ifndef SVARI_COMPONENTS_ROS_ARGUMENTS_H
#define SVARI_COMPONENTS_ROS_ARGUMENTS_H

#include "components/log_level.h"
#include "components/parameter_table.h"
#include "components/remap_rule.h"

SVAR_BEGIN_DECLS

/// What a command line says. {0} is empty.
typedef struct svari_ros_arguments {
  const char **user; ///< what is not ROS's, without argv[0], in order; borrowed from argv
  size_t user_count;
  svari_remap_rule_t *rules; ///< in argv order: the first match wins
  size_t rule_count;
  const char *
      *bare_rules; ///< rules given outside --ros-args, a deprecated form; borrowed from argv
  size_t bare_rule_count;
  svari_parameter_table_t parameters;
  svari_log_level_rule_t *log_levels; ///< in argv order: the last one of a logger wins
  size_t log_level_count;
  bool disables_console; ///< --disable-stdout-logs came last
} svari_ros_arguments_t;

/// Reads a command line as rcl does. argv must outlive out_arguments. One deviation: argv[0] is the
/// program, never a remap rule. -e/--enclave, --log-file-name, --log-config-file, --{enable,disable}-
/// {rosout,external-lib}-logs are taken and have no effect: what they configure is not here.
/// SVAR_ERR_ARGUMENT: ROS arguments that nobody knows, named all, or a flag without its value.
/// SVAR_ERR_SYNTAX, SVAR_ERR_TYPE, SVAR_ERR_NOT_FOUND, SVAR_ERR_SYSTEM: a rule or a file is wrong.
svar_ret_t svari_ros_arguments_parse(int argc, char *const *argv,
                                     svari_ros_arguments_t *out_arguments);
void svari_ros_arguments_fini(svari_ros_arguments_t *arguments);

SVAR_END_DECLS
#endif
