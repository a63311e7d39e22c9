// The message plane on iceoryx's C API; the only C file that includes it. That API ends the process
// when it is misused, when RouDi is not there and when a size does not fit. So everything is checked
// before it is called, whatever waits for RouDi goes through svari_roudi_ask(), and what iceoryx still
// reports comes back through svari_roudi_error_take().
#include "shared_variable/messages.h"

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
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

// A topic is the instance of one service with one event, so that introspection shows ours together.
#define SERVICE "shared_variable"
#define EVENT "message"

#define MESSAGE_MAGIC UINT32_C(0x4d535653) // "SVSM"
enum { MESSAGE_LAYOUT = 1, MESSAGE_ALIGNMENT = 32 };

// Before every payload. Written by the sender before it publishes, constant from then on; read from a
// chunk that anybody may have sent: copied, checked, and used from the copy.
typedef struct message_header {
  uint32_t magic;
  uint32_t layout;
  uint64_t payload_bytes;
  uint64_t sender;
  uint64_t sequence;
} message_header_t;
static_assert(sizeof(message_header_t) == MESSAGE_ALIGNMENT, "the payload behind it is aligned");

// iceoryx counts in 32 bits and adds its own header and padding.
#define PAYLOAD_BYTES_MAX (UINT32_MAX - 4096u)

// Everybody in the process who joined shares the one that lives.
struct svar_messages {
  uint32_t user_count; // those who joined, senders and receivers; under membership.lock
  pid_t pid;
};

struct svar_message_sender {
  svar_messages_t *messages;
  iox_pub_t port;
  uint64_t payload_bytes;
  uint64_t id;
  uint64_t sequence;
  char topic[SVAR_TOPIC_NAME_BYTES];
  message_header_t *loans[SVAR_MESSAGE_LOANS_MAX]; // NULL: free
};

struct svar_message_receiver {
  svar_messages_t *messages;
  iox_sub_t port;
  iox_ws_t wait_set; // made by the first wait: one that nobody waits on would count every message
  uint64_t payload_bytes;
  char topic[SVAR_TOPIC_NAME_BYTES];
};

// iceoryx's runtime is a singleton that lives until exit. Two locks, for joining may wait for RouDi, and
// leaving must not wait for who joins; joining is taken first.
static struct {
  pthread_mutex_t joining;
  pid_t runtime_pid; // of the process that made the runtime; 0: none yet; under joining
  pthread_mutex_t lock;
  svar_messages_t *current; // NULL: nobody has joined
  uint32_t sender_count;    // senders made so far
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
  options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_DISCARD_OLDEST_DATA;
  iox_pub_storage_t storage; // for the handle's address alone
  request->handle = iox_pub_init(&storage, SERVICE, request->name, EVENT, &options);
}

static void
make_subscriber(svari_roudi_request_t *request)
{
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.queueCapacity = request->queue;
  options.queueFullPolicy = QueueFullPolicy_DISCARD_OLDEST_DATA;
  iox_sub_storage_t storage;
  request->handle = iox_sub_init(&storage, SERVICE, request->name, EVENT, &options);
}

static void
make_wait_set(svari_roudi_request_t *request)
{
  iox_ws_storage_t storage;
  request->handle = iox_ws_init(&storage);
}

svar_ret_t
svar_message_sender_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                           svar_message_sender_t **out_sender)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && payload_bytes > 0 && out_sender != NULL);
  if (payload_bytes > PAYLOAD_BYTES_MAX) {
    return svar_fail(SVAR_ERR_RANGE,
                     "a message on '%s' of %llu bytes: iceoryx allows %u. Large values belong into "
                     "a store",
                     topic, (unsigned long long)payload_bytes, (unsigned)PAYLOAD_BYTES_MAX);
  }
  svari_roudi_request_t request = {.run = make_publisher};
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
  pthread_mutex_lock(&membership.lock);
  sender->id = (uint64_t)getpid() << 32 | ++membership.sender_count;
  pthread_mutex_unlock(&membership.lock);
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
check_allocation(enum iox_AllocationResult result, const svar_message_sender_t *sender)
{
  unsigned long long bytes = sender->payload_bytes;
  switch (result) {
  case AllocationResult_SUCCESS:
    return SVAR_OK;
  case AllocationResult_NO_MEMPOOLS_AVAILABLE:
    return svar_fail(
        SVAR_ERR_NO_SPACE,
        "a message on '%s' of %llu bytes: RouDi has no pool of chunks that large: give "
        "it one in its configuration (iox-roudi -c FILE)",
        sender->topic, bytes);
  case AllocationResult_RUNNING_OUT_OF_CHUNKS:
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "a message on '%s' of %llu bytes: every chunk of RouDi's pool is in use: "
                     "receivers must release what they took, or the pool needs more chunks",
                     sender->topic, bytes);
  case AllocationResult_TOO_MANY_CHUNKS_ALLOCATED_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE,
                     "the sender on '%s' has %d chunks on loan: publish or release one",
                     sender->topic, SVAR_MESSAGE_LOANS_MAX);
  case AllocationResult_INVALID_CHUNK:
  case AllocationResult_INVALID_PARAMETER_FOR_USER_PAYLOAD_OR_USER_HEADER:
  case AllocationResult_INVALID_PARAMETER_FOR_CHUNK:
  case AllocationResult_INVALID_PARAMETER_FOR_REQUEST_HEADER:
  case AllocationResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "a message on '%s' of %llu bytes: iceoryx refused (%d)",
                   sender->topic, bytes, (int)result);
}

