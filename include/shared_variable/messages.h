// Messages between processes: what is over once it was seen (an observation, an action, a return).
// State lives in stores (store.h) and never depends on what is here; a reader of state needs neither
// this header nor its library, shared_variable::messages, which alone loads iceoryx.
//
// Topics travel on iceoryx classic 2.x: zero-copy chunks from one sender to the queue of every
// receiver, handed out by a daemon, RouDi. A receiver whose queue is full loses its oldest message:
// nobody ever blocks on a slow or dead peer. iceoryx ends a process that misuses it or that RouDi
// left alone; here every such case is a code and a sentence.
#ifndef SHARED_VARIABLE_MESSAGES_H
#define SHARED_VARIABLE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// This process's membership in the message plane, shared by all in the process that join it.
typedef struct svar_messages svar_messages_t;
/// The two ends of a topic. Each is used by one thread at a time.
typedef struct svar_message_sender svar_message_sender_t;
typedef struct svar_message_receiver svar_message_receiver_t;
/// Answers requests that arrive on a topic; used by one thread at a time.
typedef struct svar_message_server svar_message_server_t;

/// Most bytes of a topic's name, its end included (a limit of iceoryx).
#define SVAR_TOPIC_NAME_BYTES 101
/// Most chunks that a sender can have on loan, and most messages in a receiver's queue.
#define SVAR_MESSAGE_LOANS_MAX 8
#define SVAR_MESSAGE_QUEUE_MAX 256

/// A message that was taken; start from SVAR_MESSAGE_INIT.
typedef struct svar_message {
  const void *payload; ///< in shared memory, aligned to 32 bytes. Do not write: others read it too.
  uint64_t payload_bytes; ///< as the sender declared it
  uint64_t sender;        ///< tells the senders of a topic apart
  uint64_t sequence;      ///< 1, 2, 3, ... of this sender; a gap is what this receiver lost
  struct {
    const void *chunk;
  } internal; ///< not for callers
} svar_message_t;

#define SVAR_MESSAGE_INIT SVAR_ZERO_INIT

/// Is RouDi running, and does it read what it is sent?
/// @contract{allocates: no; blocks: up to 1 s, if RouDi's queue is full; thread: any; no side effects}
/// @retval SVAR_ERR_NO_ROUDI it does not run, died, or hangs (the message says which and what to do)
/// @retval SVAR_ERR_PERMISSION it runs for another user
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_messages_probe(void);

/// Join the message plane. iceoryx allows a process one membership, and RouDi drops it only when the
/// process ends: so all who join share one, under the name that the first of them gave, also when they
/// join after the others left. A child of fork() must not use it, and must end with _exit() or exec*(),
/// for exit() would sign its parent off.
/// @param name for people ("cartpole_actor"); made unique and safe as a file name
/// @contract{allocates: yes; blocks: up to 5 s, if RouDi hangs, and while another thread joins; starts
/// iceoryx's keep-alive thread, with every signal blocked; thread: any, but not real-time}
/// @param[out] out_messages one use of it, shared: svar_messages_destroy(), once for each create
/// @retval SVAR_ERR_NO_ROUDI, SVAR_ERR_PERMISSION as svar_messages_probe()
/// @retval SVAR_ERR_STATE RouDi was restarted since this process joined
/// @retval SVAR_ERR_FORKED the parent of this process joined
/// @retval SVAR_ERR_MESSAGES iceoryx refused (the message carries its reason)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_messages_create(const char *name,
                                                          svar_messages_t **out_messages);

/// Is RouDi still there, and the one that this process joined? For processes that want to know before they need
/// it for the next sender or receiver; those they have do not.
/// @contract{allocates: no; blocks: up to 1 s, if RouDi's queue is full; thread: any, but not real-time}
/// @retval SVAR_ERR_NO_ROUDI, SVAR_ERR_PERMISSION as svar_messages_probe(): what there is goes on, nothing is added
/// @retval SVAR_ERR_STATE RouDi was restarted: who joined it since is out of reach. Restart this process.
/// @retval SVAR_ERR_MESSAGES iceoryx met a fatal error in this process, or RouDi did not answer it
/// @retval SVAR_ERR_FORKED the parent of this process joined
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_messages_check(svar_messages_t *messages);

