// Signals come through a signalfd, and workers announce what they have done through an eventfd, so that one
// poll() waits for all and no handler interrupts anything: no EINTR in a component, no race before a sleep.
#include "components/component_container.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "components/array.h"
#include "components/component_control.h"
#include "components/component_log.h"
#include "components/component_parameters.h"

static sigset_t
stopping_signals(void)
{
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  struct sigaction hangup;
  sigaction(SIGHUP, NULL, &hangup);
  if (hangup.sa_handler != SIG_IGN) { // under nohup it stays ignored
    sigaddset(&signals, SIGHUP);
  }
  return signals;
}

svar_ret_t
svari_component_container_init(svari_component_container_t *container, const char *logger)
{
  *container = (svari_component_container_t){.logger = logger, .event_fd = -1, .signal_fd = -1};
  sigset_t signals = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  container->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  container->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (container->event_fd < 0 || container->signal_fd < 0) {
    svar_ret_t ret =
        svar_fail(SVAR_ERR_SYSTEM, "cannot wait for signals and nodes: %s", strerror(errno));
    svari_component_container_fini(container);
    return ret;
  }
  return SVAR_OK;
}

// --- seats -----------------------------------------------------------------------------------------

// A worker that has lost its last node ends.
static void
leave_worker(svari_component_container_t *container, svari_component_worker_t *worker)
{
  if (worker == NULL || --worker->users > 0) {
    return;
  }
  for (size_t i = 0; i < container->shared_count; ++i) {
    if (container->shared[i] == worker) {
      container->shared[i] = container->shared[--container->shared_count];
      break;
    }
  }
  svari_component_worker_destroy(worker);
}

// The node has no worker, or has been taken down.
static void
remove_seat(svari_component_container_t *container, svari_container_seat_t *seat)
{
  svari_component_node_t *node = seat->node;
  svari_component_control_farewell(container->control, seat);
  container->has_lost_failure =
      container->has_lost_failure || (atomic_load(&node->has_failed) && !seat->was_loaded);
  leave_worker(container, node->worker);
  svari_component_node_destroy(node);
  size_t index = (size_t)(seat - container->seats);
  --container->count;
  memmove(seat, seat + 1, (container->count - index) * sizeof(*seat));
}

void
svari_component_container_fini(svari_component_container_t *container)
{
  svari_component_control_close(container->control);
  container->control = NULL;
  while (container->count > 0) {
    remove_seat(container, &container->seats[container->count - 1]);
  }
  free(container->seats);
  free(container->shared);
  if (container->event_fd >= 0) {
    close(container->event_fd);
  }
  if (container->signal_fd >= 0) {
    close(container->signal_fd);
  }
  *container = (svari_component_container_t){.event_fd = -1, .signal_fd = -1};
}

svari_container_seat_t *
svari_component_container_find(svari_component_container_t *container, uint64_t id,
                               const char *full_name)
{
  for (size_t i = 0; i < container->count; ++i) {
    svari_container_seat_t *seat = &container->seats[i];
    if (id != 0 ? seat->id == id : strcmp(seat->node->identity.full_name, full_name) == 0) {
      return seat;
    }
  }
  return NULL;
}

