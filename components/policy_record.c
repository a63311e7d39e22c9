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
  record.sequences = touched_array((size_t)capacity, sizeof(*record.sequences));
  record.versions = touched_array((size_t)capacity, sizeof(*record.versions));
  record.latencies_ns = touched_array((size_t)capacity, sizeof(*record.latencies_ns));
  if (record.actions == NULL || record.sequences == NULL || record.versions == NULL ||
      record.latencies_ns == NULL) {
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
  free(record->sequences);
  free(record->versions);
  free(record->latencies_ns);
  *record = (svari_policy_record_t){0};
}

// Where step i is.
static int64_t
place_of(const svari_policy_record_t *record, int64_t step)
{
  return step % record->capacity;
}

float *
svari_policy_record_action(svari_policy_record_t *record)
{
  return record->actions + place_of(record, record->count) * record->width;
}

void
svari_policy_record_add(svari_policy_record_t *record, uint64_t sequence, uint64_t version,
                        int64_t latency_ns)
{
  if (record->count > 0 && record->versions[place_of(record, record->count - 1)] != version) {
    record->version_changes++;
  }
  int64_t place = place_of(record, record->count++);
  record->sequences[place] = sequence;
  record->versions[place] = version;
  record->latencies_ns[place] = latency_ns;
}

void
svari_policy_record_clear(svari_policy_record_t *record)
{
  record->count = record->version_changes = 0;
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

static int64_t
held_count(const svari_policy_record_t *record)
{
  return record->count < record->capacity ? record->count : record->capacity;
}

// An array of the steps that are held, oldest first: the record's own, or a copy in *copy, to be freed.
static const void *
in_order(const svari_policy_record_t *record, const void *array, size_t step_bytes, void **copy)
{
  size_t oldest = (size_t)place_of(record, record->count) * step_bytes;
  if (record->count <= record->capacity || oldest == 0) {
    return array;
  }
  size_t all = (size_t)record->capacity * step_bytes;
  char *bytes = *copy = malloc(all);
  if (bytes != NULL) {
    memcpy(bytes, (const char *)array + oldest, all - oldest);
    memcpy(bytes + all - oldest, array, oldest);
  }
  return bytes;
}

svar_ret_t
svari_policy_record_write(const svari_policy_record_t *record, const char *path)
{
  const int64_t shape[2] = {held_count(record), record->width};
  void *copies[3] = {NULL, NULL, NULL};
  const void *actions = in_order(record, record->actions,
                                 (size_t)record->width * sizeof(*record->actions), &copies[0]);
  const void *sequences =
      in_order(record, record->sequences, sizeof(*record->sequences), &copies[1]);
  const void *versions = in_order(record, record->versions, sizeof(*record->versions), &copies[2]);
  svar_ret_t ret;
  if (actions == NULL || sequences == NULL || versions == NULL) {
    ret = svar_fail(SVAR_ERR_NO_MEMORY, "no memory to write %lld steps to '%s'",
                    (long long)shape[0], path);
  } else {
    const svar_safetensors_item_t items[] = {
        {"actions", svar_tensor(SVAR_FLOAT32, (void *)(uintptr_t)actions, 2, shape)},
        {"sequences", svar_tensor(SVAR_UINT64, (void *)(uintptr_t)sequences, 1, shape)},
        {"versions", svar_tensor(SVAR_UINT64, (void *)(uintptr_t)versions, 1, shape)},
    };
    ret = svar_safetensors_write(path, items, sizeof(items) / sizeof(items[0]), NULL, 0);
  }
  for (size_t i = 0; i < 3; i++) {
    free(copies[i]);
  }
  return ret;
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
  int64_t count = held_count(record);
  const int64_t *sorted = record->latencies_ns;
  if (count == 0) {
    return (svari_policy_latency_t){0};
  }
  qsort(record->latencies_ns, (size_t)count, sizeof(*record->latencies_ns), compare_latencies);
  return (svari_policy_latency_t){.p50_ns = sorted[(count - 1) / 2],
                                  .p99_ns = sorted[(count - 1) - count / 100],
                                  .max_ns = sorted[count - 1]};
}
