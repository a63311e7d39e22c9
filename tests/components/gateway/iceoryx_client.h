/* What a stranger does with the gateway through iceoryx's C API alone. The process must have joined RouDi. */
#ifndef TESTS_COMPONENTS_GATEWAY_ICEORYX_CLIENT_H
#define TESTS_COMPONENTS_GATEWAY_ICEORYX_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared_variable/gateway.h"

#ifdef __cplusplus
extern "C" {
#endif

void iceoryx_client_join(const char *name);

/* Asks on the topic and waits for the answer: at most out_bytes of its chunk are copied to out_chunk. Returns the
 * chunk's size; 0: none came. */
uint64_t iceoryx_client_ask(const char *topic, const void *request_chunk, uint32_t request_bytes,
                            void *out_chunk, uint64_t out_bytes);

/* Whether a publisher of the topic is registered. */
bool iceoryx_client_finds(const char *topic);

/* Publishes one int as "Robot", "Arm", "Battery" to at least one subscriber. */
void iceoryx_client_publish_battery(int percent);

#ifdef __cplusplus
}
#endif
#endif
