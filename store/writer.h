// The writer: what the holder of a store knows besides the shared bytes. It finds room for new
// versions, reclaims old ones, and commits. Private to the holder's process; one lock guards it all.
#ifndef SVARI_STORE_WRITER_H
#define SVARI_STORE_WRITER_H

#include <pthread.h>

#include "store/adoption.h"
#include "store/heap.h"
#include "variable/container.h"

typedef struct svari_writer svari_writer_t;

// The size of a loan of a record alone, and no source.
#define SVARI_NO_BUFFER UINT64_MAX
#define SVARI_NO_SOURCE UINT64_MAX

// A loaned record: the room that one variable's next version is written into.
typedef struct svari_loan {
  svari_container_t *container; // shared: keeps the variable's entry from being used again
  uint64_t variable;            // index in the directory
  uint32_t record;              // index in the ring
  uint64_t size_bytes;          // of the value
  uint64_t offset;              // of the room
  uint64_t source;              // variable that the value is taken over from at the commit
  int64_t shape[SVAR_NDIM_MAX];
} svari_loan_t;

// Empty or, if the region holds a store already, resumed: unfinished commits are dropped and the heap
// is rebuilt. SVAR_ERR_CORRUPT, SVAR_ERR_NO_MEMORY
svar_ret_t svari_writer_create(svar_store_t *store, svari_writer_t **out_writer);
void svari_writer_destroy(svari_writer_t *writer); // NULL is a no-op

svari_header_t *svari_writer_header(svari_writer_t *writer);
// Of that GPU of the store, which it has memory on; 0: of the host memory.
svari_heap_t *svari_writer_heap(svari_writer_t *writer, uint32_t device);
// The holder has memory on the GPU of that number now: the region, which takes the values to come.
void svari_writer_device(svari_writer_t *writer, uint32_t device, svari_device_region_t *region);

void svari_writer_lock(svari_writer_t *writer);
void svari_writer_unlock(svari_writer_t *writer);

// All of the following: under the lock.

// Adds (or reuses, if it never had a value) the entry `name`, of values on that GPU of the store (0: in host memory).
// SVAR_ERR_EXISTS if it has one.
svar_ret_t svari_writer_declare(svari_writer_t *writer, const char *name, const svar_type_t *type,
                                uint32_t device, uint64_t *out_variable);
// Takes back a declaration: the name is free to be declared again. No loan of it may be open.
void svari_writer_undeclare(svari_writer_t *writer, uint64_t variable);
// The container that this process made the variable with, as long as that lives; NULL: none.
void svari_writer_set_own(svari_writer_t *writer, uint64_t variable, const svari_container_t *own);
const svari_container_t *svari_writer_own(const svari_writer_t *writer, uint64_t variable);
// An entry for a variable that nobody looks up by name: a forgotten one, or a new one.
svar_ret_t svari_writer_declare_anonymous(svari_writer_t *writer, const svar_type_t *type,
                                          uint32_t device, uint64_t *out_variable);
// Ends an anonymous variable: its value lives on only as long as it is pinned.
void svari_writer_forget(svari_writer_t *writer, uint64_t variable);
// Room for a value of that size, or (SVARI_NO_BUFFER) a record that unsets the variable, if nothing else is
// done with it. SVAR_ERR_BUSY (names the readers), SVAR_ERR_NO_SPACE
svar_ret_t svari_writer_loan(svari_writer_t *writer, uint64_t variable, uint64_t size_bytes,
                             svari_loan_t *out_loan);
// Gives a loan back unused.
void svari_writer_abandon(svari_writer_t *writer, const svari_loan_t *loan);
// Makes the loans the next version. Cannot fail. Returns the version.
uint64_t svari_writer_commit(svari_writer_t *writer, const svari_loan_t *loans, size_t loan_count);
// The loan's record names an adopted array.
void svari_writer_adopt(svari_writer_t *writer, const svari_loan_t *loan,
                        svari_adoption_t *adoption);
// What a loaned record adopted is its owner's again.
void svari_writer_disown(svari_writer_t *writer, const svari_loan_t *loan);
// Frees the adopted arrays of older versions that no pin covers.
void svari_writer_reclaim_adoptions(svari_writer_t *writer);
// The store is closed: frees every adopted array but those of open loans.
void svari_writer_end_adoptions(svari_writer_t *writer);
// What became free, to be ended without the lock.
svari_adoption_t *svari_writer_take_released(svari_writer_t *writer);
// Loans with a source get its value of now.
void svari_writer_resolve(svari_writer_t *writer, svari_loan_t *loans, size_t loan_count);

#endif
