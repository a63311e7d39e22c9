// Draw sites: each place of a program that draws random numbers owns a shared variable with the state of a
// sequence of its own; a collection makes them from one seed, and can begin all of them again. Draws are made at
// once (svar_random_draw()), or are expressions of functions, whose calls advance the state
// (svar_random_streams_draw(), Theano's RandomStreams.uniform() and its like).
#ifndef SHARED_VARIABLE_RANDOM_STREAMS_H
#define SHARED_VARIABLE_RANDOM_STREAMS_H

#include "shared_variable/expression.h"
#include "shared_variable/random.h"
#include "shared_variable/shared.h"

SVAR_BEGIN_DECLS

typedef enum svar_random_law_kind {
  SVAR_RANDOM_UNIFORM = 0, ///< floats, low <= x < high
  SVAR_RANDOM_NORMAL = 1,  ///< floats of a mean and a standard deviation
  SVAR_RANDOM_INTEGERS = 2 ///< whole numbers, first <= x < end
} svar_random_law_kind_t;

/// What is drawn, as plain values: copy it freely. Only the members of its kind count.
typedef struct svar_random_law {
  svar_random_law_kind_t kind;
  double low, high;
  double mean, deviation;
  int64_t first, end;
} svar_random_law_t;

static inline svar_random_law_t
svar_random_uniform(double low, double high)
{
  svar_random_law_t law = {SVAR_RANDOM_UNIFORM, low, high, 0, 0, 0, 0};
  return law;
}

static inline svar_random_law_t
svar_random_gaussian(double mean, double deviation)
{
  svar_random_law_t law = {SVAR_RANDOM_NORMAL, 0, 0, mean, deviation, 0, 0};
  return law;
}

static inline svar_random_law_t
svar_random_whole(int64_t first, int64_t end)
{
  svar_random_law_t law = {SVAR_RANDOM_INTEGERS, 0, 0, 0, 0, first, end};
  return law;
}

/// Fill out, a compact host tensor, in row-major order, and advance state. Its dtype decides what is drawn:
/// float64 and float32 take the numbers of svar_random_float64() and svar_random_float32() (NumPy's uniform()
/// and random(dtype=float32)), normal numbers those of svar_random_normal(), rounded to float32; integers of
/// any width those of svar_random_integers().
/// @contract{allocates: no; blocks: no; system calls: no; thread: one at a time for a state}
/// @retval SVAR_ERR_TYPE out is of no dtype of this law's
/// @retval SVAR_ERR_VALUE nothing lies between the law's bounds, or a bound is beyond out's dtype
/// @retval SVAR_ERR_ARGUMENT out is not compact, or not in host memory
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_fill(svar_random_state_t *state,
                                                      const svar_random_law_t *law, DLTensor *out);

/// Draw from the state that variable holds, and store the advanced state, in one commit. A failure leaves
/// the state as it was. Two threads that draw from one variable at once may draw the same numbers.
/// @contract{as svar_set_value()}
/// @retval as svar_random_get(), svar_random_fill() and svar_set_value()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_draw(svar_variable_t *variable,
                                                      const svar_random_law_t *law, DLTensor *out);

/// A draw from state as an expression, and the state after it: the two results of one operation. The numbers
/// are those of svar_random_fill() into a tensor of this dtype and shape, and the same wherever one call of a
/// function uses the expression.
/// @param state of a random state's type: svar_expression_of() such a variable, an input, out_next of another
/// @param shape ndim extents, copied; no axis is broadcastable
/// @contract{allocates: yes; blocks: no; thread: any}
/// @param[out] out_draw, out_next shared: svar_expression_unref()
/// @retval SVAR_ERR_TYPE state is no random state, or dtype none of this law's
/// @retval SVAR_ERR_VALUE nothing lies between the law's bounds, or a bound is beyond dtype
/// @retval SVAR_ERR_ARGUMENT ndim and shape are no shape
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_random(
    svar_expression_t *state, const svar_random_law_t *law, svar_dtype_t dtype, int32_t ndim,
    const int64_t *shape, svar_expression_t **out_draw, svar_expression_t **out_next);

/// A collection of draw sites. Used by one thread at a time; its variables by any.
typedef struct svar_random_streams svar_random_streams_t;

/// A collection without sites.
/// @param options NULL, or name and store (the others are not looked at): site number k is the variable
/// "<name>.<k>" of store; without a store, a private one with that label
/// @contract{allocates: yes; blocks: no; system calls: no; thread: any}
/// @param[out] out_streams owned: svar_random_streams_destroy()
/// @retval SVAR_ERR_ARGUMENT a store without a name
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_streams_create(
    uint64_t seed, const svar_shared_options_t *options, svar_random_streams_t **out_streams);
/// Gives back the collection's references of its sites, and ends the default updates of those that
/// svar_random_streams_draw() made; functions that are made by then keep them. NULL is a no-op.
SVAR_PUBLIC void svar_random_streams_destroy(svar_random_streams_t *streams);

/// Add a site: number k begins with svar_random_spawned(seed, k). One that the store has already, from an
/// earlier holder, goes on where it stood (svar_random_streams_seed() begins again). Its state is read with
/// svar_random_get(), and set with svar_random_source(), like any variable's.
/// @param[out] out_variable shared: svar_variable_unref()
/// @contract{as svar_shared(); thread: one at a time for a collection}
/// @retval SVAR_ERR_TYPE the store has a variable of that name that holds no random state
/// @retval as svar_shared()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_streams_add(svar_random_streams_t *streams,
                                                             svar_variable_t **out_variable);
/// Add a site, and give a draw from it as an expression. The state after the draw is the default update of the
/// site's variable, so each call of a function that uses the draw advances the site, functions that share it
/// share its sequence, and svar_function_options_t.no_default_updates makes the calls repeat themselves.
/// @param law, dtype, ndim, shape as svar_expression_random()
/// @param[out] out_variable the site's, as svar_random_streams_add(); NULL: not wanted
/// @param[out] out_draw shared: svar_expression_unref()
/// @contract{as svar_random_streams_add()}
/// @retval as svar_random_streams_add() and svar_expression_random(); then there is no new site
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_streams_draw(
    svar_random_streams_t *streams, const svar_random_law_t *law, svar_dtype_t dtype, int32_t ndim,
    const int64_t *shape, svar_variable_t **out_variable, svar_expression_t **out_draw);
SVAR_PUBLIC size_t svar_random_streams_count(const svar_random_streams_t *streams);

/// Begin every site again, all in one commit: the same seed always gives the same sequences, whatever was
/// drawn before. Sites that are added later follow the new seed.
/// @param seed NULL: the one of the construction
/// @retval as svar_set_value(); then nothing has changed
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_streams_seed(svar_random_streams_t *streams,
                                                              const uint64_t *seed);

SVAR_END_DECLS
#endif
