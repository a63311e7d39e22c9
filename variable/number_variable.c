// Shared variables that are true numbers: filter.c has their rules.
#include "shared_variable/number.h"
#include "variable/constructors.h"
#include "variable/source.h"

svar_ret_t
svar_number(svar_source_t source, const svar_shared_options_t *options,
            svar_variable_t **out_variable)
{
  SVAR_REQUIRE(out_variable != NULL);
  svar_shared_options_t known;
  SVAR_TRY(svari_shared_options_read(options, &known));
  SVAR_TRY(svari_source_check(&source));
  if ((source.kind != SVAR_SOURCE_SCALAR && source.kind != SVAR_SOURCE_LITERAL) ||
      source.tensor.ndim != 0) {
    char text[SVARI_SOURCE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_TYPE, "a number is made from a single number, not from %s",
                     svari_source_text(&source, text, sizeof(text)));
  }
  SVAR_TRY(svari_options_refuse_broadcastable(&known));
  SVAR_TRY(svari_options_refuse_sparse_format(&known));
  SVAR_TRY(svari_options_refuse_gpu(&known));
  // Typed, so that a strict variable accepts the number it is made from.
  svar_source_t typed = svar_scalar(source.tensor.dtype, svari_source_data(&source));
  return svari_construct(svar_number_type(source.tensor.dtype), &typed, &known, out_variable);
}
