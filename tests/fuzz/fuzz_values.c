// A value of any type and shape, as a store may give it: as text, and as NumPy's format.
#include <string.h>

#include "fuzz/fuzz.h"
#include "shared_variable/source.h"
#include "tools/npy.h"
#include "tools/tensor_text.h"

static void
write_all(const DLTensor *tensor, int32_t line_width)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  FUZZ_CHECK(out != NULL);
  const svari_tensor_text_options_t terminal = SVARI_TENSOR_TEXT_TERMINAL;
  const svari_tensor_text_options_t narrow = {10, line_width};
  svari_tensor_text_write(tensor, &terminal, out);
  svari_tensor_text_write(tensor, &narrow, out);
  FUZZ_CHECK(svari_npy_write(tensor, out) == SVAR_OK);
  fclose(out);
  free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  fuzz_input_t input = {data, data + size_bytes};
  svar_dtype_t dtype = {fuzz_byte(&input), fuzz_byte(&input), 1};
  int64_t shape[SVAR_NDIM_MAX];
  int32_t ndim = fuzz_byte(&input) % (SVAR_NDIM_MAX + 1);
  uint8_t line_width = fuzz_byte(&input);
  for (int32_t i = 0; i < ndim; i++) {
    uint8_t extent = fuzz_byte(&input);
    shape[i] = extent < 0xf0 ? extent % 9 : (int64_t)(fuzz_word(&input) >> 1);
  }
  uint64_t value_bytes = 0;
  if (!svar_dtype_is_known(dtype) ||
      fuzz_ret(svar_shape_bytes(dtype, ndim, shape, &value_bytes)) != SVAR_OK ||
      value_bytes > 4096) {
    return 0;
  }
  uint8_t *bytes = calloc(1, value_bytes > 0 ? value_bytes : 1);
  FUZZ_CHECK(bytes != NULL);
  for (uint64_t i = 0; i < value_bytes && fuzz_has_more(&input); i++) {
    bytes[i] = fuzz_byte(&input);
  }
  DLTensor tensor = svar_tensor(dtype, bytes, ndim, shape);
  write_all(&tensor, line_width);
  free(bytes);
  return 0;
}
