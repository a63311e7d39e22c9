#include "tools/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

std::string
ReadAll(int fd)
{
  std::string text;
  char buffer[4096];
  ssize_t got;
  // A terminal whose other end is closed reads as EIO.
  while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR)) {
    text.append(buffer, got > 0 ? static_cast<size_t>(got) : 0);
  }
  return text;
}

[[noreturn]] void
Exec(const std::vector<std::string> &arguments)
{
  std::vector<char *> argv;
  for (const std::string &argument : arguments) {
    argv.push_back(const_cast<char *>(argument.c_str()));
  }
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(126);
}

int
WaitFor(pid_t pid)
{
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

Process::Process(const std::vector<std::string> &arguments)
{
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 || (pid_ = fork()) < 0) {
    throw std::runtime_error("cannot start a process");
  }
  if (pid_ == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    Exec(arguments);
  }
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Process::~Process()
{
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    WaitFor(pid_);
  }
  CloseOutput();
  if (err_ >= 0) {
    close(err_);
  }
}

std::string
Process::ReadLine()
{
  std::string line;
  char letter;
  while (read(out_, &letter, 1) == 1 && letter != '\n') {
    line += letter;
  }
  return line;
}

void
Process::CloseOutput()
{
  if (out_ >= 0) {
    close(out_);
    out_ = -1;
  }
}

void
Process::Signal(int number) const
{
  kill(pid_, number);
}

Outcome
Process::Wait()
{
  Outcome outcome;
  outcome.out = out_ >= 0 ? ReadAll(out_) : "";
  outcome.err = ReadAll(err_); // a few sentences: the pipe holds them
  outcome.exit_code = WaitFor(pid_);
  pid_ = -1;
  return outcome;
}

Outcome
RunToEnd(const std::vector<std::string> &arguments)
{
  return Process(arguments).Wait();
}

Outcome
RunAtTerminal(const std::vector<std::string> &arguments)
{
  int terminal = -1;
  pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid < 0) {
    throw std::runtime_error("cannot open a terminal");
  }
  if (pid == 0) {
    Exec(arguments);
  }
  Outcome outcome;
  for (char letter : ReadAll(terminal)) {
    if (letter != '\r') { // a terminal writes \r\n
      outcome.out += letter;
    }
  }
  close(terminal);
  outcome.exit_code = WaitFor(pid);
  return outcome;
}
