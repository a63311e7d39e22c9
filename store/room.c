// Room for new versions: which buffers may be written again, and what to do when there is none.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/array.h"
#include "store/crash_point.h"
#include "store/fence.h"
#include "store/slot.h"
#include "store/writer_impl.h"
#include "variable/text.h"

// Small values keep spare buffers up to this many bytes a variable, so that one scan serves many
// commits; large ones keep one: two buffers alternate.
static const uint64_t SPARE_BYTES = 4096;

// A new buffer of this size takes as long to fault in as parked pins take to be revoked.
static const uint64_t REVOKE_BYTES = UINT64_C(32) << 20;

// --- the scan --------------------------------------------------------------------------------------

static int
by_version(const void *a, const void *b)
{
  const uint64_t *left = a;
  const uint64_t *right = b;
  return (*left > *right) - (*left < *right);
}

static uint32_t
slots_used(const svari_readers_t *readers)
{
  uint32_t used = atomic_load_explicit(&readers->slots_used, memory_order_seq_cst);
  return used < SVARI_SLOTS ? used : SVARI_SLOTS; // the table is not believed
}

// Collects every pinned version, sorted. The pair of svari_pin_fenced(): see layout.h.
static svar_ret_t
scan_pins(svari_writer_t *writer)
{
  const svari_readers_t *readers = writer->store->region->readers;
  uint64_t version = atomic_load_explicit(&writer->header->version, memory_order_relaxed);
  atomic_store_explicit(&writer->header->horizon, version, memory_order_seq_cst);
  SVARI_CRASH_POINT("reclaim.horizon_stored");
  uint32_t used = slots_used(readers);
  SVAR_TRY(svari_array_reserve((void **)&writer->pinned, &writer->pinned_room,
                               (size_t)used * SVARI_SLOT_PINS, sizeof(uint64_t),
                               &writer->store->allocator));
  writer->pinned_count = 0;
  for (uint32_t i = 0; i < used; i++) {
    for (int pin = 0; pin < SVARI_SLOT_PINS; pin++) {
      // seq_cst, against svari_pin_fenced(); and acquire, pairs with svari_unpin(): what was read under
      // an ended pin was read before this.
      uint64_t word = atomic_load_explicit(&readers->slots[i].pins[pin], memory_order_seq_cst);
      if (word != 0) {
        writer->pinned[writer->pinned_count++] = svari_pin_version(word);
      }
    }
  }
  if (writer->pinned_count > 1) {
    qsort(writer->pinned, writer->pinned_count, sizeof(uint64_t), by_version);
  }
  return SVAR_OK;
}

// True if some pin p has begin <= p < end.
static bool
is_pinned(const svari_writer_t *writer, uint64_t begin, uint64_t end)
{
  size_t low = 0;
  size_t high = writer->pinned_count;
  while (low < high) { // the first pin >= begin
    size_t middle = low + (high - low) / 2;
    if (writer->pinned[middle] < begin) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < writer->pinned_count && writer->pinned[low] < end;
}

// --- reclaim ---------------------------------------------------------------------------------------

static uint64_t
spare_bytes(const svari_writer_variable_t *variable)
{
  uint64_t spare = 0;
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    spare += variable->records[i].state == SVARI_RECORD_FREE ? variable->records[i].room.bytes : 0;
  }
  return spare;
}

// True if the record alone names its buffer, and that is of the store.
static bool
has_own_buffer(const svari_writer_record_t *record)
{
  return svari_record_room(record) > 0 && record->sharer == 0;
}

// Nobody reads the record any more: its buffer is the variable's next, or goes back to whom it belongs.
static void
free_record(svari_writer_t *writer, uint64_t index, uint32_t record)
{
  svari_writer_variable_t *variable = &writer->variables[index];
  svari_writer_record_t *mirror = &variable->records[record];
  atomic_store_explicit(&variable->entry->begin[record], SVARI_BEGIN_NONE, memory_order_release);
  SVARI_CRASH_POINT("reclaim.record_freed");
  writer->retired_adoptions -= svari_offset_is_address(mirror->offset);
  uint64_t spare = spare_bytes(variable);
  if (!has_own_buffer(mirror) || (spare > 0 && spare + mirror->room.bytes > SPARE_BYTES)) {
    svari_buffer_leave(writer, index, record);
  } else {
    mirror->state = SVARI_RECORD_FREE;
  }
}

