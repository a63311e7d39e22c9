// Who owns the bytes that a record names: the record, several records together, or a caller. Each record
// lives and is freed by itself; the last one to go takes the bytes with it, so they are written again, or
// given back to their owner, when no pin covers any of the lives.
#include "store/crash_point.h"
#include "store/writer_impl.h"

// A record as a number other than 0.
static uint32_t
name_of(uint64_t variable, uint32_t record)
{
  return (uint32_t)(variable * SVARI_RING_RECORDS + record + 1);
}

static svari_writer_record_t *
record_of(svari_writer_t *writer, uint32_t name)
{
  return &writer->variables[(name - 1) / SVARI_RING_RECORDS]
              .records[(name - 1) % SVARI_RING_RECORDS];
}

// The records of one buffer name each other in a circle; a record alone names none.
void
svari_buffer_link(svari_writer_t *writer, uint64_t variable, uint32_t record, uint64_t newcomer,
                  uint32_t new_record)
{
  svari_writer_record_t *old = &writer->variables[variable].records[record];
  svari_writer_record_t *new = &writer->variables[newcomer].records[new_record];
  new->sharer = old->sharer != 0 ? old->sharer : name_of(variable, record);
  old->sharer = name_of(newcomer, new_record);
}

void
svari_buffer_share(svari_writer_t *writer, uint64_t variable, uint32_t record, uint64_t newcomer,
                   uint32_t new_record)
{
  const svari_writer_record_t *old = &writer->variables[variable].records[record];
  svari_writer_record_t *new = &writer->variables[newcomer].records[new_record];
  new->offset = old->offset;
  new->room = old->room;
  if (old->offset != SVARI_OFFSET_UNSET) {
    svari_buffer_link(writer, variable, record, newcomer, new_record);
  }
}

// Takes a record out of its circle.
static void
unlink(svari_writer_t *writer, uint64_t variable, uint32_t record)
{
  uint32_t self = name_of(variable, record);
  const svari_writer_record_t *own = record_of(writer, self);
  uint32_t before = own->sharer;
  while (record_of(writer, before)->sharer != self) {
    before = record_of(writer, before)->sharer;
  }
  record_of(writer, before)->sharer = before == own->sharer ? 0 : own->sharer;
}

static const svari_writer_record_t *
find_around(const svari_writer_variable_t *variable, uint64_t offset, uint64_t size_bytes)
{
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    const svari_writer_record_t *record = &variable->records[i];
    uint64_t skipped = offset - record->offset;
    uint64_t room = svari_record_room(record);
    if (skipped < room && size_bytes <= room - skipped) {
      return record;
    }
  }
  return NULL;
}

bool
svari_buffer_find(const svari_writer_t *writer, uint64_t offset, uint64_t size_bytes,
                  uint64_t *out_offset, uint64_t *out_bytes)
{
  const svari_writer_record_t *found = NULL;
  for (size_t i = 0; i < writer->variable_count && found == NULL; i++) {
    const svari_writer_variable_t *variable = &writer->variables[i];
    found = variable->device == 0 ? find_around(variable, offset, size_bytes) : NULL;
  }
  if (found != NULL) {
    *out_offset = found->offset;
    *out_bytes = svari_record_room(found);
  }
  return found != NULL;
}

// To the heap, and out of the memory that GPUs know, first.
static void
give_back(svari_writer_t *writer, uint64_t variable, const svari_writer_record_t *mirror)
{
  if (writer->variables[variable].device == 0) {
    svari_registrations_forget(writer->store, mirror->offset);
  }
  svari_heap_give(svari_writer_heap_of(writer, variable), mirror->offset, mirror->room.bytes);
}

void
svari_buffer_leave(svari_writer_t *writer, uint64_t variable, uint32_t record)
{
  svari_writer_record_t *mirror = &writer->variables[variable].records[record];
  if (mirror->sharer != 0) {
    unlink(writer, variable, record);
    SVARI_CRASH_POINT("reclaim.sharer_left");
  } else if (svari_offset_is_address(mirror->offset)) {
    mirror->room.adoption->next_released = writer->released;
    writer->released = mirror->room.adoption;
  } else if (svari_record_room(mirror) > 0) {
    give_back(writer, variable, mirror);
  }
  *mirror = (svari_writer_record_t){.state = SVARI_RECORD_EMPTY};
}

void
svari_writer_end_adoptions(svari_writer_t *writer)
{
  for (size_t i = 0; i < writer->variable_count; i++) {
    for (uint32_t record = 0; record < SVARI_RING_RECORDS; record++) {
      const svari_writer_record_t *mirror = &writer->variables[i].records[record];
      if (svari_offset_is_address(mirror->offset) && mirror->state != SVARI_RECORD_LOANED) {
        svari_buffer_leave(writer, i, record);
      }
    }
  }
  writer->retired_adoptions = 0;
}

svari_adoption_t *
svari_writer_take_released(svari_writer_t *writer)
{
  svari_adoption_t *released = writer->released;
  writer->released = NULL;
  return released;
}
