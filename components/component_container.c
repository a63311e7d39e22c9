// Signals come through a signalfd, and nodes announce themselves through an eventfd, so that one poll()
// waits for both and no handler interrupts anything: no EINTR in a component, no race before a sleep.
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

void
svari_component_container_fini(svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count; ++i) {
    svari_component_node_destroy(container->nodes[i]);
  }
  free(container->nodes);
  if (container->event_fd >= 0) {
    close(container->event_fd);
  }
  if (container->signal_fd >= 0) {
    close(container->signal_fd);
  }
  container->nodes = NULL;
  container->count = 0;
  container->event_fd = container->signal_fd = -1;
}

svar_ret_t
svari_component_container_add(svari_component_container_t *container, svari_component_node_t *node)
{
  for (size_t i = 0; i < container->count; ++i) {
    if (strcmp(container->nodes[i]->identity.full_name, node->identity.full_name) == 0) {
      return svar_fail(SVAR_ERR_EXISTS,
                       "two components would be called '%s': name them, as in %s=left %s=right",
                       node->identity.full_name, container->nodes[i]->descriptor->type_name,
                       node->descriptor->type_name);
    }
  }
  svari_component_node_t **nodes =
      svari_array_extend(container->nodes, container->count, sizeof(svari_component_node_t *));
  if (nodes == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  node->is_stopping = &container->is_stopping;
  node->event_fd = container->event_fd;
  nodes[container->count++] = node;
  container->nodes = nodes;
  return SVAR_OK;
}

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
    const svari_component_node_t *node = container->nodes[i];
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
    const svari_component_node_t *node = container->nodes[i];
    for (size_t k = 0; k < table->count; ++k) {
      if (svari_section_matches(table->sections[k].pattern, node->identity.full_name)) {
        SVAR_TRY(check_section(container, node, &table->sections[k]));
      }
    }
  }
  return SVAR_OK;
}

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
    if (atomic_load(&container->nodes[i]->has_failed)) {
      return true;
    }
  }
  return false;
}

// Waits for one event. The failure of any node stops all, just as a signal does.
static void
wait_for_event(svari_component_container_t *container)
{
  struct pollfd waits[] = {{.fd = container->signal_fd, .events = POLLIN},
                           {.fd = container->event_fd, .events = POLLIN}};
  if (poll(waits, 2, -1) < 0) {
    return; // a signal that is not ours: the caller looks and comes back
  }
  if (waits[0].revents != 0) {
    take_signal(container);
  }
  uint64_t changes; // a counter: reading it is the acknowledgement, phases say what happened
  if (waits[1].revents != 0 && read(container->event_fd, &changes, sizeof(changes)) > 0 &&
      has_any_failed(container)) {
    atomic_store(&container->is_stopping, true);
  }
}

static void
wait_for_phase(svari_component_container_t *container, const svari_component_node_t *node,
               svari_node_phase_t phase)
{
  while (atomic_load(&node->phase) < phase) {
    wait_for_event(container);
  }
}

static bool
have_all_finished(const svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count; ++i) {
    if (atomic_load(&container->nodes[i]->phase) < SVARI_PHASE_FINISHED) {
      return false;
    }
  }
  return true;
}

static void
bring_up(svari_component_container_t *container)
{
  for (size_t i = 0; i < container->count && !atomic_load(&container->is_stopping); ++i) {
    svari_component_node_t *node = container->nodes[i];
    if (svari_component_node_start(node) != SVAR_OK) {
      svari_log(container->logger, SVAR_LOG_ERROR, "%s", svar_error_message());
      atomic_store(&node->has_failed, true);
      atomic_store(&container->is_stopping, true);
      return;
    }
    wait_for_phase(container, node, SVARI_PHASE_ACTIVE);
  }
}

// Two passes, so that no step of one runs on what another has taken away.
static void
take_down(svari_component_container_t *container)
{
  atomic_store(&container->is_stopping, true);
  for (size_t i = 0; i < container->count; ++i) {
    svari_wake_word_set(&container->nodes[i]->orders, SVARI_ORDER_STOP_STEPS);
  }
  for (size_t i = 0; i < container->count; ++i) {
    if (atomic_load(&container->nodes[i]->phase) != SVARI_PHASE_WAITING) {
      wait_for_phase(container, container->nodes[i], SVARI_PHASE_STEPS_STOPPED);
    }
  }
  for (size_t i = container->count; i-- > 0;) {
    svari_component_node_t *node = container->nodes[i];
    if (atomic_load(&node->phase) != SVARI_PHASE_WAITING) {
      svari_wake_word_set(&node->orders, SVARI_ORDER_TAKE_DOWN);
      wait_for_phase(container, node, SVARI_PHASE_FINISHED);
      pthread_join(node->thread, NULL);
    }
  }
}

bool
svari_component_container_run(svari_component_container_t *container)
{
  bring_up(container);
  while (!atomic_load(&container->is_stopping) && !have_all_finished(container)) {
    wait_for_event(container);
  }
  take_down(container);
  return !has_any_failed(container);
}
