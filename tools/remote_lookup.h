// Talking to the holder of a store that the user named.
#ifndef SVARI_TOOLS_REMOTE_LOOKUP_H
#define SVARI_TOOLS_REMOTE_LOOKUP_H

#include "shared_variable/remote.h"
#include "tools/arguments.h"

// A row of the table of options of a command that waits for a holder. timeout_ns: 0 if not given.
#define SVARI_TIMEOUT_OPTION(timeout_ns)                                                           \
  {                                                                                                \
    "timeout", SVARI_OPTION_DURATION, "SECONDS", "how long to wait for the holder (default 5)",    \
        (timeout_ns)                                                                               \
  }

// Connects to the holder of an opened store. @param[out] out_remote svar_remote_close() it
svar_ret_t svari_remote_lookup(const svari_arguments_t *arguments, const svar_store_t *store,
                               int64_t timeout_ns, svar_remote_t **out_remote);

// The end of a command that changes a store through its holder: prints the version that was made or, on stderr,
// the sentence of what failed, perhaps while it waited for the holder. Closes both, which may be NULL.
// Returns the exit code.
int svari_remote_end(svar_ret_t ret, uint64_t version, svar_remote_t *remote, svar_store_t *store);

#endif
