// A .safetensors file into the store that another process holds.
#ifndef COMPONENTS_GATEWAY_LOAD_H
#define COMPONENTS_GATEWAY_LOAD_H

#include "shared_variable/remote.h"

/// Every tensor of the file becomes the next value of the variable of its name, in one commit.
/// @param path absolute, path_bytes long, without a final NUL
/// @retval SVAR_ERR_ARGUMENT no absolute path
/// and what svar_safetensors_open(), svar_safetensors_read() and svar_remote_change_commit() fail with
SVAR_MUST_USE svar_ret_t svari_gateway_load(svar_remote_t *remote, const char *path,
                                            uint64_t path_bytes, uint64_t *out_version);

#endif
