// What writer.c (commit), room.c (buffers) and resume.c (recovery) share.
#ifndef SVARI_STORE_WRITER_IMPL_H
#define SVARI_STORE_WRITER_IMPL_H

#include "shared_variable/transaction.h"
#include "store/store_impl.h"

// The state of a record, which the shared bytes do not tell.
//   EMPTY    no buffer
//   FREE     a buffer that nobody can be reading: begin is NONE and a scan has shown no pin
//   LOANED   a buffer that a transaction is writing
//   LIVE     the newest version
//   RETIRED  an older version; a reader may have it pinned
typedef enum svari_record_state {
  SVARI_RECORD_EMPTY = 0,
  SVARI_RECORD_FREE,
  SVARI_RECORD_LOANED,
  SVARI_RECORD_LIVE,
  SVARI_RECORD_RETIRED
} svari_record_state_t;

enum { SVARI_NO_RECORD = 0xff };

typedef struct svari_writer_record {
  uint64_t end;    // RETIRED: the version that replaced it
  uint64_t offset; // of the buffer, as svari_record.offset has it; EMPTY: none
  union {
    uint64_t bytes;             // of the buffer, as the heap rounds it; 0: none
    svari_adoption_t *adoption; // if offset is an address
  } room;
  uint32_t sharer; // another record that names the buffer, as buffer.c numbers them; 0: none does
  uint8_t state;
} svari_writer_record_t;

// Bytes of the store that the record names.
static inline uint64_t
svari_record_room(const svari_writer_record_t *record)
{
  return svari_offset_is_address(record->offset) ? 0 : record->room.bytes;
}

typedef struct svari_writer_variable {
  svari_entry_t *entry;
  uint8_t newest;    // LIVE record, or SVARI_NO_RECORD before the first commit
  bool is_declared;  // by this holder; otherwise left by an earlier one
  uint8_t device;    // that its buffers lie on; 0: in host memory
  size_t open_loans; // of all transactions
  // The transaction that last took a loan of this variable, and which of its loans that is: saves it
  // the search. Cleared when that transaction ends; then another with an open loan has to search.
  const svar_transaction_t *loaner;
  size_t loaner_position;
  const svari_container_t *own; // see svari_writer_own()
  svari_writer_record_t records[SVARI_RING_RECORDS];
} svari_writer_variable_t;

// A RETIRED record, waiting for its readers to go.
typedef struct svari_retired {
  uint64_t variable;
  uint32_t record;
} svari_retired_t;

struct svari_writer {
  svar_store_t *store;
  svari_header_t *header;                // in the writable mapping
  svari_heap_t heaps[1 + SVARI_DEVICES]; // by GPU, [0]: of the host; {0}: no memory there
  uint32_t regions[1 + SVARI_DEVICES];   // the numbers of that memory
  pthread_mutex_t lock;
  svari_writer_variable_t *variables; // by directory index
  size_t variable_count, variable_room;
  svari_retired_t *retired;
  size_t retired_count, retired_room;
  uint64_t *forgotten; // anonymous entries to be used again
  size_t forgotten_count, forgotten_room;
  uint64_t *pinned; // the versions that the last scan found, sorted
  size_t pinned_count, pinned_room;
  svar_transaction_t *spare_transactions; // ended ones, to be begun again
  size_t retired_adoptions;               // retired records that name an adopted array
  svari_adoption_t *released; // what nothing names any more; to be ended without the lock
};

static inline svari_heap_t *
svari_writer_heap_of(svari_writer_t *writer, uint64_t variable)
{
  return &writer->heaps[writer->variables[variable].device];
}

// --- buffer.c --------------------------------------------------------------------------------------
// A second record names the buffer of a first one, which it is already known to have.
void svari_buffer_link(svari_writer_t *writer, uint64_t variable, uint32_t record,
                       uint64_t newcomer, uint32_t new_record);
// The newcomer, a record without a buffer, gets the first one's beside it.
void svari_buffer_share(svari_writer_t *writer, uint64_t variable, uint32_t record,
                        uint64_t newcomer, uint32_t new_record);
// A record stops naming its buffer and is EMPTY; the last one gives it back to whom it belongs.
void svari_buffer_leave(svari_writer_t *writer, uint64_t variable, uint32_t record);

// The buffer in host memory that a value at [offset, offset + size_bytes) lies in. False: none.
bool svari_buffer_find(const svari_writer_t *writer, uint64_t offset, uint64_t size_bytes,
                       uint64_t *out_offset, uint64_t *out_bytes);

// Room for the mirror of the entry at index and for its retired records.
svar_ret_t svari_writer_reserve(svari_writer_t *writer, uint64_t index);
// Starts the mirror of the entry at index.
svar_ret_t svari_writer_mirror(svari_writer_t *writer, uint64_t index,
                               svari_writer_variable_t **out_variable);
// Rebuilds every mirror and the heap from the shared bytes (resume.c).
svar_ret_t svari_writer_resume(svari_writer_t *writer);
// Frees the spare transaction objects (transaction.c).
void svari_transactions_destroy(svari_writer_t *writer);
// Frees every retired record that no pin covers (room.c).
svar_ret_t svari_writer_reclaim(svari_writer_t *writer);
// Gives the spare buffers of a variable back to its heap (room.c).
void svari_writer_drop_spares(svari_writer_t *writer, uint64_t variable);
// A record stops being the newest: queues it for reclaim. Room was reserved.
void svari_writer_retire(svari_writer_t *writer, uint64_t variable, uint32_t record, uint64_t end);

#endif
