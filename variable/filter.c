#include "variable/filter.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "shared_variable/floatx.h"
#include "shared_variable/random.h"
#include "variable/layout.h"
#include "variable/number.h"
#include "variable/promotion.h"
#include "variable/source.h"
#include "variable/text.h"

// The order of the decisions:
//   0 a kind of value that the type's kind has no rule for is refused
//   1 an array of exactly the variable's dtype is accepted
//   2 a strict variable accepts nothing else
//   3 a dtype that is only stored does not convert
//   4 an array is accepted if allow_downcast is true, or if promotion says so; its data have no say
//   5 a number (scalar, literal, list of them) is accepted if allow_downcast is true, if it is a lone
//     float for a variable of dtype floatX whose allow_downcast is unset, or if it survives the
//     conversion; a literal must also be one that the target can be read from
//   6 rank, then broadcastable axes
// So a wrong dtype is reported before a wrong rank.
//
// A true number (SVAR_KIND_NUMBER) has rules of its own, after Theano's scalars that are no arrays: one
// number, a typed scalar of exactly its dtype if it is strict, else whatever equals what it becomes, or is
// cast; and every refusal is a type error.

// How the numbers of one source are judged.
typedef struct rule {
  svar_dtype_t from;
  svar_dtype_t to;
  bool is_literal;
  bool must_survive; // the conversion must not change the number
} rule_t;

// An integer literal is read as int64, for an unsigned target as uint64 too, before it is converted.
static bool
is_readable(svari_number_t number, svar_dtype_t to)
{
  if (!number.is_whole) {
    return fabs(number.real) < 0x1p64;
  }
  if (number.is_negative) {
    return number.magnitude <= UINT64_C(1) << 63;
  }
  return to.code == kDLUInt || number.magnitude <= INT64_MAX;
}

static svar_ret_t
check_number(const rule_t *rule, svari_convert_t convert, const unsigned char *element)
{
  svari_number_t number = svari_number_read(rule->from, element);
  char text[SVARI_NUMBER_TEXT_BYTES];
  const char *to_name = svar_dtype_name(rule->to);
  if (rule->is_literal && svari_dtype_is_integer(rule->to)) {
    if (isnan(number.real)) {
      return svar_fail(SVAR_ERR_VALUE, "NaN is not a number that %s has", to_name);
    }
    if (!is_readable(number, rule->to)) {
      return svar_fail(SVAR_ERR_RANGE, "%s is beyond every %s",
                       svari_number_text(rule->from, element, text, sizeof(text)),
                       rule->to.code == kDLUInt ? "uint64" : "int64");
    }
  }
  if (!rule->must_survive) {
    return SVAR_OK;
  }
  uint64_t aligned[2] = {0, 0};
  uint64_t converted[2] = {0, 0};
  memcpy(aligned, element, svar_dtype_bytes(rule->from));
  convert(aligned, converted, 1);
  if (svari_number_equal(number, svari_number_read(rule->to, converted))) {
    return SVAR_OK;
  }
  char became[SVARI_NUMBER_TEXT_BYTES];
  return svar_fail(SVAR_ERR_TYPE, "%s would become %s; round it first or set allow_downcast",
                   svari_number_text(rule->from, element, text, sizeof(text)),
                   svari_number_text(rule->to, converted, became, sizeof(became)));
}

static svar_ret_t
check_numbers(const rule_t *rule, const svar_source_t *source)
{
  if (rule->is_literal && svari_dtype_is_complex(rule->from) && !svari_dtype_is_complex(rule->to)) {
    return svar_fail(SVAR_ERR_TYPE, "a complex literal is not read as %s: offer its real part",
                     svar_dtype_name(rule->to));
  }
  if (!rule->must_survive && !(rule->is_literal && svari_dtype_is_integer(rule->to))) {
    return SVAR_OK;
  }
  svari_convert_t convert = svari_convert_find(rule->from, rule->to);
  const unsigned char *data = svari_source_data(source);
  uint64_t count = svari_source_count(source);
  for (uint64_t i = 0; i < count; i++) {
    svar_ret_t ret = check_number(rule, convert, data + i * svar_dtype_bytes(rule->from));
    if (ret != SVAR_OK) {
      if (source->tensor.ndim > 0) {
        svar_fail_context("element %" PRIu64, i);
      }
      return ret;
    }
  }
  return SVAR_OK;
}

