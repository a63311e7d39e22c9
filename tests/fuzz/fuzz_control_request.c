// A request to a container, as a client sends it, up to where the container would act on it.
#include <string.h>

#include "components/control_request.h"
#include "components/lifecycle.h"
#include "components/node_arguments.h"
#include "fuzz/fuzz.h"

static void
load(const svari_control_words_t *request)
{
  svari_node_arguments_t *arguments = NULL;
  if (fuzz_ret(svari_node_arguments_make(&request->words[2], request->count - 2, &arguments)) ==
      SVAR_OK) {
    FUZZ_CHECK(arguments->parsed.user_count == 0 && arguments->parsed.log_level_count == 0);
    svari_node_arguments_free(arguments);
  }
}

static void
set(const svari_control_words_t *request)
{
  svari_parameter_table_t table = {0};
  if (fuzz_ret(svari_parameter_rule_parse(request->words[1], &table)) == SVAR_OK) {
    FUZZ_CHECK(table.count == 1 && table.sections[0].count == 1);
  }
  svari_parameter_table_fini(&table);
}

static void
change(const svari_control_words_t *request)
{
  svari_lifecycle_transition_t transition;
  if (fuzz_ret(svari_lifecycle_transition_parse(request->words[1], &transition)) == SVAR_OK) {
    FUZZ_CHECK(strcmp(svari_lifecycle_transition_name(transition), request->words[1]) == 0);
  }
}

static void
obey(const svari_control_words_t *request)
{
  for (size_t i = 0; i < request->count; i++) {
    FUZZ_CHECK(request->words[i] != NULL && strlen(request->words[i]) < 65536);
  }
  switch (request->kind) {
  case SVARI_CONTROL_LIST:
    FUZZ_CHECK(request->count == 0);
    return;
  case SVARI_CONTROL_LOAD:
    load(request);
    return;
  case SVARI_CONTROL_UNLOAD:
  case SVARI_CONTROL_PARAMETERS:
    FUZZ_CHECK(request->count == 1);
    return;
  case SVARI_CONTROL_CHANGE:
    change(request);
    return;
  case SVARI_CONTROL_SET:
    set(request);
    return;
  }
  FUZZ_CHECK(!"a kind that there is not");
}

// The first byte says whether the head is as sent, or one with a good magic and protocol.
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  static char packet[SVAR_ENDPOINT_PACKET_BYTES];
  svari_control_words_t request;
  uint16_t kind;
  if (size_bytes == 0) {
    return 0;
  }
  size_t packet_bytes = size_bytes - 1 < sizeof(packet) ? size_bytes - 1 : sizeof(packet);
  memcpy(packet, data + 1, packet_bytes);
  if ((data[0] & 1) == 0 && packet_bytes >= sizeof(svari_control_request_t)) {
    svari_control_request_t head;
    memcpy(&head, packet, sizeof(head));
    head.magic = SVARI_CONTROL_REQUEST_MAGIC;
    head.protocol = SVARI_CONTROL_PROTOCOL;
    memcpy(packet, &head, sizeof(head));
  }
  if (fuzz_ret(svari_control_request_check(packet, packet_bytes, &kind, &request)) == SVAR_OK) {
    obey(&request);
  }
  return 0;
}
