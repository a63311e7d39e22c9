// iceoryx beside the library: a topic with its publisher and its subscriber, straight through
// iceoryx_binding_c. Needs the RouDi that tests/bench/run starts, with the pools it gives it.
#ifndef BENCH_PEER_ICEORYX_H
#define BENCH_PEER_ICEORYX_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_ICEORYX_VALUE_MAX_BYTES (UINT64_C(128) << 20) // of the pools

typedef struct bench_iceoryx_topic bench_iceoryx_topic_t;

// Once a process, before topics. It leaves when it ends.
void bench_iceoryx_join(const char *process_name);

// queue: most messages that wait; the oldest is dropped for a newer one.
bench_iceoryx_topic_t *bench_iceoryx_topic_create(uint64_t payload_bytes, uint32_t queue);
void bench_iceoryx_topic_destroy(bench_iceoryx_topic_t *topic); // NULL is a no-op
// How many messages of the size the pools can have waiting.
size_t bench_iceoryx_batch(uint64_t payload_bytes);

// bench_subject_t functions of a topic.
void bench_iceoryx_publish_run(void *topic, size_t count); // loan, write the first word, publish
void bench_iceoryx_take_run(void *topic, size_t count);    // take, read the first word, release

#endif
