// True numbers: variables of one number that is no array (Theano's true scalars). The value rules are those
// of a number, and every refusal is SVAR_ERR_TYPE.
#ifndef SHARED_VARIABLE_NUMBER_H
#define SHARED_VARIABLE_NUMBER_H

#include "shared_variable/shared.h"

SVAR_BEGIN_DECLS

/// The type of true numbers of a dtype: what svar_variable_create() makes one of a given dtype with.
static inline svar_type_t
svar_number_type(svar_dtype_t dtype)
{
  svar_type_t type = {dtype, 0, 0, SVAR_KIND_NUMBER, 0};
  return type;
}

/// Make a variable that is a true number, of the dtype of source (a literal's natural one). svar_shared()
/// never makes one: there a number becomes an array of rank 0.
///
/// What svar_set_value() accepts then: strict, svar_scalar() of exactly the dtype; else, one number of
/// any source (a scalar, a literal, an array of rank 0) that equals what it becomes, so not NaN, or that
/// is cast, because allow_downcast is true or it is a lone float and the dtype is floatX. Reading gives a
/// tensor of rank 0.
/// @contract{as svar_shared()}
/// @param options NULL: all defaults. borrow has no meaning: a number is always copied.
/// @retval SVAR_ERR_TYPE source is no scalar and no single literal; it is NaN; an option that numbers do
/// not take (broadcastable, sparse_format)
/// @retval as svar_shared() of the options and the store
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_number(svar_source_t source,
                                                 const svar_shared_options_t *options,
                                                 svar_variable_t **out_variable);

SVAR_END_DECLS
#endif
