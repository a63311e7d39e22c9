#include "ipc/remote_device.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc/remote_impl.h"
#include "ipc/segment.h"
#include "store/layout.h"

static svar_ret_t
ask(svar_remote_t *remote, const svari_device_request_t *body, int *out_fd, uint64_t *out_bytes)
{
  svari_request_t request = {.kind = SVARI_REQUEST_DEVICE, .body_bytes = sizeof(*body)};
  svari_response_packet_t response;
  svari_device_memory_t memory;
  int fd;
  SVAR_TRY(svari_remote_ask(remote, &request, body, sizeof(*body), SVARI_NO_FD, &response, &fd));
  if (fd == SVARI_NO_FD || response.head.body_bytes != sizeof(memory)) {
    if (fd != SVARI_NO_FD) {
      close(fd);
    }
    return svar_fail(SVAR_ERR_LAYOUT,
                     "the holder of store '%s' answers a request for device memory with %u bytes "
                     "and %s descriptor",
                     remote->name, response.head.body_bytes, fd != SVARI_NO_FD ? "a" : "no");
  }
  memcpy(&memory, response.bytes + sizeof(response.head), sizeof(memory));
  *out_fd = fd;
  *out_bytes = memory.size_bytes;
  return SVAR_OK;
}

static svar_ret_t
connect_and_ask(svari_region_t *region, const char *name, const svari_device_request_t *body,
                int *out_fd, uint64_t *out_bytes)
{
  svar_remote_options_t options = SVAR_REMOTE_OPTIONS_INIT;
  svar_remote_t *remote;
  options.owner = region->ops->owner(region);
  options.allocator = &region->allocator;
  SVAR_TRY(svari_remote_open_at(name, svari_segment_paths(region), &options, &remote));
  svar_ret_t ret = ask(remote, body, out_fd, out_bytes);
  svar_remote_close(remote);
  return ret;
}

// What fails there does not fail here: the sentence is the holder's, and the code another.
static svar_ret_t
fail_for_holder(const char *name)
{
  char text[SVARI_RESPONSE_TEXT_BYTES];
  snprintf(text, sizeof(text), "%s", svar_error_message());
  return svar_fail(SVAR_ERR_SYSTEM,
                   "the GPU of the holder of store '%s' fails: start it again (%s)", name, text);
}

svar_ret_t
svari_remote_fetch_device(svari_region_t *region, const char *name, uint32_t number,
                          uint64_t offset, int *out_fd, uint64_t *out_bytes)
{
  const svari_header_t *header = (const svari_header_t *)region->space.read_base;
  svari_device_request_t body = {.region = number, .offset = offset};
  memcpy(body.generation, header->generation, sizeof(body.generation));
  svar_ret_t ret = connect_and_ask(region, name, &body, out_fd, out_bytes);
  switch (ret) {
  case SVAR_ERR_NOT_FOUND: // the memory is as good as gone
    return svar_fail(SVAR_ERR_UNSET,
                     "its value lies in memory of a GPU, which only its holder can hand out, and "
                     "nobody holds the store (start its publisher, which sets the value anew), or "
                     "it was created with no_service (create it without)");
  case SVAR_ERR_STATE: // and then it is gone
    return svar_fail(SVAR_ERR_UNSET,
                     "its value lies in memory of a GPU, which only its holder can hand out, and "
                     "the holder ended before it did: start it again");
  case SVAR_TIMEOUT:
    return svar_fail(SVAR_ERR_SYSTEM,
                     "the holder of store '%s' does not answer: it is stopped, or busy", name);
  case SVAR_ERR_DEVICE:
    return fail_for_holder(name);
  default:
    return ret;
  }
}
