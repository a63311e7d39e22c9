// The message plane on iceoryx's C API; the only C file that includes it. That API ends the process
// when it is misused, when RouDi is not there and when a size does not fit. So everything is checked
// before it is called, whatever waits for RouDi goes through svari_roudi_ask(), and what iceoryx still
// reports comes back through svari_roudi_error_take().
#include "shared_variable/messages.h"

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/server.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/wait_set.h>

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc/messages_names.h"
#include "ipc/messages_roudi.h"
#include "ipc/messages_shim.h"
#include "shared_variable/message_header.h"

// ThreadSanitizer does not see how iceoryx, which is not built with it, hands a chunk from one thread to
// another: it is told.
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define CHUNK_GIVEN(chunk) __tsan_release((void *)(uintptr_t)(chunk))
#define CHUNK_GOT(chunk) __tsan_acquire((void *)(uintptr_t)(chunk))
#else
#define CHUNK_GIVEN(chunk) ((void)(chunk))
#define CHUNK_GOT(chunk) ((void)(chunk))
#endif

// iceoryx counts in 32 bits and adds its own header and padding.
#define PAYLOAD_BYTES_MAX (UINT32_MAX - 4096u)

// Everybody in the process who joined shares the one that lives.
struct svar_messages {
  uint32_t user_count; // those who joined, senders, receivers, servers; under membership.lock
  pid_t pid;
};

struct svar_message_sender {
  svar_messages_t *messages;
  iox_pub_t port;
  uint64_t payload_bytes;
  uint64_t id;
  uint64_t sequence;
  bool is_offered; // receivers are connected
  char topic[SVAR_TOPIC_NAME_BYTES];
  svar_message_header_t *loans[SVAR_MESSAGE_LOANS_MAX]; // NULL: free
};

// What receivers and servers have in common: a queue that messages arrive in, and how to wait for them.
typedef struct inlet_kind {
  bool (*has_message)(void *port);
  enum iox_WaitSetResult (*attach)(iox_ws_t wait_set, void *port);
  void (*detach)(iox_ws_t wait_set, void *port);
} inlet_kind_t;

typedef struct inlet {
  const inlet_kind_t *kind;
  svar_messages_t *messages;
  void *port;
  iox_ws_t wait_set; // made by the first wait: one that nobody waits on would count every message
  uint64_t payload_bytes; // of every message; 0: any
  char topic[SVAR_TOPIC_NAME_BYTES];
} inlet_t;

struct svar_message_receiver {
  inlet_t inlet; // of an iox_sub_t
};

struct svar_message_server {
  inlet_t inlet; // of an iox_server_t
  uint64_t id;
  uint64_t sequence;
  uint64_t loan_bytes;
  svar_message_header_t *loan; // NULL: none
};

// iceoryx's runtime is a singleton that lives until exit. Two locks, for joining may wait for RouDi, and
// leaving must not wait for who joins; joining is taken first.
static struct {
  pthread_mutex_t joining;
  pid_t runtime_pid; // of the process that made the runtime; 0: none yet; under joining
  pthread_mutex_t lock;
  svar_messages_t *current; // NULL: nobody has joined
  uint32_t sender_count;    // senders and servers made so far
} membership = {.joining = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER};

static void
sign_on(svari_roudi_request_t *request)
{
  // Its texts repeat what our codes and sentences say, and some come three times a second.
  iox_set_loglevel(Iceoryx_LogLevel_Off);
  svari_iceoryx_errors_install(svari_roudi_on_error);
  svari_roudi_sign_on(iox_runtime_init, request->name);
}

static void
stay_signed_on(svari_roudi_request_t *request)
{
  (void)request;
}

// Makes the runtime, or sees whether the one that there is can still be used.
static svar_ret_t
ensure_runtime(const char *name)
{
  if (membership.runtime_pid != 0 && membership.runtime_pid != getpid()) {
    return svar_fail(SVAR_ERR_FORKED,
                     "joining the message plane as '%s': this process is the child of one that "
                     "joined, and iceoryx serves the parent alone: start a program of its own",
                     name);
  }
  svari_roudi_request_t request = {.run = membership.runtime_pid != 0 ? stay_signed_on : sign_on};
  svari_runtime_files_sweep();
  svari_runtime_name_make(name, request.name);
  void *unused;
  svar_ret_t ret = svari_roudi_ask(&request, "joining the message plane as", &unused);
  if (ret != SVAR_OK) {
    svari_roudi_sign_on_failed(request.name);
    return ret;
  }
  membership.runtime_pid = getpid();
  return SVAR_OK;
}

