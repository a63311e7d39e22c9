// What the component iceoryx_gateway says and answers on iceoryx, for programs that link iceoryx_binding_c alone.
// The header needs no library; docs/examples/commit_events.c is such a program.
//
// A commit event for each store. The store "/policy/weights" has the topic "/policy/weights/commits": iceoryx's
// {SVAR_MESSAGE_SERVICE, "/policy/weights/commits", SVAR_MESSAGE_EVENT}. Each message is one
// svar_commit_message_t. The publisher keeps its latest: subscribe with historyRequest = 1 and the first event says
// what is there already. Commits that follow each other faster than the gateway runs make one event.
//
// Which stores there are. Each has a publisher: iox_service_discovery_find_service() with the service, NULL and
// the event lists their topics, and a WaitSet or Listener wakes when they change. Or ask: SVAR_GATEWAY_STORES.
//
// Questions. A server answers on the topic SVAR_GATEWAY_TOPIC: a request is one
// svar_gateway_request_message_t and its data, a response one svar_gateway_response_message_t and its data.
// iceoryx keeps an event after it has delivered it, so one that is sent while you subscribe may pass you by:
// subscribe first and ask then, for SVAR_GATEWAY_VARIABLES say, and nothing is missed.
//
// All of it is a convenience: the values are in the stores, and a process that links this library reads them in
// place, without iceoryx and whatever becomes of it.
#ifndef SHARED_VARIABLE_GATEWAY_H
#define SHARED_VARIABLE_GATEWAY_H

#include "shared_variable/message_header.h"

/// Of every payload below. Another number: another meaning; read no further.
#define SVAR_GATEWAY_LAYOUT 1

/// A store's name, this behind it, is the topic of its commits. iceoryx takes topics of at most 100 bytes: a
/// store whose name has more than 92 has no events.
#define SVAR_COMMIT_TOPIC_SUFFIX "/commits"
/// Most ids that an event lists.
#define SVAR_COMMIT_EVENT_IDS 128

typedef enum svar_commit_event_kind {
  SVAR_COMMIT_EVENT_COMMIT =
      1, ///< a newer version, or the first event of a gateway that was started
  SVAR_COMMIT_EVENT_REMOVED =
      2 ///< the store is gone: the last event, of the version that was its last
} svar_commit_event_kind_t;

typedef struct svar_commit_event {
  uint32_t layout;           ///< SVAR_GATEWAY_LAYOUT
  uint32_t kind;             ///< svar_commit_event_kind_t
  uint64_t version;          ///< of the store; 0: nothing was committed yet
  uint64_t previous_version; ///< of the event before; 0: this is the gateway's first of this store
  int64_t committed_ns;      ///< CLOCK_REALTIME of the commit
  int64_t
      created_ns; ///< CLOCK_REALTIME of the store's creation: tells it from a later one of its name
  uint32_t variable_count; ///< that the store has
  uint32_t
      changed_count; ///< variables that have another value, or none any more, since previous_version
  uint32_t listed_count; ///< of those, how many fit: min(changed_count, SVAR_COMMIT_EVENT_IDS)
  uint32_t reserved;     ///< 0
  /// Ascending. An id is the variable's index in the order of creation: svar_store_at(), SVAR_GATEWAY_VARIABLES.
  uint32_t changed[SVAR_COMMIT_EVENT_IDS];
} svar_commit_event_t;

typedef struct svar_commit_message {
  svar_message_header_t header;
  svar_commit_event_t event;
} svar_commit_message_t;

/// The topic that a gateway answers on, unless it was given another.
#define SVAR_GATEWAY_TOPIC "/shared_variable/requests"
/// Most entries that a response to SVAR_GATEWAY_STORES or SVAR_GATEWAY_VARIABLES has.
#define SVAR_GATEWAY_ENTRIES 8
#define SVAR_GATEWAY_NAME_BYTES 256