/// End one use; returns at once whatever became of RouDi. Destroy one's senders and receivers first:
/// they, too, keep the membership, which ends with the last of its users, in whatever order they go. NULL
/// is a no-op, and so is a child of fork(). The process's end, too, waits at most 3 s for a RouDi that
/// hangs. Thread: any.
SVAR_PUBLIC void svar_messages_destroy(svar_messages_t *messages);

/// The sending end of a topic. Receivers that come later get later messages only.
/// @param topic absolute ROS name, e.g. "/cartpole/returns", less than SVAR_TOPIC_NAME_BYTES
/// @param payload_bytes size of every message of this sender, > 0; a chunk of it is loaned once, as a trial
/// @contract{allocates: yes; blocks: up to 5 s, if RouDi hangs; thread: any, but not real-time}
/// @param[out] out_sender owned: svar_message_sender_destroy()
/// @retval SVAR_ERR_ARGUMENT not a topic name
/// @retval SVAR_ERR_RANGE more bytes than iceoryx can address (its sizes have 32 bits)
/// @retval SVAR_ERR_NO_SPACE no pool of RouDi has chunks of that size, or all are in use
/// @retval SVAR_ERR_NO_ROUDI, SVAR_ERR_STATE RouDi is gone, or another one runs: restart this process
/// @retval SVAR_ERR_MESSAGES iceoryx refused, e.g. for its limit of 506 senders a machine
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_sender_create(svar_messages_t *messages,
                                                                const char *topic,
                                                                uint64_t payload_bytes,
                                                                svar_message_sender_t **out_sender);
/// The same, but the sender keeps its latest message for latched receivers that come later (ROS: latched, transient
/// local): it is the first that they get. One that is sent just while a receiver comes may pass that by; the very
/// first cannot, for the sender is not seen before it. It takes a chunk more of RouDi's.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t
svar_message_sender_create_latched(svar_messages_t *messages, const char *topic,
                                   uint64_t payload_bytes, svar_message_sender_t **out_sender);
/// Gives back what is on loan, too. NULL is a no-op.
SVAR_PUBLIC void svar_message_sender_destroy(svar_message_sender_t *sender);

/// Room for the next message, uninitialised, aligned to 32 bytes: write payload_bytes, then publish or
/// release it. Needs no RouDi.
/// @contract{allocates: no; blocks: no; system calls: no; thread: the sender's}
/// @retval SVAR_ERR_NO_SPACE receivers hold every chunk of the pool
/// @retval SVAR_ERR_STATE SVAR_MESSAGE_LOANS_MAX chunks are on loan
/// @retval SVAR_ERR_MESSAGES iceoryx refused: RouDi cut this process off (it was paused for over 1.5 s)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_sender_loan(svar_message_sender_t *sender,
                                                              void **out_payload);
/// Send what was loaned; payload is no longer the caller's, whatever is returned.
/// @contract{allocates: no; blocks: a lock shared with receivers that come or go; system calls: to wake
/// receivers that wait. Not for real-time threads, and do not kill -9 a process in it: RouDi may hang}
/// @retval SVAR_ERR_ARGUMENT payload is not on loan from this sender
/// @retval SVAR_ERR_MESSAGES as svar_message_sender_loan()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_sender_publish(svar_message_sender_t *sender,
                                                                 void *payload);
/// Is anybody there to get the next message? A latched sender has no receivers before its first message.
/// False also where iceoryx is no more to be asked.
/// @contract{allocates: no; blocks: a lock shared with receivers that come or go; thread: the sender's, but
/// not real-time}
SVAR_PUBLIC bool svar_message_sender_has_receivers(svar_message_sender_t *sender);
/// Give a loan back unsent. NULL, and what is not on loan, are no-ops.
SVAR_PUBLIC void svar_message_sender_release(svar_message_sender_t *sender, void *payload);

/// The receiving end of a topic: gets what is sent from now on.
/// @param payload_bytes the size that messages must have; 0: any
/// @param queue 1 .. SVAR_MESSAGE_QUEUE_MAX messages wait; when it is full the oldest is dropped
/// @param[out] out_receiver owned: svar_message_receiver_destroy()
/// Contract and errors as svar_message_sender_create(); the limit is 1024 receivers a machine.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t
svar_message_receiver_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                             uint32_t queue, svar_message_receiver_t **out_receiver);
/// The same, but before it gets what latched senders kept. Of every other sender on the topic RouDi's log says that
/// it has no history to give.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_receiver_create_latched(
    svar_messages_t *messages, const char *topic, uint64_t payload_bytes, uint32_t queue,
    svar_message_receiver_t **out_receiver);
