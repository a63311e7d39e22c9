// What `svar component` and a container say to each other over the container's endpoint (endpoint.h): a request
// is a head and words, each ended by a NUL; an answer is a head and a text. The text is the sentence of a
// failure, or rows of cells, split by tabs and ended by newlines; a cell holds neither.
#ifndef SVARI_COMPONENTS_CONTROL_PROTOCOL_H
#define SVARI_COMPONENTS_CONTROL_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

#include "shared_variable/endpoint.h"

#define SVARI_CONTROL_KIND "component_container"
#define SVARI_CONTROL_REQUEST_MAGIC UINT32_C(0x51434353) // "SCCQ"
#define SVARI_CONTROL_ANSWER_MAGIC UINT32_C(0x41434353)  // "SCCA"

enum {
  SVARI_CONTROL_PROTOCOL = 1, // raised by every change below
  SVARI_CONTROL_WORDS = 256   // most of a request
};

// NODE is a node's number, or its full name.
typedef enum svari_control_kind {
  // -> a row "container name, pid", then one for each node: id, full name, type, state, "failed" or ""
  SVARI_CONTROL_LIST = 1,
  // goal state, TYPE, then words of ROS 2's command line, as after --ros-args -> id, full name
  SVARI_CONTROL_LOAD = 2,
  SVARI_CONTROL_UNLOAD = 3, // NODE -> nothing, when it is gone
  SVARI_CONTROL_CHANGE = 4, // NODE, transition -> its state then
  // NODE -> name, kind, value, default, minimum, maximum, "read-only" or "", description
  SVARI_CONTROL_PARAMETERS = 5,
  SVARI_CONTROL_SET = 6 // NODE, "name:=value" -> nothing
} svari_control_kind_t;

typedef struct svari_control_request {
  uint32_t magic;
  uint16_t protocol;
  uint16_t kind;
  uint32_t word_count;
  uint32_t reserved; // 0
} svari_control_request_t;

typedef struct svari_control_answer {
  uint32_t magic;
  uint16_t protocol;
  uint16_t kind;   // of the request
  int32_t ret;     // svar_ret_t
  uint32_t is_cut; // 1: rows are missing at the end
} svari_control_answer_t;

static_assert(sizeof(svari_control_request_t) == 16, "the layout is shared by processes");
static_assert(sizeof(svari_control_answer_t) == 16, "the layout is shared by processes");

#endif
