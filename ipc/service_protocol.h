// What goes over a store's service socket. Both ends are on one machine, so numbers lie as they do in memory.
//
// A request is one packet: a head, and, if it carries values, a body, which either follows the head or is
// in a memfd that comes along (service_body.h), from its beginning on. A body holds descriptions of values and the
// elements that they point to. A response is one packet, too. A client sends its next request, and writes into its
// memfd again, when it has the response to the last.
//
// The holder believes nothing: what is not as described here is answered with a sentence, and where the head
// itself makes no sense the connection ends. So does it when the client does not take its responses.
#ifndef SVARI_IPC_SERVICE_PROTOCOL_H
#define SVARI_IPC_SERVICE_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

#include "shared_variable/source.h"
#include "shared_variable/store.h"

#define SVARI_REQUEST_MAGIC UINT32_C(0x51525653)  // "SVRQ"
#define SVARI_RESPONSE_MAGIC UINT32_C(0x53525653) // "SVRS"

enum {
  SVARI_SERVICE_PROTOCOL = 4,       // raised by every change below
  SVARI_REQUEST_BODY_BYTES = 4096,  // longest body that follows the head
  SVARI_REQUEST_VALUES = 1 << 20,   // most values that one request sets
  SVARI_RESPONSE_TEXT_BYTES = 1024, // longest sentence, its final NUL included
  SVARI_VALUE_NAME_BYTES = 256
};

typedef enum svari_request_kind {
  SVARI_REQUEST_STATUS = 1, // the response's body is a svari_status_t
  SVARI_REQUEST_WATCH =
      2, // an eventfd comes along: signalled at each commit while the connection stays
  SVARI_REQUEST_SET = 3, // the body's values become one version
  // The body is a svari_device_request_t; the response's a svari_device_memory_t, and a descriptor comes along
  SVARI_REQUEST_DEVICE = 4
} svari_request_kind_t;

typedef struct svari_request {
  uint32_t magic;
  uint16_t protocol;
  uint16_t kind;
  uint64_t id; // the response has the same
  uint64_t body_bytes;
  uint64_t table_offset; // in the body: value_count descriptions
  uint32_t value_count;
  uint32_t reserved; // 0
} svari_request_t;

// Of the holder's memory on a GPU: what begins at offset of the region of that number.
typedef struct svari_device_request {
  uint32_t region;
  uint32_t reserved; // 0
  uint64_t offset;
  uint8_t generation[16]; // of the store: the next one of its name counts its regions anew
} svari_device_request_t;

typedef struct svari_device_memory {
  uint64_t size_bytes; // behind the descriptor
} svari_device_memory_t;

typedef struct svari_value_description {
  char name[SVARI_VALUE_NAME_BYTES]; // of the variable
  // svar_source_kind_t. An array, a scalar, literals: dtype and shape are theirs. Bytes (uint8, of rank 1) are:
  // a random state, its words; a sparse matrix, as in service_sparse.h; the unset state, none.
  uint32_t source_kind;
  svar_dtype_t dtype;
  int32_t ndim;
  uint32_t reserved;   // 0
  uint64_t offset;     // in the body: the elements, compact and row-major
  uint64_t size_bytes; // as the dtype and the shape say
  int64_t shape[SVAR_NDIM_MAX];
} svari_value_description_t;

typedef struct svari_response {
  uint32_t magic;
  uint16_t protocol;
  uint16_t kind; // of the request
  uint64_t id;
  uint64_t version; // of the store: what SET made, or the newest
  int32_t ret;      // svar_ret_t
  uint32_t
      body_bytes; // what follows: a sentence with its final NUL if ret is an error, else see above
} svari_response_t;

// svar_store_info_t in fixed widths.
typedef struct svari_status {
  char name[SVAR_STORE_NAME_BYTES];
  uint64_t version;
  uint64_t variable_count;
  uint64_t memory_bytes;
  uint64_t capacity_bytes;
  int64_t created_ns;
  int64_t committed_ns;
  int32_t holder_pid;
  uint32_t reader_count;
  uint32_t owner;
  uint32_t is_stale;
} svari_status_t;

static_assert(sizeof(svari_request_t) == 40, "the layout is shared by processes");
static_assert(sizeof(svari_device_request_t) == 32, "the layout is shared by processes");
static_assert(sizeof(svari_device_memory_t) == 8, "the layout is shared by processes");
static_assert(sizeof(svari_value_description_t) == 416, "the layout is shared by processes");
static_assert(sizeof(svari_response_t) == 32, "the layout is shared by processes");
static_assert(sizeof(svari_status_t) == 320, "the layout is shared by processes");

#endif