// One more user of the membership that lives, or the first of a new one.
static svar_ret_t
messages_share(const char *name, svar_messages_t **out_messages)
{
  if (membership.current == NULL) {
    membership.current = calloc(1, sizeof *membership.current);
    if (membership.current == NULL) {
      return svar_fail(SVAR_ERR_NO_MEMORY, "joining the message plane as '%s': no memory", name);
    }
    membership.current->pid = getpid();
  }
  membership.current->user_count++;
  *out_messages = membership.current;
  return SVAR_OK;
}

svar_ret_t
svar_messages_create(const char *name, svar_messages_t **out_messages)
{
  SVAR_REQUIRE(name != NULL && out_messages != NULL);
  pthread_mutex_lock(&membership.joining);
  svar_ret_t ret = ensure_runtime(name);
  pthread_mutex_unlock(&membership.joining);
  SVAR_TRY(ret);
  pthread_mutex_lock(&membership.lock);
  ret = messages_share(name, out_messages);
  pthread_mutex_unlock(&membership.lock);
  return ret;
}

static svar_messages_t *
messages_ref(svar_messages_t *messages)
{
  pthread_mutex_lock(&membership.lock);
  messages->user_count++;
  pthread_mutex_unlock(&membership.lock);
  return messages;
}

// Nothing is said to RouDi: iceoryx signs off in its destructor at exit, which is quick when RouDi
// lives or is dead (the socket says so at once), and bounded by svari_roudi_sign_on() when it hangs.
// iox_runtime_shutdown() only wakes senders that wait for a full queue, and ours never do, but it does
// so by a request from the keep-alive thread, which would then hang with RouDi and hold a lock.
static void
messages_unref(svar_messages_t *messages)
{
  pthread_mutex_lock(&membership.lock);
  bool is_last = --messages->user_count == 0;
  if (is_last) {
    membership.current = NULL;
  }
  pthread_mutex_unlock(&membership.lock);
  if (is_last) {
    free(messages);
  }
}

svar_ret_t
svar_messages_check(svar_messages_t *messages)
{
  SVAR_REQUIRE(messages != NULL);
  if (messages->pid != getpid()) {
    return svar_fail(SVAR_ERR_FORKED, "this process's parent joined the message plane, not it");
  }
  return svari_roudi_check_known();
}

void
svar_messages_destroy(svar_messages_t *messages)
{
  if (messages != NULL && messages->pid == getpid()) {
    messages_unref(messages);
  }
}

// Fails if iceoryx reported an error since the last look.
static svar_ret_t
check_reported(const char *what, const char *topic)
{
  const char *error = svari_roudi_error_take();
  if (error == NULL) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_MESSAGES,
                   "%s '%s': iceoryx refused: %s. It cuts off a process that was paused for over "
                   "1.5 s; then restart this one",
                   what, topic, error);
}

// What both ends of a topic check and set before they ask for their port.
static svar_ret_t
request_init(svari_roudi_request_t *request, svar_messages_t *messages, const char *topic)
{
  if (messages->pid != getpid()) {
    return svar_fail(SVAR_ERR_FORKED,
                     "topic '%s': the svar_messages_t belongs to this process's parent", topic);
  }
  SVAR_TRY(svari_topic_check(topic));
  strcpy(request->name, topic);
  return SVAR_OK;
}

// A port that could not be made is a handle all the same, with nothing behind it: destroying it would
// be a fault. svari_roudi_ask() drops it, and its few bytes are lost.
static void
make_publisher(svari_roudi_request_t *request)
{
  iox_pub_options_t options;
  iox_pub_options_init(&options);
  options.historyCapacity = request->queue;
  options.offerOnCreate = request->queue == 0;
  options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_DISCARD_OLDEST_DATA;
  iox_pub_storage_t storage; // for the handle's address alone
  request->handle =
      iox_pub_init(&storage, SVAR_MESSAGE_SERVICE, request->name, SVAR_MESSAGE_EVENT, &options);
}

