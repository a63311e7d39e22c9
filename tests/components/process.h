// A child process whose standard error is read line by line, as it comes.
#ifndef TESTS_COMPONENTS_PROCESS_H
#define TESTS_COMPONENTS_PROCESS_H

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/asleep.hpp"

class Process
{
public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  Process(std::vector<std::string> words, const Environment &environment)
  {
    std::vector<char *> argv;
    for (std::string &word : words) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    out_ = memfd_create("stdout", MFD_CLOEXEC);
    pid_ = fork();
    if (pid_ == 0) {
      for (const auto &[name, value] : environment) {
        setenv(name.c_str(), value.c_str(), 1);
      }
      dup2(out_, STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(126);
    }
    close(ends[1]);
    error_ = ends[0];
  }

  ~Process()
  {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (error_ >= 0) {
      close(error_);
    }
    close(out_);
  }
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  pid_t Pid() const
  {
    return pid_;
  }

  void Signal(int number) const
  {
    kill(pid_, number);
  }

  void Stop() const
  {
    svar_test::stop(pid_);
  }

  // As when whoever reads our log goes away.
  void CloseErrors()
  {
    close(error_);
    error_ = -1;
  }

  // Reads standard error up to and including a line that contains text. False: it ended before.
  bool WaitFor(const std::string &text)
  {
    std::string line;
    while (ReadLine(&line)) {
      if (line.find(text) != std::string::npos) {
        return true;
      }
    }
    ADD_FAILURE() << "no line contains '" << text << "' in:\n" << errors_;
    return false;
  }

  // Reads standard error to its end; the exit code, or minus the signal that ended it.
  int Wait()
  {
    std::string line;
    while (error_ >= 0 && ReadLine(&line)) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  const std::string &Errors() const
  {
    return errors_;
  } // what was read so far

  std::string Output() const
  {
    std::string text(static_cast<size_t>(lseek(out_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(out_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

private:
  bool ReadLine(std::string *out_line)
  {
    out_line->clear();
    for (;;) {
      pollfd wait = {error_, POLLIN, 0};
      if (poll(&wait, 1, 40000) != 1) { // only a hang gets here, before InProcess() ends it
        ADD_FAILURE() << "the process says nothing for 40 s, after:\n" << errors_;
        return false;
      }
      char c;
      if (read(error_, &c, 1) != 1) {
        return !out_line->empty();
      }
      errors_ += c;
      if (c == '\n') {
        return true;
      }
      *out_line += c;
    }
  }

  pid_t pid_ = -1;
  int error_ = -1;
  int out_ = -1;
  std::string errors_;
};

#endif
