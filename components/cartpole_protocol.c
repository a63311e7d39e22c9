#include "cartpole_protocol.h"

// Spelled out: SVAR_FLOAT32 and its like are objects, which C does not take here.
#define FLOAT32                                                                                    \
  {                                                                                                \
    kDLFloat, 32, 1                                                                                \
  }
#define INT64                                                                                      \
  {                                                                                                \
    kDLInt, 64, 1                                                                                  \
  }
#define UINT64                                                                                     \
  {                                                                                                \
    kDLUInt, 64, 1                                                                                 \
  }

const svari_cartpole_spec_t svari_cartpole_specs[SVARI_CARTPOLE_VARIABLE_COUNT] = {
    {"w1", FLOAT32, 2, {SVARI_CARTPOLE_HIDDEN, SVARI_CARTPOLE_OBSERVATIONS}},
    {"b1", FLOAT32, 1, {SVARI_CARTPOLE_HIDDEN}},
    {"w2", FLOAT32, 2, {SVARI_CARTPOLE_ACTIONS, SVARI_CARTPOLE_HIDDEN}},
    {"b2", FLOAT32, 1, {SVARI_CARTPOLE_ACTIONS}},
    {"population", FLOAT32, 2, {0, SVARI_CARTPOLE_PARAMETERS}},
    {"generation", INT64, 0, {0}},
    {"seed", UINT64, 0, {0}},
};
