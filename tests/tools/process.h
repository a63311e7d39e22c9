// A program run by a test, with what it prints and how it ends.
#ifndef TESTS_TOOLS_PROCESS_H
#define TESTS_TOOLS_PROCESS_H

#include <string>
#include <vector>

#include <sys/types.h>

struct Outcome {
  std::string out, err;
  int exit_code = -1; // -1: ended by a signal
};

// Runs arguments[0] to its end. Into a terminal, out also holds what goes to standard error.
Outcome RunToEnd(const std::vector<std::string> &arguments);
Outcome RunAtTerminal(const std::vector<std::string> &arguments);

// A program that goes on while the test does something.
class Process
{
public:
  explicit Process(const std::vector<std::string> &arguments);
  ~Process(); // kills it if it still runs
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  // The next line of its standard output, without the newline; "" at its end.
  std::string ReadLine();
  void CloseOutput(); // the reader leaves
  void Signal(int number) const;
  Outcome Wait(); // out: what no ReadLine() took

private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
};

#endif
