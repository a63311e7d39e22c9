#include "stranger.h"

#include <iceoryx_binding_c/publisher.h>
#include <string.h>

void
stranger_send(const char *topic, uint32_t size_bytes)
{
  iox_pub_storage_t storage;
  iox_pub_t port = iox_pub_init(&storage, "shared_variable", topic, "message", NULL);
  void *chunk = NULL;
  if (iox_pub_loan_chunk(port, &chunk, size_bytes) == AllocationResult_SUCCESS) {
    memset(chunk, 0xff, size_bytes);
    iox_pub_publish_chunk(port, chunk);
  }
  iox_pub_deinit(port);
}
