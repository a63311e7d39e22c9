// What `svar set` takes: numbers as a person types them, and NumPy files.
#include <string.h>

#include "fuzz/fuzz.h"
#include "tools/npy_read.h"
#include "tools/numbers.h"

static void
parse_numbers(const char *text)
{
  svari_numbers_t numbers = SVARI_NUMBERS_INIT;
  if (fuzz_ret(svari_numbers_parse(text, &numbers)) == SVAR_OK) {
    uint64_t bytes;
    FUZZ_CHECK(svar_shape_bytes(numbers.dtype, numbers.ndim, numbers.shape, &bytes) == SVAR_OK);
    FUZZ_CHECK(bytes == numbers.count * svar_dtype_bytes(numbers.dtype));
  }
  svari_numbers_fini(&numbers);
}

static volatile unsigned char sum; // so that the bytes are read

static void
read_npy(const char *path)
{
  svari_npy_array_t array;
  if (fuzz_ret(svari_npy_read(path, &array)) == SVAR_OK) {
    uint64_t bytes;
    FUZZ_CHECK(svar_dtype_is_known(array.tensor.dtype));
    FUZZ_CHECK(svar_shape_bytes(array.tensor.dtype, array.tensor.ndim, array.shape, &bytes) ==
               SVAR_OK);
    for (uint64_t i = 0; i < bytes; i++) {
      sum ^= ((const unsigned char *)array.elements)[i];
    }
  }
  svari_npy_array_fini(&array);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  char *text = fuzz_text(data, size_bytes);
  parse_numbers(text);
  free(text);
  read_npy(fuzz_file("array.npy", data, size_bytes));
  return 0;
}
