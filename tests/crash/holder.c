// A holder: resumes or makes its store, commits transactions over several variables, reports each
// commit that returned, and now and then removes the store or starts it empty.
#include <string.h>
#include <unistd.h>

#include "tests/crash/actor.h"
#include "tests/crash/holder.h"

enum {
  CAPACITY_BYTES = 1 << 30,
  SMALL_BITS = 9,       // words of most variables: less than 2^9
  LARGE_BITS = 15,      // of every eighth: less than 2^15, 256 KiB
  BULK_WORDS = 5 << 19, // 20 MiB: more than the heap keeps

};

// --- what may be gone ------------------------------------------------------------------------------
// Whoever takes a store away says so before, for it may be killed half-way; the next holder that finds a
// store takes that back.

static const uint64_t ANY_EPOCH = UINT64_C(1) << 32;

// Every word is another one, for settle() below.
static void
announce_discard(crash_actor_t *actor)
{
  atomic_store(&actor->record->gone, ANY_EPOCH + (actor->life->seed >> 16));
}

static void
announce_removal(crash_actor_t *actor)
{
  uint64_t epochs = atomic_load(&actor->record->epochs);
  uint64_t gone = atomic_load(&actor->record->gone);
  while (gone < epochs && !atomic_compare_exchange_weak(&actor->record->gone, &gone, epochs)) {
  }
}

// What this holder found has survived: from now on it may not go, unless somebody waits to discard it.
static void
settle(crash_actor_t *actor)
{
  uint64_t gone = atomic_load(&actor->record->gone);
  if (atomic_load(&actor->record->discarders) == actor->life->starts_empty) {
    (void)atomic_compare_exchange_strong(&actor->record->gone, &gone,
                                         actor->epoch != 0 ? actor->epoch - 1
                                                           : atomic_load(&actor->record->epochs));
  }
}

// --- opening ---------------------------------------------------------------------------------------

// HELD is right while another process that is alive holds the store or tries to.
static bool
is_contended(const crash_actor_t *actor)
{
  return atomic_load(&actor->record->holders) > 1;
}

static svar_ret_t
create(crash_actor_t *actor)
{
  enum { PATIENCE = 200 };
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.capacity_bytes = CAPACITY_BYTES;
  options.start_empty = actor->life->starts_empty != 0;
  if (options.start_empty) {
    announce_discard(actor);
  }
  svar_ret_t ret = SVAR_ERR_HELD;
  for (int alone = 0; alone < PATIENCE && ret == SVAR_ERR_HELD;) {
    alone = is_contended(actor) ? 0 : alone + 1;
    ret = svar_store_create(actor->store_name, &options, &actor->store);
    if (ret == SVAR_ERR_HELD) {
      usleep(100);
    }
  }
  return ret;
}

void
crash_holder_open(crash_actor_t *actor, crash_ledger_t *out_ledger)
{
  crash_require(actor, create(actor), "creating the store");
  svar_snapshot_t snapshot;
  if (!crash_snapshot_begin(actor, &snapshot, out_ledger)) {
    crash_tell(actor, CRASH_LOST, "the store that was just created is stale");
  }
  crash_snapshot_check(actor, &snapshot, out_ledger);
  svar_snapshot_end(&snapshot);
  settle(actor);
}

// --- committing ------------------------------------------------------------------------------------

// A shape of that many words: one axis, or two.
static void
shape_of(crash_random_t *random, int32_t ndim, uint64_t words, int64_t shape[2])
{
  shape[0] = (int64_t)words;
  shape[1] = 1;
  if (ndim == 2 && words % 4 == 0 && crash_once_in(random, 2)) {
    shape[0] = (int64_t)(words / 4);
    shape[1] = 4;
  }
}

// A variable's first value; it is declared with it.
static svar_ret_t
make_variable(crash_actor_t *actor, svar_transaction_t *transaction, uint32_t index,
              const uint64_t *words, uint64_t count)
{
  char name[CRASH_NAME_BYTES];
  int64_t shape[2];
  int32_t ndim = index == CRASH_LEDGER ? 1 : 1 + (int32_t)crash_below(&actor->random, 2);
  crash_variable_name(index, name);
  shape_of(&actor->random, ndim, count, shape);
  DLTensor tensor = svar_tensor(SVAR_UINT64, (void *)(uintptr_t)words, ndim, shape);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = actor->store;
  options.transaction = transaction;
  return svar_shared(svar_array(&tensor), &options, &actor->variables[index]);
}

