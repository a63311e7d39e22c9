// Waits for what another thread waits for.
#ifndef TESTS_FAKES_ASLEEP_HPP
#define TESTS_FAKES_ASLEEP_HPP

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