svar_ret_t
svari_writer_reclaim(svari_writer_t *writer)
{
  if (writer->retired_count == 0) {
    return SVAR_OK;
  }
  svari_pin_unpark(writer->store); // this thread is not reading now
  SVAR_TRY(scan_pins(writer));
  SVARI_CRASH_POINT("reclaim.scanned");
  size_t kept = 0;
  for (size_t i = 0; i < writer->retired_count; i++) {
    svari_retired_t retired = writer->retired[i];
    svari_writer_variable_t *variable = &writer->variables[retired.variable];
    uint64_t begin =
        atomic_load_explicit(&variable->entry->begin[retired.record], memory_order_relaxed);
    if (is_pinned(writer, begin, variable->records[retired.record].end)) {
      writer->retired[kept++] = retired;
    } else {
      free_record(writer, retired.variable, retired.record);
    }
  }
  writer->retired_count = kept;
  return SVAR_OK;
}

void
svari_writer_reclaim_adoptions(svari_writer_t *writer)
{
  if (writer->retired_adoptions > 0) {
    (void)svari_writer_reclaim(writer); // without memory for the scan they wait for the next time
  }
}

// --- last resorts ----------------------------------------------------------------------------------

// Frees the parked pins of older versions: layout.h, "revoke". Takes some milliseconds. False if there
// were none, or the kernel does not help; then they stay pins.
static bool
revoke_parked(svari_writer_t *writer)
{
  svari_readers_t *readers = writer->store->region->readers;
  uint64_t version = atomic_load_explicit(&writer->header->version, memory_order_relaxed);
  atomic_store_explicit(&writer->header->horizon, version, memory_order_seq_cst);
  if (!svari_fence_everywhere()) {
    return false;
  }
  SVARI_CRASH_POINT("revoke.fenced");
  bool has_freed = false;
  for (uint32_t i = 0; i < slots_used(readers); i++) {
    svari_pin_t *pin = &readers->slots[i].pins[0];
    uint64_t word = atomic_load_explicit(pin, memory_order_seq_cst);
    if (word != 0 && !svari_pin_is_active(word) && svari_pin_version(word) < version) {
      has_freed |= atomic_compare_exchange_strong(pin, &word, 0);
      SVARI_CRASH_POINT("revoke.pin_freed");
    }
  }
  return has_freed;
}

// True if revoke_parked() would find something.
static bool
has_parked(const svari_writer_t *writer)
{
  const svari_readers_t *readers = writer->store->region->readers;
  uint64_t version = atomic_load_explicit(&writer->header->version, memory_order_relaxed);
  for (uint32_t i = 0; i < slots_used(readers); i++) {
    uint64_t word = atomic_load_explicit(&readers->slots[i].pins[0], memory_order_relaxed);
    if (word != 0 && !svari_pin_is_active(word) && svari_pin_version(word) < version) {
      return true;
    }
  }
  return false;
}

// Ends the pins of processes that died, then reclaims what can be of every variable. Asks the kernel
// about each process attached: only worth it when nothing else helps.
static svar_ret_t
reap_and_reclaim(svari_writer_t *writer)
{
  svar_store_t *store = writer->store;
  pthread_mutex_lock(
      &store->lock); // the locks of processes do not tell this handle's threads apart
  svari_slots_reap(store);
  pthread_mutex_unlock(&store->lock);
  return svari_writer_reclaim(writer);
}

// --- finding a buffer ------------------------------------------------------------------------------

static bool
find_state(const svari_writer_variable_t *variable, svari_record_state_t state,
           uint64_t least_bytes, uint32_t *out_record)
{
  for (uint32_t i = 0; i < SVARI_RING_RECORDS; i++) {
    const svari_writer_record_t *record = &variable->records[i];
    if (record->state == state && svari_record_room(record) >= least_bytes) {
      *out_record = i;
      return true;
    }
  }
  return false;
}

// A free buffer that fits without wasting more than half of it. None is wanted: none fits.
static bool
find_free_buffer(const svari_writer_variable_t *variable, uint64_t rounded, uint32_t *out_record)
{
  return rounded > 0 && find_state(variable, SVARI_RECORD_FREE, rounded, out_record) &&
         (variable->records[*out_record].room.bytes / 2 <= rounded ||
          variable->records[*out_record].room.bytes <= SPARE_BYTES);
}

// What the GPUs' memory that the store has comes to, for people.
static void
count_device_bytes(svari_writer_t *writer)
{
  uint64_t bytes = 0;
  for (const svari_device_region_t *region = svari_store_devices(writer->store); region != NULL;
       region = region->next) {
    bytes += atomic_load_explicit(&region->end_bytes, memory_order_relaxed);
  }
  atomic_store_explicit(&writer->header->device_bytes, bytes, memory_order_relaxed);
}

