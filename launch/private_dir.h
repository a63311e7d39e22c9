// A directory of the launcher's own, for the files that it hands to the processes it starts.
#ifndef SVARI_LAUNCH_PRIVATE_DIR_H
#define SVARI_LAUNCH_PRIVATE_DIR_H

#include <limits.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_private_dir {
  char path[PATH_MAX]; // "": none
} svari_private_dir_t;

// What a private directory's path looks like before it exists, for showing.
#define SVARI_PRIVATE_DIR_EXAMPLE "/tmp/svar-launch-XXXXXX"

// Makes the directory, mode 0700, in TMPDIR or /tmp. SVAR_ERR_SYSTEM: it cannot be made.
svar_ret_t svari_private_dir_create(svari_private_dir_t *dir);
// Writes text to a new file at path. SVAR_ERR_SYSTEM, SVAR_ERR_NO_SPACE.
svar_ret_t svari_private_dir_write(const char *path, const char *text);
// Removes the directory and the files in it; harmless on {0} and twice.
void svari_private_dir_destroy(svari_private_dir_t *dir);

SVAR_END_DECLS
#endif
