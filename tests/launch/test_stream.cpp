// What a process's bytes become on a terminal and in a pipe.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "launch/stream.h"

namespace
{

// A stream under test, and the pipe that it reads.
class Source
{
public:
  Source(svari_screen_t *screen, const char *label)
  {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    svari_route_t route = {};
    route.screen = screen;
    svari_stream_init(&stream, ends[0], &route, label, -1);
    write_end_ = ends[1];
  }
  ~Source()
  {
    close(write_end_);
    svari_stream_close(&stream);
  }

  void says(const std::string &text)
  {
    ASSERT_EQ(write(write_end_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    svari_stream_read(&stream);
  }

  void ends()
  {
    svari_stream_close(&stream);
  }

  svari_stream_t stream = {};

private:
  int write_end_;
};

class Terminal : public testing::Test
{
protected:
  void SetUp() override
  {
    master_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(master_, 0);
    ASSERT_EQ(grantpt(master_), 0);
    ASSERT_EQ(unlockpt(master_), 0);
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(slave_, 0);
    termios mode = {};
    tcgetattr(slave_, &mode);
    cfmakeraw(&mode); // no \n to \r\n
    tcsetattr(slave_, TCSANOW, &mode);
    winsize size = {};
    size.ws_col = 20;
    size.ws_row = 5;
    ioctl(slave_, TIOCSWINSZ, &size);
    setenv("NO_COLOR", "1", 1);
    svari_screen_init(&screen_, slave_);
    ASSERT_TRUE(screen_.is_terminal);
  }
  void TearDown() override
  {
    unsetenv("NO_COLOR");
    close(slave_);
    close(master_);
  }

  // What was written since the last call; <clear> stands for the sequence that clears a line.
  std::string shown()
  {
    std::string text;
    pollfd polled = {master_, POLLIN, 0};
    while (poll(&polled, 1, 0) > 0) {
      char bytes[4096];
      ssize_t count = read(master_, bytes, sizeof(bytes));
      text.append(bytes, count > 0 ? static_cast<size_t>(count) : 0);
    }
    const std::string clear = "\r\033[K";
    for (size_t at = text.find(clear); at != std::string::npos; at = text.find(clear)) {
      text.replace(at, clear.size(), "<clear>");
    }
    return text;
  }

  int master_ = -1;
  int slave_ = -1;
  svari_screen_t screen_;
};

TEST_F(Terminal, ShowsALineThatGrowsInPlace)
{
  Source source(&screen_, "a");
  source.says("10 ");
  EXPECT_EQ(shown(), "<clear>[a] 10 ");
  source.says("20 ");
  EXPECT_EQ(shown(), "<clear>[a] 10 20 ");
  source.says("\rnew");
  EXPECT_EQ(shown(), "<clear>[a] new");
  source.says(" end\n");
  EXPECT_EQ(shown(), "<clear>[a] new end\n");
}

TEST_F(Terminal, PutsOtherLinesAboveTheLiveOne)
{
  Source live(&screen_, "a");
  Source other(&screen_, "b");
  live.says("50 %\r");
  shown();
  other.says("hello\n");
  EXPECT_EQ(shown(), "<clear>[b] hello\n<clear>[a] 50 %");
  svari_screen_say(&screen_, "news");
  EXPECT_EQ(shown(), "<clear>[launch] news\n<clear>[a] 50 %");
  live.says("100 %\n");
  EXPECT_EQ(shown(), "<clear>[a] 100 %\n");
  other.says("alone\n");
  EXPECT_EQ(shown(), "[b] alone\n");
}

TEST_F(Terminal, CutsALiveLineAtItsWidthButNotAFinishedOne)
{
  Source source(&screen_, "a");
  source.says("0123456789012345678901234567890");
  EXPECT_EQ(shown(), "<clear>[a] 012345678901234"); // 19 columns of 20
  source.says("\r▁▂▃▄▅▆▇█▁▂▃▄▅▆▇█▁▂▃▄");
  EXPECT_EQ(shown(), "<clear>[a] ▁▂▃▄▅▆▇█▁▂▃▄▅▆▇");
  source.says("\n");
  EXPECT_EQ(shown(), "<clear>[a] ▁▂▃▄▅▆▇█▁▂▃▄▅▆▇█▁▂▃▄\n");
}

TEST_F(Terminal, FinishesTheLiveLineOfAnEndedProcess)
{
  Source source(&screen_, "a");
  source.says("almost\r");
  shown();
  source.ends();
  EXPECT_EQ(shown(), "<clear>[a] almost\n");
  EXPECT_EQ(source.stream.fd, -1);
}

TEST_F(Terminal, ColoursNamesUnlessToldNotTo)
{
  unsetenv("NO_COLOR");
  svari_screen_init(&screen_, slave_);
  svari_screen_line(&screen_, nullptr, "a", 0, "x", 1);
  EXPECT_EQ(shown(), "\033[36m[a]\033[0m x\n");
  svari_screen_say(&screen_, "plain");
  EXPECT_EQ(shown(), "[launch] plain\n");
}

TEST(Pipe, GetsFinishedLinesOnlyAndNoColours)
{
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  svari_screen_t screen;
  svari_screen_init(&screen, ends[1]);
  Source source(&screen, "a");
  source.says("1\r2\r");
  char bytes[64];
  EXPECT_EQ(read(ends[0], bytes, sizeof(bytes)), -1); // nothing yet
  source.says("3\n");
  EXPECT_EQ(std::string(bytes, static_cast<size_t>(read(ends[0], bytes, sizeof(bytes)))),
            "[a] 3\n");
  close(ends[0]);
  close(ends[1]);
}

} // namespace