typedef enum svar_gateway_operation {
  /// The stores, in the order of their names, from the one at `index` on. Data: svar_gateway_store_t,
  /// `count` of them.
  SVAR_GATEWAY_STORES = 1,
  /// The variables of `store`, in the order of their ids, from the first at `index` or behind. Data:
  /// svar_gateway_variable_t, `count` of them. `total` is where the ids end; one that never had a value is left out.
  SVAR_GATEWAY_VARIABLES = 2,
  /// The value of `variable`, of one version. Data: its elements, row-major. A value that no chunk of RouDi's can
  /// hold is SVAR_ERR_NO_SPACE: read it from the store.
  SVAR_GATEWAY_GET = 3,
  /// Give `variable` the value `tensor`. Data: its elements, row-major. Only if the gateway's parameter allow_set
  /// is true, and then as svar_remote_set() does: the holder of the store has the say, and sees the gateway's user.
  SVAR_GATEWAY_SET = 4,
  /// Give each variable that a .safetensors file has a tensor for that tensor, in one version. Data: the file's
  /// absolute path, `tensor.data_bytes` of it; the gateway opens it. Allowed as SVAR_GATEWAY_SET.
  SVAR_GATEWAY_LOAD = 5
} svar_gateway_operation_t;

/// A dtype, as DLPack's DLDataType has it, and a shape.
typedef struct svar_gateway_tensor {
  uint8_t dtype_code; ///< DLDataTypeCode: 0 int, 1 uint, 2 float, 4 bfloat, 5 complex, 6 bool
  uint8_t dtype_bits;
  uint16_t dtype_lanes; ///< 1
  int32_t ndim;         ///< 0 .. 16
  uint64_t data_bytes;
  int64_t shape[16];
} svar_gateway_tensor_t;

typedef struct svar_gateway_request {
  uint32_t layout;                        ///< SVAR_GATEWAY_LAYOUT
  uint32_t operation;                     ///< svar_gateway_operation_t
  uint32_t index;                         ///< of lists: where to begin
  uint32_t reserved;                      ///< 0
  char store[SVAR_GATEWAY_NAME_BYTES];    ///< with its final NUL
  char variable[SVAR_GATEWAY_NAME_BYTES]; ///< with its final NUL
  svar_gateway_tensor_t tensor;           ///< of SET, LOAD
} svar_gateway_request_t;

typedef struct svar_gateway_request_message {
  svar_message_header_t header; ///< sender and sequence are the client's own: they come back
  svar_gateway_request_t request;
} svar_gateway_request_message_t;

typedef struct svar_gateway_response {
  uint32_t layout;              ///< SVAR_GATEWAY_LAYOUT
  int32_t code;                 ///< 0, or a svar_ret_t of shared_variable/error.h
  uint64_t request_sender;      ///< the request's, so that a late answer is not taken for another's
  uint64_t request_sequence;    ///< the request's
  uint64_t version;             ///< of the value got, or the version made
  uint32_t count;               ///< of lists: entries here
  uint32_t total;               ///< of lists: of all that there are
  uint64_t reserved;            ///< 0
  svar_gateway_tensor_t tensor; ///< of GET; data_bytes: of what follows, whatever it is
  char message[SVAR_GATEWAY_NAME_BYTES]; ///< a sentence if code is not 0, cut to fit
} svar_gateway_response_t;

typedef struct svar_gateway_response_message {
  svar_message_header_t header;
  svar_gateway_response_t response;
} svar_gateway_response_message_t;

typedef struct svar_gateway_store {
  char name[SVAR_GATEWAY_NAME_BYTES];
  uint64_t version;
  int64_t created_ns;
  uint32_t variable_count;
  int32_t holder_pid; ///< 0: nobody holds it now
  uint64_t reserved;  ///< 0
} svar_gateway_store_t;

typedef struct svar_gateway_variable {
  char name[SVAR_GATEWAY_NAME_BYTES];
  uint32_t id;
  uint32_t is_set;              ///< 0: it has no value now
  uint64_t version;             ///< of its latest change
  svar_gateway_tensor_t tensor; ///< of its value
} svar_gateway_variable_t;

static_assert(sizeof(svar_commit_event_t) == 568, "the layout is shared by processes");
static_assert(sizeof(svar_gateway_tensor_t) == 144, "the layout is shared by processes");
static_assert(sizeof(svar_gateway_request_t) == 672, "the layout is shared by processes");
static_assert(sizeof(svar_gateway_response_t) == 448, "the layout is shared by processes");
static_assert(sizeof(svar_gateway_store_t) == 288, "the layout is shared by processes");
static_assert(sizeof(svar_gateway_variable_t) == 416, "the layout is shared by processes");
static_assert(sizeof(svar_gateway_request_t) % SVAR_MESSAGE_ALIGNMENT == 0 &&
                  sizeof(svar_gateway_response_t) % SVAR_MESSAGE_ALIGNMENT == 0,
              "the data behind them are aligned as the chunk is");

#endif
