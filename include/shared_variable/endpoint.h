// Where a process can be asked for things by others of its user: a socket beside the stores, a request in one
// packet, an answer in one packet. What the packets say is the caller's own business.
//
// component_container is served through one; so can be whatever else is not a store. The side that answers
// brings its own thread: it polls the endpoint's descriptor beside what else it waits for. Only processes of
// the same user, and root, get in; one that says nothing, floods, or does not read its answers harms nobody
// but itself.
#ifndef SHARED_VARIABLE_ENDPOINT_H
#define SHARED_VARIABLE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared_variable/allocator.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// Longest packet, either way.
#define SVAR_ENDPOINT_PACKET_BYTES 65536

/// The side that answers. Used by one thread at a time.
typedef struct svar_endpoint svar_endpoint_t;

/// Takes one request. It must not block: who cannot answer at once does later, from the same thread.
/// @param caller for svar_endpoint_answer(), which every request gets once; a caller that sends another
/// request before has its connection ended
/// @param bytes borrowed for the call
typedef void (*svar_endpoint_request_t)(void *context, uint64_t caller, const void *bytes,
                                        size_t size_bytes);

/// Options of svar_endpoint_open(). Zero means the default, for every member but kind and request.
typedef struct svar_endpoint_options {
  size_t size_bytes;     ///< sizeof(svar_endpoint_options_t) of the caller's build
  const char *directory; ///< segment directory; NULL: $SVAR_SEGMENT_DIR, else /dev/shm
  const char *kind;      ///< what it is, "component_container": letters, digits, '_', at most 31
  svar_endpoint_request_t request;
  void *context;                     ///< of request
  const svar_allocator_t *allocator; ///< NULL: the heap
} svar_endpoint_options_t;

#define SVAR_ENDPOINT_OPTIONS_INIT                                                                 \
  {                                                                                                \
    sizeof(svar_endpoint_options_t), NULL, NULL, NULL, NULL, NULL                                  \
  }

/// Open an endpoint of this process. The files of processes that were killed are removed on the way.
/// @contract{allocates: yes; blocks: no; system calls: yes; after fork: the child must not use it}
/// @param[out] out_endpoint owned: svar_endpoint_close()
/// @retval SVAR_ERR_ARGUMENT no kind, or no request
/// @retval SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM, SVAR_ERR_PERMISSION
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_endpoint_open(const svar_endpoint_options_t *options,
                                                        svar_endpoint_t **out_endpoint);
/// NULL is a no-op. Connections end; requests that wait get no answer.
SVAR_PUBLIC void svar_endpoint_close(svar_endpoint_t *endpoint);

/// A descriptor that polls readable when svar_endpoint_serve() has something to do. Borrowed.
SVAR_PUBLIC int svar_endpoint_fd(const svar_endpoint_t *endpoint);
/// Do one thing, if there is one: take a connection, or a request (which is handed to options.request).
/// @contract{allocates: no; blocks: no, but up to 0.1 s when the process is out of descriptors}
SVAR_PUBLIC void svar_endpoint_serve(svar_endpoint_t *endpoint);
/// Answer a request. A caller that has gone is no failure: nothing happens.
/// @param size_bytes at most SVAR_ENDPOINT_PACKET_BYTES; more is cut
SVAR_PUBLIC void svar_endpoint_answer(svar_endpoint_t *endpoint, uint64_t caller, const void *bytes,
                                      size_t size_bytes);

// --- the side that asks ----------------------------------------------------------------------------

/// Called with the path of an endpoint. Return false to stop.
typedef bool (*svar_endpoint_visit_t)(const char *path, void *context);

/// Visit the endpoints of a kind that user `owner` has (their sockets: whether anybody is there shows when
/// asked).
/// @contract{allocates: yes; blocks: no; system calls: yes; thread: any}
/// @retval SVAR_ERR_NOT_FOUND, SVAR_ERR_SYSTEM the directory cannot be read
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_endpoint_list(const char *directory, const char *kind,
                                                        uid_t owner, svar_endpoint_visit_t visit,
                                                        void *context);

/// Remove the files of user `owner`'s endpoints of a kind at which nobody listens: what processes left that
/// were killed. The next endpoint of that user does the same.
/// @contract{allocates: yes; blocks: no; system calls: yes; thread: any}
/// @retval as svar_endpoint_list()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_endpoint_clean(const char *directory, const char *kind,
                                                         uid_t owner);

/// Ask the endpoint at path, and wait for the answer.
/// @param owner whose it must be
/// @param timeout_ns < 0: no limit
/// @param[out] answer SVAR_ENDPOINT_PACKET_BYTES of room
/// @contract{allocates: no; blocks: up to the timeout; system calls: yes; thread: any; after fork: yes}
/// @retval SVAR_EMPTY nobody is there
/// @retval SVAR_TIMEOUT no answer in time
/// @retval SVAR_ERR_STATE it ended, or ended the connection, before it answered
/// @retval SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_endpoint_ask(const char *path, uid_t owner,
                                                       int64_t timeout_ns, const void *request,
                                                       size_t request_bytes, void *answer,
                                                       size_t *out_answer_bytes);

SVAR_END_DECLS
#endif
