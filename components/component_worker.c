#include "components/component_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/monotonic_clock.h"

// What the thread keeps for itself: the nodes as of the last ring, so that no step takes the lock.
typedef struct round {
  svari_component_node_t *nodes[SVARI_WORKER_NODES_MAX];
  size_t count;
  bool has_ended;
  bool is_realtime; // the thread has the scheduler and the CPUs of its steps
  cpu_set_t before; // what it had else
} round_t;

// --- nodes -----------------------------------------------------------------------------------------

static void
look_at_nodes(svari_component_worker_t *worker, round_t *round)
{
  pthread_mutex_lock(&worker->lock);
  round->has_ended = worker->has_ended;
  round->count = worker->count;
  memcpy(round->nodes, worker->nodes, worker->count * sizeof(worker->nodes[0]));
  pthread_mutex_unlock(&worker->lock);
}

static void
forget(svari_component_worker_t *worker, const svari_component_node_t *node)
{
  pthread_mutex_lock(&worker->lock);
  for (size_t i = 0; i < worker->count; ++i) {
    if (worker->nodes[i] == node) {
      worker->nodes[i] = worker->nodes[--worker->count];
      break;
    }
  }
  pthread_mutex_unlock(&worker->lock);
}

static void
leave_realtime(round_t *round)
{
  if (round->is_realtime) {
    svari_realtime_leave(&round->before);
    round->is_realtime = false;
  }
}

// --- tasks -----------------------------------------------------------------------------------------

static void
do_task(svari_component_worker_t *worker, svari_component_node_t *node)
{
  const uint64_t one = 1;
  int event_fd = node->event_fd;
  bool is_last = atomic_load(&node->order.task) == SVARI_TASK_TAKE_DOWN;
  svari_component_node_obey(node);
  if (is_last) {
    forget(worker, node);
  }
  atomic_store(&node->order.task, SVARI_TASK_NONE); // if it was the last, the node may be gone now
  ssize_t written = write(event_fd, &one, sizeof(one));
  (void)written; // an eventfd's counter cannot run full here, and there is nobody to tell
}

// True if there were any: the round's nodes may be others now.
static bool
do_tasks(svari_component_worker_t *worker, round_t *round)
{
  bool were_any = false;
  for (size_t i = 0; i < round->count; ++i) {
    if (atomic_load(&round->nodes[i]->order.task) != SVARI_TASK_NONE) {
      leave_realtime(round);
      do_task(worker, round->nodes[i]);
      were_any = true;
    }
  }
  return were_any;
}

// --- steps -----------------------------------------------------------------------------------------

static svari_component_node_t *
next_due(const round_t *round)
{
  svari_component_node_t *next = NULL;
  for (size_t i = 0; i < round->count; ++i) {
    svari_component_node_t *node = round->nodes[i];
    if (node->is_stepping && !svari_component_node_is_stopping(node) &&
        (next == NULL || node->schedule.tick.planned_ns < next->schedule.tick.planned_ns)) {
      next = node;
    }
  }
  return next;
}

// Sleeps until the step is due. False: it was rung.
static bool
wait_until_due(svari_component_worker_t *worker, uint32_t bell,
               const svari_step_schedule_t *schedule)
{
  if (schedule->period_ns == 0) { // always due: no system call
    return atomic_load(&worker->bell.value) == bell;
  }
  return svari_wake_word_wait(&worker->bell, bell, schedule->tick.planned_ns) == bell;
}

static void
end_work(round_t *round, svari_component_node_t *node)
{
  leave_realtime(round);
  svari_component_node_finish(node);
}

static void
run_steps_until_rung(svari_component_worker_t *worker, round_t *round, uint32_t bell)
{
  svari_component_node_t *node;
  while ((node = next_due(round)) != NULL) {
    if (!round->is_realtime) {
      round->is_realtime = true; // whatever is refused: what was granted must be given back
      if (!svari_component_node_enter_realtime(node, &round->before)) {
        end_work(round, node);
        continue;
      }
    }
    if (!wait_until_due(worker, bell, &node->schedule)) {
      return;
    }
    if (svari_component_node_step(node)) {
      end_work(round, node);
    }
  }
  leave_realtime(round);
  svari_wake_word_wait(&worker->bell, bell, SVARI_NO_DEADLINE);
}

