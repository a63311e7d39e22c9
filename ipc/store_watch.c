// svar_store_watch_fd(). The holder signals a reader's eventfd itself, so that a commit reaches an epoll
// with one wake; but holders come and go, and one may serve nobody. So the reader has a thread that registers
// the eventfd with whoever holds the store, sleeps as long as he does, and in between passes on what
// svar_store_wait() finds. Wherever one way ends and the other begins it signals once more than needed.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ordinary_thread.h"
#include "ipc/segment.h"
#include "ipc/service_protocol.h"
#include "ipc/service_socket.h"
#include "store/store_impl.h"

static const int64_t LEAST_PAUSE_NS = 10000000; // between two attempts to find a holder ...
static const int64_t MOST_PAUSE_NS = 320000000; // ... while there is none
static const int64_t CONNECT_NS = 1000000;      // what a holder has to let us in, under the lock
static const int64_t ANSWER_NS = 1000000000;    // what it has to answer

typedef struct watch {
  svari_attendant_t attendant; // first
  svar_store_t *store;
  int event_fd; // the caller's
  int slot;     // of a holder's own handle: in the store's watchers
  // Of a reader's.
  uint64_t seen; // nothing up to this version is left to be told; set before it is told
  int stop_fd;
  int socket_fd; // comes and goes under the birth lock
  pthread_t thread;
  bool is_running;
  _Atomic bool is_stopping, is_done;
} watch_t;

static void
signal_fd(int fd)
{
  const uint64_t one = 1;
  ssize_t written = write(fd, &one, sizeof(one));
  (void)written; // full: it is readable
}

static void
close_fd(int *fd)
{
  if (*fd != SVARI_NO_FD) {
    close(*fd);
    *fd = SVARI_NO_FD;
  }
}

// Tells of whatever there is.
static void
tell(watch_t *watch)
{
  watch->seen = svar_store_version(watch->store);
  signal_fd(watch->event_fd);
}

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// --- with a holder ---------------------------------------------------------------------------------

static bool
connect_to_holder(watch_t *watch)
{
  svari_region_t *region = watch->store->region;
  svari_birth_lock();
  svar_ret_t ret = svari_socket_connect(svari_segment_paths(region)->socket,
                                        region->ops->owner(region), CONNECT_NS, &watch->socket_fd);
  svari_birth_unlock();
  if (ret == SVAR_OK) {
    svari_socket_set_timeout(watch->socket_fd, ANSWER_NS);
  }
  return ret == SVAR_OK;
}

static void
disconnect(watch_t *watch)
{
  svari_birth_lock();
  close_fd(&watch->socket_fd);
  svari_birth_unlock();
}

static bool
ask_to_watch(const watch_t *watch)
{
  const svari_request_t request = {
      .magic = SVARI_REQUEST_MAGIC,
      .protocol = SVARI_SERVICE_PROTOCOL,
      .kind = SVARI_REQUEST_WATCH,
  };
  uint8_t buffer[sizeof(svari_response_t) + SVARI_RESPONSE_TEXT_BYTES];
  svari_response_t response;
  svari_packet_t packet = {.fd = SVARI_NO_FD};
  bool is_end;
  if (svari_packet_send(watch->socket_fd, &request, sizeof(request), NULL, 0, watch->event_fd, 0) !=
          0 ||
      svari_packet_receive(watch->socket_fd, buffer, sizeof(buffer), 0, &packet, &is_end) != 0) {
    return false;
  }
  close_fd(&packet.fd);
  memcpy(&response, buffer, sizeof(response));
  return packet.size_bytes >= sizeof(response) && response.magic == SVARI_RESPONSE_MAGIC &&
         response.ret == SVAR_OK;
}

// Nothing comes from the holder but the end.
static void
wait_for_end(const watch_t *watch)
{
  struct pollfd looks[] = {{.fd = watch->stop_fd, .events = POLLIN},
                           {.fd = watch->socket_fd, .events = POLLIN}};
  while (poll(looks, 2, -1) < 0 && errno == EINTR) {
  }
}

// True if there was a holder that told us of its commits, until it ended.
static bool
follow_holder(watch_t *watch)
{
  if (!connect_to_holder(watch)) {
    return false;
  }
  bool is_told = ask_to_watch(watch);
  if (is_told) {
    tell(watch); // of what was committed meanwhile
    wait_for_end(watch);
  }
  disconnect(watch);
  tell(watch); // of a commit that the holder's end kept it from telling
  return is_told;
}

// --- without ---------------------------------------------------------------------------------------

// Passes commits on for a while. False: no more will come.
static bool
relay(watch_t *watch, int64_t duration_ns)
{
  const int64_t end_ns = now_ns() + duration_ns;
  svar_ret_t ret = SVAR_OK;
  while (ret != SVAR_TIMEOUT && !atomic_load(&watch->is_stopping)) {
    if (svar_store_version(watch->store) > watch->seen) {
      tell(watch);
    }
    if (svari_store_is_retired(watch->store) || ret == SVAR_ERR_STALE) {
      signal_fd(watch->event_fd);
      return false;
    }
    ret = svari_wait_once(watch->store, watch->seen, end_ns);
  }
  return true;
}

