// Standard output and what goes wrong with it, and sentences on standard error.
#ifndef SVARI_TOOLS_OUTPUT_H
#define SVARI_TOOLS_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>

// A reader that closes its end of a pipe (`| head`) ends the program quietly: writes fail from now on
// instead of raising SIGPIPE, and svari_output_finish() knows.
void svari_output_begin(void);
// True if standard output is a terminal: a person reads it.
bool svari_output_is_terminal(void);
// Flushes. True if something could not be written and nothing more need be. To be called soon after
// what may have failed, for errno says why.
bool svari_output_has_failed(void);
// Flushes; turns exit_code into a failure, with a sentence, if the output could not be written for
// another reason than a reader that left. Returns the exit code.
int svari_output_finish(int exit_code);

// "svar: <sentence>" on stderr. Returns SVARI_EXIT_FAILURE.
int svari_say_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));
int svari_say_failure_list(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));
// The same, with the library's sentence (svar_error_message()).
int svari_say_error(void);

#endif
