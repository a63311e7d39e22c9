#include "bench/peer_iceoryx.h"

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/sample.h"

struct bench_iceoryx_topic {
  iox_pub_storage_t pub_storage;
  iox_sub_storage_t sub_storage;
  iox_pub_t pub;
  iox_sub_t sub;
  uint32_t payload_bytes;
};

void
bench_iceoryx_join(const char *process_name)
{
  char name[64];
  snprintf(name, sizeof(name), "svar_bench_%s_%d", process_name, (int)getpid());
  iox_set_loglevel(Iceoryx_LogLevel_Error);
  iox_runtime_init(name);
}

static void
wait_until_subscribed(const bench_iceoryx_topic_t *topic)
{
  enum { TRIES = 5000 };
  for (int i = 0; i < TRIES; i++) {
    if (iox_sub_get_subscription_state(topic->sub) == SubscribeState_SUBSCRIBED) {
      return;
    }
    usleep(1000);
  }
  bench_fail("iceoryx did not connect a subscriber within 5 s");
}

bench_iceoryx_topic_t *
bench_iceoryx_topic_create(uint64_t payload_bytes, uint32_t queue)
{
  bench_iceoryx_topic_t *topic = calloc(1, sizeof(*topic));
  BENCH_REQUIRE(topic != NULL, "no memory for a topic");
  char name[64];
  snprintf(name, sizeof(name), "%llu", (unsigned long long)payload_bytes);
  topic->payload_bytes = (uint32_t)payload_bytes;
  topic->pub = iox_pub_init(&topic->pub_storage, "svar_bench", name, "value", NULL);
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.queueCapacity = queue;
  topic->sub = iox_sub_init(&topic->sub_storage, "svar_bench", name, "value", &options);
  wait_until_subscribed(topic);
  return topic;
}

void
bench_iceoryx_topic_destroy(bench_iceoryx_topic_t *topic)
{
  if (topic != NULL) {
    iox_sub_deinit(topic->sub);
    iox_pub_deinit(topic->pub);
    free(topic);
  }
}

size_t
bench_iceoryx_batch(uint64_t payload_bytes)
{
  return payload_bytes <= 32768 ? 100 : payload_bytes <= 262144 ? 50 : 4;
}

void
bench_iceoryx_publish_run(void *context, size_t count)
{
  bench_iceoryx_topic_t *topic = context;
  for (size_t i = 0; i < count; i++) {
    void *chunk;
    BENCH_REQUIRE(iox_pub_loan_chunk(topic->pub, &chunk, topic->payload_bytes) ==
                      AllocationResult_SUCCESS,
                  "iceoryx has no chunk of %u bytes", topic->payload_bytes);
    *(uint64_t *)chunk = i;
    iox_pub_publish_chunk(topic->pub, chunk);
  }
}

void
bench_iceoryx_take_run(void *context, size_t count)
{
  bench_iceoryx_topic_t *topic = context;
  for (size_t i = 0; i < count; i++) {
    const void *chunk;
    BENCH_REQUIRE(iox_sub_take_chunk(topic->sub, &chunk) == ChunkReceiveResult_SUCCESS,
                  "iceoryx lost a message");
    bench_use(*(const uint64_t *)chunk);
    iox_sub_release_chunk(topic->sub, chunk);
  }
}