// Index of a loan (NULL: of a free place), or SVAR_MESSAGE_LOANS_MAX.
static size_t
find_loan(const svar_message_sender_t *sender, const message_header_t *header)
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
    return check_allocation(AllocationResult_TOO_MANY_CHUNKS_ALLOCATED_IN_PARALLEL, sender);
  }
  void *chunk = NULL;
  uint32_t bytes = (uint32_t)(sizeof(message_header_t) + sender->payload_bytes);
  enum iox_AllocationResult result =
      iox_pub_loan_aligned_chunk(sender->port, &chunk, bytes, MESSAGE_ALIGNMENT);
  if (result != AllocationResult_SUCCESS) {
    (void)svari_roudi_error_take(); // the result says it better
    return check_allocation(result, sender);
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
  message_header_t *header = (message_header_t *)payload - 1;
  size_t place = find_loan(sender, header);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return svar_fail(SVAR_ERR_ARGUMENT, "publishing on '%s': this payload is not on loan",
                     sender->topic);
  }
  sender->loans[place] = NULL;
  SVAR_TRY(svari_roudi_check());
  *header = (message_header_t){.magic = MESSAGE_MAGIC,
                               .layout = MESSAGE_LAYOUT,
                               .payload_bytes = sender->payload_bytes,
                               .sender = sender->id,
                               .sequence = ++sender->sequence};
  CHUNK_GIVEN(header);
  iox_pub_publish_chunk(sender->port, header);
  return check_reported("publishing on", sender->topic);
}

void
svar_message_sender_release(svar_message_sender_t *sender, void *payload)
{
  if (sender == NULL || payload == NULL) {
    return;
  }
  message_header_t *header = (message_header_t *)payload - 1;
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
  receiver->messages = messages_ref(messages);
  receiver->port = port;
  receiver->payload_bytes = payload_bytes;
  strcpy(receiver->topic, topic);
  *out_receiver = receiver;
  return SVAR_OK;
}

void
svar_message_receiver_destroy(svar_message_receiver_t *receiver)
{
  if (receiver == NULL || receiver->messages->pid != getpid()) {
    return;
  }
  if (svari_roudi_is_usable()) {
    if (receiver->wait_set != NULL) {
      iox_ws_detach_subscriber_state(receiver->wait_set, receiver->port, SubscriberState_HAS_DATA);
      iox_ws_deinit(receiver->wait_set);
    }
    iox_sub_deinit(receiver->port);
  }
  messages_unref(receiver->messages);
  free(receiver);
}

static svar_ret_t
check_taken(enum iox_ChunkReceiveResult result, const svar_message_receiver_t *receiver)
{
  switch (result) {
  case ChunkReceiveResult_SUCCESS:
    return check_reported("taking from", receiver->topic);
  case ChunkReceiveResult_NO_CHUNK_AVAILABLE:
    return SVAR_EMPTY;
  case ChunkReceiveResult_TOO_MANY_CHUNKS_HELD_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE,
                     "the receiver on '%s' holds more than %d messages: release some",
                     receiver->topic, SVAR_MESSAGE_QUEUE_MAX);
  case ChunkReceiveResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "taking from '%s': iceoryx refused (%d)", receiver->topic,
                   (int)result);
}

