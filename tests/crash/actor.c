#include "tests/crash/actor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long ull_t;

void
crash_store_name(uint32_t store, char name[CRASH_NAME_BYTES])
{
  snprintf(name, CRASH_NAME_BYTES, "/crash/store_%u", store);
}

void
crash_variable_name(uint32_t index, char name[CRASH_NAME_BYTES])
{
  snprintf(name, CRASH_NAME_BYTES, "variable_%u", index);
}

void
crash_tell(crash_actor_t *actor, crash_verdict_t verdict, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(actor->life->sentence, sizeof(actor->life->sentence), format, arguments);
  va_end(arguments);
  actor->life->verdict = verdict;
  _exit(1);
}

void
crash_require(crash_actor_t *actor, svar_ret_t ret, const char *what)
{
  if (ret == SVAR_OK) {
    return;
  }
  bool is_stuck = ret == SVAR_ERR_BUSY || ret == SVAR_ERR_HELD || ret == SVAR_ERR_READERS_FULL;
  crash_tell(actor, is_stuck ? CRASH_STUCK : CRASH_ERROR, "%s: %s: %s", what, svar_ret_name(ret),
             svar_error_message());
}

void
crash_close(crash_actor_t *actor)
{
  for (int i = 0; i < CRASH_VARIABLES; i++) {
    svar_variable_unref(actor->variables[i]);
    actor->variables[i] = NULL;
    actor->versions[i] = 0;
  }
  svar_store_close(actor->store);
  actor->store = NULL;
  actor->epoch = 0;
}

svar_variable_t *
crash_variable(crash_actor_t *actor, uint32_t index)
{
  if (actor->variables[index] == NULL) {
    char name[CRASH_NAME_BYTES];
    crash_variable_name(index, name);
    svar_ret_t ret = svar_store_find(actor->store, name, &actor->variables[index]);
    if (ret == SVAR_ERR_NOT_FOUND) {
      crash_tell(actor, CRASH_LOST, "a variable that was committed: %s", svar_error_message());
    }
    crash_require(actor, ret, "finding a variable");
  }
  return actor->variables[index];
}

// --- verifying -------------------------------------------------------------------------------------

void
crash_value_check(crash_actor_t *actor, uint32_t variable, const svar_value_t *value,
                  const char *how)
{
  size_t count = svar_value_bytes(value) / sizeof(uint64_t);
  size_t wrong = crash_words_check_alike(value->tensor.data, count);
  if (wrong != count) {
    crash_tell(actor, CRASH_TORN, "%s: word %zu of %zu of variable %u is not of version %llu", how,
               wrong, count, variable, (ull_t)value->version);
  }
  if (value->version < actor->versions[variable]) {
    crash_tell(actor, CRASH_LOST, "%s: variable %u is of version %llu, and was of %llu before", how,
               variable, (ull_t)value->version, (ull_t)actor->versions[variable]);
  }
  atomic_fetch_add_explicit(&actor->arena->reads, 1, memory_order_relaxed);
}

// The ledger knows who wrote the words, however many variables had them since.
static void
check_origin(crash_actor_t *actor, const crash_ledger_t *ledger, uint32_t variable,
             const svar_value_t *value)
{
  uint64_t version = ledger->variables[variable].origin_version;
  uint32_t writer = (uint32_t)ledger->variables[variable].origin_variable;
  size_t count = svar_value_bytes(value) / sizeof(uint64_t);
  if (crash_words_check(value->tensor.data, count, crash_stamp(actor->epoch, version), writer) !=
      count) {
    crash_tell(actor, CRASH_TORN,
               "in a snapshot: variable %u does not hold what version %llu wrote to variable %u",
               variable, (ull_t)version, writer);
  }
}

