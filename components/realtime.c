#include "components/realtime.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
  STACK_KIB_MAX = 1 << 20,
  STACK_MARGIN_BYTES =
      1 << 18 // beside what is touched: what the thread has in use already, its guard
};

typedef enum index {
  SCHEDULER,
  PRIORITY,
  CPUS,
  LOCK_MEMORY,
  STACK_KIB,
  THREAD,
  REQUIRED,
  PARAMETER_COUNT
} index_t;

const svar_parameter_descriptor_t svari_realtime_parameters[] = {
    [SCHEDULER] = {.name = "realtime.scheduler",
                   .is_read_only = true,
                   .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
                   .description = "While the component is active: 'other', 'fifo' or 'rr'; '': as "
                                  "the process was started"},
    [PRIORITY] = {.name = "realtime.priority",
                  .is_read_only = true,
                  .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 0}},
                  .description = "Of 'fifo' and 'rr': 1 (low) to 99",
                  .minimum = 0,
                  .maximum = 99},
    [CPUS] = {.name = "realtime.cpus",
              .is_read_only = true,
              .default_value = {SVAR_PARAMETER_INTEGER_ARRAY, {.array = {NULL, 0}}},
              .description = "Where it runs while it is active, such as [2, 3]; none: anywhere",
              .minimum = 0,
              .maximum = CPU_SETSIZE - 1},
    [LOCK_MEMORY] = {.name = "realtime.lock_memory",
                     .is_read_only = true,
                     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
                     .description = "Keep all memory of the process in RAM (mlockall)"},
    [STACK_KIB] = {.name = "realtime.stack_kib",
                   .is_read_only = true,
                   .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 0}},
                   .description = "KiB of the thread's stack to touch before anything runs",
                   .minimum = 0,
                   .maximum = STACK_KIB_MAX},
    [THREAD] = {.name = "realtime.thread",
                .is_read_only = true,
                .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
                .description = "Components that name one thread here share it; '': one of its own"},
    [REQUIRED] = {.name = "realtime.required",
                  .is_read_only = true,
                  .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
                  .description = "What the system refuses of these: true: the component fails; "
                                 "false: it warns and runs without"},
};
const size_t svari_realtime_parameter_count = PARAMETER_COUNT;

// --- parameters ------------------------------------------------------------------------------------

// An empty name leaves *policy.
static svar_ret_t
read_policy(const char *name, const char *node, int *policy)
{
  static const struct {
    const char *name;
    int policy;
  } policies[] = {{"other", SCHED_OTHER}, {"fifo", SCHED_FIFO}, {"rr", SCHED_RR}};
  if (name[0] == '\0') {
    return SVAR_OK;
  }
  for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); ++i) {
    if (strcmp(policies[i].name, name) == 0) {
      *policy = policies[i].policy;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_VALUE,
                   "parameter 'realtime.scheduler' of node '%s' is 'other', 'fifo' or 'rr', not "
                   "'%s'",
                   node, name);
}

static bool
has_priority(int policy)
{
  return policy == SCHED_FIFO || policy == SCHED_RR;
}

static svar_ret_t
read_schedule(const svar_parameter_value_t *values, svari_schedule_t inherited, const char *node,
              svari_schedule_t *out_schedule)
{
  const char *scheduler = values[SCHEDULER].as.string;
  int priority = (int)values[PRIORITY].as.integer;
  int policy = inherited.policy;
  SVAR_TRY(read_policy(scheduler, node, &policy));
  if (scheduler[0] == '\0' && priority == 0) {
    *out_schedule = inherited;
    return SVAR_OK;
  }
  if (has_priority(policy) != (priority > 0)) {
    return svar_fail(SVAR_ERR_VALUE,
                     "node '%s' has realtime.scheduler '%s' and realtime.priority %d: 'fifo' and "
                     "'rr' take a priority of 1 to 99, 'other' takes 0",
                     node, scheduler, priority);
  }
  *out_schedule = (svari_schedule_t){policy, priority};
  return SVAR_OK;
}

static void
read_cpus(const svar_parameter_value_t *value, svari_realtime_t *realtime)
{
  CPU_ZERO(&realtime->cpus);
  for (size_t i = 0; i < value->as.array.count; ++i) {
    CPU_SET((size_t)value->as.array.items[i].as.integer, &realtime->cpus);
  }
  realtime->has_cpus = value->as.array.count > 0;
}

