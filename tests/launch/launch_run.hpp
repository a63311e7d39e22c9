// A running launcher, seen from outside: its lines, and what signals do to it.
#ifndef TESTS_LAUNCH_LAUNCH_RUN_HPP
#define TESTS_LAUNCH_LAUNCH_RUN_HPP

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "tests/launch/launch_fixture.hpp"

namespace launch_test
{

// Starts launch_program; TMPDIR is PREFIX/tmp, logs are in PREFIX/log, and the package is found in PREFIX.
class LaunchRun
{
public:
  struct Options {
    std::string path_first;       // put before PATH
    bool ignores_signals = false; // start it as `nohup ... &` in a script would
    bool sets_log_dir = true;     // ROS_LOG_DIR is PREFIX/log
  };

  LaunchRun(const Prefix &prefix, const std::vector<std::string> &arguments)
      : LaunchRun(prefix, arguments, Options())
  {
  }

  LaunchRun(const Prefix &prefix, const std::vector<std::string> &arguments, const Options &options)
  {
    fs::create_directories(prefix.root / "tmp");
    int out_pipe[2];
    int err_pipe[2];
    if (pipe2(out_pipe, O_CLOEXEC) != 0 || pipe2(err_pipe, O_CLOEXEC) != 0) {
      ADD_FAILURE() << "no pipes";
    }
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out_pipe[1], STDOUT_FILENO);
      dup2(err_pipe[1], STDERR_FILENO);
      become(prefix, arguments, options);
    }
    close(out_pipe[1]);
    close(err_pipe[1]);
    fds_[0] = out_pipe[0];
    fds_[1] = err_pipe[0];
  }

  ~LaunchRun()
  {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close_output();
  }
  LaunchRun(const LaunchRun &) = delete;
  LaunchRun &operator=(const LaunchRun &) = delete;

  // Waits until the launcher's stdout and stderr together have this text.
  testing::AssertionResult sees(const std::string &text)
  {
    while (out.find(text) == std::string::npos && err.find(text) == std::string::npos) {
      if (!read_more()) {
        return testing::AssertionFailure() << "no '" << text << "' in\n"
                                           << out << "\nnor in\n"
                                           << err;
      }
    }
    return testing::AssertionSuccess();
  }

  void signal(int number) const
  {
    kill(pid_, number);
  }

  // Reads everything up to the end of the launcher and returns its exit code; -1: it did not exit.
  int finish()
  {
    while ((fds_[0] >= 0 || fds_[1] >= 0) && read_more()) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // As a reader that goes away.
  void close_output()
  {
    for (int &fd : fds_) {
      if (fd >= 0) {
        close(fd);
      }
      fd = -1;
    }
  }

  std::string out; // so far
  std::string err;

private:
  [[noreturn]] static void become(const Prefix &prefix, const std::vector<std::string> &arguments,
                                  const Options &options)
  {
    setenv("AMENT_PREFIX_PATH", prefix.root.c_str(), 1);
    setenv("TMPDIR", (prefix.root / "tmp").c_str(), 1);
    if (options.sets_log_dir) {
      setenv("ROS_LOG_DIR", (prefix.root / "log").c_str(), 1);
    }
    if (!options.path_first.empty()) {
      setenv("PATH", (options.path_first + ":" + getenv("PATH")).c_str(), 1);
    }
    if (options.ignores_signals) {
      ::signal(SIGINT, SIG_IGN);
      ::signal(SIGQUIT, SIG_IGN);
    }
    std::vector<char *> argv = {const_cast<char *>("launch")};
    for (const std::string &argument : arguments) {
      argv.push_back(const_cast<char *>(argument.c_str()));
    }
    argv.push_back(nullptr);
    execv(SVAR_TEST_LAUNCH_PROGRAM, argv.data());
    _exit(126);
  }

  // Returns false at the end of both outputs, and when nothing comes for too long.
  bool read_more()
  {
    pollfd polled[2] = {{fds_[0], POLLIN, 0}, {fds_[1], POLLIN, 0}};
    if (poll(polled, 2, 20000) <= 0) {
      return false;
    }
    std::string *texts[2] = {&out, &err};
    for (int i = 0; i < 2; ++i) {
      char bytes[4096];
      if (polled[i].revents == 0) {
        continue;
      }
      ssize_t count = read(fds_[i], bytes, sizeof(bytes));
      if (count > 0) {
        texts[i]->append(bytes, static_cast<size_t>(count));
      } else {
        close(fds_[i]);
        fds_[i] = -1;
      }
    }
    return fds_[0] >= 0 || fds_[1] >= 0;
  }

  pid_t pid_ = 0;
  int fds_[2] = {-1, -1};
};

} // namespace launch_test

#endif