static void
make_subscriber(svari_roudi_request_t *request)
{
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.queueCapacity = request->queue;
  options.historyRequest = 1; // of a sender that keeps its latest message; others have none to give
  options.queueFullPolicy = QueueFullPolicy_DISCARD_OLDEST_DATA;
  iox_sub_storage_t storage;
  request->handle =
      iox_sub_init(&storage, SVAR_MESSAGE_SERVICE, request->name, SVAR_MESSAGE_EVENT, &options);
}

static void
make_wait_set(svari_roudi_request_t *request)
{
  iox_ws_storage_t storage;
  request->handle = iox_ws_init(&storage);
}

static svar_ret_t
check_size(const char *topic, uint64_t payload_bytes)
{
  if (payload_bytes > PAYLOAD_BYTES_MAX) {
    return svar_fail(SVAR_ERR_RANGE,
                     "a message on '%s' of %llu bytes: iceoryx allows %u. Large values belong into "
                     "a store",
                     topic, (unsigned long long)payload_bytes, (unsigned)PAYLOAD_BYTES_MAX);
  }
  return SVAR_OK;
}

// Of the next sender or server.
static uint64_t
next_id(void)
{
  pthread_mutex_lock(&membership.lock);
  uint64_t id = (uint64_t)getpid() << 32 | ++membership.sender_count;
  pthread_mutex_unlock(&membership.lock);
  return id;
}

static svar_message_header_t
make_header(uint64_t payload_bytes, uint64_t sender, uint64_t sequence)
{
  return (svar_message_header_t){.magic = SVAR_MESSAGE_MAGIC,
                                 .layout = SVAR_MESSAGE_LAYOUT,
                                 .payload_bytes = payload_bytes,
                                 .sender = sender,
                                 .sequence = sequence};
}

static svar_ret_t
sender_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
              uint32_t history, svar_message_sender_t **out_sender)
{
  SVAR_TRY(check_size(topic, payload_bytes));
  svari_roudi_request_t request = {.run = make_publisher, .queue = history};
  SVAR_TRY(request_init(&request, messages, topic));
  svar_message_sender_t *sender = calloc(1, sizeof *sender);
  if (sender == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a sender on '%s': no memory", topic);
  }
  void *port;
  svar_ret_t ret = svari_roudi_ask(&request, "creating a sender on", &port);
  if (ret != SVAR_OK) {
    free(sender);
    return ret;
  }
  sender->messages = messages_ref(messages);
  sender->port = port;
  sender->payload_bytes = payload_bytes;
  sender->id = next_id();
  sender->is_offered = history == 0;
  strcpy(sender->topic, topic);
  void *trial; // does any pool have chunks of this size?
  if ((ret = svar_message_sender_loan(sender, &trial)) != SVAR_OK) {
    svar_message_sender_destroy(sender);
    return ret;
  }
  svar_message_sender_release(sender, trial);
  *out_sender = sender;
  return SVAR_OK;
}

svar_ret_t
svar_message_sender_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                           svar_message_sender_t **out_sender)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && payload_bytes > 0 && out_sender != NULL);
  return sender_create(messages, topic, payload_bytes, 0, out_sender);
}

svar_ret_t
svar_message_sender_create_latched(svar_messages_t *messages, const char *topic,
                                   uint64_t payload_bytes, svar_message_sender_t **out_sender)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && payload_bytes > 0 && out_sender != NULL);
  return sender_create(messages, topic, payload_bytes, 1, out_sender);
}

void
svar_message_sender_destroy(svar_message_sender_t *sender)
{
  if (sender == NULL || sender->messages->pid != getpid()) {
    return;
  }
  for (size_t i = 0; i < SVAR_MESSAGE_LOANS_MAX; i++) {
    if (sender->loans[i] != NULL) {
      svar_message_sender_release(sender, sender->loans[i] + 1);
    }
  }
  if (svari_roudi_is_usable()) {
    iox_pub_deinit(sender->port); // a mark in shared memory: no answer of RouDi is waited for
  }
  messages_unref(sender->messages);
  free(sender);
}

