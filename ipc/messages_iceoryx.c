#include "ipc/messages_iceoryx.h"

#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/runtime.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/messages_names.h"
#include "ipc/messages_shim.h"

// iceoryx counts in 32 bits and adds its own header and padding.
#define PAYLOAD_BYTES_MAX (UINT32_MAX - 4096u)

// Everybody in the process who joined shares the one that lives.
struct svar_messages {
  uint32_t user_count; // those who joined, senders, receivers, servers; under membership.lock
  pid_t pid;
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

svar_messages_t *
svari_messages_ref(svar_messages_t *messages)
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
void
svari_messages_unref(svar_messages_t *messages)
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

bool
svari_messages_is_own(const svar_messages_t *messages)
{
  return messages->pid == getpid();
}

svar_ret_t
svar_messages_check(svar_messages_t *messages)
{
  SVAR_REQUIRE(messages != NULL);
  if (!svari_messages_is_own(messages)) {
    return svar_fail(SVAR_ERR_FORKED, "this process's parent joined the message plane, not it");
  }
  return svari_roudi_check_known();
}

void
svar_messages_destroy(svar_messages_t *messages)
{
  if (messages != NULL && svari_messages_is_own(messages)) {
    svari_messages_unref(messages);
  }
}

svar_ret_t
svari_iceoryx_check_reported(const char *what, const char *topic)
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

svar_ret_t
svari_iceoryx_request_init(svari_roudi_request_t *request, const svar_messages_t *messages,
                           const char *topic)
{
  if (!svari_messages_is_own(messages)) {
    return svar_fail(SVAR_ERR_FORKED,
                     "topic '%s': the svar_messages_t belongs to this process's parent", topic);
  }
  SVAR_TRY(svari_topic_check(topic));
  strcpy(request->name, topic);
  return SVAR_OK;
}

svar_ret_t
svari_iceoryx_check_size(const char *topic, uint64_t payload_bytes)
{
  if (payload_bytes > PAYLOAD_BYTES_MAX) {
    return svar_fail(SVAR_ERR_RANGE,
                     "a message on '%s' of %llu bytes: iceoryx allows %u. Large values belong into "
                     "a store",
                     topic, (unsigned long long)payload_bytes, (unsigned)PAYLOAD_BYTES_MAX);
  }
  return SVAR_OK;
}

uint64_t
svari_iceoryx_next_id(void)
{
  pthread_mutex_lock(&membership.lock);
  uint64_t id = (uint64_t)getpid() << 32 | ++membership.sender_count;
  pthread_mutex_unlock(&membership.lock);
  return id;
}

svar_message_header_t
svari_iceoryx_header_make(uint64_t payload_bytes, uint64_t sender, uint64_t sequence)
{
  return (svar_message_header_t){.magic = SVAR_MESSAGE_MAGIC,
                                 .layout = SVAR_MESSAGE_LAYOUT,
                                 .payload_bytes = payload_bytes,
                                 .sender = sender,
                                 .sequence = sequence};
}

svar_ret_t
svari_iceoryx_check_allocation(enum iox_AllocationResult result, const char *topic,
                               uint64_t payload_bytes)
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
