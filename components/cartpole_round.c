#include "cartpole_round.h"

#include <math.h>
#include <stdlib.h>

#include "cartpole.h"

svar_ret_t
svari_cartpole_round_init(svari_cartpole_round_t *round, uint32_t population)
{
  *round = (svari_cartpole_round_t){.population = population};
  round->returns = calloc(population + SVARI_CARTPOLE_EVALUATIONS, sizeof *round->returns);
  if (round->returns == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the returns of %u candidates", population);
  }
  svari_cartpole_round_begin(round, 0, 0);
  return SVAR_OK;
}

void
svari_cartpole_round_fini(svari_cartpole_round_t *round)
{
  free(round->returns);
  *round = (svari_cartpole_round_t){0};
}

void
svari_cartpole_round_begin(svari_cartpole_round_t *round, uint64_t version, uint64_t seed)
{
  round->version = version;
  round->seed = seed;
  round->missing = round->population + SVARI_CARTPOLE_EVALUATIONS;
  for (uint32_t slot = 0; slot < round->missing; slot++) {
    round->returns[slot] = NAN;
  }
}

bool
svari_cartpole_round_add(svari_cartpole_round_t *round, const svari_cartpole_episode_t *episode)
{
  if (episode->version != round->version ||
      episode->slot >= round->population + SVARI_CARTPOLE_EVALUATIONS ||
      episode->kind != svari_cartpole_slot_kind(episode->slot, round->population) ||
      episode->seed != svari_cartpole_slot_seed(round->seed, episode->slot, round->population) ||
      episode->steps > SVARI_CARTPOLE_STEPS_MAX || episode->total != (float)episode->steps ||
      !isnan(round->returns[episode->slot])) {
    return false;
  }
  round->returns[episode->slot] = episode->total;
  round->missing--;
  return true;
}

float
svari_cartpole_round_score(const svari_cartpole_round_t *round)
{
  float sum = 0.0f;
  for (uint32_t i = 0; i < SVARI_CARTPOLE_EVALUATIONS; i++) {
    sum += round->returns[round->population + i];
  }
  return sum / SVARI_CARTPOLE_EVALUATIONS;
}