static svar_ret_t
check_allocation(enum iox_AllocationResult result, const char *topic, uint64_t payload_bytes)
{
  unsigned long long bytes = payload_bytes;
  switch (result) {
  case AllocationResult_SUCCESS:
    return SVAR_OK;
  case AllocationResult_NO_MEMPOOLS_AVAILABLE:
    return svar_fail(
        SVAR_ERR_NO_SPACE,
        "a message on '%s' of %llu bytes: RouDi has no pool of chunks that large: give "
        "it one in its configuration (iox-roudi -c FILE)",
        topic, bytes);
  case AllocationResult_RUNNING_OUT_OF_CHUNKS:
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "a message on '%s' of %llu bytes: every chunk of RouDi's pool is in use: "
                     "receivers must release what they took, or the pool needs more chunks",
                     topic, bytes);
  case AllocationResult_TOO_MANY_CHUNKS_ALLOCATED_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE, "'%s' has %d chunks on loan: publish or release one", topic,
                     SVAR_MESSAGE_LOANS_MAX);
  case AllocationResult_INVALID_CHUNK:
  case AllocationResult_INVALID_PARAMETER_FOR_USER_PAYLOAD_OR_USER_HEADER:
  case AllocationResult_INVALID_PARAMETER_FOR_CHUNK:
  case AllocationResult_INVALID_PARAMETER_FOR_REQUEST_HEADER:
  case AllocationResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "a message on '%s' of %llu bytes: iceoryx refused (%d)",
                   topic, bytes, (int)result);
}

// Index of a loan (NULL: of a free place), or SVAR_MESSAGE_LOANS_MAX.
static size_t
find_loan(const svar_message_sender_t *sender, const svar_message_header_t *header)
{
  size_t i = 0;
  while (i < SVAR_MESSAGE_LOANS_MAX && sender->loans[i] != header) {
    i++;
  }
  return i;
}

svar_ret_t
svar_message_sender_loan(svar_message_sender_t *sender, void **out_payload)
{
  SVAR_REQUIRE(sender != NULL && out_payload != NULL);
  SVAR_TRY(svari_roudi_check());
  size_t place = find_loan(sender, NULL);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return check_allocation(AllocationResult_TOO_MANY_CHUNKS_ALLOCATED_IN_PARALLEL, sender->topic,
                            sender->payload_bytes);
  }
  void *chunk = NULL;
  uint32_t bytes = (uint32_t)(sizeof(svar_message_header_t) + sender->payload_bytes);
  enum iox_AllocationResult result =
      iox_pub_loan_aligned_chunk(sender->port, &chunk, bytes, SVAR_MESSAGE_ALIGNMENT);
  if (result != AllocationResult_SUCCESS) {
    (void)svari_roudi_error_take(); // the result says it better
    return check_allocation(result, sender->topic, sender->payload_bytes);
  }
  SVAR_TRY(check_reported("loaning on", sender->topic));
  CHUNK_GOT(chunk);
  sender->loans[place] = chunk;
  *out_payload = sender->loans[place] + 1;
  return SVAR_OK;
}

svar_ret_t
svar_message_sender_publish(svar_message_sender_t *sender, void *payload)
{
  SVAR_REQUIRE(sender != NULL && payload != NULL);
  svar_message_header_t *header = (svar_message_header_t *)payload - 1;
  size_t place = find_loan(sender, header);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return svar_fail(SVAR_ERR_ARGUMENT, "publishing on '%s': this payload is not on loan",
                     sender->topic);
  }
  sender->loans[place] = NULL;
  SVAR_TRY(svari_roudi_check());
  *header = make_header(sender->payload_bytes, sender->id, ++sender->sequence);
  CHUNK_GIVEN(header);
  iox_pub_publish_chunk(sender->port, header);
  if (!sender->is_offered) {
    // iceoryx keeps a message only after it has delivered it: a receiver that is connected in between gets
    // neither. So the first is kept before there can be receivers.
    iox_pub_offer(sender->port);
    sender->is_offered = true;
  }
  return check_reported("publishing on", sender->topic);
}

