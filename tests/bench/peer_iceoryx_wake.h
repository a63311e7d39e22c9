// Waking through iceoryx: a publisher of one word, and a subscriber with a WaitSet of its own.
#ifndef BENCH_PEER_ICEORYX_WAKE_H
#define BENCH_PEER_ICEORYX_WAKE_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_iceoryx_bell bench_iceoryx_bell_t;
typedef struct bench_iceoryx_ear bench_iceoryx_ear_t;

// In a process that has joined (bench_iceoryx_join).
bench_iceoryx_bell_t *bench_iceoryx_bell_create(const char *topic);
void bench_iceoryx_bell_destroy(bench_iceoryx_bell_t *bell);
void bench_iceoryx_bell_ring(bench_iceoryx_bell_t *bell);

// Hears our topic (as gateway.h names it), or one of bells.
bench_iceoryx_ear_t *bench_iceoryx_ear_create(const char *service, const char *topic,
                                              const char *event);
bench_iceoryx_ear_t *bench_iceoryx_ear_for_bell(const char *topic);
void bench_iceoryx_ear_destroy(bench_iceoryx_ear_t *ear);
// Waits in the WaitSet, and takes what is there; returns the word at that place of the latest message.
uint64_t bench_iceoryx_ear_wait(bench_iceoryx_ear_t *ear, size_t word);

#endif