static svar_ret_t
set_variable(crash_actor_t *actor, svar_transaction_t *transaction, uint32_t index,
             const uint64_t *words, uint64_t count)
{
  svar_variable_t *variable = crash_variable(actor, index);
  int32_t ndim = svar_variable_type(variable).ndim;
  int64_t shape[2];
  shape_of(&actor->random, ndim, count, shape);
  if (crash_once_in(&actor->random, 2)) {
    svar_value_t hole;
    SVAR_TRY(svar_transaction_loan(transaction, variable, shape, false, &hole));
    memcpy(hole.tensor.data, words, count * sizeof(uint64_t));
    return SVAR_OK;
  }
  DLTensor tensor = svar_tensor(SVAR_UINT64, (void *)(uintptr_t)words, ndim, shape);
  return svar_transaction_set(transaction, variable, svar_array(&tensor));
}

static void
put(crash_actor_t *actor, svar_transaction_t *transaction, bool is_known, uint32_t index,
    const uint64_t *words, uint64_t count)
{
  svar_ret_t ret = is_known ? set_variable(actor, transaction, index, words, count)
                            : make_variable(actor, transaction, index, words, count);
  crash_require(actor, ret, "writing a variable");
}

static uint64_t
words_of(crash_actor_t *actor, uint32_t index)
{
  if (index == CRASH_BULK && actor->life->store == 0 && crash_once_in(&actor->random, 32)) {
    return BULK_WORDS;
  }
  return crash_magnitude(&actor->random, index % 8 == 2 ? LARGE_BITS : SMALL_BITS);
}

static void
note(crash_ledger_t *ledger, uint32_t index, uint64_t words, uint64_t origin_version,
     uint32_t origin_variable)
{
  ledger->variables[index].version = ledger->stamp & UINT32_MAX;
  ledger->variables[index].words = words;
  ledger->variables[index].origin_version = origin_version;
  ledger->variables[index].origin_variable = origin_variable;
}

// Writes some variables, all of one stamp.
static void
put_some(crash_actor_t *actor, svar_transaction_t *transaction, crash_ledger_t *ledger)
{
  static uint64_t words[BULK_WORDS];
  uint32_t known = 1;
  while (known < CRASH_VARIABLES && ledger->variables[known].version != 0) {
    known++;
  }
  uint32_t limit = known < CRASH_VARIABLES ? known + 1 : known;
  for (uint64_t left = 1 + crash_below(&actor->random, 4); left > 0; left--) {
    // The variables become known in order, so that `known` counts them.
    uint32_t index = 1 + (uint32_t)crash_below(&actor->random, limit - 1);
    bool is_known = ledger->variables[index].version != 0;
    if (!is_known && crash_once_in(&actor->random, 2)) {
      continue;
    }
    uint64_t count = words_of(actor, index);
    crash_words_fill(words, count, ledger->stamp, index);
    put(actor, transaction, is_known, index, words, count);
    note(ledger, index, count, ledger->stamp & UINT32_MAX, index);
  }
}

static bool
is_same_type(crash_actor_t *actor, uint32_t a, uint32_t b)
{
  svar_type_t left = svar_variable_type(crash_variable(actor, a));
  svar_type_t right = svar_variable_type(crash_variable(actor, b));
  return svar_type_equal(&left, &right);
}

// One variable takes over what another has before this transaction.
static void
assign(crash_actor_t *actor, svar_transaction_t *transaction, const crash_ledger_t *before,
       crash_ledger_t *ledger, uint32_t to, uint32_t from)
{
  crash_require(
      actor,
      svar_transaction_assign(transaction, crash_variable(actor, to), crash_variable(actor, from)),
      "taking a value over");
  note(ledger, to, before->variables[from].words, before->variables[from].origin_version,
       (uint32_t)before->variables[from].origin_variable);
}

static bool
has_value(const crash_ledger_t *ledger, uint32_t index)
{
  return ledger->variables[index].version != 0 && ledger->variables[index].words != CRASH_UNSET;
}

// Swaps two variables, lets one have the other's value, or takes one's value away.
static void
move_some(crash_actor_t *actor, svar_transaction_t *transaction, const crash_ledger_t *before,
          crash_ledger_t *ledger)
{
  uint32_t a = 1 + (uint32_t)crash_below(&actor->random, CRASH_VARIABLES - 1);
  uint32_t b = 1 + (uint32_t)crash_below(&actor->random, CRASH_VARIABLES - 1);
  if (has_value(before, a) && has_value(before, b) && is_same_type(actor, a, b)) {
    assign(actor, transaction, before, ledger, a, b);
    if (crash_once_in(&actor->random, 2)) {
      assign(actor, transaction, before, ledger, b, a);
    }
  } else if (has_value(before, a) && crash_once_in(&actor->random, 4)) {
    crash_require(actor, svar_transaction_set(transaction, crash_variable(actor, a), svar_none()),
                  "taking a value away");
    note(ledger, a, CRASH_UNSET, 0, a);
  }
}

