// An evolution strategy: candidates are drawn around a network, ranked by their returns, and the
// network moves towards the better half. The arithmetic is OpenBLAS's.
#ifndef COMPONENTS_CARTPOLE_SEARCH_H
#define COMPONENTS_CARTPOLE_SEARCH_H

#include "cartpole_network.h"
#include "shared_variable/error.h"

typedef struct svari_cartpole_search {
  uint32_t population;
  svari_cartpole_random_t random;
  float mean[SVARI_CARTPOLE_PARAMETERS]; ///< the network reached: w1, b1, w2, b2
  float *noise;                          ///< [population, parameters]: where the candidates are
  float *utilities;                      ///< [population]: scratch
  uint32_t *order;                       ///< [population]: scratch
} svari_cartpole_search_t;

/// Starts at the network of zeros. population: even, >= 2. Allocates.
/// @retval SVAR_ERR_NO_MEMORY
SVAR_MUST_USE svar_ret_t svari_cartpole_search_init(svari_cartpole_search_t *search,
                                                    uint32_t population, uint64_t seed);
void svari_cartpole_search_fini(svari_cartpole_search_t *search);

/// Draws candidates around the network and writes them to rows [population, parameters].
void svari_cartpole_search_draw(svari_cartpole_search_t *search, float *rows);
/// Moves the network by what the candidates of the last draw returned.
void svari_cartpole_search_update(svari_cartpole_search_t *search, const float *returns);

#endif