void
crash_snapshot_check(crash_actor_t *actor, const svar_snapshot_t *snapshot,
                     const crash_ledger_t *ledger)
{
  for (uint32_t i = CRASH_LEDGER + 1; i < CRASH_VARIABLES; i++) {
    if (ledger->variables[i].version == 0) {
      continue;
    }
    svar_value_t value = SVAR_VALUE_INIT;
    svar_ret_t ret = svar_snapshot_get(snapshot, crash_variable(actor, i), &value);
    if (ret == SVAR_ERR_UNSET && ledger->variables[i].words == CRASH_UNSET &&
        value.version == ledger->variables[i].version) {
      continue;
    }
    if (ret == SVAR_ERR_UNSET) {
      crash_tell(actor, CRASH_TORN, "the ledger knows it: %s", svar_error_message());
    }
    crash_require(actor, ret, "reading in a snapshot");
    if (value.version != ledger->variables[i].version ||
        svar_value_bytes(&value) != ledger->variables[i].words * sizeof(uint64_t)) {
      crash_tell(
          actor, CRASH_TORN,
          "a snapshot of version %llu holds variable %u of version %llu with %llu bytes, not "
          "of %llu with %llu words",
          (ull_t)snapshot->version, i, (ull_t)value.version, (ull_t)svar_value_bytes(&value),
          (ull_t)ledger->variables[i].version, (ull_t)ledger->variables[i].words);
    }
    check_origin(actor, ledger, i, &value);
    // A snapshot may be older than what was read beside it.
    uint64_t newest = actor->versions[i];
    actor->versions[i] = 0;
    crash_value_check(actor, i, &value, "in a snapshot");
    actor->versions[i] = newest > value.version ? newest : value.version;
  }
}

static bool
is_stale(crash_actor_t *actor)
{
  svar_store_info_t info;
  crash_require(actor, svar_store_info(actor->store, &info), "asking about the store");
  return info.is_stale;
}

static void
read_ledger(crash_actor_t *actor, const svar_snapshot_t *snapshot, crash_ledger_t *out_ledger)
{
  svar_value_t value = SVAR_VALUE_INIT;
  crash_require(actor, svar_snapshot_get(snapshot, crash_variable(actor, CRASH_LEDGER), &value),
                "reading the ledger");
  if (svar_value_bytes(&value) != sizeof(*out_ledger)) {
    crash_tell(actor, CRASH_TORN, "the ledger has %llu bytes, not %zu",
               (ull_t)svar_value_bytes(&value), sizeof(*out_ledger));
  }
  memcpy(out_ledger, value.tensor.data, sizeof(*out_ledger));
  if (!crash_ledger_is_whole(out_ledger)) {
    crash_tell(actor, CRASH_TORN, "the ledger of version %llu is torn", (ull_t)snapshot->version);
  }
  uint64_t epoch = out_ledger->stamp >> 32;
  if (out_ledger->stamp != crash_stamp(epoch, snapshot->version) ||
      value.version != snapshot->version || (actor->epoch != 0 && actor->epoch != epoch)) {
    crash_tell(
        actor, CRASH_TORN,
        "a snapshot of epoch %llu, version %llu holds the ledger of epoch %llu, version %llu",
        (ull_t)actor->epoch, (ull_t)snapshot->version, (ull_t)epoch,
        (ull_t)(out_ledger->stamp & UINT32_MAX));
  }
}

// Nothing committed is right in a new store, after the one before was taken away.
static bool
check_empty(crash_actor_t *actor, uint64_t known)
{
  if (is_stale(actor)) {
    return false;
  }
  if (atomic_load(&actor->record->gone) < known >> 32) {
    crash_tell(actor, CRASH_LOST, "the store is empty; epoch %llu, version %llu was there before",
               (ull_t)(known >> 32), (ull_t)(known & UINT32_MAX));
  }
  return true;
}

bool
crash_snapshot_begin(crash_actor_t *actor, svar_snapshot_t *out_snapshot,
                     crash_ledger_t *out_ledger)
{
  uint64_t reported = atomic_load(&actor->record->reported);
  uint64_t known = reported > actor->seen ? reported : actor->seen;
  crash_require(actor, svar_snapshot_begin(actor->store, out_snapshot), "beginning a snapshot");
  *out_ledger = (crash_ledger_t){0};
  if (out_snapshot->version == 0) {
    return check_empty(actor, known);
  }
  read_ledger(actor, out_snapshot, out_ledger);
  actor->epoch = out_ledger->stamp >> 32;
  if (out_ledger->stamp < known) {
    bool is_replaced = actor->epoch < known >> 32 && is_stale(actor);
    if (!is_replaced) {
      crash_tell(actor, CRASH_LOST,
                 "epoch %llu, version %llu was %s; the store is at epoch %llu, version %llu",
                 (ull_t)(known >> 32), (ull_t)(known & UINT32_MAX),
                 known == reported ? "reported" : "seen", (ull_t)actor->epoch,
                 (ull_t)out_snapshot->version);
    }
    svar_snapshot_end(out_snapshot);
    return false;
  }
  actor->seen = out_ledger->stamp;
  return true;
}
