/* A sender that knows iceoryx but not our header, in the process's own membership. */
#ifndef TESTS_IPC_MESSAGES_STRANGER_H
#define TESTS_IPC_MESSAGES_STRANGER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C"
#endif
    /* Sends one chunk of size_bytes, filled with 0xff, on the topic. */
    void
    stranger_send(const char *topic, uint32_t size_bytes);

#endif
