// The cart-pole task, as in Barto, Sutton and Anderson 1983 with the limits of Gym's CartPole-v1: keep
// a pole upright on a cart by pushing the cart left or right, for at most 500 steps of 20 ms.
#ifndef COMPONENTS_CARTPOLE_H
#define COMPONENTS_CARTPOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartpole_random.h"

enum {
  SVARI_CARTPOLE_OBSERVATIONS = 4,
  SVARI_CARTPOLE_ACTIONS = 2,
  SVARI_CARTPOLE_STEPS_MAX = 500
};

/// What the controller sees: m, m/s, rad, rad/s.
typedef struct svari_cartpole {
  double position;
  double velocity;
  double angle;
  double angular_velocity;
} svari_cartpole_t;

/// An episode's start: each quantity uniform in +-0.05.
void svari_cartpole_reset(svari_cartpole_t *cartpole, svari_cartpole_random_t *random);
/// Push right or left with 10 N for one step (explicit Euler).
void svari_cartpole_push(svari_cartpole_t *cartpole, bool to_the_right);
/// The cart has left the track (2.4 m) or the pole has fallen (12 degrees).
bool svari_cartpole_has_failed(const svari_cartpole_t *cartpole);

#endif