static void *
run(void *context)
{
  watch_t *watch = context;
  int64_t pause_ns = LEAST_PAUSE_NS;
  while (!atomic_load(&watch->is_stopping)) {
    if (follow_holder(watch)) {
      pause_ns = LEAST_PAUSE_NS;
    }
    if (!relay(watch, pause_ns)) {
      break;
    }
    pause_ns = pause_ns < MOST_PAUSE_NS ? pause_ns * 2 : MOST_PAUSE_NS;
  }
  atomic_store(&watch->is_done, true);
  return NULL;
}

// --- begin and end ---------------------------------------------------------------------------------

static void
watch_free(watch_t *watch)
{
  svar_allocator_t allocator = watch->store->allocator;
  close_fd(&watch->event_fd);
  close_fd(&watch->stop_fd);
  close_fd(&watch->socket_fd);
  allocator.deallocate(watch, allocator.state);
}

// It sleeps in poll(), or on the version: where a wake that comes a moment too early is lost.
static void
stop_thread(watch_t *watch)
{
  const struct timespec moment = {.tv_nsec = 100000};
  atomic_store(&watch->is_stopping, true);
  signal_fd(watch->stop_fd);
  while (!atomic_load(&watch->is_done)) {
    svari_wake_sleepers(watch->store);
    nanosleep(&moment, NULL);
  }
  pthread_join(watch->thread, NULL);
}

static void
watch_end(svari_attendant_t *attendant)
{
  watch_t *watch = (watch_t *)attendant;
  if (watch->is_running) {
    stop_thread(watch);
  }
  if (watch->slot != SVARI_WATCHER_NONE) {
    pthread_mutex_lock(&watch->store->lock);
    svari_watchers_remove(&watch->store->watchers, watch->slot);
    pthread_mutex_unlock(&watch->store->lock);
  }
  watch_free(watch);
}

static void
watch_forked(svari_attendant_t *attendant)
{
  watch_t *watch = (watch_t *)attendant;
  watch->is_running = false; // here
  watch->slot = SVARI_WATCHER_NONE;
  close_fd(&watch->event_fd);
  close_fd(&watch->stop_fd);
  close_fd(&watch->socket_fd);
}

static svar_ret_t
watch_new(svar_store_t *store, watch_t **out_watch)
{
  watch_t *watch = store->allocator.allocate(sizeof(*watch), 64, store->allocator.state);
  if (watch == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to watch store '%s'", store->name);
  }
  *watch = (watch_t){
      .attendant = {.end = watch_end, .forked = watch_forked},
      .store = store,
      .seen = svar_store_version(store),
      .event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
      .slot = SVARI_WATCHER_NONE,
      .stop_fd = SVARI_NO_FD,
      .socket_fd = SVARI_NO_FD,
  };
  if (watch->event_fd < 0) {
    watch_free(watch);
    return svar_fail(SVAR_ERR_SYSTEM, "no descriptor to watch store '%s': %s", store->name,
                     strerror(errno));
  }
  *out_watch = watch;
  return SVAR_OK;
}

// The store's commits are this process's own: no thread is needed.
static svar_ret_t
watch_own(watch_t *watch)
{
  int fd = dup(watch->event_fd);
  pthread_mutex_lock(&watch->store->lock);
  svar_ret_t ret = fd < 0 ? svar_fail(SVAR_ERR_SYSTEM, "no descriptor to watch store '%s': %s",
                                      watch->store->name, strerror(errno))
                          : svari_watchers_add(&watch->store->watchers, fd, false, &watch->slot);
  pthread_mutex_unlock(&watch->store->lock);
  if (ret != SVAR_OK) {
    close_fd(&fd);
  }
  return ret;
}

static svar_ret_t
watch_other(watch_t *watch)
{
  watch->stop_fd = eventfd(0, EFD_CLOEXEC);
  if (watch->stop_fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no descriptor to watch store '%s': %s", watch->store->name,
                     strerror(errno));
  }
  SVAR_TRY(svari_ordinary_thread_start("svar_watch", run, watch, &watch->thread));
  watch->is_running = true;
  return SVAR_OK;
}

static svar_ret_t
begin_watch(svar_store_t *store, int *out_fd)
{
  watch_t *watch = NULL;
  SVAR_TRY(watch_new(store, &watch));
  svar_ret_t ret = store->writer != NULL ? watch_own(watch) : watch_other(watch);
  if (ret != SVAR_OK) {
    watch_free(watch);
    return ret;
  }
  *out_fd = watch->event_fd;
  svari_store_attend(store, &watch->attendant);
  return SVAR_OK;
}

static const watch_t *
find_watch(const svar_store_t *store)
{
  const svari_attendant_t *one = atomic_load(&store->attendants);
  while (one != NULL && one->end != watch_end) {
    one = one->next;
  }
  return (const watch_t *)one;
}

svar_ret_t
svar_store_watch_fd(svar_store_t *store, int *out_fd)
{
  SVAR_REQUIRE(store != NULL && out_fd != NULL);
  SVAR_TRY(svari_store_check(store));
  svari_birth_lock(); // one at a time, and no fork between thread and attendance
  const watch_t *watch = find_watch(store);
  svar_ret_t ret = SVAR_OK;
  if (watch != NULL) {
    *out_fd = watch->event_fd;
  } else {
    ret = begin_watch(store, out_fd);
  }
  svari_birth_unlock();
  return ret;
}