/// Messages that were taken must have been released. NULL is a no-op.
SVAR_PUBLIC void svar_message_receiver_destroy(svar_message_receiver_t *receiver);

/// The oldest message in the queue. Size and origin are checked: what a stranger put on the topic is
/// dropped and reported, and the next call goes on behind it.
/// @contract{allocates: no; blocks: no; system calls: no; thread: the receiver's}
/// @param[out] out_message svar_message_receiver_release() it; written only on success
/// @retval SVAR_EMPTY nothing is there
/// @retval SVAR_ERR_CORRUPT one message was dropped: not from a svar_message_sender_t, or of another size
/// @retval SVAR_ERR_STATE more than SVAR_MESSAGE_QUEUE_MAX messages are held (one was lost): release some
/// @retval SVAR_ERR_MESSAGES as svar_message_sender_loan()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_receiver_take(svar_message_receiver_t *receiver,
                                                                svar_message_t *out_message);
/// Ends the use of a message. Leaves {0}; NULL and {0} are no-ops.
SVAR_PUBLIC void svar_message_receiver_release(svar_message_receiver_t *receiver,
                                               svar_message_t *message);

/// Wait until the queue has a message. Signals do not end it. The first wait, whatever its limit, prepares all
/// later ones: who waits in real time first waits 0 ns elsewhere.
/// @param timeout_ns < 0: no limit; 0: just look
/// @contract{allocates: the first time; blocks: yes, at the first time also up to 5 s if RouDi hangs;
/// thread: the receiver's}
/// @retval SVAR_TIMEOUT
/// @retval SVAR_ERR_NO_ROUDI, SVAR_ERR_STATE, SVAR_ERR_MESSAGES the first wait of a receiver needs RouDi
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_receiver_wait(svar_message_receiver_t *receiver,
                                                                int64_t timeout_ns);

/// The end of a topic that answers: iceoryx's server. Its clients are programs that use iceoryx; what they and
/// it send begins with a svar_message_header_t (message_header.h). Contract and errors as
/// svar_message_sender_create().
/// @param[out] out_server owned: svar_message_server_destroy()
/// @retval SVAR_ERR_MESSAGES iceoryx refused, e.g. since another server answers on the topic
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_server_create(svar_messages_t *messages,
                                                                const char *topic,
                                                                svar_message_server_t **out_server);
/// Requests that were taken must have been released. NULL is a no-op.
SVAR_PUBLIC void svar_message_server_destroy(svar_message_server_t *server);

/// Wait until there is a request; as svar_message_receiver_wait().
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_server_wait(svar_message_server_t *server,
                                                              int64_t timeout_ns);
/// The oldest request; as svar_message_receiver_take(), of any size. Clients count their requests as they like:
/// `sender` and `sequence` are what they wrote.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_server_take(svar_message_server_t *server,
                                                              svar_message_t *out_request);
/// Ends the use of a request, answered or not. Leaves {0}; NULL and {0} are no-ops.
SVAR_PUBLIC void svar_message_server_release(svar_message_server_t *server,
                                             svar_message_t *request);
/// Room for the answer to a request that is not released yet, as svar_message_sender_loan(): one at a time.
/// @retval SVAR_ERR_RANGE more bytes than iceoryx can address
/// @retval SVAR_ERR_NO_SPACE no pool of RouDi has chunks of that size, or all are in use
/// @retval SVAR_ERR_STATE an answer is on loan already
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_server_loan(svar_message_server_t *server,
                                                              const svar_message_t *request,
                                                              uint64_t payload_bytes,
                                                              void **out_payload);
/// Send the answer on loan; it is no longer the caller's, whatever is returned.
/// @contract{as svar_message_sender_publish()}
/// @retval SVAR_ERR_ARGUMENT none is on loan
/// @retval SVAR_ERR_NOT_FOUND who asked has gone
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_message_server_send(svar_message_server_t *server);
/// Give the answer on loan back unsent. NULL, and none on loan, are no-ops.
SVAR_PUBLIC void svar_message_server_drop(svar_message_server_t *server);

SVAR_END_DECLS
#endif