static svar_ret_t
check_array(svar_dtype_t to, svar_downcast_t allow_downcast, svar_dtype_t from)
{
  if (allow_downcast == SVAR_DOWNCAST_TRUE || svari_dtype_promotes(to, from)) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_TYPE,
                   "%s does not hold every %s, and an array's dtype decides, not its data; convert "
                   "it first or set allow_downcast",
                   svar_dtype_name(to), svar_dtype_name(from));
}

// True if source becomes a number of the dtype whatever is lost.
static bool
is_cast(svar_dtype_t to, svar_downcast_t allow_downcast, const svar_source_t *source)
{
  bool is_lone_float = source->kind == SVAR_SOURCE_LITERAL && source->tensor.ndim == 0 &&
                       svar_dtype_equal(source->tensor.dtype, SVAR_FLOAT64);
  return allow_downcast == SVAR_DOWNCAST_TRUE ||
         (allow_downcast == SVAR_DOWNCAST_UNSET && is_lone_float &&
          svar_dtype_equal(to, svar_floatx()));
}

static svar_ret_t
check_dtype(svar_dtype_t to, bool strict, svar_downcast_t allow_downcast,
            const svar_source_t *source)
{
  svar_dtype_t from = source->tensor.dtype;
  bool is_same = svar_dtype_equal(from, to);
  if (is_same && source->kind == SVAR_SOURCE_ARRAY) {
    return SVAR_OK;
  }
  if (!svar_dtype_is_known(from)) {
    return svar_fail(SVAR_ERR_TYPE, "no dtype has code %d, %d bits and %d lanes", from.code,
                     from.bits, from.lanes);
  }
  if (strict) {
    return svar_fail(SVAR_ERR_TYPE, "it is strict: only arrays of exactly %s are accepted",
                     svar_dtype_name(to));
  }
  if (is_same) {
    return SVAR_OK;
  }
  if (!svari_dtype_is_convertible(from) || !svari_dtype_is_convertible(to)) {
    return svar_fail(SVAR_ERR_TYPE,
                     "%s does not convert to %s: float8 types are only stored; offer an array of "
                     "exactly %s",
                     svar_dtype_name(from), svar_dtype_name(to), svar_dtype_name(to));
  }
  if (source->kind == SVAR_SOURCE_ARRAY) {
    return check_array(to, allow_downcast, from);
  }
  return check_numbers(&(rule_t){from, to, source->kind == SVAR_SOURCE_LITERAL,
                                 !is_cast(to, allow_downcast, source)},
                       source);
}

static bool
is_nan(const svar_source_t *source)
{
  svari_number_t number = svari_number_read(source->tensor.dtype, svari_source_data(source));
  return isnan(number.real) || isnan(number.imaginary);
}

// The rule of a true number: it is accepted if it equals what it becomes. NaN equals nothing.
static svar_ret_t
check_equal(svar_dtype_t to, svar_downcast_t allow_downcast, const svar_source_t *source)
{
  bool must_survive = !is_cast(to, allow_downcast, source);
  const rule_t rule = {source->tensor.dtype, to, source->kind == SVAR_SOURCE_LITERAL, must_survive};
  SVAR_TRY(check_numbers(&rule, source));
  return must_survive && is_nan(source)
             ? svar_fail(SVAR_ERR_TYPE, "NaN equals no number, not even itself; set allow_downcast")
             : SVAR_OK;
}

static svar_ret_t
check_true_number(svar_dtype_t to, bool strict, svar_downcast_t allow_downcast,
                  const svar_source_t *source)
{
  svar_dtype_t from = source->tensor.dtype;
  bool is_same = svar_dtype_equal(from, to);
  if (source->tensor.ndim != 0) {
    return svar_fail(SVAR_ERR_TYPE, "it is one number, and no array of rank %d",
                     source->tensor.ndim);
  }
  if (strict && (!is_same || source->kind != SVAR_SOURCE_SCALAR)) {
    return svar_fail(SVAR_ERR_TYPE, "it is strict: only typed scalars of exactly %s are accepted",
                     svar_dtype_name(to));
  }
  if (!svari_dtype_is_convertible(from) || !svari_dtype_is_convertible(to)) {
    return is_same ? SVAR_OK
                   : svar_fail(SVAR_ERR_TYPE, "%s does not convert to %s", svar_dtype_name(from),
                               svar_dtype_name(to));
  }
  svar_ret_t ret = check_equal(to, allow_downcast, source);
  return ret == SVAR_OK ? SVAR_OK : svar_fail(SVAR_ERR_TYPE, "%s", svar_error_message());
}

