// What may be drawn into which dtype.
#ifndef SVARI_VARIABLE_RANDOM_LAW_H
#define SVARI_VARIABLE_RANDOM_LAW_H

#include "shared_variable/random_streams.h"

svar_ret_t svari_random_law_check(const svar_random_law_t *law, svar_dtype_t dtype);

#endif