bool
svar_message_sender_has_receivers(svar_message_sender_t *sender)
{
  return svari_roudi_is_usable() && iox_pub_has_subscribers(sender->port);
}

void
svar_message_sender_release(svar_message_sender_t *sender, void *payload)
{
  if (sender == NULL || payload == NULL) {
    return;
  }
  svar_message_header_t *header = (svar_message_header_t *)payload - 1;
  size_t place = find_loan(sender, header);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return;
  }
  sender->loans[place] = NULL;
  if (svari_roudi_is_usable()) {
    CHUNK_GIVEN(header);
    iox_pub_release_chunk(sender->port, header);
    (void)svari_roudi_error_take();
  }
}

// Moves port on success only.
static void
inlet_init(inlet_t *inlet, const inlet_kind_t *kind, svar_messages_t *messages, void *port,
           const char *topic)
{
  inlet->kind = kind;
  inlet->messages = messages_ref(messages);
  inlet->port = port;
  strcpy(inlet->topic, topic);
}

// False: iceoryx must not be called any more, not even to give the port back.
static bool
inlet_stop_waiting(inlet_t *inlet)
{
  if (!svari_roudi_is_usable()) {
    return false;
  }
  if (inlet->wait_set != NULL) {
    inlet->kind->detach(inlet->wait_set, inlet->port);
    iox_ws_deinit(inlet->wait_set);
  }
  return true;
}

static svar_ret_t
check_attached(enum iox_WaitSetResult result, const inlet_t *inlet)
{
  switch (result) {
  case WaitSetResult_SUCCESS:
    return SVAR_OK;
  case WaitSetResult_WAIT_SET_FULL:
  case WaitSetResult_ALREADY_ATTACHED:
  case WaitSetResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "waiting on '%s': iceoryx refused (%d)", inlet->topic,
                   (int)result);
}

static svar_ret_t
make_waitable(inlet_t *inlet)
{
  if (inlet->wait_set != NULL) {
    return SVAR_OK;
  }
  svari_roudi_request_t request = {.run = make_wait_set};
  strcpy(request.name, inlet->topic);
  void *handle;
  SVAR_TRY(svari_roudi_ask(&request, "waiting on", &handle));
  svar_ret_t ret = check_attached(inlet->kind->attach(handle, inlet->port), inlet);
  if (ret != SVAR_OK) {
    iox_ws_deinit(handle);
    return ret;
  }
  inlet->wait_set = handle;
  return SVAR_OK;
}

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static svar_ret_t
inlet_wait(inlet_t *inlet, int64_t timeout_ns)
{
  const int64_t longest_ns = INT64_C(1000000000); // so that iceoryx's sums of times cannot overflow
  int64_t begin_ns = now_ns();
  SVAR_TRY(
      make_waitable(inlet)); // also where nothing is to be waited for: later waits find it made
  for (;;) {
    SVAR_TRY(svari_roudi_check());
    if (inlet->kind->has_message(inlet->port)) {
      return SVAR_OK;
    }
    int64_t left_ns = timeout_ns < 0 ? longest_ns : timeout_ns - (now_ns() - begin_ns);
    if (left_ns <= 0) {
      return SVAR_TIMEOUT;
    }
    left_ns = left_ns < longest_ns ? left_ns : longest_ns;
    struct timespec patience = {left_ns / 1000000000, left_ns % 1000000000};
    iox_notification_info_t reason;
    uint64_t missed;
    (void)iox_ws_timed_wait(inlet->wait_set, patience, &reason, 1, &missed);
    SVAR_TRY(check_reported("waiting on", inlet->topic));
  }
}