static void
put_all(crash_actor_t *actor, svar_transaction_t *transaction, const crash_ledger_t *before,
        crash_ledger_t *ledger)
{
  bool is_known = ledger->variables[CRASH_LEDGER].version != 0;
  ledger->variables[CRASH_LEDGER].version = 1;
  bool ledger_first = crash_once_in(&actor->random, 2);
  if (ledger_first) { // again when it is complete: a second set replaces the first
    put(actor, transaction, is_known, CRASH_LEDGER, (uint64_t *)ledger, CRASH_LEDGER_WORDS);
    is_known = is_known || actor->variables[CRASH_LEDGER] != NULL;
  }
  put_some(actor, transaction, ledger);
  if (crash_once_in(&actor->random, 3)) {
    move_some(actor, transaction, before, ledger);
  }
  crash_ledger_seal(ledger);
  if (ledger_first) {
    DLTensor tensor = svar_tensor(SVAR_UINT64, ledger, 1, (int64_t[]){CRASH_LEDGER_WORDS});
    crash_require(
        actor,
        svar_transaction_set(transaction, actor->variables[CRASH_LEDGER], svar_array(&tensor)),
        "writing the ledger again");
    return;
  }
  put(actor, transaction, is_known, CRASH_LEDGER, (uint64_t *)ledger, CRASH_LEDGER_WORDS);
}

// Handles of variables that an abort has taken back.
static void
forget_unknown(crash_actor_t *actor, const crash_ledger_t *ledger)
{
  for (int i = 0; i < CRASH_VARIABLES; i++) {
    if (ledger->variables[i].version == 0) {
      svar_variable_unref(actor->variables[i]);
      actor->variables[i] = NULL;
    }
  }
}

void
crash_holder_commit(crash_actor_t *actor, crash_ledger_t *ledger)
{
  svar_transaction_t *transaction;
  crash_ledger_t next = *ledger;
  uint64_t expected = svar_store_version(actor->store) + 1;
  if (actor->epoch == 0) {
    actor->epoch = atomic_fetch_add(&actor->record->epochs, 1) + 1;
  }
  next.stamp = crash_stamp(actor->epoch, expected);
  crash_require(actor, svar_transaction_begin(actor->store, &transaction),
                "beginning a transaction");
  put_all(actor, transaction, ledger, &next);
  if (crash_once_in(&actor->random, 16)) {
    svar_transaction_abort(transaction);
    forget_unknown(actor, ledger);
    return;
  }
  uint64_t version = 0;
  crash_require(actor, svar_transaction_commit(transaction, &version), "committing");
  if (version != expected) {
    crash_tell(actor, CRASH_LOST, "a commit made version %llu after %llu",
               (unsigned long long)version, (unsigned long long)(expected - 1));
  }
  atomic_store(&actor->record->reported, next.stamp);
  atomic_fetch_add_explicit(&actor->record->commits, 1, memory_order_relaxed);
  *ledger = next;
}

// --- a life ----------------------------------------------------------------------------------------

void
crash_holder_remove(crash_actor_t *actor)
{
  announce_removal(actor);
  crash_require(actor, svar_store_remove(actor->store), "removing the store");
  crash_close(actor);
}

// It reads, too: what it has just written, or what was there.
static void
look_back(crash_actor_t *actor)
{
  svar_snapshot_t snapshot;
  crash_ledger_t ledger;
  if (!crash_snapshot_begin(actor, &snapshot, &ledger)) {
    crash_tell(actor, CRASH_LOST, "the store was replaced under its holder");
  }
  crash_snapshot_check(actor, &snapshot, &ledger);
  svar_snapshot_end(&snapshot);
}

void
crash_holder_live(crash_actor_t *actor)
{
  crash_ledger_t ledger;
  crash_holder_open(actor, &ledger);
  for (uint32_t i = 0; i < actor->life->operations; i++) {
    if (crash_once_in(&actor->random, 1024)) {
      crash_holder_remove(actor);
      crash_holder_open(actor, &ledger);
    } else if (crash_once_in(&actor->random, 32)) {
      look_back(actor);
    } else {
      crash_holder_commit(actor, &ledger);
    }
  }
  if (crash_once_in(&actor->random, 8)) {
    crash_holder_remove(actor);
  }
}