svar_ret_t
svari_realtime_read(const svar_parameter_value_t *values, svari_schedule_t inherited,
                    const char *node, svari_realtime_t *out_realtime)
{
  svari_realtime_t realtime = {
      .locks_memory = values[LOCK_MEMORY].as.boolean,
      .stack_bytes = (size_t)values[STACK_KIB].as.integer << 10,
      .thread = values[THREAD].as.string,
      .is_required = values[REQUIRED].as.boolean,
  };
  SVAR_TRY(read_schedule(values, inherited, node, &realtime.schedule));
  if (strlen(realtime.thread) >= SVARI_THREAD_NAME_BYTES) {
    return svar_fail(SVAR_ERR_VALUE,
                     "parameter 'realtime.thread' of node '%s' is the name of a thread, at most %d "
                     "bytes, not '%s'",
                     node, SVARI_THREAD_NAME_BYTES - 1, realtime.thread);
  }
  read_cpus(&values[CPUS], &realtime);
  *out_realtime = realtime;
  return SVAR_OK;
}

bool
svari_realtime_is_equal(const svari_realtime_t *a, const svari_realtime_t *b)
{
  return a->schedule.policy == b->schedule.policy && a->schedule.priority == b->schedule.priority &&
         CPU_EQUAL(&a->cpus, &b->cpus) && a->locks_memory == b->locks_memory &&
         a->stack_bytes == b->stack_bytes && a->is_required == b->is_required;
}

// --- memory ----------------------------------------------------------------------------------------

size_t
svari_realtime_stack_size(const svari_realtime_t *realtime)
{
  pthread_attr_t attributes;
  size_t usual_bytes = 0;
  if (realtime->stack_bytes > 0 && pthread_attr_init(&attributes) == 0) {
    pthread_attr_getstacksize(&attributes, &usual_bytes);
    pthread_attr_destroy(&attributes);
  }
  size_t wanted_bytes = realtime->stack_bytes + STACK_MARGIN_BYTES;
  return realtime->stack_bytes == 0 || wanted_bytes <= usual_bytes ? 0 : wanted_bytes;
}

// Touches the pages below this frame, which belong to nobody yet.
__attribute__((noinline)) static void
touch_stack(size_t size_bytes)
{
  pthread_attr_t attributes;
  void *lowest = NULL;
  size_t stack_bytes = 0;
  size_t guard_bytes = 0;
  volatile char here = 0;
  const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
    return;
  }
  pthread_attr_getstack(&attributes, &lowest, &stack_bytes);
  pthread_attr_getguardsize(&attributes, &guard_bytes);
  pthread_attr_destroy(&attributes);
  // With address arithmetic, not a growing array: nothing must depend on how a compiler lays out a frame.
  uintptr_t end = (uintptr_t)&here - page_bytes;
  uintptr_t room_bytes = end - (uintptr_t)lowest - guard_bytes;
  uintptr_t begin = end - (size_bytes < room_bytes ? size_bytes : room_bytes);
  for (uintptr_t page = begin; page < end; page += page_bytes) {
    *(volatile char *)page = 0;
  }
}

static svar_ret_t
lock_memory(void)
{
  if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
    mallopt(M_TRIM_THRESHOLD, -1); // what is given back would have to be faulted in again
    return SVAR_OK;
  }
  int error = errno;
  struct rlimit limit = {0};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return svar_fail(error == EPERM || error == ENOMEM ? SVAR_ERR_PERMISSION : SVAR_ERR_SYSTEM,
                   "the process cannot lock its memory (%s): this user may lock %llu KiB; raise "
                   "it with ulimit -l unlimited, a line '%s' in /etc/security/limits.conf (log in "
                   "again), or docker run --ulimit memlock=-1",
                   strerror(error), (unsigned long long)limit.rlim_cur >> 10,
                   "YOUR_USER - memlock unlimited");
}

svar_ret_t
svari_realtime_lock(const svari_realtime_t *realtime)
{
  if (realtime->stack_bytes > 0) {
    touch_stack(realtime->stack_bytes);
  }
  return realtime->locks_memory ? lock_memory() : SVAR_OK;
}