// A record without a use for its buffer gets a new one of the size wanted; 0: none.
static svar_ret_t
take_new_buffer(svari_writer_t *writer, uint64_t index, uint64_t rounded, uint32_t *out_record)
{
  svari_writer_variable_t *variable = &writer->variables[index];
  uint32_t record;
  if (find_state(variable, SVARI_RECORD_FREE, 0, &record)) {
    svari_buffer_leave(writer, index, record); // of a size that no longer serves
  } else if (!find_state(variable, SVARI_RECORD_EMPTY, 0, &record)) {
    return SVAR_ERR_BUSY; // the caller tries harder, and writes the sentence
  }
  uint64_t offset = SVARI_OFFSET_UNSET;
  if (rounded > 0) {
    SVAR_TRY(svari_heap_take(svari_writer_heap_of(writer, index), rounded, &offset));
  }
  if (variable->device != 0) {
    count_device_bytes(writer);
  }
  variable->records[record] =
      (svari_writer_record_t){.offset = offset, .room.bytes = rounded, .state = SVARI_RECORD_FREE};
  *out_record = record;
  return SVAR_OK;
}

static uint64_t
variable_bytes(const svari_writer_variable_t *variable)
{
  uint64_t total = 0;
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    total += svari_record_room(&variable->records[i]);
  }
  return total;
}

static bool
has_retired(const svari_writer_variable_t *variable)
{
  uint32_t record;
  return find_state(variable, SVARI_RECORD_RETIRED, 0, &record);
}

void
svari_writer_drop_spares(svari_writer_t *writer, uint64_t variable)
{
  for (uint32_t record = 0; record < SVARI_RING_RECORDS; record++) {
    if (writer->variables[variable].records[record].state == SVARI_RECORD_FREE) {
      svari_buffer_leave(writer, variable, record);
    }
  }
}

static void
drop_all_spares(svari_writer_t *writer)
{
  for (size_t i = 0; i < writer->variable_count; i++) {
    svari_writer_drop_spares(writer, i);
  }
}

// True if a pin of that version keeps a record of the variable.
static bool
is_kept_by(const svari_writer_variable_t *variable, uint64_t version)
{
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    const svari_writer_record_t *record = &variable->records[i];
    if (record->state == SVARI_RECORD_RETIRED && version < record->end &&
        atomic_load_explicit(&variable->entry->begin[i], memory_order_relaxed) <= version) {
      return true;
    }
  }
  return false;
}

// The oldest pin that keeps a version of the variable, and the process record it is of. False: none does.
static bool
find_culprit(svari_writer_t *writer, uint64_t index, uint64_t *out_version, uint64_t *out_process)
{
  const svari_readers_t *readers = writer->store->region->readers;
  *out_version = UINT64_MAX;
  for (uint32_t i = 0; i < slots_used(readers); i++) {
    uint64_t owner = atomic_load_explicit(&readers->slots[i].owner, memory_order_relaxed);
    for (int pin = 0; pin < SVARI_SLOT_PINS && owner - 1 < SVARI_PROCESSES; pin++) {
      uint64_t word = atomic_load_explicit(&readers->slots[i].pins[pin], memory_order_relaxed);
      uint64_t version = svari_pin_version(word);
      if (word != 0 && version < *out_version && is_kept_by(&writer->variables[index], version)) {
        *out_version = version;
        *out_process = owner - 1;
      }
    }
  }
  return *out_version != UINT64_MAX;
}

static svar_ret_t
fail_pinned(svari_writer_t *writer, const char *name, uint64_t pinned, uint64_t owner)
{
  const svari_process_t *process = &writer->store->region->readers->processes[owner];
  uint64_t version = atomic_load_explicit(&writer->header->version, memory_order_relaxed);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return svar_fail(
      SVAR_ERR_BUSY,
      "store '%s': no room for a new version of variable %s: readers pin the older ones; the "
      "oldest pin is of process %d (%.*s, attached for %lld s): version %llu, %llu behind; it must "
      "release its values and snapshots",
      writer->store->name, svari_name_text(name).text,
      atomic_load_explicit(&process->pid, memory_order_relaxed), (int)sizeof(process->program),
      process->program,
      (long long)(now.tv_sec -
                  atomic_load_explicit(&process->attached_ns, memory_order_relaxed) / 1000000000),
      (unsigned long long)pinned, (unsigned long long)(version - pinned));
}

