// Messages of actors, as any process on the machine may send them to a learner.
#include <math.h>
#include <string.h>

#include "components/cartpole.h"
#include "components/cartpole_round.h"
#include "fuzz/fuzz.h"

enum { POPULATION = 4, SLOTS = POPULATION + SVARI_CARTPOLE_EVALUATIONS };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  svari_cartpole_round_t round;
  FUZZ_CHECK(svari_cartpole_round_init(&round, POPULATION) == SVAR_OK);
  svari_cartpole_round_begin(&round, 1, 0);
  svari_cartpole_episode_t episode;
  uint32_t taken = 0;
  for (; size_bytes >= sizeof(episode); size_bytes -= sizeof(episode), data += sizeof(episode)) {
    memcpy(&episode, data, sizeof(episode));
    // The words that say which slot it is for are honest half of the time.
    episode.version &= 1;
    episode.seed =
        episode.slot < SLOTS ? svari_cartpole_slot_seed(0, episode.slot, POPULATION) : episode.seed;
    taken += svari_cartpole_round_add(&round, &episode);
  }
  FUZZ_CHECK(taken + round.missing == SLOTS);
  if (round.missing == 0) {
    float score = svari_cartpole_round_score(&round);
    FUZZ_CHECK(score >= 0 && score <= SVARI_CARTPOLE_STEPS_MAX);
  }
  svari_cartpole_round_fini(&round);
  return 0;
}
