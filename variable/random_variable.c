// Shared variables that hold a random state: tensors of its words, which take nothing but states.
#include <string.h>

#include "shared_variable/random.h"
#include "variable/constructors.h"
#include "variable/text.h"

static const int64_t STATE_SHAPE[1] = {SVAR_RANDOM_WORDS};

svar_source_t
svar_random_source(const svar_random_state_t *state)
{
  svar_source_t source = {.kind = SVAR_SOURCE_RANDOM,
                          .tensor = svar_tensor(SVAR_UINT64, (void *)state, 1, STATE_SHAPE),
                          .detail = state};
  return source;
}

svar_ret_t
svari_construct_random(const svar_source_t *source, const svar_shared_options_t *options,
                       void *context, svar_variable_t **out_variable)
{
  (void)context;
  if (source->kind != SVAR_SOURCE_RANDOM) {
    return svar_fail(SVAR_ERR_TYPE, "it takes random states (svar_random_source)");
  }
  SVAR_TRY(svari_options_refuse_broadcastable(options));
  SVAR_TRY(svari_options_refuse_sparse_format(options));
  SVAR_TRY(svari_options_refuse_gpu(options));
  const svar_type_t type = {.dtype = SVAR_UINT64, .ndim = 1, .kind = SVAR_KIND_RANDOM};
  return svari_construct(type, source, options, out_variable);
}

static svar_ret_t
read_words(svar_variable_t *variable, svar_random_state_t *out_state)
{
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svar_get_value(variable, SVAR_BORROW, &view));
  bool is_whole = svar_value_bytes(&view) == sizeof(*out_state);
  if (is_whole) {
    memcpy(out_state, view.tensor.data, sizeof(*out_state));
  }
  svar_value_release(&view);
  return is_whole ? SVAR_OK
                  : svar_fail(SVAR_ERR_VALUE, "a random state has %d words", SVAR_RANDOM_WORDS);
}

svar_ret_t
svar_random_get(svar_variable_t *variable, svar_random_state_t *out_state)
{
  SVAR_REQUIRE(variable != NULL && out_state != NULL);
  const svar_type_t type = svar_variable_type(variable);
  const char *name = svar_variable_name(variable);
  if (type.kind != SVAR_KIND_RANDOM) {
    char text[SVAR_TYPE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_TYPE, "variable %s is %s, not a random state",
                     svari_name_text(name).text, svar_type_text(&type, text, sizeof(text)));
  }
  svar_random_state_t state;
  svar_ret_t ret = read_words(variable, &state);
  if (ret == SVAR_OK) {
    ret = svar_random_state_check(&state);
  }
  if (ret != SVAR_OK) {
    svar_fail_context("reading variable %s", svari_name_text(name).text);
    return ret;
  }
  *out_state = state;
  return SVAR_OK;
}