// Why there is no room: BUSY or NO_SPACE, of which the sentence has been written.
static svar_ret_t
fail_without_room(svari_writer_t *writer, uint64_t index, svar_ret_t ret)
{
  const svari_writer_variable_t *variable = &writer->variables[index];
  const bool is_labelled = variable->own != NULL && variable->own->name != NULL;
  const char *name = is_labelled ? variable->own->name : variable->entry->name;
  uint64_t pinned;
  uint64_t owner;
  if (find_culprit(writer, index, &pinned, &owner)) {
    return fail_pinned(writer, name, pinned, owner);
  }
  return ret == SVAR_ERR_NO_SPACE
             ? ret
             : svar_fail(SVAR_ERR_BUSY,
                         "store '%s': all %d versions of variable %s are in use by transactions "
                         "that were begun and neither committed nor aborted",
                         writer->store->name, SVARI_RING_RECORDS, svari_name_text(name).text);
}

// A buffer that somebody's pin kept, once the dead and the parked are not counted.
static svar_ret_t
revoke_and_reclaim(svari_writer_t *writer)
{
  // Looks again in any case: what the last scan found may have ended since, by itself or by a death.
  if (has_parked(writer)) {
    revoke_parked(writer);
  }
  return svari_writer_reclaim(writer);
}

// The last resorts, when no buffer of the variable is free.
static svar_ret_t
find_room_hard(svari_writer_t *writer, uint64_t index, uint64_t rounded, uint32_t *out_record)
{
  svari_writer_variable_t *variable = &writer->variables[index];
  SVAR_TRY(reap_and_reclaim(writer));
  if (!find_free_buffer(variable, rounded, out_record) && rounded >= REVOKE_BYTES) {
    SVAR_TRY(revoke_and_reclaim(writer));
  }
  if (find_free_buffer(variable, rounded, out_record)) {
    return SVAR_OK;
  }
  svar_ret_t ret = take_new_buffer(writer, index, rounded, out_record);
  if (ret == SVAR_ERR_BUSY || ret == SVAR_ERR_NO_SPACE) {
    SVAR_TRY(revoke_and_reclaim(writer));
    if (find_free_buffer(variable, rounded, out_record)) {
      return SVAR_OK;
    }
    drop_all_spares(writer);
    ret = take_new_buffer(writer, index, rounded, out_record);
  }
  return ret == SVAR_ERR_BUSY || ret == SVAR_ERR_NO_SPACE ? fail_without_room(writer, index, ret)
                                                          : ret;
}

static svar_ret_t
find_room(svari_writer_t *writer, uint64_t index, uint64_t rounded, uint32_t *out_record)
{
  svari_writer_variable_t *variable = &writer->variables[index];
  if (find_free_buffer(variable, rounded, out_record)) {
    return SVAR_OK;
  }
  bool is_small = variable_bytes(variable) + rounded <= SPARE_BYTES;
  if (is_small && take_new_buffer(writer, index, rounded, out_record) == SVAR_OK) {
    return SVAR_OK;
  }
  if (has_retired(variable)) {
    SVAR_TRY(svari_writer_reclaim(writer));
    if (find_free_buffer(variable, rounded, out_record)) {
      return SVAR_OK;
    }
  }
  // Beside a pinned one another buffer, at once where that takes no new memory and so no system call. (A record
  // alone takes none; on a GPU there may be no heap yet.)
  if ((!has_retired(variable) || rounded == 0 ||
       svari_heap_has_warm(svari_writer_heap_of(writer, index), rounded)) &&
      take_new_buffer(writer, index, rounded, out_record) == SVAR_OK) {
    return SVAR_OK;
  }
  return find_room_hard(writer, index, rounded, out_record);
}

svar_ret_t
svari_writer_loan(svari_writer_t *writer, uint64_t variable, uint64_t size_bytes,
                  svari_loan_t *out_loan)
{
  uint32_t record;
  bool is_bare = size_bytes == SVARI_NO_BUFFER;
  uint64_t rounded =
      is_bare ? 0 : svari_heap_round(svari_writer_heap_of(writer, variable), size_bytes);
  SVAR_TRY(find_room(writer, variable, rounded, &record));
  svari_writer_record_t *mirror = &writer->variables[variable].records[record];
  mirror->state = SVARI_RECORD_LOANED;
  out_loan->variable = variable;
  out_loan->record = record;
  out_loan->size_bytes = is_bare ? 0 : size_bytes;
  out_loan->offset = mirror->offset;
  out_loan->source = SVARI_NO_SOURCE;
  return SVAR_OK;
}

void
svari_writer_abandon(svari_writer_t *writer, const svari_loan_t *loan)
{
  svari_writer_record_t *mirror = &writer->variables[loan->variable].records[loan->record];
  if (has_own_buffer(mirror)) {
    mirror->state = SVARI_RECORD_FREE;
  } else {
    svari_buffer_leave(writer, loan->variable, loan->record);
  }
}
