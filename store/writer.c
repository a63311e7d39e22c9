#include <string.h>
#include <time.h>

#include "store/array.h"
#include "store/crash_point.h"
#include "store/writer_impl.h"

svari_header_t *
svari_writer_header(svari_writer_t *writer)
{
  return writer->header;
}

svari_heap_t *
svari_writer_heap(svari_writer_t *writer, uint32_t device)
{
  return &writer->heaps[device];
}

void
svari_writer_device(svari_writer_t *writer, uint32_t device, svari_device_region_t *region)
{
  svari_heap_init(&writer->heaps[device], &region->space, &region->end_bytes, writer->store->name,
                  &writer->store->allocator);
  writer->regions[device] = region->number;
}

void
svari_writer_lock(svari_writer_t *writer)
{
  pthread_mutex_lock(&writer->lock);
}

void
svari_writer_unlock(svari_writer_t *writer)
{
  pthread_mutex_unlock(&writer->lock);
}

svar_ret_t
svari_writer_create(svar_store_t *store, svari_writer_t **out_writer)
{
  const svar_allocator_t *allocator = &store->allocator;
  svari_writer_t *writer = allocator->allocate(sizeof(*writer), 64, allocator->state);
  if (writer == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to hold store '%s'", store->name);
  }
  *writer = (svari_writer_t){.store = store, .header = (svari_header_t *)store->region->write_base};
  pthread_mutex_init(&writer->lock, NULL);
  svari_heap_init(&writer->heaps[0], &store->region->space, &writer->header->end_bytes, store->name,
                  allocator);
  svar_ret_t ret = svari_writer_resume(writer);
  if (ret != SVAR_OK) {
    svari_writer_destroy(writer);
    return ret;
  }
  *out_writer = writer;
  return SVAR_OK;
}

void
svari_writer_destroy(svari_writer_t *writer)
{
  if (writer == NULL) {
    return;
  }
  svar_allocator_t allocator = writer->store->allocator;
  svari_transactions_destroy(writer);
  for (size_t i = 0; i < sizeof(writer->heaps) / sizeof(writer->heaps[0]); i++) {
    svari_heap_fini(&writer->heaps[i]);
  }
  allocator.deallocate(writer->variables, allocator.state);
  allocator.deallocate(writer->retired, allocator.state);
  allocator.deallocate(writer->forgotten, allocator.state);
  allocator.deallocate(writer->pinned, allocator.state);
  pthread_mutex_destroy(&writer->lock);
  allocator.deallocate(writer, allocator.state);
}

// --- variables -------------------------------------------------------------------------------------

svar_ret_t
svari_writer_reserve(svari_writer_t *writer, uint64_t index)
{
  const svar_allocator_t *allocator = &writer->store->allocator;
  // Every record can be retired at once; reserving here lets commit and reclaim not fail.
  SVAR_TRY(svari_array_reserve((void **)&writer->retired, &writer->retired_room,
                               (index + 1) * SVARI_RING_RECORDS, sizeof(*writer->retired),
                               allocator));
  return svari_array_reserve((void **)&writer->variables, &writer->variable_room, index + 1,
                             sizeof(*writer->variables), allocator);
}

svar_ret_t
svari_writer_mirror(svari_writer_t *writer, uint64_t index, svari_writer_variable_t **out_variable)
{
  SVAR_TRY(svari_writer_reserve(writer, index));
  const svari_entry_t *entry = svari_directory_entry(writer->store, index);
  if (entry == NULL) {
    return svar_fail(SVAR_ERR_CORRUPT, "store '%s': entry %llu of the directory is out of bounds",
                     writer->store->name, (unsigned long long)index);
  }
  svari_writer_variable_t *variable = &writer->variables[index];
  ptrdiff_t offset = (const uint8_t *)entry - writer->store->region->space.read_base;
  *variable = (svari_writer_variable_t){
      .entry = (svari_entry_t *)(writer->store->region->write_base + offset),
      .newest = SVARI_NO_RECORD,
      .device = (uint8_t)svari_entry_device(entry->flags),
  };
  if (index >= writer->variable_count) {
    writer->variable_count = index + 1;
  }
  *out_variable = variable;
  return SVAR_OK;
}

// Nothing of the entry can be read any more, or yet.
static void
set_type(svari_writer_t *writer, uint64_t index, const svar_type_t *type, uint32_t device)
{
  svari_writer_variable_t *variable = &writer->variables[index];
  if (variable->device != device) {
    svari_writer_drop_spares(writer, index); // the next values will not lie there
    variable->device = (uint8_t)device;
  }
  variable->entry->dtype = type->dtype;
  variable->entry->ndim = type->ndim;
  variable->entry->broadcastable = type->broadcastable;
  variable->entry->flags = svari_entry_flags(type, device);
  variable->is_declared = true;
}