svar_ret_t
svari_component_container_add(svari_component_container_t *container, svari_component_node_t *node)
{
  const char *name = node->identity.full_name;
  const svari_container_seat_t *other = svari_component_container_find(container, 0, name);
  if (other != NULL) {
    return svar_fail(SVAR_ERR_EXISTS,
                     "two components would be called '%s': name one of them, with -r __node:=NAME "
                     "where it is loaded into a container, or both on the container's command "
                     "line, as in %s=left %s=right",
                     name, other->node->descriptor->type_name, node->descriptor->type_name);
  }
  svari_container_seat_t *seats =
      svari_array_extend(container->seats, container->count, sizeof(*seats));
  if (seats == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  node->is_container_stopping = &container->is_stopping;
  node->event_fd = container->event_fd;
  container->seats = seats;
  seats[container->count++] = (svari_container_seat_t){.node = node, .id = ++container->last_id};
  return SVAR_OK;
}

// --- parameters ------------------------------------------------------------------------------------

static bool
is_declared(const svari_component_node_t *node, const char *name)
{
  return svari_component_parameter_index(node->descriptor, name) >= 0;
}

static bool
is_declared_by_any(const svari_component_container_t *container, const char *pattern,
                   const char *name)
{
  for (size_t i = 0; i < container->count; ++i) {
    const svari_component_node_t *node = container->seats[i].node;
    if (svari_section_matches(pattern, node->identity.full_name) && is_declared(node, name)) {
      return true;
    }
  }
  return false;
}

static svar_ret_t
check_section(const svari_component_container_t *container, const svari_component_node_t *node,
              const svari_parameter_section_t *section)
{
  bool is_for_many = strchr(section->pattern, '*') != NULL;
  for (size_t i = 0; i < section->count; ++i) {
    const char *name = section->parameters[i].name;
    if (is_declared(node, name) ||
        (is_for_many && is_declared_by_any(container, section->pattern, name))) {
      continue;
    }
    return svari_component_parameter_unknown(node->descriptor, node->identity.full_name, name);
  }
  return SVAR_OK;
}

svar_ret_t
svari_component_container_check_parameters(const svari_component_container_t *container,
                                           const svari_parameter_table_t *table)
{
  for (size_t i = 0; i < container->count; ++i) {
    const svari_component_node_t *node = container->seats[i].node;
    for (size_t k = 0; k < table->count; ++k) {
      if (svari_section_matches(table->sections[k].pattern, node->identity.full_name)) {
        SVAR_TRY(check_section(container, node, &table->sections[k]));
      }
    }
  }
  return SVAR_OK;
}

// --- orders ----------------------------------------------------------------------------------------

static svar_ret_t
make_shared_worker(svari_component_container_t *container, const svari_component_node_t *node,
                   svari_component_worker_t **out_worker)
{
  for (size_t i = 0; i < container->shared_count; ++i) {
    if (strcmp(container->shared[i]->name, node->realtime.thread) == 0) {
      *out_worker = container->shared[i];
      return SVAR_OK;
    }
  }
  svari_component_worker_t **shared = svari_array_extend(container->shared, container->shared_count,
                                                         sizeof(svari_component_worker_t *));
  if (shared == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  container->shared = shared;
  SVAR_TRY(svari_component_worker_create(node->realtime.thread, &node->realtime, out_worker));
  shared[container->shared_count++] = *out_worker;
  return SVAR_OK;
}

static svar_ret_t
give_worker(svari_component_container_t *container, svari_component_node_t *node)
{
  svari_component_worker_t *worker = NULL;
  if (node->realtime.thread[0] != '\0') {
    SVAR_TRY(make_shared_worker(container, node, &worker));
  } else {
    SVAR_TRY(svari_component_worker_create(node->identity.name, &node->realtime, &worker));
  }
  ++worker->users;
  svar_ret_t ret = svari_component_worker_add(worker, node);
  if (ret != SVAR_OK) {
    leave_worker(container, worker);
  }
  return ret;
}

static svar_ret_t
begin(svari_component_container_t *container, svari_container_seat_t *seat,
      svari_lifecycle_state_t goal)
{
  seat->has_begun = true;
  SVAR_TRY(give_worker(container, seat->node));
  seat->node->order.goal = goal;
  svari_component_worker_order(seat->node, SVARI_TASK_BRING_UP);
  return SVAR_OK;
}

static void
take_seat_down(svari_container_seat_t *seat)
{
  seat->is_taken_down = true;
  if (seat->node->worker != NULL) {
    svari_component_worker_order(seat->node, SVARI_TASK_TAKE_DOWN);
  }
}

svar_ret_t
svari_component_container_load(svari_component_container_t *container, svari_component_node_t *node,
                               svari_lifecycle_state_t goal, svari_container_seat_t **out_seat)
{
  SVAR_TRY(svari_component_container_add(container, node));
  svari_container_seat_t *seat = &container->seats[container->count - 1];
  seat->was_loaded = true;
  svar_ret_t ret = begin(container, seat, goal);
  if (ret != SVAR_OK) {
    --container->count; // the node stays the caller's
    return ret;
  }
  container->stays = true;
  *out_seat = seat;
  return SVAR_OK;
}

// Between tasks, the last one answered, and not on its way out.
static svar_ret_t
check_free(const svari_container_seat_t *seat)
{
  const svari_component_node_t *node = seat->node;
  if (svari_component_node_is_idle(node) && seat->request == 0 && !seat->is_leaving &&
      node->worker != NULL) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_BUSY, "node '%s' is %s: ask again when it is done",
                   node->identity.full_name,
                   seat->is_leaving       ? "being unloaded"
                   : node->worker == NULL ? "not started"
                                          : svari_lifecycle_state_name(atomic_load(&node->state)));
}

svar_ret_t
svari_component_container_change(svari_container_seat_t *seat,
                                 svari_lifecycle_transition_t transition)
{
  SVAR_TRY(check_free(seat));
  seat->node->order.transition = transition;
  svari_component_worker_order(seat->node, SVARI_TASK_CHANGE);
  return SVAR_OK;
}

svar_ret_t
svari_component_container_set(svari_container_seat_t *seat, size_t parameter,
                              svar_parameter_value_t *value)
{
  SVAR_TRY(check_free(seat));
  seat->node->order.parameter = parameter;
  seat->node->order.value = *value;
  *value = (svar_parameter_value_t){0};
  svari_component_worker_order(seat->node, SVARI_TASK_SET);
  return SVAR_OK;
}

void
svari_component_container_unload(svari_component_container_t *container,
                                 svari_container_seat_t *seat)
{
  container->stays = true;
  seat->is_leaving = true;
  atomic_store(&seat->node->is_leaving, true);
}

// --- waiting ---------------------------------------------------------------------------------------

static void
take_signal(svari_component_container_t *container)
{
  struct signalfd_siginfo info;
  while (read(container->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
    int number = (int)info.ssi_signo;
    if (number == SIGHUP && container->signal_count > 0) {
      continue; // a terminal that closes is told of twice, by the shell and by the kernel
    }
    if (++container->signal_count > 1) {
      _exit(128 + number); // asked twice: whatever a component is doing, leave it
    }
    svari_log(container->logger, SVAR_LOG_INFO, "stopping on SIG%s", sigabbrev_np(number));
    atomic_store(&container->is_stopping, true);
  }
}

static bool
has_any_failed(const svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count; ++i) {
    if (atomic_load(&container->seats[i].node->has_failed)) {
      return true;
    }
  }
  return container->has_lost_failure;
}

// Waits for one event: a signal, that a worker has done something, a request.
static void
wait_for_event(svari_component_container_t *container)
{
  struct pollfd waits[] = {
      {.fd = container->signal_fd, .events = POLLIN},
      {.fd = container->event_fd, .events = POLLIN},
      {.fd = svari_component_control_fd(container->control), .events = POLLIN}};
  if (poll(waits, 3, -1) < 0) {
    return; // a signal that is not ours: the caller looks and comes back
  }
  if (waits[0].revents != 0) {
    take_signal(container);
  }
  uint64_t changes; // a counter: reading it is the acknowledgement, nodes say what happened
  ssize_t taken = waits[1].revents != 0 ? read(container->event_fd, &changes, sizeof(changes)) : 0;
  (void)taken;
  if (waits[2].revents != 0) {
    svari_component_control_serve(container->control);
  }
}

// --- running ---------------------------------------------------------------------------------------

// One after the other, each when the one before has done what it could.
static void
begin_next(svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count; ++i) {
    svari_container_seat_t *seat = &container->seats[i];
    if (seat->has_begun && !seat->was_loaded && !svari_component_node_is_idle(seat->node)) {
      return;
    }
    if (seat->has_begun) {
      continue;
    }
    if (begin(container, seat, SVARI_STATE_ACTIVE) == SVAR_OK) {
      return;
    }
    svari_log(container->logger, SVAR_LOG_ERROR, "%s", svar_error_message());
    atomic_store(&seat->node->has_failed, true);
    atomic_store(&seat->node->is_over, true);
  }
}