// Copies the header of a chunk that anybody may have sent, and checks it.
static svar_ret_t
read_header(const inlet_t *inlet, const void *chunk, svar_message_header_t *out_header)
{
  uint64_t chunk_bytes = svari_iceoryx_payload_bytes(chunk);
  if (chunk_bytes < sizeof *out_header) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': not sent by this library",
                     (unsigned long long)chunk_bytes, inlet->topic);
  }
  memcpy(out_header, chunk, sizeof *out_header);
  if (out_header->magic != SVAR_MESSAGE_MAGIC || out_header->layout != SVAR_MESSAGE_LAYOUT ||
      out_header->payload_bytes != chunk_bytes - sizeof *out_header) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': not sent by this version of this "
                     "library",
                     (unsigned long long)chunk_bytes, inlet->topic);
  }
  if (inlet->payload_bytes != 0 && out_header->payload_bytes != inlet->payload_bytes) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': messages of %llu bytes are expected "
                     "there",
                     (unsigned long long)out_header->payload_bytes, inlet->topic,
                     (unsigned long long)inlet->payload_bytes);
  }
  return SVAR_OK;
}

// out_message is written only if the chunk's header is sound.
static svar_ret_t
read_message(const inlet_t *inlet, const void *chunk, svar_message_t *out_message)
{
  CHUNK_GOT(chunk);
  svar_message_header_t header;
  SVAR_TRY(read_header(inlet, chunk, &header));
  *out_message = (svar_message_t){.payload = (const svar_message_header_t *)chunk + 1,
                                  .payload_bytes = header.payload_bytes,
                                  .sender = header.sender,
                                  .sequence = header.sequence,
                                  .internal = {chunk}};
  return SVAR_OK;
}

static bool
receiver_has_message(void *port)
{
  return iox_sub_has_chunks(port);
}

static enum iox_WaitSetResult
receiver_attach(iox_ws_t wait_set, void *port)
{
  return iox_ws_attach_subscriber_state(wait_set, port, SubscriberState_HAS_DATA, 0, NULL);
}

static void
receiver_detach(iox_ws_t wait_set, void *port)
{
  iox_ws_detach_subscriber_state(wait_set, port, SubscriberState_HAS_DATA);
}

static const inlet_kind_t receiver_kind = {receiver_has_message, receiver_attach, receiver_detach};

svar_ret_t
svar_message_receiver_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                             uint32_t queue, svar_message_receiver_t **out_receiver)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && out_receiver != NULL);
  SVAR_REQUIRE(queue >= 1 && queue <= SVAR_MESSAGE_QUEUE_MAX);
  svari_roudi_request_t request = {.run = make_subscriber, .queue = queue};
  SVAR_TRY(request_init(&request, messages, topic));
  svar_message_receiver_t *receiver = calloc(1, sizeof *receiver);
  if (receiver == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a receiver on '%s': no memory", topic);
  }
  void *port;
  svar_ret_t ret = svari_roudi_ask(&request, "creating a receiver on", &port);
  if (ret != SVAR_OK) {
    free(receiver);
    return ret;
  }
  inlet_init(&receiver->inlet, &receiver_kind, messages, port, topic);
  receiver->inlet.payload_bytes = payload_bytes;
  *out_receiver = receiver;
  return SVAR_OK;
}

void
svar_message_receiver_destroy(svar_message_receiver_t *receiver)
{
  if (receiver == NULL || receiver->inlet.messages->pid != getpid()) {
    return;
  }
  if (inlet_stop_waiting(&receiver->inlet)) {
    iox_sub_deinit(receiver->inlet.port);
  }
  messages_unref(receiver->inlet.messages);
  free(receiver);
}

static svar_ret_t
check_taken(enum iox_ChunkReceiveResult result, const inlet_t *inlet)
{
  switch (result) {
  case ChunkReceiveResult_SUCCESS:
    return check_reported("taking from", inlet->topic);
  case ChunkReceiveResult_NO_CHUNK_AVAILABLE:
    return SVAR_EMPTY;
  case ChunkReceiveResult_TOO_MANY_CHUNKS_HELD_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE,
                     "the receiver on '%s' holds more than %d messages: release some", inlet->topic,
                     SVAR_MESSAGE_QUEUE_MAX);
  case ChunkReceiveResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "taking from '%s': iceoryx refused (%d)", inlet->topic,
                   (int)result);
}

