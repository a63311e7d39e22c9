// Names that the message plane hands to iceoryx. Private.
#ifndef IPC_MESSAGES_NAMES_H
#define IPC_MESSAGES_NAMES_H

#include <stddef.h>

#include "shared_variable/messages.h"

/// Enough for every runtime name that is made here; iceoryx's limit is 100 characters.
#define SVARI_RUNTIME_NAME_BYTES 100

/// SVAR_ERR_ARGUMENT unless topic is an absolute ROS name of less than SVAR_TOPIC_NAME_BYTES.
svar_ret_t svari_topic_check(const char *topic);

/// A name that no other process has or had, made of name's letters, digits and '_', the pid and
/// chance. iceoryx makes files of that name in /tmp, and ends a process whose name cannot be one.
void svari_runtime_name_make(const char *name, char out_name[SVARI_RUNTIME_NAME_BYTES]);

/// Removes the files of a runtime that will not do it itself.
void svari_runtime_files_remove(const char *name);
/// Removes the files of every runtime of ours whose process was killed.
void svari_runtime_files_sweep(void);

#endif
