// Signalling eventfds that others share.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <thread>

#include "fakes/scratch.hpp"

extern "C" {
#include "store/bell.h"
}

namespace
{

using svar_test::Child;

class Bell : public testing::Test
{
protected:
  Bell()
  {
    if (svari_bell_open() != SVAR_OK) {
      has_none_ = true;
    }
  }
  void SetUp() override
  {
    if (has_none_) {
      GTEST_SKIP() << svar_error_message();
    }
  }
  ~Bell() override
  {
    close(ready_);
  }
  static uint64_t take(int fd)
  {
    uint64_t count = 0;
    EXPECT_EQ(read(fd, &count, sizeof(count)), 8);
    return count;
  }

  bool has_none_ = false;
  int ready_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
};

TEST_F(Bell, AddsOneToEach)
{
  int fds[SVARI_BELL_MOST];
  for (int &fd : fds) {
    fd = eventfd(0, EFD_CLOEXEC);
  }
  svari_bell_ring(ready_, fds, SVARI_BELL_MOST);
  svari_bell_ring(ready_, fds, 1);
  svari_bell_ring(ready_, fds, 0);
  for (int &fd : fds) {
    EXPECT_EQ(take(fd), &fd == fds ? 2u : 1u);
    close(fd);
  }
}

TEST_F(Bell, AFullOneStaysFullWhateverItsFlags)
{
  int full = eventfd(0, EFD_CLOEXEC);
  const uint64_t most = UINT64_MAX - 1;
  ASSERT_EQ(write(full, &most, sizeof(most)), 8);
  svari_bell_ring(ready_, &full, 1);
  svari_bell_ring(ready_, &full, 1);
  EXPECT_EQ(take(full), UINT64_MAX);
  close(full);
}

TEST_F(Bell, WhatIsNoEventfdIsPassedOver)
{
  int first = eventfd(0, EFD_CLOEXEC);
  int last = eventfd(0, EFD_CLOEXEC);
  const int fds[] = {first, -1, STDERR_FILENO, last, 100000};
  svari_bell_ring(ready_, fds, 5);
  EXPECT_EQ(take(first), 1u);
  EXPECT_EQ(take(last), 1u);
  close(first);
  close(last);
}

TEST_F(Bell, ManyThreadsRingMoreOftenThanResultsAreKept)
{
  int fd = eventfd(0, EFD_CLOEXEC);
  const uint64_t each = 5000;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (uint64_t n = 0; n < each; n++) {
        svari_bell_ring(ready_, &fd, 1);
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(take(fd), 4 * each);
  close(fd);
}

TEST_F(Bell, AChildOfAForkHasItsOwn)
{
  int fd = eventfd(0, EFD_CLOEXEC);
  Child child([&] {
    if (svari_bell_open() != SVAR_OK) {
      return 1;
    }
    svari_bell_ring(ready_, &fd, 1);
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(take(fd), 1u);
  svari_bell_ring(ready_, &fd, 1);
  EXPECT_EQ(take(fd), 1u);
  close(fd);
}

// As a container's filter may have it.
TEST_F(Bell, WithoutTheSystemCallItSaysSo)
{
  Child child([] {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {4, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      return 77;
    }
    return svari_bell_open() == SVAR_ERR_UNSUPPORTED ? 0 : 1;
  });
  int result = child.wait();
  if (result == 77) {
    GTEST_SKIP() << "no filter of system calls is to be had";
  }
  EXPECT_EQ(result, 0);
}

} // namespace
