// The filter: decides what a variable's type accepts, and converts it. After Theano's Type.filter;
// filter.c states the order of the decisions, promotion.c has the table for arrays.
#ifndef SVARI_VARIABLE_FILTER_H
#define SVARI_VARIABLE_FILTER_H

#include "shared_variable/source.h"
#include "shared_variable/variable.h"

// What svari_filter_check() found: everything that svari_filter_write() needs, so that room can be
// taken between the two.
typedef struct svari_filter_plan {
  svar_dtype_t from;
  svar_dtype_t to;
  int32_t ndim;
  int64_t shape[SVAR_NDIM_MAX];
  uint64_t size_bytes; // of the compact result
} svari_filter_plan_t;

// Decides whether source may be stored in a variable of this type. name (may be NULL) is for the
// message. Reads the data of literals and scalars, never that of arrays.
// SVAR_ERR_TYPE, SVAR_ERR_VALUE, SVAR_ERR_RANGE as svar_set_value().
svar_ret_t svari_filter_check(const svar_type_t *type, bool strict, svar_downcast_t allow_downcast,
                              const char *name, const svar_source_t *source,
                              svari_filter_plan_t *out_plan);

// Writes the converted value, compact and row-major, plan->size_bytes bytes, 64-byte aligned.
// Cannot fail: everything was checked. Same dtype and compact: one memcpy.
void svari_filter_write(const svari_filter_plan_t *plan, const svar_source_t *source,
                        void *destination);

#endif
