// What a learner and its actors agree on: the variables of the store, and the message that an actor
// sends for each episode that it played.
//
// Each version of the store is one generation, complete: the network that the search has reached (w1,
// b1, w2, b2), candidates around it (population, one a row; none in the first version, of zeros, whose
// episodes nobody waits for), and a seed. It asks for population +
// SVARI_CARTPOLE_EVALUATIONS episodes, its slots: slot i < population plays candidate i, the others play the
// network itself. A slot's start follows from the version's seed, so that it has the same return
// whoever plays it: any number of actors may share the slots, play them twice, come late or die, and
// a run is repeated by its seed.
#ifndef COMPONENTS_CARTPOLE_PROTOCOL_H
#define COMPONENTS_CARTPOLE_PROTOCOL_H

#include <stdint.h>

#include "cartpole_network.h"
#include "shared_variable/dtype.h"

#define SVARI_CARTPOLE_STORE "/cartpole/policy"
#define SVARI_CARTPOLE_RETURNS "/cartpole/returns"

enum { SVARI_CARTPOLE_EVALUATIONS = 20, SVARI_CARTPOLE_POPULATION_MAX = 4096 };

/// The store's variables, in the order of their creation.
typedef enum svari_cartpole_variable {
  SVARI_CARTPOLE_VARIABLE_W1,
  SVARI_CARTPOLE_VARIABLE_B1,
  SVARI_CARTPOLE_VARIABLE_W2,
  SVARI_CARTPOLE_VARIABLE_B2,
  SVARI_CARTPOLE_VARIABLE_POPULATION,
  SVARI_CARTPOLE_VARIABLE_GENERATION,
  SVARI_CARTPOLE_VARIABLE_SEED,
  SVARI_CARTPOLE_VARIABLE_COUNT,
  SVARI_CARTPOLE_PART_COUNT = SVARI_CARTPOLE_VARIABLE_POPULATION ///< parts of the network, first
} svari_cartpole_variable_t;

/// What each of them is called and holds.
typedef struct svari_cartpole_spec {
  const char *name;
  svar_dtype_t dtype;
  int32_t ndim;
  int64_t shape[2]; ///< 0: whatever the size of the population is
} svari_cartpole_spec_t;
extern const svari_cartpole_spec_t svari_cartpole_specs[SVARI_CARTPOLE_VARIABLE_COUNT];

typedef enum svari_cartpole_episode_kind {
  SVARI_CARTPOLE_EPISODE_CANDIDATE = 1,
  SVARI_CARTPOLE_EPISODE_EVALUATION = 2
} svari_cartpole_episode_kind_t;

/// One episode, as it travels on the topic.
typedef struct svari_cartpole_episode {
  uint64_t version; ///< of the store that it was played on
  uint64_t seed;    ///< of its start
  uint32_t slot;
  uint32_t kind; ///< svari_cartpole_episode_kind_t
  uint32_t steps;
  float total; ///< the sum of its rewards: its return
} svari_cartpole_episode_t;

static inline uint32_t
svari_cartpole_slot_kind(uint32_t slot, uint32_t population)
{
  return slot < population ? SVARI_CARTPOLE_EPISODE_CANDIDATE : SVARI_CARTPOLE_EPISODE_EVALUATION;
}

/// The start of a slot: one for all candidates, which are compared, and one for each evaluation.
static inline uint64_t
svari_cartpole_slot_seed(uint64_t version_seed, uint32_t slot, uint32_t population)
{
  svari_cartpole_random_t random =
      svari_cartpole_random_of(version_seed, slot < population ? 0 : 1 + slot - population);
  return svari_cartpole_random_next(&random);
}

#endif
