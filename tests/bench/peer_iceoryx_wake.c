#include "bench/peer_iceoryx_wake.h"

#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/wait_set.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/child.h"

static const char SERVICE[] = "svar_bench";
static const char EVENT[] = "wake";

struct bench_iceoryx_bell {
  iox_pub_storage_t storage;
  iox_pub_t publisher;
};

struct bench_iceoryx_ear {
  iox_sub_storage_t sub_storage;
  iox_ws_storage_t ws_storage;
  iox_sub_t subscriber;
  iox_ws_t wait_set;
};

bench_iceoryx_bell_t *
bench_iceoryx_bell_create(const char *topic)
{
  bench_iceoryx_bell_t *bell = calloc(1, sizeof(*bell));
  BENCH_REQUIRE(bell != NULL, "no memory for a bell");
  bell->publisher = iox_pub_init(&bell->storage, SERVICE, topic, EVENT, NULL);
  return bell;
}

void
bench_iceoryx_bell_destroy(bench_iceoryx_bell_t *bell)
{
  iox_pub_deinit(bell->publisher);
  free(bell);
}

void
bench_iceoryx_bell_ring(bench_iceoryx_bell_t *bell)
{
  void *chunk;
  BENCH_REQUIRE(iox_pub_loan_chunk(bell->publisher, &chunk, 64) == AllocationResult_SUCCESS,
                "iceoryx has no chunk of 64 bytes");
  *(uint64_t *)chunk = 1;
  iox_pub_publish_chunk(bell->publisher, chunk);
}

bench_iceoryx_ear_t *
bench_iceoryx_ear_create(const char *service, const char *topic, const char *event)
{
  bench_iceoryx_ear_t *ear = calloc(1, sizeof(*ear));
  BENCH_REQUIRE(ear != NULL, "no memory for an ear");
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.historyRequest = 1; // what there is of a latched topic
  ear->subscriber = iox_sub_init(&ear->sub_storage, service, topic, event, &options);
  ear->wait_set = iox_ws_init(&ear->ws_storage);
  BENCH_REQUIRE(iox_ws_attach_subscriber_state(ear->wait_set, ear->subscriber,
                                               SubscriberState_HAS_DATA, 1,
                                               NULL) == WaitSetResult_SUCCESS,
                "iceoryx does not let a WaitSet wait for '%s'", topic);
  for (int tries = 0; iox_sub_get_subscription_state(ear->subscriber) != SubscribeState_SUBSCRIBED;
       tries++) {
    BENCH_REQUIRE(tries < 10000, "nobody publishes '%s'", topic);
    usleep(1000);
  }
  return ear;
}

bench_iceoryx_ear_t *
bench_iceoryx_ear_for_bell(const char *topic)
{
  return bench_iceoryx_ear_create(SERVICE, topic, EVENT);
}

void
bench_iceoryx_ear_destroy(bench_iceoryx_ear_t *ear)
{
  iox_ws_detach_subscriber_state(ear->wait_set, ear->subscriber, SubscriberState_HAS_DATA);
  iox_ws_deinit(ear->wait_set);
  iox_sub_deinit(ear->subscriber);
  free(ear);
}

uint64_t
bench_iceoryx_ear_wait(bench_iceoryx_ear_t *ear, size_t word)
{
  iox_notification_info_t reason;
  uint64_t missed;
  const void *chunk;
  uint64_t found = 0;
  iox_ws_wait(ear->wait_set, &reason, 1, &missed);
  while (iox_sub_take_chunk(ear->subscriber, &chunk) == ChunkReceiveResult_SUCCESS) {
    found = ((const uint64_t *)chunk)[word];
    iox_sub_release_chunk(ear->subscriber, chunk);
  }
  return found;
}