static svar_ret_t
check_shape(const svar_type_t *type, const DLTensor *tensor)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  if (tensor->ndim != type->ndim) {
    return svar_fail(SVAR_ERR_TYPE, "rank %d is expected, shape %s has rank %d", type->ndim,
                     svar_shape_text(tensor->ndim, tensor->shape, text, sizeof(text)),
                     tensor->ndim);
  }
  for (int32_t axis = 0; axis < type->ndim; axis++) {
    if ((type->broadcastable >> axis & 1u) != 0 && tensor->shape[axis] != 1) {
      return svar_fail(SVAR_ERR_TYPE,
                       "axis %d is broadcastable, so its extent is always 1; shape %s has %lld",
                       axis, svar_shape_text(tensor->ndim, tensor->shape, text, sizeof(text)),
                       (long long)tensor->shape[axis]);
    }
  }
  return SVAR_OK;
}

// A state's words, whatever the flags: they are never converted.
static svar_ret_t
decide_random(const svar_source_t *source, svari_filter_plan_t *out_plan)
{
  SVAR_TRY(svar_random_state_check(source->detail));
  *out_plan = (svari_filter_plan_t){.from = SVAR_UINT64,
                                    .to = SVAR_UINT64,
                                    .ndim = 1,
                                    .shape = {SVAR_RANDOM_WORDS},
                                    .size_bytes = sizeof(svar_random_state_t)};
  return SVAR_OK;
}

static svar_ret_t
check_kind(const svar_type_t *type, const svar_source_t *source)
{
  if (!svari_source_is_numbers(source)) {
    return svar_fail(SVAR_ERR_TYPE, "its values are made from numbers");
  }
  // The head of a sparse variable is a tensor too; only the variable itself sets it.
  if (type->kind == SVAR_KIND_RANDOM || type->kind == SVAR_KIND_OBJECT) {
    return svar_fail(SVAR_ERR_TYPE, "its values are not made from numbers");
  }
  return SVAR_OK;
}

static svar_ret_t
decide(const svar_type_t *type, bool strict, svar_downcast_t allow_downcast,
       const svar_source_t *source, svari_filter_plan_t *out_plan)
{
  const DLTensor *tensor = &source->tensor;
  if (type->kind == SVAR_KIND_RANDOM && source->kind == SVAR_SOURCE_RANDOM) {
    return decide_random(source, out_plan);
  }
  SVAR_TRY(check_kind(type, source));
  if (tensor->device.device_type != kDLCPU) {
    return svar_fail(SVAR_ERR_TYPE,
                     "its data are on DLPack device type %d, not in host memory: "
                     "copy them to the host first",
                     (int)tensor->device.device_type);
  }
  SVAR_TRY(type->kind == SVAR_KIND_NUMBER
               ? check_true_number(type->dtype, strict, allow_downcast, source)
               : check_dtype(type->dtype, strict, allow_downcast, source));
  SVAR_TRY(check_shape(type, tensor));
  SVAR_TRY(svar_shape_bytes(type->dtype, type->ndim, tensor->shape, &out_plan->size_bytes));
  out_plan->from = tensor->dtype;
  out_plan->to = type->dtype;
  out_plan->ndim = type->ndim;
  for (int32_t axis = 0; axis < type->ndim; axis++) { // and no more: most sets are of small ranks
    out_plan->shape[axis] = tensor->shape[axis];
  }
  return SVAR_OK;
}

// Says which variable refused what, before the reason that was found.
static void
add_context(const svar_type_t *type, const char *name, const svar_source_t *source)
{
  char type_text[SVAR_TYPE_TEXT_BYTES];
  char source_text[SVARI_SOURCE_TEXT_BYTES];
  svar_type_text(type, type_text, sizeof(type_text));
  svari_source_text(source, source_text, sizeof(source_text));
  svar_fail_context("variable %s, %s, refuses %s", svari_name_text(name).text, type_text,
                    source_text);
}

svar_ret_t
svari_filter_check(const svar_type_t *type, bool strict, svar_downcast_t allow_downcast,
                   const char *name, const svar_source_t *source, svari_filter_plan_t *out_plan)
{
  SVAR_TRY(svari_source_check(source));
  svar_ret_t ret = decide(type, strict, allow_downcast, source, out_plan);
  if (ret != SVAR_OK) {
    add_context(type, name, source);
  }
  return ret;
}

void
svari_filter_write(const svari_filter_plan_t *plan, const svar_source_t *source, void *destination)
{
  if (plan->size_bytes == 0) {
    return;
  }
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  bool is_same = svar_dtype_equal(plan->from, plan->to);
  svari_layout_write(&layout, is_same ? NULL : svari_convert_find(plan->from, plan->to),
                     svar_dtype_bytes(plan->to), destination);
}
