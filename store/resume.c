// Recovery: a new holder of an existing store takes over from the shared bytes alone.
//
// A holder can die between any two stores. What it leaves is one of these, for each record:
//   begin <= version   committed. The largest is the value; older ones may still be pinned.
//   begin >  version   a commit that did not reach its commit point: dropped.
//   begin == NONE      free or half-written: its buffer is not in use.
// Committed records that name the very same buffer share it, whoever wrote them: it is not used again
// before all of them are free. Buffers that overlap otherwise are no holder's work.
// The allocator's state is nowhere in the file: what committed records and the directory do not cover
// is free. Memory on GPUs is nowhere in the file either: it ended with the holder, but for readers that have it
// mapped, and a variable there has no value until it is set again.
#include <stdlib.h>

#include "store/array.h"
#include "store/crash_point.h"
#include "store/writer_impl.h"

// Bytes in use, and the record that names them.
typedef struct claim {
  svari_extent_t extent;
  uint64_t variable; // NO_VARIABLE: a block of the directory
  uint32_t record;
} claim_t;

#define NO_VARIABLE UINT64_MAX

typedef struct recovery {
  svari_writer_t *writer;
  uint64_t version;
  claim_t *claims;
  size_t claim_count, claim_room;
  svari_extent_t *used;
  size_t used_count, used_room;
} recovery_t;

static svar_ret_t
add_claim(recovery_t *recovery, claim_t claim)
{
  SVAR_TRY(svari_array_reserve((void **)&recovery->claims, &recovery->claim_room,
                               recovery->claim_count + 1, sizeof(claim_t),
                               &recovery->writer->store->allocator));
  recovery->claims[recovery->claim_count++] = claim;
  return SVAR_OK;
}

// True if the record's value is of the size that its shape says, and lies in a buffer of its own; or if it
// says that there is none.
static bool
makes_sense(const svari_heap_t *heap, const svari_record_t *record, const svar_type_t *type)
{
  uint64_t size_bytes;
  if (record->offset == SVARI_OFFSET_UNSET) {
    return record->size_bytes == 0 && record->room_bytes == 0;
  }
  return svar_shape_bytes(type->dtype, type->ndim, record->shape, &size_bytes) == SVAR_OK &&
         size_bytes == record->size_bytes && record->size_bytes <= record->room_bytes &&
         record->room_bytes != 0 &&
         svari_heap_round(heap, record->room_bytes) == record->room_bytes &&
         record->offset % SVARI_ALIGNMENT == 0;
}

// Keeps a committed record's buffer.
static svar_ret_t
keep_record(recovery_t *recovery, svari_writer_variable_t *variable, const svar_type_t *type,
            uint32_t index)
{
  const svari_record_t *record = &variable->entry->records[index];
  if (variable->device != 0) {
    // The memory that the offset is in was the last holder's, and is not kept in a file: only processes
    // that have it mapped can read it. So there is no buffer, but the record stays: they may.
    variable->records[index] =
        (svari_writer_record_t){.offset = SVARI_OFFSET_UNSET, .state = SVARI_RECORD_LIVE};
    return SVAR_OK;
  }
  if (!makes_sense(&recovery->writer->heaps[0], record, type)) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "store '%s': the record of '%.*s' makes no sense (offset %llu, %llu of %llu "
                     "bytes); create it with start_empty to discard what is there",
                     recovery->writer->store->name, SVARI_NAME_BYTES, variable->entry->name,
                     (unsigned long long)record->offset, (unsigned long long)record->size_bytes,
                     (unsigned long long)record->room_bytes);
  }
  variable->records[index] = (svari_writer_record_t){
      .offset = record->offset, .room.bytes = record->room_bytes, .state = SVARI_RECORD_LIVE};
  if (record->room_bytes == 0) {
    return SVAR_OK;
  }
  uint64_t position = (uint64_t)(variable - recovery->writer->variables);
  return add_claim(recovery, (claim_t){{.offset = record->offset, .size_bytes = record->room_bytes},
                                       .variable = position,
                                       .record = index});
}

// Drops unfinished records, keeps committed ones, and finds the newest.
static svar_ret_t
sort_records(recovery_t *recovery, svari_writer_variable_t *variable, const svar_type_t *type)
{
  uint64_t newest_begin = 0;
  for (uint32_t i = 0; i < SVARI_RING_RECORDS; i++) {
    uint64_t begin = atomic_load_explicit(&variable->entry->begin[i], memory_order_relaxed);
    if (begin > recovery->version || begin == 0) {
      atomic_store_explicit(&variable->entry->begin[i], SVARI_BEGIN_NONE, memory_order_release);
      continue;
    }
    SVAR_TRY(keep_record(recovery, variable, type, i));
    if (begin == newest_begin) {
      return svar_fail(SVAR_ERR_CORRUPT, "store '%s': '%.*s' has two values of version %llu",
                       recovery->writer->store->name, SVARI_NAME_BYTES, variable->entry->name,
                       (unsigned long long)begin);
    }
    if (begin > newest_begin) {
      newest_begin = begin;
      variable->newest = (uint8_t)i;
    }
  }
  return SVAR_OK;
}

// The begin that follows `begin` in the ring: the end of that record's life.
static uint64_t
end_of(const svari_entry_t *entry, uint64_t begin)
{
  uint64_t end = SVARI_BEGIN_NONE;
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    uint64_t other = atomic_load_explicit(&entry->begin[i], memory_order_relaxed);
    if (other > begin && other < end) {
      end = other;
    }
  }
  return end;
}

