// The command line of a subcommand of svar, one argument a line.
#include "fuzz/fuzz.h"
#include "tools/arguments.h"

enum { ARGUMENTS_MAX = 16 };

static const svari_command_t command = {.name = "fuzz",
                                        .operands = "STORE [VARIABLE]",
                                        .summary = "nothing",
                                        .description = "Nothing.\n"};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  fuzz_input_t input = {data, data + size_bytes};
  char *argv[ARGUMENTS_MAX + 2] = {fuzz_text((const uint8_t *)"fuzz", 4)};
  char *owned[ARGUMENTS_MAX + 2] = {argv[0]};
  int argc = 1;
  while (fuzz_has_more(&input) && argc <= ARGUMENTS_MAX) {
    argv[argc] = fuzz_line(&input);
    owned[argc] = argv[argc];
    argc++;
  }
  bool flag = false;
  const char *text = NULL;
  uint64_t count = 1;
  int64_t duration_ns = 0;
  const svari_option_t options[] = {
      {"flag", SVARI_OPTION_FLAG, NULL, "a flag", &flag},
      {"text", SVARI_OPTION_TEXT, "TEXT", "a text", &text},
      {"count", SVARI_OPTION_COUNT, "N", "a number", &count},
      {"duration", SVARI_OPTION_DURATION, "SECONDS", "a time", &duration_ns},
  };
  svari_arguments_t arguments;
  int exit_code = 0;
  if (svari_arguments_parse(&command, options, 4, 1, 2, argc, argv, &arguments, &exit_code)) {
    FUZZ_CHECK(arguments.operand_count >= 1 && arguments.operand_count <= 2);
  }
  FUZZ_CHECK(count > 0 && duration_ns >= 0);
  for (int i = 0; i < argc; i++) {
    free(owned[i]);
  }
  return 0;
}