static svar_ret_t
redeclare(svari_writer_t *writer, uint64_t index, const char *name, const svar_type_t *type,
          uint32_t device)
{
  const svari_writer_variable_t *variable = &writer->variables[index];
  if (variable->newest != SVARI_NO_RECORD || variable->is_declared) {
    return svar_fail(SVAR_ERR_EXISTS,
                     "store '%s' already has a variable '%s'; svar_store_find() gives it",
                     writer->store->name, name);
  }
  set_type(writer, index, type, device); // it never had a value, so no reader can know its type
  return SVAR_OK;
}

static svar_ret_t
append(svari_writer_t *writer, const char *name, const svar_type_t *type, uint32_t device,
       uint64_t *out_variable)
{
  svari_writer_variable_t *variable;
  SVAR_TRY(svari_writer_reserve(writer, writer->variable_count));
  SVAR_TRY(svari_directory_append(writer->store, name, type, svari_entry_flags(type, device),
                                  out_variable));
  SVAR_TRY(svari_writer_mirror(writer, *out_variable, &variable));
  variable->is_declared = true;
  return SVAR_OK;
}

svar_ret_t
svari_writer_declare(svari_writer_t *writer, const char *name, const svar_type_t *type,
                     uint32_t device, uint64_t *out_variable)
{
  SVAR_TRY(svari_directory_check_name(name));
  svar_ret_t ret = svari_directory_find(writer->store, name, out_variable);
  if (ret == SVAR_OK) {
    return redeclare(writer, *out_variable, name, type, device);
  }
  if (ret != SVAR_ERR_NOT_FOUND) {
    return ret;
  }
  return append(writer, name, type, device, out_variable);
}

// True if a reader may still have one of the variable's values pinned.
static bool
has_records(const svari_writer_variable_t *variable)
{
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    if (variable->records[i].state == SVARI_RECORD_RETIRED) {
      return true;
    }
  }
  return false;
}

// A forgotten entry is used again only when nothing of it can be read any more.
static bool
take_forgotten(svari_writer_t *writer, uint64_t *out_variable)
{
  if (writer->forgotten_count == 0 || svari_writer_reclaim(writer) != SVAR_OK) {
    return false;
  }
  for (size_t i = writer->forgotten_count; i-- > 0;) {
    uint64_t variable = writer->forgotten[i];
    if (!has_records(&writer->variables[variable])) {
      writer->forgotten[i] = writer->forgotten[--writer->forgotten_count];
      *out_variable = variable;
      return true;
    }
  }
  return false;
}

svar_ret_t
svari_writer_declare_anonymous(svari_writer_t *writer, const svar_type_t *type, uint32_t device,
                               uint64_t *out_variable)
{
  if (take_forgotten(writer, out_variable)) {
    set_type(writer, *out_variable, type, device);
    return SVAR_OK;
  }
  return append(writer, "", type, device,
                out_variable); // no name that a variable of a store can have
}

void
svari_writer_undeclare(svari_writer_t *writer, uint64_t variable)
{
  if (writer->variables[variable].newest == SVARI_NO_RECORD) {
    writer->variables[variable].is_declared = false;
  }
}

void
svari_writer_set_own(svari_writer_t *writer, uint64_t variable, const svari_container_t *own)
{
  writer->variables[variable].own = own;
}

const svari_container_t *
svari_writer_own(const svari_writer_t *writer, uint64_t variable)
{
  return writer->variables[variable].own;
}

void
svari_writer_adopt(svari_writer_t *writer, const svari_loan_t *loan, svari_adoption_t *adoption)
{
  svari_writer_record_t *mirror = &writer->variables[loan->variable].records[loan->record];
  mirror->offset = SVARI_OFFSET_ADDRESS | (uint64_t)(uintptr_t)adoption->data;
  mirror->room.adoption = adoption;
}

void
svari_writer_disown(svari_writer_t *writer, const svari_loan_t *loan)
{
  const svari_writer_record_t *mirror = &writer->variables[loan->variable].records[loan->record];
  if (svari_offset_is_address(mirror->offset)) {
    mirror->room.adoption->managed = NULL;
  }
}

// --- commit ----------------------------------------------------------------------------------------

void
svari_writer_retire(svari_writer_t *writer, uint64_t variable, uint32_t record, uint64_t end)
{
  svari_writer_record_t *old = &writer->variables[variable].records[record];
  old->state = SVARI_RECORD_RETIRED;
  old->end = end;
  writer->retired_adoptions += svari_offset_is_address(old->offset);
  writer->retired[writer->retired_count++] = (svari_retired_t){variable, record};
}

