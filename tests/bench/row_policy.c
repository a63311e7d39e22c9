// A step of a legged robot's walking policy with weights borrowed from a store, as one snapshot a step whose
// views are kept while the version stays the same, beside the same step on weights in private memory. Robot: a
// file of $SVAR_POLICY_DATA; without it, weights of the same sizes at random, which take the same time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "bench/stored.h"
#include "policy_network.h"
#include "shared_variable/safetensors.h"

static const char STORE[] = "/bench/policy";

enum { HIDDEN = 64, OBSERVATION = 47, ACTOR = 32, ACTION = 12 };
enum { WEIGHTS = SVARI_POLICY_WEIGHT_COUNT, WIDTH_MAX = 1024 };
enum { BORROWED, PRIVATE, KINDS };

typedef struct walker {
  svar_store_t *store;
  svar_variable_t *variables[WEIGHTS];
  svar_value_t values[WEIGHTS]; // copies at first; then, if borrowed, views of `viewed_version`
  uint64_t viewed_version;
  const DLTensor *weights[WEIGHTS]; // the values' tensors
  svari_policy_network_t *network;
  float observation[WIDTH_MAX], action[WIDTH_MAX];
} walker_t;

// --- the holder ------------------------------------------------------------------------------------

static void
share_weight(svar_store_t *store, const char *name, const DLTensor *tensor)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_variable_t *variable;
  options.name = name;
  options.store = store;
  BENCH_OK(svar_shared(svar_array(tensor), &options, &variable));
  svar_variable_unref(variable);
}

static float *
floats_of(uint64_t size_bytes)
{
  float *floats = aligned_alloc(64, (size_bytes + 63) & ~UINT64_C(63));
  BENCH_REQUIRE(floats != NULL, "no memory for weights");
  return floats;
}

static void
share_file(svar_store_t *store, const char *path)
{
  svar_safetensors_t *file;
  BENCH_OK(svar_safetensors_open(path, &file));
  for (int weight = 0; weight < WEIGHTS; weight++) {
    size_t index;
    BENCH_OK(svar_safetensors_find(file, svari_policy_weight_names[weight], &index));
    const svar_safetensors_tensor_t *found = svar_safetensors_at(file, index);
    float *floats = floats_of(found->size_bytes);
    BENCH_OK(svar_safetensors_read(file, index, floats));
    DLTensor tensor = svar_tensor(found->dtype, floats, found->ndim, found->shape);
    share_weight(store, svari_policy_weight_names[weight], &tensor);
    free(floats);
  }
  svar_safetensors_close(file);
}

static void
share_random(svar_store_t *store)
{
  static const int64_t shapes[WEIGHTS][2] = {{4 * HIDDEN, HIDDEN}, {4 * HIDDEN, OBSERVATION},
                                             {4 * HIDDEN},         {4 * HIDDEN},
                                             {ACTOR, HIDDEN},      {ACTOR},
                                             {ACTION, ACTOR},      {ACTION}};
  for (int weight = 0; weight < WEIGHTS; weight++) {
    const int64_t *shape = shapes[weight];
    int64_t count = shape[0] * (shape[1] != 0 ? shape[1] : 1);
    float *floats = floats_of((uint64_t)count * sizeof(float));
    for (int64_t i = 0; i < count; i++) {
      floats[i] = (float)random() / (float)RAND_MAX * 0.2f - 0.1f;
    }
    DLTensor tensor = svar_tensor(SVAR_FLOAT32, floats, shape[1] != 0 ? 2 : 1, shape);
    share_weight(store, svari_policy_weight_names[weight], &tensor);
    free(floats);
  }
}

static void
hold(bench_parent_t *parent, void *context)
{
  const char *path = context;
  svar_store_t *store = bench_store_create(STORE);
  if (path != NULL) {
    share_file(store, path);
  } else {
    share_random(store);
  }
  bench_parent_tell(parent);
  bench_parent_await(parent);
  bench_store_remove(store);
}

// --- the walker ------------------------------------------------------------------------------------

static void
observe(void *context, size_t count)
{
  walker_t *walker = context;
  (void)count;
  for (int32_t i = 0; i < svari_policy_network_sizes(walker->network)->observation; i++) {
    walker->observation[i] = (float)random() / (float)RAND_MAX - 0.5f;
  }
}

