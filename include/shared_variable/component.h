// The component ABI: a shared object exports svar_component_entry(), a table of descriptors.
// component_container runs components through the ROS 2 lifecycle and calls their step.
#ifndef SHARED_VARIABLE_COMPONENT_H
#define SHARED_VARIABLE_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// The loader refuses a library with another number, naming both.
#define SVAR_COMPONENT_ABI_VERSION 2u

/// What a lifecycle callback reports, as in ROS 2 (rclcpp_lifecycle's CallbackReturn). On FAILURE and
/// ERROR the sentence is svar_error_message() of the thread that ran the callback.
typedef enum svar_transition_result {
  SVAR_TRANSITION_SUCCESS = 0,
  SVAR_TRANSITION_FAILURE = 1,
  SVAR_TRANSITION_ERROR = 2
} svar_transition_result_t;

typedef enum svar_step_result {
  SVAR_STEP_CONTINUE = 0,
  SVAR_STEP_DONE = 1,  ///< the work is finished: the container takes the component down in order
  SVAR_STEP_FAILED = 2 ///< svar_error_message() says why; the component is taken down, exit code 1
} svar_step_result_t;

typedef enum svar_log_level {
  SVAR_LOG_DEBUG = 10,
  SVAR_LOG_INFO = 20,
  SVAR_LOG_WARN = 30,
  SVAR_LOG_ERROR = 40,
  SVAR_LOG_FATAL = 50
} svar_log_level_t;

typedef enum svar_parameter_kind {
  SVAR_PARAMETER_BOOL = 1,
  SVAR_PARAMETER_INTEGER = 2,
  SVAR_PARAMETER_DOUBLE = 3,
  SVAR_PARAMETER_STRING = 4,
  SVAR_PARAMETER_BOOL_ARRAY = 5,
  SVAR_PARAMETER_INTEGER_ARRAY = 6,
  SVAR_PARAMETER_DOUBLE_ARRAY = 7,
  SVAR_PARAMETER_STRING_ARRAY = 8
} svar_parameter_kind_t;

typedef struct svar_parameter_value svar_parameter_value_t;
struct svar_parameter_value {
  svar_parameter_kind_t kind;
  union {
    bool boolean;
    int64_t integer;
    double real;
    const char *string; ///< borrowed
    struct {
      const svar_parameter_value_t *items; ///< borrowed; count scalars of the array's kind
      size_t count; ///< 0 only as a default: no text means "nothing of a kind"
    } array;
  } as;
};

/// A parameter that a component declares. An override of another kind is refused at load, except
/// integers for doubles; so is a name that the component does not declare. Names that begin with
/// "realtime." are the container's own: every component has those.
typedef struct svar_parameter_descriptor {
  const char *name;
  svar_parameter_value_t default_value;
  const char *description;
  double minimum, maximum; ///< of numbers, those of arrays too; both 0: no limits
  bool is_read_only;       ///< nobody sets it once the component is loaded
} svar_parameter_descriptor_t;

/// Services of the process that runs the component: a component reaches for no global.
/// Valid from create to destroy. Functions may be called from the component's own callbacks.
typedef struct svar_component_host svar_component_host_t;
struct svar_component_host {
  uint32_t abi_version;
  uint32_t size_bytes;   ///< members beyond it do not exist
  const char *node_name; ///< fully qualified, e.g. "/robot1/policy_controller"
  /// Writes one line under the node's name, if the level is enabled. Not for real-time steps.
  void (*log)(const svar_component_host_t *host, svar_log_level_t level, const char *format, ...)
      SVAR_PRINTF(3, 4);
  /// The value of a declared parameter (an override, else the default). Strings and arrays live as long as
  /// the host, or until the parameter is set: while the component is unconfigured, or after on_parameter.
  svar_ret_t (*parameter)(const svar_component_host_t *host, const char *name,
                          svar_parameter_value_t *out_value);
  /// Expands a topic or store name as ROS 2 does: "~/x" under the node, "x" under the namespace, "/x"
  /// as it is, then the remap rules given on the command line. name_bytes: size of out_name.
  svar_ret_t (*resolve_name)(const svar_component_host_t *host, const char *name, char *out_name,
                             size_t name_bytes);
  /// The period between steps on an absolute clock (CLOCK_MONOTONIC), from the next activation on.
  /// 0: step after step without a pause; < 0: no steps at all (the default).
  void (*set_period)(const svar_component_host_t *host, int64_t period_ns);
  /// True once the process's end or the component's unloading was asked for: long work in a callback should end. A configure or activate that
  /// gives up for this reason returns FAILURE, which then is none. Safe from any thread.
  bool (*is_stopping)(const svar_component_host_t *host);
};

/// What step is told. Times are CLOCK_MONOTONIC, in ns.
typedef struct svar_tick {
  uint64_t index;     ///< 0, 1, 2, ... since activation
  int64_t planned_ns; ///< when this step was due
  int64_t started_ns; ///< when it began
  uint64_t missed;    ///< deadlines missed since activation (periods that passed without a step)
} svar_tick_t;

/// One component. create, configure, ... run one at a time, in one thread: the component's own, or one that
/// it shares (parameter realtime.thread). Components of one command line come up in the order given, each
/// when the one before is active or has failed, and go down in reverse.
typedef struct svar_component_descriptor {
  uint32_t abi_version;  ///< SVAR_COMPONENT_ABI_VERSION of the component's build
  uint32_t size_bytes;   ///< sizeof of the component's build
  const char *type_name; ///< as in the resource index, e.g. "shared_variable::WeightsPublisher"
  const char *description;
  const svar_parameter_descriptor_t *parameters; ///< parameter_count entries
  size_t parameter_count;
  /// Makes the object; must not open stores or files (configure does). out_self may be any pointer.
  svar_ret_t (*create)(const svar_component_host_t *host, void **out_self);
  svar_transition_result_t (*configure)(void *self);
  svar_transition_result_t (*activate)(void *self);                ///< NULL: success
  svar_step_result_t (*step)(void *self, const svar_tick_t *tick); ///< NULL: none
  svar_transition_result_t (*deactivate)(void *self);              ///< NULL: success
  svar_transition_result_t (*cleanup)(void *self);  ///< NULL: success. Undoes configure.
  svar_transition_result_t (*shutdown)(void *self); ///< NULL: success. From any state but the last.
  svar_transition_result_t (*on_error)(void *self); ///< NULL: failure, which finalizes
  void (*destroy)(void *self); ///< copes with every state, half-configured included
  /// Somebody sets a parameter while the component is configured: it takes the value, or refuses with a
  /// sentence. Runs between steps. NULL: parameters are set only while it is unconfigured.
  svar_ret_t (*on_parameter)(void *self, const char *name, const svar_parameter_value_t *value);
} svar_component_descriptor_t;

/// The one symbol of a component library: the descriptor at index, NULL ends the list.
#define SVAR_COMPONENT_ENTRY "svar_component_entry"
SVAR_PUBLIC const svar_component_descriptor_t *svar_component_entry(uint32_t index);
typedef const svar_component_descriptor_t *(*svar_component_entry_t)(uint32_t index);

SVAR_END_DECLS
#endif