static void
look_at_seats(svari_component_container_t *container)
{
  for (size_t i = container->count; i-- > 0;) {
    svari_container_seat_t *seat = &container->seats[i];
    if (!svari_component_node_is_idle(seat->node)) {
      continue;
    }
    svari_component_control_report(container->control, seat);
    if (seat->was_loaded && !seat->has_come_up) { // its first task is over
      seat->has_come_up = seat->node->outcome.ret == SVAR_OK;
      seat->is_leaving = seat->is_leaving || !seat->has_come_up;
    }
    if (seat->is_taken_down || (seat->is_leaving && seat->node->worker == NULL)) {
      remove_seat(container, seat);
    } else if (seat->is_leaving) {
      take_seat_down(seat);
    }
  }
}

// True: every node of the command line has had its turn, and none has work left.
static bool
is_without_work(const svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count; ++i) {
    const svari_container_seat_t *seat = &container->seats[i];
    if (!seat->has_begun || !atomic_load(&seat->node->is_over)) {
      return false;
    }
  }
  return !container->stays;
}

static void
stop(svari_component_container_t *container)
{
  atomic_store(&container->is_stopping, true);
  for (size_t i = 0; i < container->count; ++i) {
    if (container->seats[i].node->worker != NULL) {
      svari_component_worker_ring(container->seats[i].node->worker);
    }
  }
}

static void
wait_until_idle(svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count; ++i) {
    while (!svari_component_node_is_idle(container->seats[i].node)) {
      wait_for_event(container);
    }
  }
}

// Two passes, so that no step of one runs on what another has taken away.
static void
take_down(svari_component_container_t *container)
{
  stop(container);
  svari_component_control_close(container->control); // nothing is loaded any more
  container->control = NULL;
  wait_until_idle(container);
  for (size_t i = 0; i < container->count; ++i) {
    svari_container_seat_t *seat = &container->seats[i];
    if (seat->node->worker != NULL && !seat->is_taken_down) {
      svari_component_worker_order(seat->node, SVARI_TASK_STOP_STEPS);
    }
  }
  wait_until_idle(container);
  for (size_t i = container->count; i-- > 0;) {
    if (!container->seats[i].is_taken_down) {
      take_seat_down(&container->seats[i]);
      wait_until_idle(container);
    }
  }
}

bool
svari_component_container_run(svari_component_container_t *container)
{
  for (;;) {
    look_at_seats(container);
    if (container->fails_with_one && has_any_failed(container)) {
      atomic_store(&container->is_stopping, true);
    }
    if (atomic_load(&container->is_stopping)) {
      break;
    }
    begin_next(container);
    if (is_without_work(container)) {
      break;
    }
    wait_for_event(container);
  }
  take_down(container);
  return !has_any_failed(container);
}
