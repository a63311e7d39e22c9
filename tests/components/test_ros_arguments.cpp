#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "components/ros_arguments.h"
#include "shared_variable/component.h"

namespace
{

class Arguments
{
public:
  explicit Arguments(std::vector<std::string> words) : words_(std::move(words))
  {
    argv_.push_back(const_cast<char *>("program"));
    for (std::string &word : words_) {
      argv_.push_back(word.data());
    }
    ret = svari_ros_arguments_parse(static_cast<int>(argv_.size()), argv_.data(), &parsed);
  }
  ~Arguments()
  {
    svari_ros_arguments_fini(&parsed);
  }
  std::string User() const
  {
    std::string joined;
    for (size_t i = 0; i < parsed.user_count; ++i) {
      joined += std::string(parsed.user[i]) + " ";
    }
    return joined;
  }

  svar_ret_t ret;
  svari_ros_arguments_t parsed = {};

private:
  std::vector<std::string> words_;
  std::vector<char *> argv_;
};

TEST(RosArguments, WhatIsOutsideRosArgsIsTheUsers)
{
  Arguments a(
      {"one", "-p", "--ros-args", "-r", "x:=y", "--", "two", "--", "--three", "--ros-args"});
  ASSERT_EQ(a.ret, SVAR_OK) << svar_error_message();
  EXPECT_EQ(a.User(), "one -p two -- --three ");
  EXPECT_EQ(a.parsed.rule_count, 1u);
  EXPECT_EQ(a.parsed.bare_rule_count, 0u);
}

TEST(RosArguments, RosArgsMayStandTwiceAndBeEmpty)
{
  Arguments a({"--ros-args", "-p", "a:=1", "--ros-args", "--remap", "__node:=n", "--ros-args"});
  ASSERT_EQ(a.ret, SVAR_OK) << svar_error_message();
  EXPECT_EQ(a.parsed.rule_count, 1u);
  EXPECT_NE(svari_parameter_table_find(&a.parsed.parameters, "/n", "a"), nullptr);
  EXPECT_EQ(Arguments({"--ros-args"}).ret, SVAR_OK);
  EXPECT_EQ(Arguments({}).ret, SVAR_OK);
}

TEST(RosArguments, ABareRuleIsTakenAndRemembered)
{
  Arguments a({"x:=y", "x", "shared_variable::Type", "--ros-args", "-r", "x:=z"});
  ASSERT_EQ(a.ret, SVAR_OK);
  EXPECT_EQ(a.User(), "x shared_variable::Type ");
  ASSERT_EQ(a.parsed.bare_rule_count, 1u);
  EXPECT_STREQ(a.parsed.bare_rules[0], "x:=y");
  ASSERT_EQ(a.parsed.rule_count, 2u);
  EXPECT_STREQ(a.parsed.rules[0].to, "y");
}

TEST(RosArguments, UnknownOnesAreAnErrorThatNamesThemAll)
{
  for (const auto &words : std::vector<std::vector<std::string>>{{"--ros-args", "--foo", "5"},
                                                                 {"--ros-args", "-rx:=y"},
                                                                 {"--ros-args", "--params-file=x"},
                                                                 {"--ros-args", "x:=y"},
                                                                 {"--ros-args", "--help"}}) {
    Arguments a(words);
    EXPECT_EQ(a.ret, SVAR_ERR_ARGUMENT);
    for (size_t i = 1; i < words.size(); ++i) {
      EXPECT_NE(std::string(svar_error_message()).find("'" + words[i] + "'"), std::string::npos)
          << svar_error_message();
    }
  }
  std::vector<std::string> many(300, "--unknown");
  many.insert(many.begin(), "--ros-args");
  EXPECT_EQ(Arguments(many).ret, SVAR_ERR_ARGUMENT);
}

TEST(RosArguments, AFlagWithoutItsValueIsAnError)
{
  for (const char *flag : {"-p", "--param", "-r", "--remap", "--params-file", "--log-level",
                           "--log-file-name", "--log-config-file", "-e", "--enclave"}) {
    Arguments a({"--ros-args", flag});
    EXPECT_EQ(a.ret, SVAR_ERR_ARGUMENT) << flag;
    EXPECT_NE(std::string(svar_error_message()).find(flag), std::string::npos);
  }
}

TEST(RosArguments, AValueThatDoesNotParseFailsTheWholeLine)
{
  EXPECT_EQ(Arguments({"--ros-args", "-r", "x"}).ret, SVAR_ERR_SYNTAX);
  EXPECT_EQ(Arguments({"--ros-args", "-p", "x:="}).ret, SVAR_ERR_SYNTAX);
  EXPECT_EQ(Arguments({"--ros-args", "-p", "--ros-args"}).ret, SVAR_ERR_SYNTAX);
  EXPECT_EQ(Arguments({"--ros-args", "--log-level", "verbose"}).ret, SVAR_ERR_SYNTAX);
  EXPECT_EQ(Arguments({"--ros-args", "--params-file", "/nowhere"}).ret, SVAR_ERR_NOT_FOUND);
}

TEST(RosArguments, TheOthersAreTakenWithoutEffect)
{
  Arguments a({"--ros-args", "--log-file-name", "x", "--log-config-file", "y", "-e", "/a",
               "--enclave", "/b", "--enable-rosout-logs", "--disable-rosout-logs",
               "--enable-external-lib-logs", "--disable-external-lib-logs"});
  EXPECT_EQ(a.ret, SVAR_OK) << svar_error_message();
  EXPECT_FALSE(a.parsed.disables_console);
}

TEST(RosArguments, TheLastWordOnConsoleLogsCounts)
{
  EXPECT_TRUE(Arguments({"--ros-args", "--disable-stdout-logs"}).parsed.disables_console);
  EXPECT_FALSE(Arguments({"--ros-args", "--disable-stdout-logs", "--enable-stdout-logs"})
                   .parsed.disables_console);
}

TEST(LogLevel, OfTheDefaultOrOfALoggerInAnyCase)
{
  Arguments a({"--ros-args", "--log-level", "WARN", "--log-level", "robot1.policy:=debug"});
  ASSERT_EQ(a.ret, SVAR_OK) << svar_error_message();
  ASSERT_EQ(a.parsed.log_level_count, 2u);
  EXPECT_EQ(a.parsed.log_levels[0].logger, nullptr);
  EXPECT_EQ(a.parsed.log_levels[0].severity, SVAR_LOG_WARN);
  EXPECT_STREQ(a.parsed.log_levels[1].logger, "robot1.policy");
  EXPECT_EQ(a.parsed.log_levels[1].severity, SVAR_LOG_DEBUG);
  for (const char *good : {"debug", "Info", "ERROR", "fatal", "unset"}) {
    EXPECT_EQ(Arguments({"--ros-args", "--log-level", good}).ret, SVAR_OK) << good;
  }
  for (const char *bad : {"", "verbose", "10", ":=info", "a:=", "a b:=info", "a:=b:=info"}) {
    EXPECT_EQ(Arguments({"--ros-args", "--log-level", bad}).ret, SVAR_ERR_SYNTAX) << bad;
  }
}

} // namespace