static void
view_weights(walker_t *walker, const svar_snapshot_t *snapshot)
{
  for (int weight = 0; weight < WEIGHTS; weight++) {
    svar_value_release(&walker->values[weight]);
    BENCH_OK(svar_snapshot_get(snapshot, walker->variables[weight], &walker->values[weight]));
  }
  walker->viewed_version = snapshot->version;
}

static void
borrowed_run(void *context, size_t count)
{
  walker_t *walker = context;
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  (void)count;
  BENCH_OK(svar_snapshot_begin(walker->store, &snapshot));
  if (snapshot.version != walker->viewed_version) {
    view_weights(walker, &snapshot);
  }
  BENCH_OK(svari_policy_network_step(walker->network, walker->weights, walker->observation,
                                     walker->action));
  svar_snapshot_end(&snapshot);
}

static void
private_run(void *context, size_t count)
{
  walker_t *walker = context;
  (void)count;
  BENCH_OK(svari_policy_network_step(walker->network, walker->weights, walker->observation,
                                     walker->action));
}

static void
attach(walker_t *walker)
{
  svari_policy_sizes_t sizes;
  walker->store = bench_store_open(STORE);
  for (int weight = 0; weight < WEIGHTS; weight++) {
    walker->variables[weight] =
        bench_variable_find(walker->store, svari_policy_weight_names[weight]);
    BENCH_OK(svar_get_value(walker->variables[weight], SVAR_COPY, &walker->values[weight]));
    walker->weights[weight] = &walker->values[weight].tensor;
  }
  BENCH_OK(svari_policy_sizes_of(walker->weights, &sizes));
  BENCH_REQUIRE(sizes.observation <= WIDTH_MAX && sizes.action <= WIDTH_MAX,
                "a policy wider than %d", WIDTH_MAX);
  BENCH_OK(svari_policy_network_create(&sizes, (DLDevice){kDLCPU, 0}, &walker->network));
}

static void
report(const bench_run_t *run, const bench_subject_t subjects[KINDS], const char *robot)
{
  const bench_subject_t *neighbours[] = {&subjects[PRIVATE]};
  bench_stats_t borrowed = bench_stats(&subjects[BORROWED]);
  bench_stats_t own = bench_stats(&subjects[PRIVATE]);
  bench_report_add(run->report, &subjects[BORROWED], neighbours, 1,
                   "policy step, borrowed weights (%s)", robot);
  bench_report_add(run->report, &subjects[PRIVATE], NULL, 0, "policy step, private weights (%s)",
                   robot);
  bench_report_hold(run->report, "policy step, borrowed weights, p50", BENCH_AT_MOST, 1.005, "x",
                    borrowed.p50 / own.p50, "private weights: %.0f ns", own.p50);
  bench_report_hold(run->report, "policy step, borrowed weights, p99", BENCH_AT_MOST, 1.005, "x",
                    borrowed.p99 / own.p99, "private weights: %.0f ns", own.p99);
}

void
bench_row_policy(const bench_run_t *run)
{
  static walker_t walkers[KINDS];
  const char *folder = getenv("SVAR_POLICY_DATA");
  char path[4096];
  snprintf(path, sizeof(path), "%s/unitree_g1.safetensors", folder != NULL ? folder : "");
  bench_child_t holder;
  bench_child_start(hold, folder != NULL ? path : NULL, &holder);
  bench_child_await(&holder);
  for (int kind = 0; kind < KINDS; kind++) {
    attach(&walkers[kind]);
  }
  bench_subject_t subjects[KINDS] = {
      [BORROWED] = {.name = "borrowed", .run = borrowed_run},
      [PRIVATE] = {.name = "private weights", .run = private_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].prepare = observe;
    subjects[kind].context = &walkers[kind];
    subjects[kind].batch = 1;
    subjects[kind].warmup = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 3 : 15, 1000, 400000};
  bench_interleave(subjects, KINDS, &effort);
  report(run, subjects, folder != NULL ? "Unitree G1" : "random weights");
  svar_store_close(walkers[PRIVATE].store);
  svar_store_close(walkers[BORROWED].store);
  bench_child_end(&holder);
}
