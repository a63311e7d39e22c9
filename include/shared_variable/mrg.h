// Theano's parallel generator, MRG31k3p (L'Ecuyer and Touzin, "Fast combined multiple recursive generators
// with multipliers of the form a = +-2^q +-2^r", 2000): one state a sub-stream, all of them drawn from by
// turns. A draw's state is a plain int32 array of shape (sub-streams, 6), so a shared variable of it is a
// tensor like any other: saved and restored by get and set.
#ifndef SHARED_VARIABLE_MRG_H
#define SHARED_VARIABLE_MRG_H

#include "shared_variable/expression.h"
#include "shared_variable/source.h"

SVAR_BEGIN_DECLS

/// Numbers of one sub-stream's state: two recurrences of order three, newest number first.
#define SVAR_MRG_WORDS 6
/// The moduli of the two recurrences.
#define SVAR_MRG_M1 INT32_C(2147483647)
#define SVAR_MRG_M2 INT32_C(2147462579)

/// A sequence of streams, each 2^134 numbers after the one before: a plain value, copy it freely.
typedef struct svar_mrg {
  int32_t next[SVAR_MRG_WORDS]; ///< where the next stream begins
} svar_mrg_t;

/// Streams of a seed: one whole number, taken six times (Theano's default is 12345), or six of them, three
/// for each recurrence.
/// @retval SVAR_ERR_TYPE not one whole number, nor six
/// @retval SVAR_ERR_VALUE a number is negative or not below its modulus (one number: both), or all of one
/// recurrence's are 0
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_mrg_seed(svar_source_t seed, svar_mrg_t *out_streams);

/// The next stream, cut into count sub-streams that begin 2^72 numbers apart: Theano's
/// get_substream_rstates().
/// @param[out] out_states count rows of SVAR_MRG_WORDS
SVAR_PUBLIC void svar_mrg_take(svar_mrg_t *streams, size_t count, int32_t *out_states);

/// Uniform numbers between 0 and 1, neither of them among them; number i is drawn from row
/// i % state_count. Advances the states. Any int32 will do as a state, though only what svar_mrg_take() and
/// these calls leave draws well.
/// @contract{allocates: no; blocks: no; system calls: no; thread: one at a time for the states}
/// @retval SVAR_ERR_VALUE there is no state to draw from
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_mrg_float64(int32_t *states, size_t state_count,
                                                      size_t count, double *out_numbers);
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_mrg_float32(int32_t *states, size_t state_count,
                                                      size_t count, float *out_numbers);

/// A draw as an expression, and the states after it: the two results of one operation. The numbers are those
/// of svar_mrg_float64() or svar_mrg_float32(), in row-major order. Of a shared variable of states,
/// svar_variable_default_update_set() to out_next makes a draw site: each call of a function that uses the
/// draw advances it.
/// @param states of int32 and rank 2
/// @param dtype float64 or float32
/// @param shape ndim extents, copied; no axis is broadcastable
/// @contract{allocates: yes; blocks: no; thread: any}
/// @param[out] out_draw, out_next shared: svar_expression_unref()
/// @retval SVAR_ERR_TYPE states or dtype are of another type
/// @retval SVAR_ERR_ARGUMENT ndim and shape are no shape
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_mrg(svar_expression_t *states,
                                                         svar_dtype_t dtype, int32_t ndim,
                                                         const int64_t *shape,
                                                         svar_expression_t **out_draw,
                                                         svar_expression_t **out_next);

SVAR_END_DECLS
#endif
