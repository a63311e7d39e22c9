#include <gtest/gtest.h>

#include <cstdint>

#include "components/step_schedule.h"

namespace
{

TEST(StepSchedule, StepsInTimeAreDueEveryPeriodWhateverTheyTake)
{
  svari_step_schedule_t schedule;
  svari_step_schedule_start(&schedule, 100, 1000);
  EXPECT_EQ(schedule.tick.planned_ns, 1000);
  for (int64_t i = 1; i < 5; ++i) {
    svari_step_schedule_advance(&schedule, 1000 + 100 * (i - 1) + 20 * i);
    EXPECT_EQ(schedule.tick.index, static_cast<uint64_t>(i));
    EXPECT_EQ(schedule.tick.planned_ns, 1000 + 100 * i);
    EXPECT_EQ(schedule.tick.missed, 0u);
  }
}

TEST(StepSchedule, LateStepsSkipToTheNextDueTimeAndCountWhatPassed)
{
  const struct {
    int64_t now, planned;
    uint64_t missed;
  } cases[] = {{1100, 1100, 0}, {1101, 1200, 1}, {1199, 1200, 1}, {1200, 1200, 1},
               {1201, 1300, 2}, {1999, 2000, 9}, {2000, 2000, 9}};
  for (const auto &c : cases) {
    svari_step_schedule_t schedule;
    svari_step_schedule_start(&schedule, 100, 1000);
    svari_step_schedule_advance(&schedule, c.now);
    EXPECT_EQ(schedule.tick.planned_ns, c.planned) << c.now;
    EXPECT_EQ(schedule.tick.missed, c.missed) << c.now;
    EXPECT_EQ(schedule.tick.index, 1u);
  }
}

TEST(StepSchedule, MissedDeadlinesAddUp)
{
  svari_step_schedule_t schedule;
  svari_step_schedule_start(&schedule, 100, 0);
  svari_step_schedule_advance(&schedule, 250);
  svari_step_schedule_advance(&schedule, 310);
  svari_step_schedule_advance(&schedule, 550);
  EXPECT_EQ(schedule.tick.missed, 2u + 0u + 1u);
  EXPECT_EQ(schedule.tick.planned_ns, 600);
}

TEST(StepSchedule, WithoutAPeriodAStepIsDueAtOnceAndNoneIsMissed)
{
  svari_step_schedule_t schedule;
  svari_step_schedule_start(&schedule, 0, 5);
  svari_step_schedule_advance(&schedule, 5000);
  EXPECT_EQ(schedule.tick.planned_ns, 5000);
  EXPECT_EQ(schedule.tick.missed, 0u);
  EXPECT_EQ(schedule.tick.index, 1u);
}

TEST(StepSchedule, APeriodOfAgesDoesNotOverflow)
{
  svari_step_schedule_t schedule;
  svari_step_schedule_start(&schedule, INT64_MAX, 1000);
  svari_step_schedule_advance(&schedule, 2000);
  EXPECT_EQ(schedule.tick.planned_ns, INT64_MAX);
  EXPECT_EQ(schedule.tick.missed, 0u);
}

} // namespace
