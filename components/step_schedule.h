// When the next step is due, and how many were missed. Arithmetic only: the caller brings the time.
#ifndef SVARI_COMPONENTS_STEP_SCHEDULE_H
#define SVARI_COMPONENTS_STEP_SCHEDULE_H

#include "shared_variable/component.h"

SVAR_BEGIN_DECLS

typedef struct svari_step_schedule {
  int64_t period_ns; ///< 0: always due
  svar_tick_t tick;  ///< of the step that is due or running
} svari_step_schedule_t;

/// The first step is due now. period_ns >= 0.
void svari_step_schedule_start(svari_step_schedule_t *schedule, int64_t period_ns, int64_t now_ns);
/// After a step: moves tick to the next due time that is not past. Due times that passed meanwhile count
/// as missed; they are not made up for, since a burst of late steps helps no control loop.
void svari_step_schedule_advance(svari_step_schedule_t *schedule, int64_t now_ns);

SVAR_END_DECLS
#endif
