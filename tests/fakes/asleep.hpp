// Waits for what another thread waits for.
#ifndef TESTS_FAKES_ASLEEP_HPP
#define TESTS_FAKES_ASLEEP_HPP

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace svar_test
{

/// True if the kernel tells what a thread is doing.
inline bool
can_see_threads()
{
  return access("/proc/self/syscall", R_OK) == 0;
}

/// Returns when the thread sleeps on a futex: on one that processes share (FUTEX_WAIT_BITSET), or (is_lock) on a
/// lock of this process (FUTEX_WAIT with the private flag).
inline void
wait_until_asleep(pid_t thread, bool is_lock)
{
  const std::string expected = is_lock ? "0x80" : "0x9";
  std::string number, address, operation;
  while (operation != expected) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/syscall");
    operation.clear();
    file >> number >> address >> operation;
  }
}

/// True if no other thread of this process runs or is about to.
inline bool
others_sleep()
{
  for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    std::string line;
    while (std::getline(status, line) && line.rfind("State:", 0) != 0) {
    }
    if (line.find('R') != std::string::npos && task.path().filename() != std::to_string(gettid())) {
      return false;
    }
  }
  return true;
}

/// True if each thread of a stopped process was stopped in a system call, as one that sleeps or waits is.
inline bool
was_in_system_calls(pid_t pid)
{
  bool each = true;
  for (const auto &task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    int number = -1;
    std::ifstream(task.path() / "syscall") >> number; // -1, or "running": it was at work
    each = each && number >= 0;
  }
  return each;
}

/// True if the kernel has each thread of another process in one of these states.
inline bool
each_thread_is(pid_t pid, const std::string &states)
{
  bool each = true;
  for (const auto &task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::string line;
    std::getline(std::ifstream(task.path() / "stat"), line); // tid (name) state ...
    size_t end = line.rfind(") ");
    each = each && end != std::string::npos && states.find(line[end + 2]) != std::string::npos;
  }
  return each;
}

/// True if each thread of another process sleeps. One that another thread woke, holding a lock, is in a system call
/// and yet does not sleep.
inline bool
is_asleep(pid_t pid)
{
  return each_thread_is(pid, "ST");
}

/// A signal that stops is only sent when kill() returns: threads that run go on for a while.
inline void
stop(pid_t pid)
{
  kill(pid, SIGSTOP);
  while (!each_thread_is(pid, "T")) {
    usleep(1000);
  }
}

/// Stops a child while each of its threads sleeps, so that it may be killed: not within a call into iceoryx, which
/// would leave a lock taken for ever. (That it has not run for a while is not enough: it may be waiting for its turn.)
inline void
stop_asleep(pid_t pid)
{
  for (;;) {
    while (!is_asleep(pid)) {
      usleep(1000);
    }
    kill(pid, SIGSTOP);
    waitpid(pid, nullptr, WUNTRACED);
    if (was_in_system_calls(pid)) {
      return;
    }
    kill(pid, SIGCONT);
  }
}

/// Before a fork. The locks in a sanitizer's allocator come into the child as they are, and nobody there unlocks those that
/// other threads held: so none should run. Where some never sleep, that is waited for once, and hardly again.
inline void
let_others_sleep()
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static int patience_ms = 1000;
  int ms = 0;
  while (ms < patience_ms && !others_sleep()) {
    usleep(1000);
    ms++;
  }
  patience_ms = ms < patience_ms ? patience_ms : 5;
#endif
}

} // namespace svar_test

#endif
