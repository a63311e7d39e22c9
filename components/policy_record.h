// What a policy did: for every step the number of its observation, its action, the version of the weights it used,
// and its latency. A record that is full goes on with its latest steps.
#ifndef POLICY_RECORD_H
#define POLICY_RECORD_H

#include "shared_variable/error.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

/// Zero is a valid empty record.
typedef struct svari_policy_record {
  int64_t capacity;        ///< most steps that it holds
  int64_t count;           ///< steps taken; step i is at i % capacity
  int64_t width;           ///< numbers in an action
  int64_t version_changes; ///< steps that used another version than the step before
  float *actions;          ///< [capacity, width]
  uint64_t *sequences, *versions;
  int64_t *latencies_ns;
} svari_policy_record_t;

/// Room for capacity steps; its pages are touched, so that no step has to fault them in.
/// @retval SVAR_ERR_NO_MEMORY
SVAR_MUST_USE svar_ret_t svari_policy_record_init(int64_t capacity, int64_t width,
                                                  svari_policy_record_t *out_record);
void svari_policy_record_fini(svari_policy_record_t *record);

/// As if it had just been made.
void svari_policy_record_clear(svari_policy_record_t *record);

/// Where the next step's action goes.
float *svari_policy_record_action(svari_policy_record_t *record);
/// The step whose action was written there is complete.
/// @param sequence the number of its observation
void svari_policy_record_add(svari_policy_record_t *record, uint64_t sequence, uint64_t version,
                             int64_t latency_ns);

/// Whether a record may be written to path, as far as that can be known before: its folder is there and
/// lets this process write, and path is free or a regular file. Writes nothing.
/// @retval SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM the folder (message: which, and why)
/// @retval SVAR_ERR_VALUE path is something else than a regular file, or too long
SVAR_MUST_USE svar_ret_t svari_policy_record_check_path(const char *path);
/// Writes the tensors `actions` [steps, width], `sequences` [steps] and `versions` [steps] to a .safetensors
/// file: the steps that it holds, in their order. Allocates if there were more.
SVAR_MUST_USE svar_ret_t svari_policy_record_write(const svari_policy_record_t *record,
                                                   const char *path);

typedef struct svari_policy_latency {
  int64_t p50_ns, p99_ns,
      max_ns; ///< the smallest latency that at least that share of the steps kept
} svari_policy_latency_t;

/// The latencies of the steps that it holds; zeros before the first. Sorts them: call it last.
svari_policy_latency_t svari_policy_record_latency(svari_policy_record_t *record);

SVAR_END_DECLS
#endif
