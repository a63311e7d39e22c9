#include "variable/promotion.h"

// One row per target, one column per source, both in the order of SVAR_DTYPE_LIST. Sixty-four bit
// integers go into float64 although values above 2^53 are rounded: that is NumPy's rule, and
// Theano's, for typed arrays.
// clang-format off
static const char accepts[SVARI_CONVERTIBLE_COUNT][SVARI_CONVERTIBLE_COUNT + 1] = {
    //                            b iiii uuuu fff cc b
    //                            1 1248 1248 248 8x f
    [SVARI_INDEX_SVAR_BOOL] =       "Y" "...." "...." "..." ".." ".",
    [SVARI_INDEX_SVAR_INT8] =       "Y" "Y..." "...." "..." ".." ".",
    [SVARI_INDEX_SVAR_INT16] =      "Y" "YY.." "Y..." "..." ".." ".",
    [SVARI_INDEX_SVAR_INT32] =      "Y" "YYY." "YY.." "..." ".." ".",
    [SVARI_INDEX_SVAR_INT64] =      "Y" "YYYY" "YYY." "..." ".." ".",
    [SVARI_INDEX_SVAR_UINT8] =      "Y" "...." "Y..." "..." ".." ".",
    [SVARI_INDEX_SVAR_UINT16] =     "Y" "...." "YY.." "..." ".." ".",
    [SVARI_INDEX_SVAR_UINT32] =     "Y" "...." "YYY." "..." ".." ".",
    [SVARI_INDEX_SVAR_UINT64] =     "Y" "...." "YYYY" "..." ".." ".",
    [SVARI_INDEX_SVAR_FLOAT16] =    "Y" "Y..." "Y..." "Y.." ".." ".",
    [SVARI_INDEX_SVAR_FLOAT32] =    "Y" "YY.." "YY.." "YY." ".." "Y",
    [SVARI_INDEX_SVAR_FLOAT64] =    "Y" "YYYY" "YYYY" "YYY" ".." "Y",
    [SVARI_INDEX_SVAR_COMPLEX64] =  "Y" "YY.." "YY.." "YY." "Y." "Y",
    [SVARI_INDEX_SVAR_COMPLEX128] = "Y" "YYYY" "YYYY" "YYY" "YY" "Y",
    [SVARI_INDEX_SVAR_BFLOAT16] =   "Y" "Y..." "Y..." "..." ".." "Y",
};
// clang-format on

bool
svari_dtype_promotes(svar_dtype_t target, svar_dtype_t source)
{
  if (svar_dtype_equal(target, source)) {
    return true;
  }
  return svari_dtype_is_convertible(target) && svari_dtype_is_convertible(source) &&
         accepts[svari_dtype_index(target)][svari_dtype_index(source)] == 'Y';
}
