// The constructors that svar_shared() knows from the start; shared.c lists them, oldest first.
#ifndef SVARI_VARIABLE_CONSTRUCTORS_H
#define SVARI_VARIABLE_CONSTRUCTORS_H

#include "shared_variable/shared.h"

// A typed array of any rank: a variable of its dtype and rank. Takes broadcastable.
svar_ret_t svari_construct_tensor(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

// A typed scalar or a single literal: a variable of rank 0 of its own dtype, a literal's natural one
// (floatX has no say). Ignores borrow: a number is always copied.
svar_ret_t svari_construct_scalar(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

#endif
