// Where lines go: output=... of each node, and the directory of log files.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "launch/log_file.h"
#include "tests/launch/launch_run.hpp"

namespace
{

using launch_test::LaunchRun;
using launch_test::Prefix;
namespace fs = std::filesystem;

bool
has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

// Sets an environment variable (nullptr: unsets it) for the length of a test.
class Environment
{
public:
  Environment(const char *name, const char *value) : name_(name)
  {
    const char *old = getenv(name);
    had_ = old != nullptr;
    old_ = had_ ? old : "";
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Environment()
  {
    had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_);
  }
  Environment(const Environment &) = delete;
  Environment &operator=(const Environment &) = delete;

private:
  const char *name_;
  bool had_;
  std::string old_;
};

class LogFiles : public testing::Test
{
protected:
  LogFiles()
  {
    prefix_.program("talker", "echo spoken; echo warned >&2");
  }

  static std::string node(const std::string &output)
  {
    return "<node pkg='robot' exec='talker'" + (output.empty() ? "" : " output='" + output + "'") +
           "/>";
  }

  // Runs the node; afterwards out_, err_ and the log files are what they came to.
  void run(const std::string &output, int code = 0)
  {
    fs::remove_all(prefix_.root / "log");
    LaunchRun run(prefix_, {prefix_.launch(node(output))});
    EXPECT_EQ(run.finish(), code) << run.err;
    out_ = run.out;
    err_ = run.err;
  }

