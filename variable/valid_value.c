// Whether a value is one of a type as it is, without a conversion: what strict variables ask.
#include "variable/filter.h"
#include "variable/source.h"
#include "variable/sparse_filter.h"

static bool
is_valid_matrix(const svar_type_t *type, const svar_source_t *source)
{
  const svar_allocator_t heap = svar_allocator_default();
  const svari_sparse_target_t target = {.format = (svar_sparse_format_t)type->format,
                                        .dtype = type->dtype,
                                        .index_dtype = SVAR_INT64, // a type does not say
                                        .strict = true};
  svari_sparse_filtered_t filtered;
  if (svari_sparse_filter(&target, source, &heap, &filtered) != SVAR_OK) {
    return false;
  }
  svari_sparse_filtered_release(&filtered);
  return true;
}

bool
svar_type_is_valid_value(const svar_type_t *type, const svar_source_t *source)
{
  if (type == NULL || source == NULL) {
    return false;
  }
  if (type->kind == SVAR_KIND_SPARSE) {
    return is_valid_matrix(type, source);
  }
  if (type->kind == SVAR_KIND_OBJECT && source->kind == SVAR_SOURCE_OBJECT) {
    return svari_source_check(source) == SVAR_OK;
  }
  svari_filter_plan_t plan;
  return svari_filter_check(type, true, SVAR_DOWNCAST_UNSET, NULL, source, &plan) == SVAR_OK;
}
