// What travels on the topics of a policy: one observation, or one action, in one layout. A message is a
// svari_policy_message_t and right behind it `width` float32, in all svari_policy_message_bytes(width): every
// message of a topic has the size that its sender was made with. (On iceoryx a svar_message_header_t comes
// before it, see message_header.h; the float32 begin on a multiple of 32 bytes.)
#ifndef COMPONENTS_POLICY_PROTOCOL_H
#define COMPONENTS_POLICY_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

typedef enum svari_policy_flag {
  SVARI_POLICY_LAST = 1 ///< no observation comes after this one
} svari_policy_flag_t;

typedef struct svari_policy_message {
  uint64_t
      sequence; ///< of an observation: 1, 2, 3, ... since its sender began; of an action: its observation's
  int64_t
      stamp_ns; ///< when it was made: CLOCK_MONOTONIC, one clock for all processes of the machine
  uint64_t version; ///< of an action: the version of the weights that made it; of an observation: 0
  uint32_t width;   ///< how many float32 follow
  uint32_t flags;   ///< svari_policy_flag_t; of an action: its observation's
} svari_policy_message_t;

static_assert(sizeof(svari_policy_message_t) == 32, "its numbers are aligned as it is");

static inline uint64_t
svari_policy_message_bytes(uint64_t width)
{
  return sizeof(svari_policy_message_t) + width * sizeof(float);
}

#endif