// Copies the header of a chunk that anybody may have sent, and checks it.
static svar_ret_t
read_header(const svar_message_receiver_t *receiver, const void *chunk,
            message_header_t *out_header)
{
  uint64_t chunk_bytes = svari_iceoryx_payload_bytes(chunk);
  if (chunk_bytes < sizeof *out_header) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': not sent by this library",
                     (unsigned long long)chunk_bytes, receiver->topic);
  }
  memcpy(out_header, chunk, sizeof *out_header);
  if (out_header->magic != MESSAGE_MAGIC || out_header->layout != MESSAGE_LAYOUT ||
      out_header->payload_bytes != chunk_bytes - sizeof *out_header) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': not sent by this version of this "
                     "library",
                     (unsigned long long)chunk_bytes, receiver->topic);
  }
  if (receiver->payload_bytes != 0 && out_header->payload_bytes != receiver->payload_bytes) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': messages of %llu bytes are expected "
                     "there",
                     (unsigned long long)out_header->payload_bytes, receiver->topic,
                     (unsigned long long)receiver->payload_bytes);
  }
  return SVAR_OK;
}

svar_ret_t
svar_message_receiver_take(svar_message_receiver_t *receiver, svar_message_t *out_message)
{
  SVAR_REQUIRE(receiver != NULL && out_message != NULL);
  SVAR_TRY(svari_roudi_check());
  const void *chunk = NULL;
  SVAR_TRY(check_taken(iox_sub_take_chunk(receiver->port, &chunk), receiver));
  CHUNK_GOT(chunk);
  message_header_t header;
  svar_ret_t ret = read_header(receiver, chunk, &header);
  if (ret != SVAR_OK) {
    CHUNK_GIVEN(chunk);
    iox_sub_release_chunk(receiver->port, chunk);
    return ret;
  }
  *out_message = (svar_message_t){.payload = (const message_header_t *)chunk + 1,
                                  .payload_bytes = header.payload_bytes,
                                  .sender = header.sender,
                                  .sequence = header.sequence,
                                  .internal = {chunk}};
  return SVAR_OK;
}

void
svar_message_receiver_release(svar_message_receiver_t *receiver, svar_message_t *message)
{
  if (receiver == NULL || message == NULL || message->internal.chunk == NULL) {
    return;
  }
  if (svari_roudi_is_usable()) {
    CHUNK_GIVEN(message->internal.chunk);
    iox_sub_release_chunk(receiver->port, message->internal.chunk);
    (void)svari_roudi_error_take();
  }
  *message = (svar_message_t)SVAR_MESSAGE_INIT;
}

static svar_ret_t
check_attached(enum iox_WaitSetResult result, const svar_message_receiver_t *receiver)
{
  switch (result) {
  case WaitSetResult_SUCCESS:
    return SVAR_OK;
  case WaitSetResult_WAIT_SET_FULL:
  case WaitSetResult_ALREADY_ATTACHED:
  case WaitSetResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "waiting on '%s': iceoryx refused (%d)", receiver->topic,
                   (int)result);
}

static svar_ret_t
make_waitable(svar_message_receiver_t *receiver)
{
  if (receiver->wait_set != NULL) {
    return SVAR_OK;
  }
  svari_roudi_request_t request = {.run = make_wait_set};
  strcpy(request.name, receiver->topic);
  void *handle;
  SVAR_TRY(svari_roudi_ask(&request, "waiting on", &handle));
  svar_ret_t ret = check_attached(
      iox_ws_attach_subscriber_state(handle, receiver->port, SubscriberState_HAS_DATA, 0, NULL),
      receiver);
  if (ret != SVAR_OK) {
    iox_ws_deinit(handle);
    return ret;
  }
  receiver->wait_set = handle;
  return SVAR_OK;
}

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

svar_ret_t
svar_message_receiver_wait(svar_message_receiver_t *receiver, int64_t timeout_ns)
{
  SVAR_REQUIRE(receiver != NULL);
  const int64_t longest_ns = INT64_C(1000000000); // so that iceoryx's sums of times cannot overflow
  int64_t begin_ns = now_ns();
  for (;;) {
    SVAR_TRY(svari_roudi_check());
    if (iox_sub_has_chunks(receiver->port)) {
      return SVAR_OK;
    }
    int64_t left_ns = timeout_ns < 0 ? longest_ns : timeout_ns - (now_ns() - begin_ns);
    if (left_ns <= 0) {
      return SVAR_TIMEOUT;
    }
    SVAR_TRY(make_waitable(receiver));
    left_ns = left_ns < longest_ns ? left_ns : longest_ns;
    struct timespec patience = {left_ns / 1000000000, left_ns % 1000000000};
    iox_notification_info_t reason;
    uint64_t missed;
    (void)iox_ws_timed_wait(receiver->wait_set, patience, &reason, 1, &missed);
    SVAR_TRY(check_reported("waiting on", receiver->topic));
  }
}
