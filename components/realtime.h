// How a component's thread runs: scheduler, priority, CPUs, memory that stays in RAM. Parameters that every
// component has, beside those that it declares.
//
// Memory is locked and the stack touched before the component is created. The scheduler and the CPUs hold
// from the first step to the last: configure and activate read files and wait for others, which a
// real-time priority would make the whole machine's business, and the threads that they start (a store's
// service, a library's workers) would inherit both.
#ifndef SVARI_COMPONENTS_REALTIME_H
#define SVARI_COMPONENTS_REALTIME_H

#include <sched.h>

#include "shared_variable/component.h"

SVAR_BEGIN_DECLS

/// realtime.scheduler, realtime.priority, realtime.cpus, realtime.lock_memory, realtime.stack_kib,
/// realtime.thread, realtime.required
extern const svar_parameter_descriptor_t svari_realtime_parameters[];
extern const size_t svari_realtime_parameter_count;

enum { SVARI_THREAD_NAME_BYTES = 16 }; ///< the kernel's limit

typedef struct svari_schedule {
  int policy;   ///< of sched.h
  int priority; ///< 0 unless FIFO or RR
} svari_schedule_t;

typedef struct svari_realtime {
  svari_schedule_t schedule;
  cpu_set_t cpus;
  bool has_cpus; ///< false: those that the process has
  bool locks_memory;
  size_t stack_bytes; ///< to touch
  const char *thread; ///< that nodes share by this name; "": none. Borrowed from the parameter
  bool is_required;   ///< what is refused is a failure, not a warning
} svari_realtime_t;

/// The scheduler that the calling thread has, for components that ask for none (a program may have been
/// started by chrt), and makes it an ordinary thread.
svari_schedule_t svari_schedule_give_up(void);

/// Reads the values of the parameters above, in their order. inherited: for those that ask for no scheduler.
/// @retval SVAR_ERR_VALUE they do not go together, or make no sense; node: the name for the sentence
svar_ret_t svari_realtime_read(const svar_parameter_value_t *values, svari_schedule_t inherited,
                               const char *node, svari_realtime_t *out_realtime);

/// Whether two nodes ask for the same of a thread that they share.
bool svari_realtime_is_equal(const svari_realtime_t *a, const svari_realtime_t *b);

/// What a thread's stack must be made with, so that stack_bytes of it can be touched; 0: the default does.
size_t svari_realtime_stack_size(const svari_realtime_t *realtime);

/// For the thread itself, before anything else runs in it: touches its stack, locks the process's memory,
/// now and in future. @retval SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM with the remedy
svar_ret_t svari_realtime_lock(const svari_realtime_t *realtime);
/// For the thread itself: moves it to the CPUs asked for. On failure it is where it was.
/// @param[out] out_before for svari_realtime_leave()
/// @retval SVAR_ERR_VALUE with the remedy
svar_ret_t svari_realtime_bind(const svari_realtime_t *realtime, cpu_set_t *out_before);
/// For the thread itself: takes the scheduler asked for.
/// @retval SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM with the remedy
svar_ret_t svari_realtime_schedule(const svari_realtime_t *realtime);
/// For the thread itself: an ordinary thread again, on the CPUs that it had.
void svari_realtime_leave(const cpu_set_t *before);

SVAR_END_DECLS
#endif
