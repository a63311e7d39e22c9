// The returns of one version of the store, as they come in from the actors.
#ifndef COMPONENTS_CARTPOLE_ROUND_H
#define COMPONENTS_CARTPOLE_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "cartpole_protocol.h"
#include "shared_variable/error.h"

typedef struct svari_cartpole_round {
  uint64_t version;
  uint64_t seed;
  uint32_t population;
  uint32_t missing; ///< slots without a return
  float *returns;   ///< [population + SVARI_CARTPOLE_EVALUATIONS], by slot; NaN: missing
} svari_cartpole_round_t;

/// Allocates. @retval SVAR_ERR_NO_MEMORY
SVAR_MUST_USE svar_ret_t svari_cartpole_round_init(svari_cartpole_round_t *round,
                                                   uint32_t population);
void svari_cartpole_round_fini(svari_cartpole_round_t *round);

/// Starts over, for another version.
void svari_cartpole_round_begin(svari_cartpole_round_t *round, uint64_t version, uint64_t seed);
/// Takes an episode into account; false if it is of another version, known already, or nonsense.
bool svari_cartpole_round_add(svari_cartpole_round_t *round,
                              const svari_cartpole_episode_t *episode);
/// Mean return of the evaluation episodes. @pre missing is 0
float svari_cartpole_round_score(const svari_cartpole_round_t *round);

#endif
