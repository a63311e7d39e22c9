#include "gateway_worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monotonic_clock.h"

enum { STOP_PATIENCE_S = 2 };

struct svari_gateway_worker {
  svari_gateway_work_t work;
  pthread_t thread;
  atomic_bool is_stopping;
  _Atomic int64_t turn_ns; // when the turn under way began
  // Written by the thread before has_ended, with release; read after it.
  svar_ret_t end;
  char sentence[512];
  atomic_bool has_ended;
  atomic_int user_count; // the thread and who started it: the last one to go frees
};

static void
release(svari_gateway_worker_t *worker)
{
  if (atomic_fetch_sub(&worker->user_count, 1) == 1) {
    free(worker);
  }
}

static void *
worker_main(void *argument)
{
  svari_gateway_worker_t *worker = argument;
  svar_ret_t ret = SVAR_OK;
  while (ret == SVAR_OK && !atomic_load(&worker->is_stopping)) {
    atomic_store(&worker->turn_ns, svari_now_ns());
    ret = worker->work.turn(worker->work.context);
  }
  worker->end = ret;
  snprintf(worker->sentence, sizeof(worker->sentence), "%s", svar_error_message());
  atomic_store(&worker->has_ended, true);
  release(worker);
  return NULL;
}

svar_ret_t
svari_gateway_worker_start(const svari_gateway_work_t *work, svari_gateway_worker_t **out_worker)
{
  svari_gateway_worker_t *worker = calloc(1, sizeof(*worker));
  if (worker == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "%s: no memory for a thread", work->name);
  }
  worker->work = *work;
  atomic_init(&worker->turn_ns, svari_now_ns());
  atomic_init(&worker->user_count, 2);
  int error = pthread_create(&worker->thread, NULL, worker_main, worker);
  if (error != 0) {
    free(worker);
    return svar_fail(SVAR_ERR_SYSTEM, "%s: no thread: %s", work->name, strerror(error));
  }
  *out_worker = worker;
  return SVAR_OK;
}

svar_ret_t
svari_gateway_worker_check(svari_gateway_worker_t *worker)
{
  if (atomic_load(&worker->has_ended)) {
    return worker->end == SVAR_OK ? SVAR_OK : svar_fail(worker->end, "%s", worker->sentence);
  }
  if (svari_now_ns() - atomic_load(&worker->turn_ns) > worker->work.patience_ns) {
    return svar_fail(SVAR_ERR_MESSAGES,
                     "%s: a call into iceoryx does not return, as after the death of a process "
                     "inside of it: restart this process",
                     worker->work.name);
  }
  return SVAR_OK;
}

bool
svari_gateway_worker_stop(svari_gateway_worker_t *worker)
{
  if (worker == NULL) {
    return true;
  }
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline); // ThreadSanitizer knows no join by another clock
  deadline.tv_sec += STOP_PATIENCE_S;
  atomic_store(&worker->is_stopping, true);
  bool has_ended = pthread_timedjoin_np(worker->thread, NULL, &deadline) == 0;
  if (!has_ended) {
    pthread_detach(worker->thread);
  }
  release(worker);
  return has_ended;
}