svar_ret_t
svar_message_receiver_take(svar_message_receiver_t *receiver, svar_message_t *out_message)
{
  SVAR_REQUIRE(receiver != NULL && out_message != NULL);
  SVAR_TRY(svari_roudi_check());
  const inlet_t *inlet = &receiver->inlet;
  const void *chunk = NULL;
  SVAR_TRY(check_taken(iox_sub_take_chunk(inlet->port, &chunk), inlet));
  svar_ret_t ret = read_message(inlet, chunk, out_message);
  if (ret != SVAR_OK) {
    CHUNK_GIVEN(chunk);
    iox_sub_release_chunk(inlet->port, chunk);
  }
  return ret;
}

// Ends the use of message; returns its chunk, to be given back, or NULL if there is nothing to give.
static const void *
message_end(svar_message_t *message)
{
  const void *chunk = message->internal.chunk;
  *message = (svar_message_t)SVAR_MESSAGE_INIT;
  if (chunk == NULL || !svari_roudi_is_usable()) {
    return NULL;
  }
  CHUNK_GIVEN(chunk);
  return chunk;
}

void
svar_message_receiver_release(svar_message_receiver_t *receiver, svar_message_t *message)
{
  const void *chunk = receiver != NULL && message != NULL ? message_end(message) : NULL;
  if (chunk != NULL) {
    iox_sub_release_chunk(receiver->inlet.port, chunk);
    (void)svari_roudi_error_take();
  }
}

svar_ret_t
svar_message_receiver_wait(svar_message_receiver_t *receiver, int64_t timeout_ns)
{
  SVAR_REQUIRE(receiver != NULL);
  return inlet_wait(&receiver->inlet, timeout_ns);
}

static bool
server_has_message(void *port)
{
  return iox_server_has_requests(port);
}

static enum iox_WaitSetResult
server_attach(iox_ws_t wait_set, void *port)
{
  return iox_ws_attach_server_state(wait_set, port, ServerState_HAS_REQUEST, 0, NULL);
}

static void
server_detach(iox_ws_t wait_set, void *port)
{
  iox_ws_detach_server_state(wait_set, port, ServerState_HAS_REQUEST);
}

static const inlet_kind_t server_kind = {server_has_message, server_attach, server_detach};

static void
make_server(svari_roudi_request_t *request)
{
  iox_server_storage_t storage; // for the handle's address alone
  request->handle =
      iox_server_init(&storage, SVAR_MESSAGE_SERVICE, request->name, SVAR_MESSAGE_EVENT, NULL);
}

svar_ret_t
svar_message_server_create(svar_messages_t *messages, const char *topic,
                           svar_message_server_t **out_server)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && out_server != NULL);
  svari_roudi_request_t request = {.run = make_server};
  SVAR_TRY(request_init(&request, messages, topic));
  svar_message_server_t *server = calloc(1, sizeof *server);
  if (server == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a server on '%s': no memory", topic);
  }
  void *port;
  svar_ret_t ret = svari_roudi_ask(&request, "creating a server on", &port);
  if (ret != SVAR_OK) {
    free(server);
    return ret;
  }
  inlet_init(&server->inlet, &server_kind, messages, port, topic);
  server->id = next_id();
  *out_server = server;
  return SVAR_OK;
}

void
svar_message_server_destroy(svar_message_server_t *server)
{
  if (server == NULL || server->inlet.messages->pid != getpid()) {
    return;
  }
  svar_message_server_drop(server);
  if (inlet_stop_waiting(&server->inlet)) {
    iox_server_deinit(server->inlet.port);
  }
  messages_unref(server->inlet.messages);
  free(server);
}

svar_ret_t
svar_message_server_wait(svar_message_server_t *server, int64_t timeout_ns)
{
  SVAR_REQUIRE(server != NULL);
  return inlet_wait(&server->inlet, timeout_ns);
}

static svar_ret_t
check_request_taken(enum iox_ServerRequestResult result, const inlet_t *inlet)
{
  switch (result) {
  case ServerRequestResult_SUCCESS:
    return check_reported("taking a request from", inlet->topic);
  case ServerRequestResult_NO_PENDING_REQUESTS:
  case ServerRequestResult_NO_PENDING_REQUESTS_AND_SERVER_DOES_NOT_OFFER:
    return SVAR_EMPTY;
  case ServerRequestResult_TOO_MANY_REQUESTS_HELD_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE,
                     "the server on '%s' holds as many requests as it can: release "
                     "one",
                     inlet->topic);
  case ServerRequestResult_UNDEFINED_CHUNK_RECEIVE_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "taking a request from '%s': iceoryx refused (%d)",
                   inlet->topic, (int)result);
}