  std::string log(const std::string &name) const
  {
    std::ifstream file(prefix_.root / "log/latest" / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  size_t file_count() const
  {
    size_t count = 0;
    for (const auto &entry : fs::directory_iterator(prefix_.root / "log/latest")) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  Prefix prefix_;
  std::string out_, err_;
};

TEST_F(LogFiles, AreNotMadeWhereEverythingIsOnTheScreen)
{
  run("screen");
  EXPECT_EQ(out_, "[talker-1] spoken\n");
  EXPECT_TRUE(has(err_, "[talker-1] warned\n"));
  EXPECT_FALSE(has(err_, "log files")) << err_;
  EXPECT_FALSE(fs::exists(prefix_.root / "log"));
}

TEST_F(LogFiles, TakeStdoutOfANodeThatSaysNothingOfItsOutput)
{
  for (const char *output : {"", "log"}) {
    run(output);
    EXPECT_EQ(out_, "");
    EXPECT_TRUE(has(err_, "[talker-1] warned\n"));
    EXPECT_TRUE(has(err_, "[launch] log files are in " + (prefix_.root / "log/").string()));
    const std::string text = log("launch.log");
    EXPECT_TRUE(has(text, " [talker-1] spoken\n")) << text;
    EXPECT_TRUE(has(text, " [talker-1] warned\n")) << text;
    EXPECT_TRUE(has(text, " [launch] talker-1 started with pid ")) << text;
    EXPECT_EQ(file_count(), 1u);
  }
}

TEST_F(LogFiles, BeginEachLineWithItsTime)
{
  const double before = static_cast<double>(time(nullptr));
  run("log");
  std::istringstream lines(log("launch.log"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_GE(std::stod(line), before) << line;
    EXPECT_EQ(line.find(" ["), line.find('.') + 8) << line; // seven decimals, as ROS 2
  }
  EXPECT_GE(count, 4);
}

TEST_F(LogFiles, TakeTheSameAsTheScreenWithBoth)
{
  run("both");
  EXPECT_EQ(out_, "[talker-1] spoken\n");
  EXPECT_TRUE(has(err_, "[talker-1] warned\n"));
  EXPECT_TRUE(has(log("launch.log"), "[talker-1] spoken\n"));
  EXPECT_TRUE(has(log("launch.log"), "[talker-1] warned\n"));
}

TEST_F(LogFiles, AreThreeOfItsOwnForANodeWithOwnLog)
{
  run("own_log");
  EXPECT_EQ(out_, "");
  EXPECT_FALSE(has(err_, "warned"));
  EXPECT_EQ(log("talker-1-stdout.log"), "[talker-1] spoken\n");
  EXPECT_EQ(log("talker-1-stderr.log"), "[talker-1] warned\n");
  EXPECT_EQ(log("talker-1.log").size(), log("talker-1-stdout.log").size() * 2);
  EXPECT_FALSE(has(log("launch.log"), "spoken"));
  EXPECT_EQ(file_count(), 4u);
}

TEST_F(LogFiles, HaveEverythingWithFull)
{
  run("full");
  EXPECT_EQ(out_, "[talker-1] spoken\n");
  EXPECT_TRUE(has(log("launch.log"), "[talker-1] spoken\n"));
  EXPECT_EQ(log("talker-1-stdout.log"), "[talker-1] spoken\n");
  EXPECT_TRUE(has(log("talker-1.log"), "[talker-1] warned\n"));
}

TEST_F(LogFiles, GrowWhenANodeIsStartedAgain)
{
  const std::string again =
      prefix_.launch("<node pkg='robot' exec='talker' output='own_log' respawn='true' "
                     "respawn_max_retries='2'/>");
  LaunchRun run(prefix_, {again});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(log("talker-1-stdout.log"),
            "[talker-1] spoken\n[talker-1] spoken\n[talker-1] spoken\n");
}

TEST_F(LogFiles, GiveWayToWhatTheEnvironmentSays)
{
  {
    Environment forced("OVERRIDE_LAUNCH_PROCESS_OUTPUT", "screen");
    run("own_log");
    EXPECT_EQ(out_, "[talker-1] spoken\n");
    EXPECT_FALSE(fs::exists(prefix_.root / "log"));
  }
  {
    Environment forced("OVERRIDE_LAUNCH_PROCESS_OUTPUT", "");
    run("screen");
    EXPECT_EQ(out_, "[talker-1] spoken\n");
  }
  Environment forced("OVERRIDE_LAUNCH_PROCESS_OUTPUT", "paper");
  run("screen", 1);
  EXPECT_TRUE(has(err_, "test.launch.xml:2: OVERRIDE_LAUNCH_PROCESS_OUTPUT=\"paper\" is none of"))
      << err_;
}

TEST_F(LogFiles, AreReplacedByTheScreenWhereNoneCanBeMade)
{
  Environment nowhere("ROS_LOG_DIR", "/dev/null/log");
  LaunchRun::Options options;
  options.sets_log_dir = false;
  LaunchRun run(prefix_, {prefix_.launch(node("log"))}, options);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.out, "[talker-1] spoken\n");
  EXPECT_TRUE(has(run.err, "[launch] warning: no log files can be made in '/dev/null/log'"))
      << run.err;
  EXPECT_TRUE(has(run.err, "set ROS_LOG_DIR to a directory that can be written; lines go to the "
                           "screen\n"));
}

class LogDirectory : public testing::Test
{
protected:
  // The directory that is made, or the sentence of the failure.
  std::string create()
  {
    return svari_log_dir_create(&dir_) == SVAR_OK ? dir_.path : svar_error_message();
  }

  Prefix prefix_;
  std::string root_ = prefix_.root.string();
  svari_log_dir_t dir_;
};

TEST_F(LogDirectory, IsWhereRos2HasItsOwn)
{
  Environment home("HOME", root_.c_str());
  Environment ros_home("ROS_HOME", nullptr);
  Environment log_dir("ROS_LOG_DIR", nullptr);
  EXPECT_EQ(create().find(root_ + "/.ros/log/20"), 0u) << create();
  setenv("ROS_HOME", (root_ + "/ros").c_str(), 1);
  EXPECT_EQ(create().find(root_ + "/ros/log/20"), 0u) << create();
  setenv("ROS_LOG_DIR", "~/deep/er/logs", 1);
  const std::string made = create();
  EXPECT_EQ(made.find(root_ + "/deep/er/logs/20"), 0u) << made;
  EXPECT_TRUE(fs::is_directory(made));
  EXPECT_EQ(made.substr(made.rfind('-') + 1), std::to_string(getpid()));
  EXPECT_EQ(fs::canonical(root_ + "/deep/er/logs/latest"), fs::canonical(made));
}

TEST_F(LogDirectory, LeavesWhatIsCalledLatestAndIsNoLink)
{
  Environment log_dir("ROS_LOG_DIR", root_.c_str());
  Prefix::write(prefix_.root / "latest", "mine");
  EXPECT_EQ(create().find(root_ + "/20"), 0u);
  EXPECT_TRUE(fs::is_regular_file(prefix_.root / "latest"));
}

TEST_F(LogDirectory, SaysWhatToDoWhenItCannotBeHad)
{
  Environment home("HOME", nullptr);
  Environment ros_home("ROS_HOME", nullptr);
  Environment log_dir("ROS_LOG_DIR", (root_ + "/lib/robot/notes/log").c_str());
  EXPECT_EQ(create(), "no log files can be made in '" + root_ +
                          "/lib/robot/notes/log': Not a directory; set ROS_LOG_DIR to a directory "
                          "that can be written");
  unsetenv("ROS_LOG_DIR");
  EXPECT_EQ(create().find("no log files can be made in '~': "), 0u);
  setenv("ROS_LOG_DIR", ("/" + std::string(5000, 'x')).c_str(), 1);
  EXPECT_TRUE(has(create(), "File name too long"));
}

TEST_F(LogDirectory, NotesTheFirstFileThatCannotBeWritten)
{
  Environment log_dir("ROS_LOG_DIR", root_.c_str());
  create();
  svari_log_file_t file;
  ASSERT_EQ(svari_log_file_open(&file, &dir_, "a.log", false), SVAR_OK);
  svari_log_file_line(&file, "n", "one", 3);
  EXPECT_STREQ(dir_.failed, "");
  close(file.fd);
  file.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  svari_log_file_line(&file, "n", "two", 3);
  EXPECT_STREQ(dir_.failed, "a.log");
  EXPECT_EQ(dir_.error, ENOSPC);
  EXPECT_EQ(file.fd, -1);
  svari_log_file_line(&file, "n", "three", 5); // nothing happens
  EXPECT_EQ(svari_log_file_open(&file, &dir_, "no/where.log", false), SVAR_ERR_SYSTEM);
}

} // namespace
