// What a node's worker does to it, from create to destroy.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "components/component_log.h"
#include "components/component_node.h"
#include "components/component_parameters.h"
#include "components/monotonic_clock.h"

// --- what is said ----------------------------------------------------------------------------------

// So that a callback which fails without a sentence is not given an older one.
static void
forget_sentence(void)
{
  (void)svar_fail(SVAR_ERR_COMPONENT, "it gave no reason");
}

// Logs what went wrong, unless level is 0. It is the outcome, too, if there is a task: without one the outcome
// is the container's to read.
SVAR_PRINTF(4, 5)
static void
conclude(svari_component_node_t *node, int level, svar_ret_t ret, const char *format, ...)
{
  char text[SVARI_OUTCOME_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (level > 0) {
    svari_log(node->logger, (svar_log_level_t)level, "%s", text);
  }
  if (!svari_component_node_is_idle(node)) {
    node->outcome.ret = ret;
    memcpy(node->outcome.text, text, sizeof(text));
  }
}

// --- real time -------------------------------------------------------------------------------------

// What the system refuses is a failure, or a warning, as realtime.required says.
static bool
is_granted(svari_component_node_t *node, svar_ret_t ret)
{
  if (ret == SVAR_OK) {
    return true;
  }
  if (node->realtime.is_required) {
    atomic_store(&node->has_failed, true);
    conclude(node, SVAR_LOG_ERROR, ret, "realtime.required: %s", svar_error_message());
    return false;
  }
  svari_log(node->logger, SVAR_LOG_WARN, "goes on without: %s", svar_error_message());
  return true;
}

// What was refused once, with a warning, is not asked for again.
bool
svari_component_node_enter_realtime(svari_component_node_t *node, cpu_set_t *out_before)
{
  svari_realtime_t *granted = &node->granted;
  svar_ret_t bound = svari_realtime_bind(granted, out_before);
  bool may_go_on = is_granted(node, bound);
  granted->has_cpus = granted->has_cpus && bound == SVAR_OK;
  svar_ret_t scheduled = svari_realtime_schedule(granted);
  may_go_on = is_granted(node, scheduled) && may_go_on;
  if (scheduled != SVAR_OK) {
    granted->schedule = (svari_schedule_t){.policy = SCHED_OTHER};
  }
  return may_go_on;
}

// Asks for everything and gives scheduler and CPUs back: what is refused is known before anything runs.
static bool
prepare_thread(svari_component_node_t *node)
{
  cpu_set_t before;
  bool may_go_on = is_granted(node, svari_realtime_lock(&node->granted));
  may_go_on = svari_component_node_enter_realtime(node, &before) && may_go_on;
  svari_realtime_leave(&before);
  return may_go_on;
}

// --- transitions -----------------------------------------------------------------------------------

typedef svar_transition_result_t (*callback_t)(void *self);

static callback_t
callback_of(const svar_component_descriptor_t *descriptor, svari_lifecycle_transition_t transition)
{
  switch (transition) {
  case SVARI_TRANSITION_CONFIGURE:
    return descriptor->configure;
  case SVARI_TRANSITION_ACTIVATE:
    return descriptor->activate;
  case SVARI_TRANSITION_DEACTIVATE:
    return descriptor->deactivate;
  case SVARI_TRANSITION_CLEANUP:
    return descriptor->cleanup;
  case SVARI_TRANSITION_SHUTDOWN:
    return descriptor->shutdown;
  }
  return NULL;
}

// It gave up because it was asked to, as is_stopping allows.
static bool
is_interruption(const svari_component_node_t *node, svari_lifecycle_transition_t transition,
                svar_transition_result_t result)
{
  bool goes_up =
      transition == SVARI_TRANSITION_CONFIGURE || transition == SVARI_TRANSITION_ACTIVATE;
  return result == SVAR_TRANSITION_FAILURE && goes_up && svari_component_node_is_stopping(node);
}

static void
report_result(svari_component_node_t *node, svari_lifecycle_transition_t transition,
              svar_transition_result_t result)
{
  const char *name = svari_lifecycle_transition_name(transition);
  bool is_interrupted = is_interruption(node, transition, result);
  conclude(node, is_interrupted ? SVAR_LOG_INFO : SVAR_LOG_ERROR,
           is_interrupted ? SVAR_ERR_STATE : SVAR_ERR_COMPONENT, "%s %s: %s", name,
           is_interrupted                      ? "was interrupted"
           : result == SVAR_TRANSITION_FAILURE ? "failed"
                                               : "ended in an error",
           svar_error_message());
}

static svar_transition_result_t
call(svari_component_node_t *node, callback_t callback, svar_transition_result_t if_null)
{
  forget_sentence();
  return callback != NULL ? callback(node->self) : if_null;
}

// Leaves a transition state.
static void
end_transition(svari_component_node_t *node, svar_transition_result_t result)
{
  svari_lifecycle_state_t state = atomic_load(&node->state);
  (void)svari_lifecycle_end(&state, result);
  atomic_store(&node->state, state);
}

// An active node with a period has steps.
static void
decide_steps(svari_component_node_t *node, bool begins)
{
  int64_t period_ns = atomic_load(&node->period_ns);
  node->is_stepping = atomic_load(&node->state) == SVARI_STATE_ACTIVE &&
                      node->descriptor->step != NULL && period_ns >= 0;
  if (node->is_stepping && begins) {
    forget_sentence(); // once, not before each step: it formats
    svari_step_schedule_start(&node->schedule, period_ns, svari_now_ns());
  }
}

// SVAR_ERR_STATE: no transition from here. SVAR_ERR_COMPONENT: it did not reach its goal, which is reported
// and concluded. *out_is_fault: and that counts as the component's failure.
static svar_ret_t
run_transition(svari_component_node_t *node, svari_lifecycle_transition_t transition,
               bool *out_is_fault)
{
  svari_lifecycle_state_t state = atomic_load(&node->state);
  *out_is_fault = false;
  SVAR_TRY(svari_lifecycle_begin(&state, transition));
  atomic_store(&node->state, state);
  node->is_stepping = false;
  svar_transition_result_t result =
      call(node, callback_of(node->descriptor, transition), SVAR_TRANSITION_SUCCESS);
  end_transition(node, result);
  if (result != SVAR_TRANSITION_SUCCESS) {
    *out_is_fault = !is_interruption(node, transition, result);
    report_result(node, transition, result);
  }
  if (atomic_load(&node->state) == SVARI_STATE_ERRORPROCESSING) {
    end_transition(node, call(node, node->descriptor->on_error, SVAR_TRANSITION_FAILURE));
  }
  decide_steps(node, transition == SVARI_TRANSITION_ACTIVATE);
  svari_log(node->logger, SVAR_LOG_DEBUG, "%s: now %s", svari_lifecycle_transition_name(transition),
            svari_lifecycle_state_name(atomic_load(&node->state)));
  return result == SVAR_TRANSITION_SUCCESS ? SVAR_OK : SVAR_ERR_COMPONENT;
}

// A part of coming up or going down: what goes wrong is the node's failure.
static bool
pass(svari_component_node_t *node, svari_lifecycle_transition_t transition)
{
  bool is_fault;
  svar_ret_t ret = run_transition(node, transition, &is_fault);
  if (is_fault) {
    atomic_store(&node->has_failed, true);
  }
  return ret == SVAR_OK;
}

// --- up and down -----------------------------------------------------------------------------------

static bool
create(svari_component_node_t *node)
{
  forget_sentence();
  if (node->descriptor->create(&node->host, &node->self) != SVAR_OK) {
    atomic_store(&node->has_failed, true);
    conclude(node, SVAR_LOG_ERROR, SVAR_ERR_COMPONENT, "create failed: %s", svar_error_message());
    return false;
  }
  node->is_created = true;
  return true;
}

static bool
has_leave(const svari_component_node_t *node)
{
  return !svari_component_node_is_stopping(node);
}

// A stop that was asked for ends the way up, and is no failure.
static bool
come_up(svari_component_node_t *node)
{
  svari_lifecycle_state_t goal = node->order.goal;
  return prepare_thread(node) && create(node) &&
         (goal == SVARI_STATE_UNCONFIGURED ||
          (pass(node, SVARI_TRANSITION_CONFIGURE) &&
           (goal == SVARI_STATE_INACTIVE ||
            (has_leave(node) && pass(node, SVARI_TRANSITION_ACTIVATE)))));
}

static void
go_down(svari_component_node_t *node)
{
  node->is_stepping = false;
  if (node->is_created) {
    if (atomic_load(&node->state) == SVARI_STATE_ACTIVE) {
      (void)pass(node, SVARI_TRANSITION_DEACTIVATE);
    }
    if (atomic_load(&node->state) == SVARI_STATE_INACTIVE) {
      (void)pass(node, SVARI_TRANSITION_CLEANUP);
    }
    if (atomic_load(&node->state) != SVARI_STATE_FINALIZED) { // whatever these made of it
      (void)pass(node, SVARI_TRANSITION_SHUTDOWN);
    }
    node->descriptor->destroy(node->self);
    node->is_created = false;
  }
  node->is_stepping = false; // a deactivate that failed had them begin again
  atomic_store(&node->state, SVARI_STATE_FINALIZED);
  atomic_store(&node->is_over, true);
}

void
svari_component_node_finish(svari_component_node_t *node)
{
  const uint64_t one = 1;
  go_down(node);
  ssize_t written = write(node->event_fd, &one, sizeof(one));
  (void)written; // an eventfd's counter cannot run full here, and there is nobody to tell
}

// --- steps -----------------------------------------------------------------------------------------

bool
svari_component_node_step(svari_component_node_t *node)
{
  svar_tick_t *tick = &node->schedule.tick;
  tick->started_ns = svari_now_ns();
  svar_step_result_t result = node->descriptor->step(node->self, tick);
  if (result == SVAR_STEP_CONTINUE) {
    svari_step_schedule_advance(&node->schedule, svari_now_ns());
    return false;
  }
  if (result != SVAR_STEP_DONE) {
    atomic_store(&node->has_failed, true);
    svari_log(node->logger, SVAR_LOG_ERROR, "step %llu failed: %s", (unsigned long long)tick->index,
              svar_error_message());
  }
  return true;
}

// --- tasks -----------------------------------------------------------------------------------------

static void
bring_up(svari_component_node_t *node)
{
  if (!come_up(node)) {
    if (node->outcome.ret == SVAR_OK) {
      conclude(node, 0, SVAR_ERR_STATE, "it was stopped on its way up");
    }
    svari_node_outcome_t outcome =
        node->outcome; // going down may fail as well: the first sentence counts
    go_down(node);
    node->outcome = outcome;
  }
}

static void
change(svari_component_node_t *node)
{
  bool is_fault;
  svar_ret_t ret = run_transition(node, node->order.transition, &is_fault);
  if (ret == SVAR_ERR_STATE) {
    conclude(node, 0, ret, "%s", svar_error_message());
  }
}

// A component that is configured has read its parameters: it must say that it takes another value.
static svar_ret_t
offer_value(svari_component_node_t *node)
{
  svari_lifecycle_state_t state = atomic_load(&node->state);
  const char *name = svari_component_parameter_at(node->descriptor, node->order.parameter)->name;
  if (state == SVARI_STATE_UNCONFIGURED) {
    return SVAR_OK;
  }
  if (node->descriptor->on_parameter == NULL || state == SVARI_STATE_FINALIZED) {
    return svar_fail(SVAR_ERR_STATE,
                     "it reads its parameters when it is configured, and is %s: take it to "
                     "unconfigured (deactivate, cleanup), set '%s', then configure and activate it",
                     svari_lifecycle_state_name(state), name);
  }
  forget_sentence();
  return node->descriptor->on_parameter(node->self, name, &node->order.value);
}

static void
set_parameter(svari_component_node_t *node)
{
  svar_ret_t ret = offer_value(node);
  if (ret == SVAR_OK) {
    svar_parameter_value_t *value = &node->values[node->order.parameter];
    svari_parameter_free(value);
    *value = node->order.value;
    node->order.value = (svar_parameter_value_t){0};
  } else {
    conclude(node, 0, ret, "%s", svar_error_message());
    svari_parameter_free(&node->order.value);
  }
}

void
svari_component_node_obey(svari_component_node_t *node)
{
  node->outcome.ret = SVAR_OK;
  switch (atomic_load(&node->order.task)) {
  case SVARI_TASK_NONE:
    return;
  case SVARI_TASK_BRING_UP:
    bring_up(node);
    return;
  case SVARI_TASK_CHANGE:
    change(node);
    return;
  case SVARI_TASK_SET:
    set_parameter(node);
    return;
  case SVARI_TASK_STOP_STEPS:
    node->is_stepping = false;
    return;
  case SVARI_TASK_TAKE_DOWN:
    if (!atomic_load(&node->is_over)) {
      go_down(node);
    }
    return;
  }
}
