// The learner's store: one generation of the search is one version, committed whole.
#ifndef COMPONENTS_CARTPOLE_GENERATION_H
#define COMPONENTS_CARTPOLE_GENERATION_H

#include "cartpole_protocol.h"
#include "cartpole_search.h"
#include "shared_variable/shared_variable.h"

typedef struct svari_cartpole_generation {
  svar_store_t *store;
  svari_cartpole_search_t *search; ///< borrowed: what the generations come from
  svar_variable_t *variables[SVARI_CARTPOLE_VARIABLE_COUNT];
  svar_function_t *next; ///< seed -> the next generation, committed
  int64_t number;        ///< of the generation committed last; -1: none
  uint64_t version;      ///< that it became; 0: none
  uint64_t seed;         ///< of its episodes
} svari_cartpole_generation_t;

/// Holds the store `name`. Where an earlier learner left one, search->mean and the number go on from there;
/// a new one begins with a version of zeros, generation -1.
/// @param search borrowed until the close
/// @retval SVAR_ERR_TYPE the store holds something else under one of our names
/// and what svar_store_create() fails with
SVAR_MUST_USE svar_ret_t svari_cartpole_generation_open(svari_cartpole_generation_t *generation,
                                                        const char *name,
                                                        svari_cartpole_search_t *search);
/// Ends the hold. remove: the store goes, too, and its readers are told.
void svari_cartpole_generation_close(svari_cartpole_generation_t *generation, bool remove);

/// Commits the next generation: the network that the search has reached and candidates around it,
/// drawn in place. A failure changes nothing.
/// @param seed of its episodes
/// @retval SVAR_ERR_BUSY readers pin every version: try again
SVAR_MUST_USE svar_ret_t svari_cartpole_generation_commit(svari_cartpole_generation_t *generation,
                                                          uint64_t seed);

#endif
