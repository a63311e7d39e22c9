// A reader opens a store whose two files an enemy wrote, and reads on while the enemy changes them.
#include "fuzz/store_image.h"

enum { OPEN = 0xff }; // the byte that ends the patches made before the store is opened

static void
read_while_it_changes(svar_store_t *store, fuzz_input_t *input)
{
  fuzz_store_read_all(store);
  for (int i = 0; i < 32 && fuzz_has_more(input); i++) {
    fuzz_store_patch(input, FUZZ_REACH_WORDS);
    fuzz_store_read_all(store);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  fuzz_input_t input = {data, data + size_bytes};
  fuzz_store_reset();
  while (fuzz_has_more(&input) && *input.at != OPEN) {
    fuzz_store_patch(&input, FUZZ_REACH_FILES);
  }
  (void)fuzz_byte(&input);
  svar_store_options_t options = fuzz_store_options();
  svar_store_t *store = NULL;
  if (fuzz_ret(svar_store_open(FUZZ_STORE_NAME, &options, &store)) == SVAR_OK) {
    read_while_it_changes(store, &input);
    svar_store_close(store);
  }
  return 0;
}
