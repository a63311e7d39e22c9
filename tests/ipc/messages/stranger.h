/* Sends and asks as one that knows iceoryx but not our library, in the process's own membership. */
#ifndef TESTS_IPC_MESSAGES_STRANGER_H
#define TESTS_IPC_MESSAGES_STRANGER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sends one chunk of size_bytes, filled with 0xff, on the topic. */
void stranger_send(const char *topic, uint32_t size_bytes);

typedef struct Stranger Stranger;
/* Sends a text with our header to the server on the topic, once there is one. NULL: there is none. */
Stranger *stranger_ask(const char *topic, const char *text);
/* The text that was answered, "" if none is there. The stranger leaves. */
const char *stranger_listen(Stranger *stranger);

#ifdef __cplusplus
}
#endif
#endif
