/* Uses the archives' library: writes a file of one tensor, and finds it there. */
#include <shared_variable/safetensors.h>
#include <shared_variable/source.h>

int
main(int argc, char **argv)
{
  float gain = 2.5f;
  svar_safetensors_item_t item = {"gain", svar_tensor(SVAR_FLOAT32, &gain, 0, NULL)};
  svar_safetensors_t *file;
  size_t index;
  if (argc != 2 || svar_safetensors_write(argv[1], &item, 1, NULL, 0) != SVAR_OK ||
      svar_safetensors_open(argv[1], &file) != SVAR_OK) {
    return 1;
  }
  svar_ret_t ret = svar_safetensors_find(file, "gain", &index);
  svar_safetensors_close(file);
  return ret != SVAR_OK;
}