svar_ret_t
svar_message_server_take(svar_message_server_t *server, svar_message_t *out_request)
{
  SVAR_REQUIRE(server != NULL && out_request != NULL);
  SVAR_TRY(svari_roudi_check());
  const inlet_t *inlet = &server->inlet;
  const void *chunk = NULL;
  SVAR_TRY(check_request_taken(iox_server_take_request(inlet->port, &chunk), inlet));
  svar_ret_t ret = read_message(inlet, chunk, out_request);
  if (ret != SVAR_OK) {
    CHUNK_GIVEN(chunk);
    iox_server_release_request(inlet->port, chunk);
  }
  return ret;
}

void
svar_message_server_release(svar_message_server_t *server, svar_message_t *request)
{
  const void *chunk = server != NULL && request != NULL ? message_end(request) : NULL;
  if (chunk != NULL) {
    iox_server_release_request(server->inlet.port, chunk);
    (void)svari_roudi_error_take();
  }
}

svar_ret_t
svar_message_server_loan(svar_message_server_t *server, const svar_message_t *request,
                         uint64_t payload_bytes, void **out_payload)
{
  SVAR_REQUIRE(server != NULL && request != NULL && request->internal.chunk != NULL);
  SVAR_REQUIRE(payload_bytes > 0 && out_payload != NULL);
  const char *topic = server->inlet.topic;
  SVAR_TRY(svari_roudi_check());
  SVAR_TRY(check_size(topic, payload_bytes));
  if (server->loan != NULL) {
    return svar_fail(SVAR_ERR_STATE, "the server on '%s' has an answer on loan: send or drop it",
                     topic);
  }
  void *chunk = NULL;
  enum iox_AllocationResult result = iox_server_loan_aligned_response(
      server->inlet.port, (void *)(uintptr_t)request->internal.chunk, &chunk,
      (uint32_t)(sizeof(svar_message_header_t) + payload_bytes), SVAR_MESSAGE_ALIGNMENT);
  if (result != AllocationResult_SUCCESS) {
    (void)svari_roudi_error_take(); // the result says it better
    return check_allocation(result, topic, payload_bytes);
  }
  SVAR_TRY(check_reported("loaning on", topic));
  CHUNK_GOT(chunk);
  server->loan = chunk;
  server->loan_bytes = payload_bytes;
  *out_payload = server->loan + 1;
  return SVAR_OK;
}

static svar_ret_t
check_answered(enum iox_ServerSendResult result, const inlet_t *inlet)
{
  switch (result) {
  case ServerSendResult_SUCCESS:
    return check_reported("answering on", inlet->topic);
  case ServerSendResult_CLIENT_NOT_AVAILABLE:
    return svar_fail(SVAR_ERR_NOT_FOUND, "answering on '%s': who asked has gone", inlet->topic);
  case ServerSendResult_NOT_OFFERED:
  case ServerSendResult_INVALID_RESPONSE:
  case ServerSendResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "answering on '%s': iceoryx refused (%d)", inlet->topic,
                   (int)result);
}

svar_ret_t
svar_message_server_send(svar_message_server_t *server)
{
  SVAR_REQUIRE(server != NULL && server->loan != NULL);
  svar_message_header_t *header = server->loan;
  server->loan = NULL;
  SVAR_TRY(svari_roudi_check());
  *header = make_header(server->loan_bytes, server->id, ++server->sequence);
  CHUNK_GIVEN(header);
  svar_ret_t ret = check_answered(iox_server_send(server->inlet.port, header), &server->inlet);
  (void)svari_roudi_error_take(); // iceoryx also reports that a client has gone
  return ret;
}

void
svar_message_server_drop(svar_message_server_t *server)
{
  if (server == NULL || server->loan == NULL) {
    return;
  }
  if (svari_roudi_is_usable()) {
    CHUNK_GIVEN(server->loan);
    iox_server_release_response(server->inlet.port, server->loan);
    (void)svari_roudi_error_take();
  }
  server->loan = NULL;
}
