// A process that is killed inside iceoryx's publish, where it holds locks that nobody else can free: about 1.5 s
// later, when RouDi clears up behind it, RouDi waits for them for ever.
#include <dlfcn.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/wait_set.h>

static bool is_armed;

// Publish wakes those who wait by this, under the locks. The one found first, before libc's.
int
sem_post(sem_t *semaphore)
{
  if (is_armed) {
    raise(SIGKILL);
  }
  int (*real)(sem_t *) = (int (*)(sem_t *))dlsym(RTLD_NEXT, "sem_post");
  return real(semaphore);
}

int
main(void)
{
  char name[64];
  snprintf(name, sizeof name, "killed_in_publish_%d", (int)getpid());
  iox_set_loglevel(Iceoryx_LogLevel_Off);
  iox_runtime_init(name);
  iox_sub_storage_t subscriber_storage;
  iox_pub_storage_t publisher_storage;
  iox_ws_storage_t wait_set_storage;
  iox_sub_t subscriber = iox_sub_init(&subscriber_storage, "test", "killed", "value", NULL);
  iox_ws_t wait_set = iox_ws_init(&wait_set_storage);
  iox_ws_attach_subscriber_state(wait_set, subscriber, SubscriberState_HAS_DATA, 0, NULL);
  iox_pub_t publisher = iox_pub_init(&publisher_storage, "test", "killed", "value", NULL);
  while (iox_sub_get_subscription_state(subscriber) != SubscribeState_SUBSCRIBED) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  is_armed = true;
  void *chunk = NULL;
  if (iox_pub_loan_chunk(publisher, &chunk, 8) == AllocationResult_SUCCESS) {
    iox_pub_publish_chunk(publisher, chunk);
  }
  return 1; // it was not killed
}
