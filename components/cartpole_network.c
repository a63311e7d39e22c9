#include "cartpole_network.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

svari_cartpole_network_t
svari_cartpole_network_of_row(const float *row)
{
  svari_cartpole_network_t network;
  network.w1 = row;
  network.b1 = network.w1 + SVARI_CARTPOLE_W1;
  network.w2 = network.b1 + SVARI_CARTPOLE_B1;
  network.b2 = network.w2 + SVARI_CARTPOLE_W2;
  return network;
}

bool
svari_cartpole_network_act(const svari_cartpole_network_t *network,
                           const svari_cartpole_t *cartpole)
{
  const float observation[SVARI_CARTPOLE_OBSERVATIONS] = {
      (float)cartpole->position, (float)cartpole->velocity, (float)cartpole->angle,
      (float)cartpole->angular_velocity};
  float hidden[SVARI_CARTPOLE_HIDDEN];
  memcpy(hidden, network->b1, sizeof hidden);
  cblas_sgemv(CblasRowMajor, CblasNoTrans, SVARI_CARTPOLE_HIDDEN, SVARI_CARTPOLE_OBSERVATIONS, 1.0f,
              network->w1, SVARI_CARTPOLE_OBSERVATIONS, observation, 1, 1.0f, hidden, 1);
  for (int i = 0; i < SVARI_CARTPOLE_HIDDEN; i++) {
    hidden[i] = tanhf(hidden[i]);
  }
  float scores[SVARI_CARTPOLE_ACTIONS];
  memcpy(scores, network->b2, sizeof scores);
  cblas_sgemv(CblasRowMajor, CblasNoTrans, SVARI_CARTPOLE_ACTIONS, SVARI_CARTPOLE_HIDDEN, 1.0f,
              network->w2, SVARI_CARTPOLE_HIDDEN, hidden, 1, 1.0f, scores, 1);
  return scores[1] > scores[0];
}

uint32_t
svari_cartpole_network_run(const svari_cartpole_network_t *network, uint64_t seed)
{
  svari_cartpole_random_t random = svari_cartpole_random_of(seed, 0);
  svari_cartpole_t cartpole;
  svari_cartpole_reset(&cartpole, &random);
  uint32_t steps = 0;
  while (steps < SVARI_CARTPOLE_STEPS_MAX && !svari_cartpole_has_failed(&cartpole)) {
    svari_cartpole_push(&cartpole, svari_cartpole_network_act(network, &cartpole));
    steps++;
  }
  return steps;
}
