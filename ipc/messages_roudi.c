#include "ipc/messages_roudi.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ipc/messages_names.h"

#define ROUDI_SOCKET "/tmp/roudi" // a constant of iceoryx
#define ROUDI_REMEDY "start iox-roudi, or use `svar launch`, which does"
#define HANG_REMEDY "stop it (kill -9), start it again, and restart the programs that used it"

enum { PROBE_TIMEOUT_MS = 1000, REQUEST_TIMEOUT_S = 5, EXIT_TIMEOUT_S = 3 };

// A request and the two who use it: the thread that runs it and the caller that waits. The last one
// frees it, so that a call which outlives the caller's patience can still end in peace.
typedef struct task {
  svari_roudi_request_t request;
  pthread_mutex_t lock;
  pthread_cond_t ended;
  bool is_ended;
  bool is_abandoned;
  const char *error; // iceoryx's name of what went wrong; NULL: nothing
} task_t;

static _Thread_local const char *first_error; // of this thread, since it was last taken
static _Thread_local task_t *running_task;    // of this thread, if it runs one

// Set once, never cleared: why iceoryx must not be called any more. Static text.
static _Atomic(const char *) broken;

// Which RouDi this process signed on with, and as what; set once. A restarted RouDi makes a new socket.
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat known_socket; // st_ino 0: none yet
static pid_t signed_on_pid;      // 0: never
static char signed_on_name[SVAR_TOPIC_NAME_BYTES];
static atomic_bool has_signed_off; // at exit

static svar_ret_t
connect_failed(int error)
{
  switch (error) {
  case ENOENT:
    return svar_fail(SVAR_ERR_NO_ROUDI, "RouDi, the iceoryx daemon, is not running: " ROUDI_REMEDY);
  case ECONNREFUSED:
    return svar_fail(SVAR_ERR_NO_ROUDI, "RouDi, the iceoryx daemon, has died: " ROUDI_REMEDY);
  case EACCES:
    return svar_fail(
        SVAR_ERR_PERMISSION,
        "RouDi, the iceoryx daemon, runs for another user, who owns %s: run both as one "
        "user, or RouDi with a group that this user is a member of",
        ROUDI_SOCKET);
  default:
    return svar_fail(SVAR_ERR_NO_ROUDI, "RouDi's socket %s cannot be used: %s", ROUDI_SOCKET,
                     strerror(error));
  }
}

svar_ret_t
svar_messages_probe(void)
{
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no socket to look for RouDi with: %s", strerror(errno));
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = ROUDI_SOCKET};
  svar_ret_t ret = SVAR_OK;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    ret = connect_failed(errno);
  } else {
    // A datagram socket is writable while its peer's queue has room: every process that uses RouDi
    // sends it a sign of life three times a second, so that of a RouDi that hangs is soon full.
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (poll(&writable, 1, PROBE_TIMEOUT_MS) == 0) {
      ret = svar_fail(SVAR_ERR_NO_ROUDI, "RouDi, the iceoryx daemon, hangs: " HANG_REMEDY);
    }
  }
  close(fd);
  return ret;
}

static bool
is_same_socket(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
         a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

// A process stays signed on with the RouDi it met first: iceoryx cannot sign on twice.
static svar_ret_t
check_known_roudi(struct stat *out_now)
{
  if (stat(ROUDI_SOCKET, out_now) != 0) {
    return connect_failed(errno);
  }
  pthread_mutex_lock(&known_lock);
  bool is_known = known_socket.st_ino == 0 || is_same_socket(&known_socket, out_now);
  pthread_mutex_unlock(&known_lock);
  if (!is_known) {
    return svar_fail(SVAR_ERR_STATE,
                     "RouDi, the iceoryx daemon, was restarted, and a process cannot "
                     "sign on again: restart this process");
  }
  return SVAR_OK;
}

// At exit iceoryx signs off and waits for RouDi's answer without limit. A RouDi that hangs must not
// keep the process: after a while it ends with the status it meant to end with.
static void *
end_process(void *status)
{
  struct timespec patience = {EXIT_TIMEOUT_S, 0};
  nanosleep(&patience, NULL);
  if (atomic_load(&has_signed_off)) {
    return NULL; // the rest of the exit may take its time
  }
  svari_runtime_files_remove(signed_on_name);
  static const char text[] = "RouDi, the iceoryx daemon, hangs: leaving without its answer\n";
  ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
  (void)ignored;
  _exit((int)(intptr_t)status);
}

// Every signal is blocked in threads made here, and so in iceoryx's keep-alive thread, which inherits
// the mask: the process's handlers run in its own threads.
static int
start_thread(void *(*main)(void *), void *argument)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED); // never the caller's real time
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, main, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

static void
watch_sign_off(int status, void *unused)
{
  (void)unused;
  if (getpid() == signed_on_pid) {
    (void)start_thread(end_process, (void *)(intptr_t)status);
  }
}

static void
end_watch(int status, void *unused)
{
  (void)status;
  (void)unused;
  atomic_store(&has_signed_off, true);
}

static void
remember_roudi(const struct stat *now)
{
  pthread_mutex_lock(&known_lock);
  if (known_socket.st_ino == 0) {
    known_socket = *now;
  }
  pthread_mutex_unlock(&known_lock);
}

