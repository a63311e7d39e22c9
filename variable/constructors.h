// The constructors that svar_shared() knows from the start; shared.c lists them, oldest first.
#ifndef SVARI_VARIABLE_CONSTRUCTORS_H
#define SVARI_VARIABLE_CONSTRUCTORS_H

#include "shared_variable/shared.h"

// An object: a variable of SVAR_KIND_OBJECT. Takes name, strict and allow_downcast, and declines every other
// option that is given. context: where its memory comes from, a svar_allocator_t *; NULL: the heap.
svar_ret_t svari_construct_object(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

// A typed array of any rank: a variable of its dtype and rank. Takes broadcastable.
svar_ret_t svari_construct_tensor(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

// The same, whatever the target: for constructors that have looked at it.
svar_ret_t svari_construct_array(const svar_source_t *source, const svar_shared_options_t *options,
                                 svar_variable_t **out_variable);

// A typed scalar or a single literal: a variable of rank 0 of its own dtype, a literal's natural one
// (floatX has no say). Ignores borrow: a number is always copied.
svar_ret_t svari_construct_scalar(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

// A random state: a variable of SVAR_KIND_RANDOM. Ignores borrow: a state is always copied.
svar_ret_t svari_construct_random(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

// A sparse matrix: a variable of its format, or of options.sparse_format. Ignores borrow.
svar_ret_t svari_construct_sparse(const svar_source_t *source, const svar_shared_options_t *options,
                                  void *context, svar_variable_t **out_variable);

// --- what constructors are made of ------------------------------------------------------------------

// The caller's options (NULL: none) in the form of this build. SVAR_ERR_ARGUMENT: they make no sense.
svar_ret_t svari_shared_options_read(const svar_shared_options_t *given,
                                     svar_shared_options_t *out_options);
// A variable of this type that holds source.
// source NULL: one without a value.
svar_ret_t svari_construct(svar_type_t type, const svar_source_t *source,
                           const svar_shared_options_t *options, svar_variable_t **out_variable);
// SVAR_ERR_TYPE if the option is given: only arrays have flags, only sparse matrices a format.
svar_ret_t svari_options_refuse_broadcastable(const svar_shared_options_t *options);
svar_ret_t svari_options_refuse_sparse_format(const svar_shared_options_t *options);
// The same if a GPU is asked for, by those that make variables in host memory.
svar_ret_t svari_options_refuse_gpu(const svar_shared_options_t *options);

#endif