static void
publish(svari_writer_t *writer, const svari_loan_t *loan, uint64_t version)
{
  svari_writer_variable_t *variable = &writer->variables[loan->variable];
  svari_writer_record_t *mirror = &variable->records[loan->record];
  svari_record_t *record = &variable->entry->records[loan->record];
  record->offset = mirror->offset;
  record->size_bytes = loan->size_bytes;
  record->room_bytes = svari_record_room(mirror);
  record->region = writer->regions[variable->device];
  memcpy(record->shape, loan->shape, (size_t)variable->entry->ndim * sizeof(int64_t));
  SVARI_CRASH_POINT("commit.record_filled");
  // Release, pairs with the readers' acquire of begin: who finds the version finds the record whole.
  atomic_store_explicit(&variable->entry->begin[loan->record], version, memory_order_release);
  SVARI_CRASH_POINT("commit.begin_stored");
  atomic_store_explicit(&variable->entry->newest, loan->record, memory_order_release);
  SVARI_CRASH_POINT("commit.newest_stored");
  if (variable->newest != SVARI_NO_RECORD) {
    svari_writer_retire(writer, loan->variable, variable->newest, version);
  }
  variable->newest = (uint8_t)loan->record;
  mirror->state = SVARI_RECORD_LIVE;
}

// Before anything is published: each takes the value of before the commit, whatever else the commit changes.
void
svari_writer_resolve(svari_writer_t *writer, svari_loan_t *loans, size_t loan_count)
{
  for (size_t i = 0; i < loan_count; i++) {
    svari_loan_t *loan = &loans[i];
    const svari_writer_variable_t *source =
        loan->source != SVARI_NO_SOURCE ? &writer->variables[loan->source] : NULL;
    if (source != NULL && source->newest != SVARI_NO_RECORD) {
      const svari_record_t *value = &source->entry->records[source->newest];
      svari_buffer_share(writer, loan->source, source->newest, loan->variable, loan->record);
      if (source->records[source->newest].offset != SVARI_OFFSET_UNSET) {
        loan->size_bytes = value->size_bytes;
        memcpy(loan->shape, value->shape, sizeof(loan->shape));
      }
    }
  }
}

// The commit point: what was published with begin = version + 1 is visible from here on.
static uint64_t
next_version(svari_writer_t *writer)
{
  svari_header_t *header = writer->header;
  uint64_t version = atomic_load_explicit(&header->version, memory_order_relaxed) + 1;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  atomic_store_explicit(&header->committed_ns, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                        memory_order_relaxed);
  SVARI_CRASH_POINT("commit.records_filled");
  // seq_cst: it releases everything above, and it is ordered before the look at the waiting flag in
  // svari_wake() (a waiter orders its flag before its look at the version).
  atomic_store_explicit(&header->version, version, memory_order_seq_cst);
  SVARI_CRASH_POINT("commit.version_stored");
  return version;
}

// Begins to load what publish() will write: of many variables, hardly one is in the cache.
static void
prefetch(const svari_writer_t *writer, const svari_loan_t *loan)
{
  const svari_writer_variable_t *variable = &writer->variables[loan->variable];
  const svari_entry_t *entry = variable->entry;
  __builtin_prefetch(&variable->records[loan->record], 1);
  __builtin_prefetch(&entry->newest, 1);
  __builtin_prefetch(&entry->begin[loan->record], 1);
  __builtin_prefetch(&entry->records[loan->record], 1);
}

uint64_t
svari_writer_commit(svari_writer_t *writer, const svari_loan_t *loans, size_t loan_count)
{
  enum { AHEAD = 4 };
  uint64_t version = atomic_load_explicit(&writer->header->version, memory_order_relaxed);
  if (loan_count == 0) {
    return version;
  }
  SVARI_CRASH_POINT("commit.begun");
  for (size_t i = 0; i < loan_count; i++) {
    if (i + AHEAD < loan_count) {
      prefetch(writer, &loans[i + AHEAD]);
    }
    publish(writer, &loans[i], version + 1);
  }
  return next_version(writer);
}

void
svari_writer_forget(svari_writer_t *writer, uint64_t variable)
{
  svari_writer_variable_t *mirror = &writer->variables[variable];
  mirror->is_declared = false;
  if (svari_array_reserve((void **)&writer->forgotten, &writer->forgotten_room,
                          writer->forgotten_count + 1, sizeof(uint64_t),
                          &writer->store->allocator) != SVAR_OK) {
    return; // the entry and its value stay until the store goes
  }
  if (mirror->newest != SVARI_NO_RECORD) {
    // The value's life ends with a version of its own, which pins can be compared with.
    svari_writer_retire(writer, variable, mirror->newest, next_version(writer));
    mirror->newest = SVARI_NO_RECORD;
  }
  writer->forgotten[writer->forgotten_count++] = variable;
  svari_writer_reclaim_adoptions(writer);
}
