#include "fakes/roudi.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "fakes/asleep.hpp"
#include "shared_variable/messages.h"

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// The 4 KiB pool is small, so that a test can use it up.
constexpr const char *kConfig = "[general]\nversion = 1\n[[segment]]\n"
                                "[[segment.mempool]]\nsize = 128\ncount = 2000\n"
                                "[[segment.mempool]]\nsize = 4096\ncount = 20\n";

std::string
WriteConfig()
{
  std::string path = testing::TempDir() + "roudi-" + std::to_string(getpid()) + ".toml";
  std::ofstream(path) << kConfig;
  return path;
}

// True if the process ended in time.
bool
WaitForEnd(pid_t pid, seconds patience)
{
  auto deadline = steady_clock::now() + patience;
  while (waitpid(pid, nullptr, WNOHANG) == 0) {
    if (steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

// What RouDi leaves when it was killed, or when its clients die before it does. One segment is named
// after its group.
void
RemoveRemains()
{
  unlink("/tmp/roudi");
  unlink("/tmp/roudi.lock");
  shm_unlink("/iceoryx_mgmt");
  if (const group *own = getgrgid(getegid())) {
    shm_unlink((std::string("/") + own->gr_name).c_str());
  }
}

} // namespace

RoudiTurn::RoudiTurn() : fd_(open("/tmp/svar-test-roudi.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666))
{
  EXPECT_GE(fd_, 0);
  while (flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
  }
  EXPECT_EQ(svar_messages_probe(), SVAR_ERR_NO_ROUDI)
      << "another iox-roudi runs on this machine, and these tests need their own: stop it first";
}

RoudiTurn::~RoudiTurn()
{
  close(fd_);
}

Roudi::Roudi() : turn_(std::make_unique<RoudiTurn>()), config_(WriteConfig())
{
  Start();
}

Roudi::Roudi(WithinTurn) : config_(WriteConfig())
{
  Start();
}

void
Roudi::Start()
{
  if (testing::Test::HasFailure()) {
    return;
  }
  std::string log = LogPath();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const char *arguments[] = {"iox-roudi", "-c", config_.c_str(), nullptr};
  int error = posix_spawnp(&pid_, arguments[0], &actions, nullptr,
                           const_cast<char *const *>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  ASSERT_EQ(error, 0) << "iox-roudi cannot be started";
  auto deadline = steady_clock::now() + seconds(30);
  while (svar_messages_probe() != SVAR_OK) {
    ASSERT_LT(steady_clock::now(), deadline) << svar_error_message() << "; see " << log;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

void
Roudi::Kill()
{
  ASSERT_GT(pid_, 0);
  svar_test::stop_asleep(pid_);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void
Roudi::Pause() const
{
  svar_test::stop(pid_);
}

std::string
Roudi::LogPath() const
{
  return config_ + ".log";
}

std::string
Roudi::Log() const
{
  std::ostringstream text;
  text << std::ifstream(LogPath()).rdbuf();
  return text.str();
}

Roudi::~Roudi()
{
  if (pid_ > 0) {
    kill(pid_, SIGCONT);
    kill(pid_, SIGTERM);
    if (!WaitForEnd(pid_, seconds(5))) {
      Kill();
    }
  }
  RemoveRemains();
  unlink(config_.c_str());
  unlink(LogPath().c_str());
}
