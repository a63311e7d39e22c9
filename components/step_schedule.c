#include "components/step_schedule.h"

static int64_t
add_or_last(int64_t a, int64_t b)
{
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void
svari_step_schedule_start(svari_step_schedule_t *schedule, int64_t period_ns, int64_t now_ns)
{
  *schedule = (svari_step_schedule_t){.period_ns = period_ns, .tick = {.planned_ns = now_ns}};
}

void
svari_step_schedule_advance(svari_step_schedule_t *schedule, int64_t now_ns)
{
  svar_tick_t *tick = &schedule->tick;
  ++tick->index;
  if (schedule->period_ns == 0) {
    tick->planned_ns = now_ns;
    return;
  }
  tick->planned_ns = add_or_last(tick->planned_ns, schedule->period_ns);
  if (tick->planned_ns < now_ns) {
    int64_t late_ns = now_ns - tick->planned_ns;
    int64_t passed = (late_ns + schedule->period_ns - 1) / schedule->period_ns;
    tick->missed += (uint64_t)passed;
    tick->planned_ns = add_or_last(tick->planned_ns, passed * schedule->period_ns);
  }
}