// What is registered here and by iceoryx in between runs in the reverse order at exit: the watch
// begins, iceoryx signs off, the watch ends.
void
svari_roudi_sign_on(void (*call)(const char *name), const char *name)
{
  on_exit(end_watch, NULL);
  call(name);
  signed_on_pid = getpid();
  snprintf(signed_on_name, sizeof signed_on_name, "%s", name);
  on_exit(watch_sign_off, NULL);
}

static void
task_free(task_t *task)
{
  pthread_cond_destroy(&task->ended);
  pthread_mutex_destroy(&task->lock);
  free(task);
}

static void
task_end(task_t *task, const char *error)
{
  pthread_mutex_lock(&task->lock);
  task->error = error;
  task->is_ended = true;
  bool is_abandoned = task->is_abandoned;
  pthread_cond_signal(&task->ended);
  pthread_mutex_unlock(&task->lock);
  if (is_abandoned) {
    task_free(task);
  }
}

static void *
task_main(void *argument)
{
  task_t *task = argument;
  running_task = task;
  task->request.run(&task->request);
  running_task = NULL;
  task_end(task, svari_roudi_error_take());
  return NULL;
}

void
svari_roudi_sign_on_failed(const char *name)
{
  if (signed_on_pid == 0) {
    svari_runtime_files_remove(name);
  }
}

void
svari_roudi_on_error(const char *name, bool is_fatal)
{
  if (first_error == NULL) {
    first_error = name;
  }
  if (!is_fatal) {
    return;
  }
  atomic_store(&broken, "iceoryx met a fatal error");
  if (running_task != NULL) {
    // Going on would build on what does not exist. The thread is ours: it stops here, for good.
    task_t *task = running_task;
    running_task = NULL;
    task_end(task, name);
    for (;;) {
      pause();
    }
  }
}

const char *
svari_roudi_error_take(void)
{
  const char *error = first_error;
  first_error = NULL;
  return error;
}

bool
svari_roudi_is_usable(void)
{
  return atomic_load_explicit(&broken, memory_order_relaxed) == NULL;
}

svar_ret_t
svari_roudi_check(void)
{
  const char *reason = atomic_load_explicit(&broken, memory_order_relaxed);
  if (reason != NULL) {
    return svar_fail(SVAR_ERR_MESSAGES, "messages have ended for this process, for %s: restart it",
                     reason);
  }
  return SVAR_OK;
}

// That iceoryx can be asked something, and RouDi's socket, by which it is known.
static svar_ret_t
check_usable_roudi(struct stat *out_now)
{
  SVAR_TRY(svari_roudi_check());
  SVAR_TRY(svar_messages_probe());
  return check_known_roudi(out_now);
}

svar_ret_t
svari_roudi_check_known(void)
{
  struct stat now;
  return check_usable_roudi(&now);
}

// Waits for the task's end; false: it did not come, and the task is its thread's alone.
static bool
task_wait(task_t *task)
{
  struct timespec deadline;
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  deadline.tv_sec += REQUEST_TIMEOUT_S;
  pthread_mutex_lock(&task->lock);
  while (!task->is_ended && pthread_cond_clockwait(&task->ended, &task->lock, CLOCK_MONOTONIC,
                                                   &deadline) != ETIMEDOUT) {
  }
  bool is_ended = task->is_ended;
  task->is_abandoned = !is_ended;
  pthread_mutex_unlock(&task->lock);
  return is_ended;
}

static svar_ret_t
task_run(const svari_roudi_request_t *request, const char *what, void **out_handle)
{
  task_t *task = calloc(1, sizeof *task);
  if (task == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "%s '%s': no memory", what, request->name);
  }
  task->request = *request;
  pthread_mutex_init(&task->lock, NULL);
  pthread_cond_init(&task->ended, NULL);
  int error = start_thread(task_main, task);
  if (error != 0) {
    task_free(task);
    return svar_fail(SVAR_ERR_SYSTEM, "%s '%s': no thread: %s", what, request->name,
                     strerror(error));
  }
  if (!task_wait(task)) {
    atomic_store(&broken, "RouDi did not answer");
    return svar_fail(SVAR_ERR_NO_ROUDI,
                     "%s '%s': RouDi, the iceoryx daemon, did not answer within %d s: " HANG_REMEDY,
                     what, request->name, REQUEST_TIMEOUT_S);
  }
  svar_ret_t ret = SVAR_OK;
  if (task->error != NULL) {
    ret = svar_fail(SVAR_ERR_MESSAGES, "%s '%s': iceoryx refused: %s", what, request->name,
                    task->error);
  } else {
    *out_handle = task->request.handle;
  }
  task_free(task);
  return ret;
}

svar_ret_t
svari_roudi_ask(const svari_roudi_request_t *request, const char *what, void **out_handle)
{
  struct stat now;
  svar_ret_t ret = check_usable_roudi(&now);
  if (ret != SVAR_OK) {
    svar_fail_context("%s '%s'", what, request->name);
    return ret;
  }
  SVAR_TRY(task_run(request, what, out_handle));
  remember_roudi(&now);
  return SVAR_OK;
}
