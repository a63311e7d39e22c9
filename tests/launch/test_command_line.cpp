#include <gtest/gtest.h>

#include "tests/launch/launch_run.hpp"

namespace
{

using launch_test::LaunchRun;
using launch_test::Prefix;
namespace fs = std::filesystem;

class CommandLine : public testing::Test
{
protected:
  struct Result {
    int exit_code;
    std::string out, err;
  };

  Result call(const std::vector<std::string> &arguments)
  {
    LaunchRun run(prefix_, arguments);
    const int exit_code = run.finish();
    EXPECT_TRUE(fs::is_empty(prefix_.root / "tmp"));
    return {exit_code, run.out, run.err};
  }

  Prefix prefix_;
};

bool
has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

TEST_F(CommandLine, HelpsWhenAsked)
{
  const Result result = call({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(has(result.out, "usage: svar launch FILE"));
  EXPECT_EQ(result.err, "");
}

TEST_F(CommandLine, RefusesWhatItDoesNotUnderstandWithCode2)
{
  const std::string file = prefix_.launch("");
  const struct {
    std::vector<std::string> arguments;
    const char *reason;
  } cases[] = {
      {{}, "name a launch file"},
      {{file, "--prnt"}, "there is no option '--prnt'"},
      {{"robot", file, "more"}, "'more' is one word too many"},
      {{file, "a:=1", "b=2"}, "'b=2' is not an argument of the form NAME:=VALUE"},
      {{file, ":=2"}, "':=2' is not an argument"},
  };
  for (const auto &c : cases) {
    const Result result = call(c.arguments);
    EXPECT_EQ(result.exit_code, 2) << c.reason;
    EXPECT_TRUE(has(result.err, c.reason)) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(CommandLine, RefusesAnUnknownArgumentAndListsTheKnownOnes)
{
  const std::string file = prefix_.launch("<arg name='speed' default='1' description='in m/s'/>"
                                          "<arg name='place'/>");
  const Result result = call({file, "sped:=2"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "svar launch: " + file +
                            " has no argument 'sped'; it takes:\n"
                            "  speed:=VALUE (default: '1')\n      in m/s\n"
                            "  place:=VALUE (mandatory)\n");
}

TEST_F(CommandLine, KnowsTheArgumentsOfIncludedFiles)
{
  const std::string inner = prefix_.launch(
      "<arg name='inner' default='1'/><log message='inner $(var inner)'/>", "inner.launch.xml");
  const std::string file = prefix_.launch("<include file='$(dirname)/inner.launch.xml'/>");
  const Result known = call({file, "inner:=2"});
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_TRUE(has(known.err, "inner 2"));
  const Result unknown = call({file, "iner:=2"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_TRUE(has(unknown.err, "has no argument 'iner'; it takes:\n" + inner +
                                   ", included, takes:\n  inner:=VALUE"))
      << unknown.err;
}

TEST_F(CommandLine, TakesTheLastOfTwoValues)
{
  const std::string file = prefix_.launch("<arg name='a'/><log message='a is $(var a)'/>");
  EXPECT_TRUE(has(call({file, "a:=1", "a:=b:=c"}).err, "a is b:=c"));
}

TEST_F(CommandLine, FindsALaunchFileOfAPackageAnywhereBelowItsShare)
{
  prefix_.launch("<log message='found'/>", "share/robot/deep/er/here.launch.xml");
  EXPECT_TRUE(has(call({"robot", "here.launch.xml"}).err, "found"));

  EXPECT_TRUE(has(call({"robot", "gone.launch.xml"}).err,
                  "package 'robot' has no launch file 'gone.launch.xml' below"));
  EXPECT_TRUE(has(call({"nowhere", "here.launch.xml"}).err, "package 'nowhere' is in none of"));
  prefix_.launch("", "share/robot/other/here.launch.xml");
  const Result several = call({"robot", "here.launch.xml"});
  EXPECT_EQ(several.exit_code, 1);
  EXPECT_TRUE(has(several.err, "has several launch files 'here.launch.xml'")) << several.err;
}

TEST_F(CommandLine, ShowsArgumentsWithoutNeedingThem)
{
  const std::string file = prefix_.launch("<arg name='must'/>");
  const Result result = call({file, "--show-args"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, file + " takes:\n  must:=VALUE (mandatory)\n");
  const Result unknown = call({file, "--show-args", "mist:=1"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_TRUE(has(unknown.err, "has no argument 'mist'; it takes:")) << unknown.err;
  EXPECT_EQ(unknown.out, "");
  const std::string none = prefix_.launch("<include file='x'/>", "none.launch.xml");
  EXPECT_EQ(call({none, "--show-args"}).out,
            none + " takes no arguments.\nIt includes files that are known only once arguments are "
                   "given, and takes theirs, too.\n");
}

TEST_F(CommandLine, ShowsTheArgumentsOfIncludedFilesButForThoseThatAreSet)
{
  const std::string arm = prefix_.launch("<arg name='reach' default='1'/><arg name='side'/>"
                                         "<arg name='name'/><include file='$(filename)'/>",
                                         "arm.launch.xml");
  const std::string file =
      prefix_.launch("<arg name='name' description='of the robot'/><arg name='kind' default='arm'/>"
                     "<group if='false'><include file='$(dirname)/$(var kind).launch.xml'>"
                     "<arg name='side' value='left'/></include></group>"
                     "<arg name='last' default='$(var kind)'/>");
  const std::string before = file + " takes:\n  name:=VALUE (mandatory)\n      of the robot\n"
                                    "  kind:=VALUE (default: 'arm')\n";
  const std::string after = "  last:=VALUE (default: '$(var kind)')\n";
  EXPECT_EQ(call({file, "--show-args"}).out, before + arm +
                                                 ", included, takes:\n"
                                                 "  reach:=VALUE (default: '1')\n" +
                                                 file + " takes:\n" + after);
  const Result unknown = call({file, "--show-args", "reech:=2"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_TRUE(has(unknown.err, "has no argument 'reech'; it takes:\n")) << unknown.err;
  EXPECT_EQ(call({file, "--show-args", "reach:=2"}).exit_code, 0);
  EXPECT_EQ(call({file, "kind:=leg", "-s", "reech:=2"}).out,
            before + after +
                "It includes files that are known only once arguments are given, and takes theirs, "
                "too.\n");
  prefix_.launch("<oops/>", "leg.launch.xml");
  const Result broken = call({file, "kind:=leg", "-s"});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_TRUE(has(broken.err, "leg.launch.xml:2: <oops> cannot stand")) << broken.err;
}

TEST_F(CommandLine, WarnsBesideAPrintedPlan)
{
  const std::string file = prefix_.launch("<log message='said when it runs'/>\n"
                                          "<node exec='/bin/true'><param from='/none'/></node>");
  const Result result = call({file, "--print"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "svar launch: " + file +
                            ":3: warning: the parameter file '/none' is not "
                            "there\n");
  EXPECT_EQ(result.out, "[true-1]\n  /bin/true --ros-args --params-file /none\n");
}

TEST_F(CommandLine, PrintsAPlanWithoutStartingIt)
{
  const fs::path flag = prefix_.root / "flag";
  prefix_.program("talker", "touch " + flag.string());
  const std::string file =
      prefix_.launch("<arg name='a'/><node pkg='robot' exec='talker' args='$(var a)'/>");
  const Result result = call({file, "a:=1", "--print"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out,
            "[talker-1]\n  " + prefix_.root.string() + "/lib/robot/talker 1 --ros-args\n");
  EXPECT_FALSE(fs::exists(flag));
}

} // namespace
