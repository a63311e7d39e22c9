#include "policy_record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared_variable/safetensors.h"
#include "shared_variable/source.h"

static void *
touched_array(size_t count, size_t size_bytes)
{
  void *array = calloc(count, size_bytes); // checks the product
  if (array != NULL) {
    memset(array, 0xff, count * size_bytes); // other than zero, so that it is really written
  }
  return array;
}

svar_ret_t
svari_policy_record_init(int64_t capacity, int64_t width, svari_policy_record_t *out_record)
{
  svari_policy_record_t record = {.capacity = capacity, .width = width};
  record.actions = touched_array((size_t)capacity, (size_t)width * sizeof(*record.actions));
  record.versions = touched_array((size_t)capacity, sizeof(*record.versions));
  record.latencies_ns = touched_array((size_t)capacity, sizeof(*record.latencies_ns));
  if (record.actions == NULL || record.versions == NULL || record.latencies_ns == NULL) {
    svari_policy_record_fini(&record);
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to record %lld steps of %lld actions",
                     (long long)capacity, (long long)width);
  }
  *out_record = record;
  return SVAR_OK;
}

void
svari_policy_record_fini(svari_policy_record_t *record)
{
  free(record->actions);
  free(record->versions);
  free(record->latencies_ns);
  *record = (svari_policy_record_t){0};
}

float *
svari_policy_record_action(svari_policy_record_t *record)
{
  return record->actions + record->count * record->width;
}

void
svari_policy_record_add(svari_policy_record_t *record, uint64_t version, int64_t latency_ns)
{
  record->versions[record->count] = version;
  record->latencies_ns[record->count] = latency_ns;
  record->count++;
}

int64_t
svari_policy_record_version_changes(const svari_policy_record_t *record)
{
  int64_t changes = 0;
  for (int64_t i = 1; i < record->count; i++) {
    changes += record->versions[i] != record->versions[i - 1];
  }
  return changes;
}

static svar_ret_t
check_folder(const char *folder, const char *path)
{
  struct stat status;
  int error = stat(folder, &status) != 0         ? errno
              : !S_ISDIR(status.st_mode)         ? ENOTDIR
              : access(folder, W_OK | X_OK) != 0 ? errno
                                                 : 0;
  if (error == 0) {
    return SVAR_OK;
  }
  svar_ret_t code = error == ENOENT || error == ENOTDIR ? SVAR_ERR_NOT_FOUND
                    : error == EACCES || error == EROFS ? SVAR_ERR_PERMISSION
                                                        : SVAR_ERR_SYSTEM;
  return svar_fail(code, "cannot write the record '%s': its folder '%s': %s; choose another path",
                   path, folder, strerror(error));
}

svar_ret_t
svari_policy_record_check_path(const char *path)
{
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  if (strlen(path) >= sizeof(folder)) {
    return svar_fail(SVAR_ERR_VALUE, "the record's path '%.64s...' is too long to write to", path);
  }
  int length = slash == NULL || slash == path ? 1 : (int)(slash - path); // 1: of "." or "/"
  snprintf(folder, sizeof(folder), "%.*s", length, slash == NULL ? "." : path);
  SVAR_TRY(check_folder(folder, path));
  struct stat status;
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
    return svar_fail(SVAR_ERR_VALUE, "the record '%s' is not a regular file; choose another path",
                     path);
  }
  return SVAR_OK;
}

svar_ret_t
svari_policy_record_write(const svari_policy_record_t *record, const char *path)
{
  const int64_t shape[2] = {record->count, record->width};
  const svar_safetensors_item_t items[] = {
      {"actions", svar_tensor(SVAR_FLOAT32, record->actions, 2, shape)},
      {"versions", svar_tensor(SVAR_UINT64, record->versions, 1, shape)},
  };
  return svar_safetensors_write(path, items, sizeof(items) / sizeof(items[0]), NULL, 0);
}

static int
compare_latencies(const void *left, const void *right)
{
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

svari_policy_latency_t
svari_policy_record_latency(svari_policy_record_t *record)
{
  int64_t count = record->count;
  const int64_t *sorted = record->latencies_ns;
  if (count == 0) {
    return (svari_policy_latency_t){0};
  }
  qsort(record->latencies_ns, (size_t)count, sizeof(*record->latencies_ns), compare_latencies);
  return (svari_policy_latency_t){.p50_ns = sorted[(count - 1) / 2],
                                  .p99_ns = sorted[(count - 1) - count / 100],
                                  .max_ns = sorted[count - 1]};
}
