#include "cartpole.h"

#include <math.h>

static const double gravity = 9.8;
static const double cart_mass = 1.0;
static const double pole_mass = 0.1;
static const double half_length = 0.5;
static const double force = 10.0;
static const double step_s = 0.02;
static const double position_limit = 2.4;
static const double angle_limit = 12.0 * 2.0 * M_PI / 360.0;

void
svari_cartpole_reset(svari_cartpole_t *cartpole, svari_cartpole_random_t *random)
{
  cartpole->position = svari_cartpole_random_uniform(random, -0.05, 0.05);
  cartpole->velocity = svari_cartpole_random_uniform(random, -0.05, 0.05);
  cartpole->angle = svari_cartpole_random_uniform(random, -0.05, 0.05);
  cartpole->angular_velocity = svari_cartpole_random_uniform(random, -0.05, 0.05);
}

void
svari_cartpole_push(svari_cartpole_t *cartpole, bool to_the_right)
{
  const double mass = cart_mass + pole_mass;
  const double sine = sin(cartpole->angle);
  const double cosine = cos(cartpole->angle);
  const double spin = cartpole->angular_velocity;

  const double common =
      ((to_the_right ? force : -force) + pole_mass * half_length * spin * spin * sine) / mass;
  const double angular_acceleration =
      (gravity * sine - cosine * common) /
      (half_length * (4.0 / 3.0 - pole_mass * cosine * cosine / mass));
  const double acceleration =
      common - pole_mass * half_length * angular_acceleration * cosine / mass;

  cartpole->position += step_s * cartpole->velocity;
  cartpole->velocity += step_s * acceleration;
  cartpole->angle += step_s * cartpole->angular_velocity;
  cartpole->angular_velocity += step_s * angular_acceleration;
}

bool
svari_cartpole_has_failed(const svari_cartpole_t *cartpole)
{
  // Written so that a state which is not a number has failed.
  return !(fabs(cartpole->position) <= position_limit && fabs(cartpole->angle) <= angle_limit);
}
