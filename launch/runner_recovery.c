// RouDi's end during a launch. iceoryx lets no process join a second RouDi, so those that used the first are
// stopped and started again with the next; the others run on and notice nothing.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "components/monotonic_clock.h"
#include "launch/runner_impl.h"

static const double RETRY_S = 5.0;
// A node that ended so shortly before RouDi ended with it: RouDi takes its users along when it is told to end,
// and calls into a RouDi that hangs fail.
static const double TOGETHER_S = 5.0;

static bool
ended_with_roudi(const svari_process_t *node)
{
  return node->group == 0 && !node->is_waiting && node->ended_ns != 0 &&
         svari_now_ns() < node->ended_ns + (int64_t)(TOGETHER_S * SVARI_NANOSECONDS);
}

// Every node that used RouDi, and that is to be started again.
static void
hold_users(svari_runner_t *runner, char *names, size_t names_bytes)
{
  size_t used = 0;
  names[0] = '\0';
  for (int i = 0; i < runner->count; ++i) {
    svari_process_t *node = &runner->processes[i];
    if (!node->plan->needs_roudi ||
        (node->group == 0 && !node->is_waiting && !ended_with_roudi(node))) {
      continue;
    }
    node->is_held = true;
    if (node->group == 0) {
      node->is_waiting = true;
      node->deadline_ns = INT64_MAX;
    } else if (node->step == SVARI_STOP_NONE) {
      svari_process_stop_further(node);
    }
    int length = snprintf(names + used, names_bytes - used, "%s%s", used == 0 ? "" : ", ",
                          node->plan->label);
    used += (size_t)length < names_bytes - used ? (size_t)length : names_bytes - used - 1;
  }
}

static void
begin(svari_runner_t *runner, const char *what)
{
  char names[512];
  runner->has_failed = true;
  runner->is_recovering = true;
  runner->is_roudi_missed = false;
  runner->retry_ns = 0;
  svari_roudi_watch_abandon(&runner->watch);
  if (runner->roudi->group != 0) { // it hangs: nothing weaker reaches it
    runner->roudi->step = SVARI_STOP_TERMINATED;
    svari_process_stop_further(runner->roudi);
  }
  hold_users(runner, names, sizeof(names));
  svari_screen_say(runner->err, "iox-roudi %s: starting one again, and then %s", what,
                   names[0] != '\0' ? names : "nothing, as no node uses it any more");
}

// One that somebody else started cannot be stopped from here.
static void
note_hang(svari_runner_t *runner)
{
  if (runner->roudi->group != 0) {
    begin(runner, "does not answer");
  } else if (!runner->is_hang_told) {
    runner->is_hang_told = true;
    svari_screen_say(
        runner->err,
        "an iox-roudi that this launch did not start does not answer: stop it (kill -9), "
        "and one is started, with the nodes that use it");
  }
}

// Ours gives its socket up shortly before its end can be told: that comes first, and says more.
static void
note_death(svari_runner_t *runner)
{
  if (runner->roudi->group == 0) {
    begin(runner, "has died");
  } else if (runner->is_roudi_missed) {
    begin(runner, "has lost its socket");
  }
  runner->is_roudi_missed = !runner->is_recovering;
}

// It may not be missed: another's RouDi that came up at the same time was faster, and is the one that answered.
static void
note_end(svari_runner_t *runner)
{
  if (!svari_roudi_watch_sees_it(&runner->watch)) {
    begin(runner, runner->roudi_end);
  }
  runner->roudi_end[0] = '\0';
}

static void
look(svari_runner_t *runner)
{
  if (runner->roudi_end[0] != '\0') {
    note_end(runner);
    return;
  }
  switch (svari_roudi_watch_look(&runner->watch)) {
  case SVARI_ROUDI_FINE:
    break;
  case SVARI_ROUDI_DEAD:
    note_death(runner);
    break;
  case SVARI_ROUDI_REPLACED:
    begin(runner, "was restarted by somebody");
    break;
  case SVARI_ROUDI_HANGS:
    note_hang(runner);
    break;
  }
}

static bool
is_anybody_ending(const svari_runner_t *runner)
{
  if (runner->roudi->group != 0 || runner->watch.probe != 0) {
    return true; // a late probe would join the next RouDi
  }
  for (int i = 0; i < runner->count; ++i) {
    if (runner->processes[i].is_held && runner->processes[i].group != 0) {
      return true;
    }
  }
  return false;
}

static void
start_held(svari_runner_t *runner)
{
  for (int i = 0; i < runner->count && !runner->is_stopping; ++i) {
    svari_process_t *node = &runner->processes[i];
    if (!node->is_held) {
      continue;
    }
    node->is_held = false;
    node->is_waiting = false;
    if (svari_runner_start(runner, node) != SVAR_OK) {
      svari_screen_say(runner->err, "%s", svar_error_message());
    }
  }
}

static void
end(svari_runner_t *runner)
{
  runner->retry_ns = 0;
  if (svari_runner_ensure_roudi(runner) != SVAR_OK) {
    svari_screen_say(runner->err, "%s; trying again in %g s", svar_error_message(), RETRY_S);
    runner->retry_ns = svari_clock_after_ns(RETRY_S);
    svari_runner_end_roudi(runner); // one that does not answer in time would be waited for
    return;
  }
  runner->is_recovering = false;
  runner->is_hang_told = false;
  start_held(runner);
}

int64_t
svari_runner_recovery_due_ns(const svari_runner_t *runner)
{
  if (runner->is_stopping) {
    return INT64_MAX;
  }
  if (runner->is_recovering) { // who is waited for ends by itself
    return is_anybody_ending(runner) || runner->retry_ns == 0 ? INT64_MAX : runner->retry_ns;
  }
  return svari_roudi_watch_due_ns(&runner->watch);
}

void
svari_runner_tend_roudi(svari_runner_t *runner)
{
  if (runner->is_stopping) {
    return;
  }
  if (!runner->is_recovering) {
    look(runner);
  }
  if (runner->is_recovering && !is_anybody_ending(runner) && svari_now_ns() >= runner->retry_ns) {
    end(runner);
  }
}
