/* Uses the library alone: a variable in a private store. */
#include <shared_variable/shared_variable.h>

int
main(void)
{
  svar_store_t *store;
  svar_variable_t *gain;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  if (svar_store_create_private("consumer", NULL, &store) != SVAR_OK) {
    return 1;
  }
  options.name = "gain";
  options.store = store;
  if (svar_shared(svar_float(2.5), &options, &gain) != SVAR_OK) {
    return 1;
  }
  svar_variable_unref(gain);
  svar_store_close(store);
  return 0;
}
