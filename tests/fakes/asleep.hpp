// Waits for what another thread waits for.
#ifndef TESTS_FAKES_ASLEEP_HPP
#define TESTS_FAKES_ASLEEP_HPP

#include <unistd.h>

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

} // namespace svar_test

#endif
