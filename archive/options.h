// Options that start with their size, so that they can grow.
#ifndef SVARI_ARCHIVE_OPTIONS_H
#define SVARI_ARCHIVE_OPTIONS_H

#include <stddef.h>

#include "shared_variable/error.h"

// All of them are of one size yet. SVAR_ERR_ARGUMENT: a build of another knows others
static inline svar_ret_t
svari_options_check_size(size_t given_bytes, size_t known_bytes)
{
  return given_bytes == known_bytes
             ? SVAR_OK
             : svar_fail(SVAR_ERR_ARGUMENT,
                         "options.size_bytes is %zu, this library knows %zu: start from the "
                         "options' INIT macro, and use a library as new as the header",
                         given_bytes, known_bytes);
}

#endif
