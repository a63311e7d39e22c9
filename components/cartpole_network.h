// The policy: 4 observations -> 16 tanh units -> 2 scores; the greater one is the action. Its weights
// are never copied: a network is four pointers into memory that belongs to somebody else.
#ifndef COMPONENTS_CARTPOLE_NETWORK_H
#define COMPONENTS_CARTPOLE_NETWORK_H

#include "cartpole.h"

enum {
  SVARI_CARTPOLE_HIDDEN = 16,
  SVARI_CARTPOLE_W1 = SVARI_CARTPOLE_HIDDEN * SVARI_CARTPOLE_OBSERVATIONS,
  SVARI_CARTPOLE_B1 = SVARI_CARTPOLE_HIDDEN,
  SVARI_CARTPOLE_W2 = SVARI_CARTPOLE_ACTIONS * SVARI_CARTPOLE_HIDDEN,
  SVARI_CARTPOLE_B2 = SVARI_CARTPOLE_ACTIONS,
  SVARI_CARTPOLE_PARAMETERS =
      SVARI_CARTPOLE_W1 + SVARI_CARTPOLE_B1 + SVARI_CARTPOLE_W2 + SVARI_CARTPOLE_B2
};

/// Row-major matrices [out, in].
typedef struct svari_cartpole_network {
  const float *w1, *b1, *w2, *b2;
} svari_cartpole_network_t;

/// The network whose parameters follow one another in row: w1, b1, w2, b2.
svari_cartpole_network_t svari_cartpole_network_of_row(const float *row);
/// True: push to the right.
bool svari_cartpole_network_act(const svari_cartpole_network_t *network,
                                const svari_cartpole_t *cartpole);
/// One episode from the start that seed gives: the number of steps until it ended, 1..500, which is
/// its return, too.
uint32_t svari_cartpole_network_run(const svari_cartpole_network_t *network, uint64_t seed);

#endif
