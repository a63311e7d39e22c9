#include "gateway_load.h"

#include <limits.h>
#include <string.h>

#include "shared_variable/safetensors.h"

static svar_ret_t
copy_path(const char *path, uint64_t path_bytes, char out_path[PATH_MAX])
{
  if (path_bytes < PATH_MAX) {
    memcpy(out_path, path, path_bytes);
    out_path[path_bytes] = '\0';
    if (out_path[0] == '/' && strlen(out_path) == path_bytes) {
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_ARGUMENT, "to load a file takes its absolute path, as %s",
                   "\"/home/robot/policy.safetensors\", without a final NUL");
}

static svar_ret_t
stage_file(svar_remote_change_t *change, const svar_safetensors_t *file)
{
  for (size_t i = 0; i < svar_safetensors_count(file); i++) {
    const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file, i);
    void *data = NULL;
    SVAR_TRY(svar_remote_change_loan(change, tensor->name, tensor->dtype, tensor->ndim,
                                     tensor->shape, &data));
    SVAR_TRY(svar_safetensors_read(file, i, data));
  }
  return svar_safetensors_check_unchanged(file);
}

svar_ret_t
svari_gateway_load(svar_remote_t *remote, const char *path, uint64_t path_bytes,
                   uint64_t *out_version)
{
  char name[PATH_MAX];
  SVAR_TRY(copy_path(path, path_bytes, name));
  svar_safetensors_t *file = NULL;
  SVAR_TRY(svar_safetensors_open(name, &file));
  svar_remote_change_t *change = NULL;
  svar_ret_t ret = svar_remote_change_begin(remote, &change);
  if (ret == SVAR_OK && (ret = stage_file(change, file)) != SVAR_OK) {
    svar_remote_change_abort(change);
  } else if (ret == SVAR_OK) {
    ret = svar_remote_change_commit(change, out_version);
  }
  svar_safetensors_close(file);
  return ret;
}