static svar_ret_t
recover_variable(recovery_t *recovery, uint64_t index)
{
  svari_writer_variable_t *variable;
  svar_type_t type;
  SVAR_TRY(svari_writer_mirror(recovery->writer, index, &variable));
  uint32_t device;
  SVAR_TRY(svari_directory_type(recovery->writer->store, variable->entry, &type, &device));
  SVAR_TRY(sort_records(recovery, variable, &type));
  SVARI_CRASH_POINT("resume.records_sorted");
  if (variable->newest == SVARI_NO_RECORD) {
    return SVAR_OK;
  }
  atomic_store_explicit(&variable->entry->newest, variable->newest, memory_order_release);
  SVARI_CRASH_POINT("resume.hint_stored");
  for (uint32_t i = 0; i < SVARI_RING_RECORDS; i++) {
    if (variable->records[i].state == SVARI_RECORD_LIVE && i != variable->newest) {
      uint64_t begin = atomic_load_explicit(&variable->entry->begin[i], memory_order_relaxed);
      svari_writer_retire(recovery->writer, index, i, end_of(variable->entry, begin));
    }
  }
  return SVAR_OK;
}

// A version that commits could count past, or a horizon that they have not reached, is no holder's work.
static svar_ret_t
check_versions(const recovery_t *recovery)
{
  uint64_t horizon = atomic_load_explicit(&recovery->writer->header->horizon, memory_order_relaxed);
  if (recovery->version > SVARI_VERSION_MAX || horizon > recovery->version) {
    return svar_fail(
        SVAR_ERR_CORRUPT,
        "store '%s': the header's version %llu and horizon %llu make no sense; create it "
        "with start_empty to discard what is there",
        recovery->writer->store->name, (unsigned long long)recovery->version,
        (unsigned long long)horizon);
  }
  return SVAR_OK;
}

// What the last holder had of GPUs is nobody's to share any more.
static void
forget_regions(svari_header_t *header)
{
  for (int i = 0; i < SVARI_DEVICES; i++) {
    atomic_store_explicit(&header->devices[i].region, 0, memory_order_relaxed);
    SVARI_CRASH_POINT("resume.region_forgotten");
  }
}

// Every block that the header names, those without an entry yet included: they will be used.
static svar_ret_t
recover_directory(recovery_t *recovery)
{
  const svari_header_t *header = recovery->writer->header;
  for (uint32_t block = 0; block < SVARI_DIRECTORY_BLOCKS; block++) {
    uint64_t offset = atomic_load_explicit(&header->directory[block], memory_order_relaxed);
    if (offset % SVARI_ALIGNMENT != 0) {
      return svar_fail(
          SVAR_ERR_CORRUPT,
          "store '%s': block %u of the directory lies at the odd offset %llu; create it "
          "with start_empty to discard what is there",
          recovery->writer->store->name, block, (unsigned long long)offset);
    }
    if (offset != 0) {
      uint64_t size_bytes =
          svari_heap_round(&recovery->writer->heaps[0], svari_directory_block_bytes(block));
      SVAR_TRY(add_claim(recovery, (claim_t){{.offset = offset, .size_bytes = size_bytes},
                                             .variable = NO_VARIABLE}));
    }
  }
  return SVAR_OK;
}

static int
by_offset(const void *a, const void *b)
{
  const claim_t *left = a;
  const claim_t *right = b;
  return (left->extent.offset > right->extent.offset) -
         (left->extent.offset < right->extent.offset);
}

static bool
is_shared(const claim_t *first, const claim_t *second)
{
  return first->variable != NO_VARIABLE && second->variable != NO_VARIABLE &&
         first->extent.offset == second->extent.offset &&
         first->extent.size_bytes == second->extent.size_bytes;
}

// Each buffer once, and its records linked.
static svar_ret_t
merge_claims(recovery_t *recovery)
{
  const claim_t *claims = recovery->claims;
  SVAR_TRY(svari_array_reserve((void **)&recovery->used, &recovery->used_room,
                               recovery->claim_count, sizeof(svari_extent_t),
                               &recovery->writer->store->allocator));
  if (recovery->claim_count > 0) {
    qsort(recovery->claims, recovery->claim_count, sizeof(claim_t), by_offset);
  }
  for (size_t i = 0; i < recovery->claim_count; i++) {
    if (i > 0 && is_shared(&claims[i - 1], &claims[i])) {
      svari_buffer_link(recovery->writer, claims[i - 1].variable, claims[i - 1].record,
                        claims[i].variable, claims[i].record);
    } else {
      recovery->used[recovery->used_count++] = claims[i].extent;
    }
  }
  return SVAR_OK;
}

static svar_ret_t
recover(recovery_t *recovery)
{
  svari_writer_t *writer = recovery->writer;
  svari_header_t *header = writer->header;
  SVAR_TRY(check_versions(recovery));
  forget_regions(header);
  SVAR_TRY(recover_directory(recovery));
  uint64_t count = atomic_load_explicit(&header->variable_count, memory_order_relaxed);
  for (uint64_t i = 0; i < count; i++) {
    SVAR_TRY(recover_variable(recovery, i));
  }
  SVAR_TRY(merge_claims(recovery));
  return svari_heap_rebuild(&writer->heaps[0], recovery->used, recovery->used_count);
}

svar_ret_t
svari_writer_resume(svari_writer_t *writer)
{
  recovery_t recovery = {
      .writer = writer,
      .version = atomic_load_explicit(&writer->header->version, memory_order_relaxed),
  };
  SVARI_CRASH_POINT("resume.begun");
  svar_ret_t ret = recover(&recovery);
  SVARI_CRASH_POINT("resume.recovered");
  const svar_allocator_t *allocator = &writer->store->allocator;
  allocator->deallocate(recovery.claims, allocator->state);
  allocator->deallocate(recovery.used, allocator->state);
  return ret;
}
