// floatX: the one float dtype into which a lone float literal may be rounded without being told so.
#ifndef SHARED_VARIABLE_FLOATX_H
#define SHARED_VARIABLE_FLOATX_H

#include "shared_variable/dtype.h"

SVAR_BEGIN_DECLS

/// The setting of this process; float64 until somebody sets it. It has a say only where a variable's
/// allow_downcast is unset, the source is one svar_float(), and the variable's dtype is floatX: then
/// the float is rounded. It never chooses the dtype of a variable.
/// @contract{allocates: no; blocks: no; system calls: no; thread: any}
SVAR_PUBLIC svar_dtype_t svar_floatx(void);

/// @contract{as svar_floatx()}
/// @retval SVAR_ERR_TYPE dtype is not float16, float32 or float64
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_floatx_set(svar_dtype_t dtype);

SVAR_END_DECLS
#endif
