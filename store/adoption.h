// Adoptions: arrays of callers that the library owns, and whose deleters it runs. One list of the process
// knows them all, so that the same bytes are not adopted twice.
#ifndef SVARI_STORE_ADOPTION_H
#define SVARI_STORE_ADOPTION_H

#include "shared_variable/allocator.h"
#include "variable/source.h"

typedef struct svari_adoption {
  DLManagedTensor *managed; // NULL: given back to its owner
  const unsigned char *data;
  uint64_t size_bytes;
  struct svari_adoption *next;          // of the process's list
  struct svari_adoption *next_released; // of a writer's list of those that nothing names any more
} svari_adoption_t;

// Enters the bytes of managed into the list. SVAR_ERR_STATE: some of them are adopted already.
// SVAR_ERR_NO_MEMORY
svar_ret_t svari_adoption_begin(const svar_allocator_t *allocator, DLManagedTensor *managed,
                                const unsigned char *data, uint64_t size_bytes,
                                svari_adoption_t **out_adoption);
// Ends each of a writer's list: takes it from the process's, runs its deleter unless it was given back.
// Under no lock, for a deleter is its owner's code.
void svari_adoptions_end(const svar_allocator_t *allocator, svari_adoption_t *released);
// In the child of a fork: all of them are the parent's.
void svari_adoptions_forget(void);

#endif
