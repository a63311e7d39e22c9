// What a node's thread does, from create to destroy.
#include "components/component_node.h"

#include <assert.h>
#include <unistd.h>

#include "components/component_log.h"
#include "components/monotonic_clock.h"
#include "components/step_schedule.h"

static void
set_phase(svari_component_node_t *node, svari_node_phase_t phase)
{
  atomic_store(&node->phase, phase);
  uint64_t one = 1;
  // The counter of an eventfd cannot run full here, and there is nobody to tell.
  ssize_t written = write(node->event_fd, &one, sizeof(one));
  (void)written;
}

// So that a callback which fails without a sentence is not given an older one.
static void
forget_sentence(void)
{
  (void)svar_fail(SVAR_ERR_COMPONENT, "it gave no reason");
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
    svari_log(node->logger, SVAR_LOG_ERROR, "realtime.required: %s", svar_error_message());
    return false;
  }
  svari_log(node->logger, SVAR_LOG_WARN, "goes on without: %s", svar_error_message());
  return true;
}

// What was refused once, with a warning, is not asked for again. False: it may not go on.
static bool
enter_realtime(svari_component_node_t *node, cpu_set_t *out_before)
{
  svari_realtime_t *realtime = &node->realtime;
  svar_ret_t bound = svari_realtime_bind(realtime, out_before);
  bool may_go_on = is_granted(node, bound);
  realtime->has_cpus = realtime->has_cpus && bound == SVAR_OK;
  svar_ret_t scheduled = svari_realtime_schedule(realtime);
  may_go_on = is_granted(node, scheduled) && may_go_on;
  if (scheduled != SVAR_OK) {
    realtime->schedule = (svari_schedule_t){.policy = SCHED_OTHER};
  }
  return may_go_on;
}

// Asks for everything and gives scheduler and CPUs back: what is refused is known before anything runs.
static bool
prepare_thread(svari_component_node_t *node)
{
  cpu_set_t before;
  if (!is_granted(node, svari_realtime_lock(&node->realtime))) {
    return false;
  }
  bool may_go_on = enter_realtime(node, &before);
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
    return NULL; // destroy does it
  }
  return NULL;
}

static void
report_result(svari_component_node_t *node, svari_lifecycle_transition_t transition,
              svar_transition_result_t result)
{
  const char *name = svari_lifecycle_transition_name(transition);
  bool goes_up =
      transition == SVARI_TRANSITION_CONFIGURE || transition == SVARI_TRANSITION_ACTIVATE;
  if (result == SVAR_TRANSITION_FAILURE && goes_up && atomic_load(node->is_stopping)) {
    // It gave up because it was asked to, as is_stopping allows.
    svari_log(node->logger, SVAR_LOG_INFO, "%s was interrupted: %s", name, svar_error_message());
    return;
  }
  atomic_store(&node->has_failed, true);
  svari_log(node->logger, SVAR_LOG_ERROR, "%s %s: %s", name,
            result == SVAR_TRANSITION_FAILURE ? "failed" : "ended in an error",
            svar_error_message());
}

// Runs a transition that begins in the node's state. False: it did not reach its goal, which is reported.
static bool
run_transition(svari_component_node_t *node, svari_lifecycle_transition_t transition)
{
  svar_ret_t begun = svari_lifecycle_begin(&node->state, transition);
  assert(begun == SVAR_OK);
  (void)begun;
  callback_t callback = callback_of(node->descriptor, transition);
  forget_sentence();
  svar_transition_result_t result =
      callback != NULL ? callback(node->self) : SVAR_TRANSITION_SUCCESS;
  (void)svari_lifecycle_end(&node->state, result);
  if (result != SVAR_TRANSITION_SUCCESS) {
    report_result(node, transition, result);
  }
  if (node->state == SVARI_STATE_ERRORPROCESSING) {
    callback_t on_error = node->descriptor->on_error;
    (void)svari_lifecycle_end(&node->state,
                              on_error != NULL ? on_error(node->self) : SVAR_TRANSITION_FAILURE);
  }
  svari_log(node->logger, SVAR_LOG_DEBUG, "%s: now %s", svari_lifecycle_transition_name(transition),
            svari_lifecycle_state_name(node->state));
  return result == SVAR_TRANSITION_SUCCESS;
}

