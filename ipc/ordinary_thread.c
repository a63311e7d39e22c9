#include "ipc/ordinary_thread.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

// Thread-local data of the process lie in it too.
enum { STACK_BYTES = 1 << 20 };

static int
start(void *(*body)(void *context), void *context, pthread_t *out_thread)
{
  pthread_attr_t attributes;
  const struct sched_param ordinary = {.sched_priority = 0};
  int error = pthread_attr_init(&attributes);
  if (error != 0) {
    return error;
  }
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
  pthread_attr_setschedpolicy(&attributes, SCHED_OTHER);
  pthread_attr_setschedparam(&attributes, &ordinary);
  error = pthread_create(out_thread, &attributes, body, context);
  pthread_attr_destroy(&attributes);
  return error;
}

svar_ret_t
svari_ordinary_thread_start(const char *name, void *(*body)(void *context), void *context,
                            pthread_t *out_thread)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
  int error = start(body, context, out_thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "starting the thread '%s': %s", name, strerror(error));
  }
  pthread_setname_np(*out_thread, name);
  return SVAR_OK;
}