// --- CPUs ------------------------------------------------------------------------------------------

// "0-3,6"
static void
print_cpus(const cpu_set_t *cpus, char *text, size_t text_bytes)
{
  size_t used = 0;
  text[0] = '\0';
  for (int first = 0; first < CPU_SETSIZE && used < text_bytes; ++first) {
    if (!CPU_ISSET((size_t)first, cpus)) {
      continue;
    }
    int last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET((size_t)last + 1, cpus)) {
      ++last;
    }
    used += (size_t)snprintf(text + used, text_bytes - used, "%s%d", used == 0 ? "" : ",", first);
    if (last > first && used < text_bytes) {
      used += (size_t)snprintf(text + used, text_bytes - used, "-%d", last);
    }
    first = last;
  }
}

static svar_ret_t
refuse_cpus(const cpu_set_t *wanted, int error)
{
  char wanted_text[128];
  char may_text[128];
  cpu_set_t may;
  CPU_ZERO(&may);
  sched_getaffinity(0, sizeof(may), &may);
  print_cpus(wanted, wanted_text, sizeof(wanted_text));
  print_cpus(&may, may_text, sizeof(may_text));
  return svar_fail(SVAR_ERR_VALUE,
                   "realtime.cpus asks for CPU %s, but the thread may run on %s (%s): name some of "
                   "those, or let the process have more (taskset, cpuset, docker --cpuset-cpus)",
                   wanted_text, may_text, strerror(error));
}

// The kernel takes those of the set that the process may have, and is silent about the others.
svar_ret_t
svari_realtime_bind(const svari_realtime_t *realtime, cpu_set_t *out_before)
{
  cpu_set_t taken;
  CPU_ZERO(out_before);
  sched_getaffinity(0, sizeof(*out_before), out_before);
  if (!realtime->has_cpus) {
    return SVAR_OK;
  }
  if (sched_setaffinity(0, sizeof(realtime->cpus), &realtime->cpus) != 0) {
    return refuse_cpus(&realtime->cpus, errno);
  }
  CPU_ZERO(&taken);
  sched_getaffinity(0, sizeof(taken), &taken);
  if (!CPU_EQUAL(&taken, &realtime->cpus)) {
    sched_setaffinity(0, sizeof(*out_before), out_before);
    return refuse_cpus(&realtime->cpus, EINVAL);
  }
  return SVAR_OK;
}

// --- scheduler -------------------------------------------------------------------------------------

svari_schedule_t
svari_schedule_give_up(void)
{
  struct sched_param parameter = {0};
  sched_getparam(0, &parameter);
  svari_schedule_t before = {sched_getscheduler(0) & ~SCHED_RESET_ON_FORK,
                             parameter.sched_priority};
  if (has_priority(before.policy)) {
    const struct sched_param ordinary = {0};
    sched_setscheduler(0, SCHED_OTHER, &ordinary);
  }
  return before;
}

svar_ret_t
svari_realtime_schedule(const svari_realtime_t *realtime)
{
  svari_schedule_t schedule = realtime->schedule;
  const struct sched_param parameter = {.sched_priority = schedule.priority};
  if (!has_priority(schedule.policy) || sched_setscheduler(0, schedule.policy, &parameter) == 0) {
    return SVAR_OK;
  }
  int error = errno;
  struct rlimit limit = {0};
  getrlimit(RLIMIT_RTPRIO, &limit);
  return svar_fail(error == EPERM ? SVAR_ERR_PERMISSION : SVAR_ERR_SYSTEM,
                   "SCHED_%s with priority %d was refused (%s): this user's real-time priorities "
                   "end at %llu; raise that with ulimit -r %d, a line '%s %d' in "
                   "/etc/security/limits.conf (log in again), or docker run --ulimit rtprio=%d",
                   schedule.policy == SCHED_FIFO ? "FIFO" : "RR", schedule.priority,
                   strerror(error), (unsigned long long)limit.rlim_cur, schedule.priority,
                   "YOUR_USER - rtprio", schedule.priority, schedule.priority);
}

void
svari_realtime_leave(const cpu_set_t *before)
{
  (void)svari_schedule_give_up();
  sched_setaffinity(0, sizeof(*before), before);
}