static bool
bring_up(svari_component_node_t *node)
{
  forget_sentence();
  if (node->descriptor->create(&node->host, &node->self) != SVAR_OK) {
    atomic_store(&node->has_failed, true);
    svari_log(node->logger, SVAR_LOG_ERROR, "create failed: %s", svar_error_message());
    return false;
  }
  node->is_created = true;
  return run_transition(node, SVARI_TRANSITION_CONFIGURE) && !atomic_load(node->is_stopping) &&
         run_transition(node, SVARI_TRANSITION_ACTIVATE);
}

// Sleeps until the step is due. False: the container ordered a stop, which ends the sleep.
static bool
wait_until_due(svari_component_node_t *node, const svari_step_schedule_t *schedule)
{
  if (schedule->period_ns == 0) { // always due: no system call
    return atomic_load(&node->orders.value) == SVARI_ORDER_RUN;
  }
  return svari_wake_word_wait(&node->orders, SVARI_ORDER_RUN, schedule->tick.planned_ns) ==
         SVARI_ORDER_RUN;
}

// True: the work is over (done or failed). False: the container ordered a stop.
static bool
run_schedule(svari_component_node_t *node, int64_t period_ns)
{
  svari_step_schedule_t schedule;
  svari_step_schedule_start(&schedule, period_ns, svari_now_ns());
  forget_sentence();
  while (wait_until_due(node, &schedule)) {
    schedule.tick.started_ns = svari_now_ns();
    svar_step_result_t result = node->descriptor->step(node->self, &schedule.tick);
    if (result == SVAR_STEP_DONE) {
      return true;
    }
    if (result != SVAR_STEP_CONTINUE) {
      atomic_store(&node->has_failed, true);
      svari_log(node->logger, SVAR_LOG_ERROR, "step %llu failed: %s",
                (unsigned long long)schedule.tick.index, svar_error_message());
      return true;
    }
    svari_step_schedule_advance(&schedule, svari_now_ns());
  }
  return false;
}

// As run_schedule().
static bool
run_steps(svari_component_node_t *node)
{
  int64_t period_ns = atomic_load(&node->period_ns);
  if (node->descriptor->step == NULL || period_ns < 0) {
    svari_wake_word_wait(&node->orders, SVARI_ORDER_RUN, SVARI_NO_DEADLINE);
    return false;
  }
  cpu_set_t before;
  bool is_over = !enter_realtime(node, &before) || run_schedule(node, period_ns);
  svari_realtime_leave(&before);
  return is_over;
}

// --- life ------------------------------------------------------------------------------------------

static void
take_down(svari_component_node_t *node)
{
  if (!node->is_created) {
    return;
  }
  if (node->state == SVARI_STATE_ACTIVE) {
    (void)run_transition(node, SVARI_TRANSITION_DEACTIVATE);
  }
  if (node->state == SVARI_STATE_INACTIVE) {
    (void)run_transition(node, SVARI_TRANSITION_CLEANUP);
  }
  if (node->state != SVARI_STATE_FINALIZED) { // whatever deactivate and cleanup made of it
    (void)run_transition(node, SVARI_TRANSITION_SHUTDOWN);
  }
  node->descriptor->destroy(node->self);
}

void *
svari_component_life(void *argument)
{
  svari_component_node_t *node = argument;
  if (prepare_thread(node) && bring_up(node)) {
    set_phase(node, SVARI_PHASE_ACTIVE);
    if (!run_steps(node)) {
      set_phase(node, SVARI_PHASE_STEPS_STOPPED);
      svari_wake_word_wait(&node->orders, SVARI_ORDER_STOP_STEPS, SVARI_NO_DEADLINE);
    }
  }
  take_down(node);
  set_phase(node, SVARI_PHASE_FINISHED);
  return NULL;
}
