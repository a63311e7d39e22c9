// What the fuzz targets share. A target is one file: LLVMFuzzerTestOneInput() over one parser, linked
// with libFuzzer (the preset `fuzz`), or with replay.c, which runs the corpus through it in any build.
//
// A target fails by a sanitizer's report, by FUZZ_CHECK, or by taking too long. It accepts every input:
// what a parser refuses, it refuses with a code and a sentence.
#ifndef SVAR_TESTS_FUZZ_FUZZ_H
#define SVAR_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// The target. Returns 0.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

/// Ends the run as a crash: a promise of the code under test does not hold.
#define FUZZ_CHECK(condition)                                                                      \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: FUZZ_CHECK(%s) failed; last sentence: %s\n", __FILE__, __LINE__,     \
              #condition, svar_error_message());                                                   \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

/// Passes ret on. Every failure has a sentence.
svar_ret_t fuzz_ret(svar_ret_t ret);

/// The input as a stream of operands; after its end, zeros.
typedef struct fuzz_input {
  const uint8_t *at, *end;
} fuzz_input_t;

static inline bool
fuzz_has_more(const fuzz_input_t *input)
{
  return input->at < input->end;
}

static inline uint8_t
fuzz_byte(fuzz_input_t *input)
{
  return fuzz_has_more(input) ? *input->at++ : 0;
}

static inline uint64_t
fuzz_word(fuzz_input_t *input)
{
  uint64_t word = 0;
  for (int i = 0; i < 8; i++) {
    word |= (uint64_t)fuzz_byte(input) << 8 * i;
  }
  return word;
}

/// The input, or what is left of it, as a C text of the caller's: free() it. It ends at its first NUL.
char *fuzz_text(const uint8_t *data, size_t size_bytes);
/// The next line of the input without its '\n', as a C text of the caller's: free() it.
char *fuzz_line(fuzz_input_t *input);

/// A folder of this process below /dev/shm, removed at exit with what is in it. Borrowed.
const char *fuzz_folder(void);
/// Makes the file `name` in that folder hold these bytes, last written long ago. Returns its path,
/// which is borrowed until the next call.
const char *fuzz_file(const char *name, const uint8_t *data, size_t size_bytes);

SVAR_END_DECLS
#endif