static void *
run(void *context)
{
  svari_component_worker_t *worker = context;
  round_t round = {.count = 0};
  for (;;) {
    // First the bell: what is rung for after this is seen in the next round.
    uint32_t bell = atomic_load(&worker->bell.value);
    look_at_nodes(worker, &round);
    if (round.has_ended) {
      leave_realtime(&round);
      return NULL;
    }
    if (!do_tasks(worker, &round)) {
      run_steps_until_rung(worker, &round, bell);
    }
  }
}

// --- the container's side --------------------------------------------------------------------------

static int
start(svari_component_worker_t *worker, const svari_realtime_t *realtime)
{
  pthread_attr_t attributes;
  size_t stack_bytes = svari_realtime_stack_size(realtime);
  int error = pthread_attr_init(&attributes);
  if (error != 0) {
    return error;
  }
  if (stack_bytes > 0) {
    pthread_attr_setstacksize(&attributes, stack_bytes);
  }
  error = pthread_create(&worker->thread, &attributes, run, worker);
  pthread_attr_destroy(&attributes);
  return error;
}

svar_ret_t
svari_component_worker_create(const char *name, const svari_realtime_t *realtime,
                              svari_component_worker_t **out_worker)
{
  svari_component_worker_t *worker = calloc(1, sizeof(*worker));
  if (worker == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the thread '%s'", name);
  }
  snprintf(worker->name, sizeof(worker->name), "%s", name);
  pthread_mutex_init(&worker->lock, NULL);
  int error = start(worker, realtime);
  if (error != 0) {
    free(worker);
    return svar_fail(SVAR_ERR_SYSTEM, "no thread '%s' with a stack for realtime.stack_kib %zu: %s",
                     name, realtime->stack_bytes >> 10, strerror(error));
  }
  pthread_setname_np(worker->thread, worker->name);
  *out_worker = worker;
  return SVAR_OK;
}

void
svari_component_worker_destroy(svari_component_worker_t *worker)
{
  if (worker == NULL) {
    return;
  }
  pthread_mutex_lock(&worker->lock);
  worker->has_ended = true;
  pthread_mutex_unlock(&worker->lock);
  svari_component_worker_ring(worker);
  pthread_join(worker->thread, NULL);
  pthread_mutex_destroy(&worker->lock);
  free(worker);
}

svar_ret_t
svari_component_worker_add(svari_component_worker_t *worker, svari_component_node_t *node)
{
  svar_ret_t ret = SVAR_OK;
  pthread_mutex_lock(&worker->lock);
  const svari_component_node_t *other = worker->count > 0 ? worker->nodes[0] : NULL;
  if (worker->count == SVARI_WORKER_NODES_MAX) {
    ret = svar_fail(SVAR_ERR_RANGE, "node '%s' does not fit: the thread '%s' has %d nodes already",
                    node->identity.full_name, node->realtime.thread, SVARI_WORKER_NODES_MAX);
  } else if (other != NULL && !svari_realtime_is_equal(&node->realtime, &other->realtime)) {
    ret = svar_fail(SVAR_ERR_VALUE,
                    "nodes '%s' and '%s' share the thread '%s' (realtime.thread) but not the other "
                    "parameters realtime.*: give both the same",
                    node->identity.full_name, other->identity.full_name, node->realtime.thread);
  } else {
    worker->nodes[worker->count++] = node;
    node->worker = worker;
  }
  pthread_mutex_unlock(&worker->lock);
  return ret;
}

void
svari_component_worker_order(svari_component_node_t *node, svari_node_task_t task)
{
  svari_component_worker_t *worker = node->worker; // the node may be gone once it has its last task
  atomic_store(&node->order.task, task);
  svari_component_worker_ring(worker);
}

void
svari_component_worker_ring(svari_component_worker_t *worker)
{
  svari_wake_word_set(&worker->bell, atomic_load(&worker->bell.value) + 1);
}
