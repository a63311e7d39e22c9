#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

#include "components/parameter_table.h"
#include "components/parameter_yaml.h"

namespace
{

class Table
{
public:
  ~Table()
  {
    svari_parameter_table_fini(&table_);
  }
  svar_ret_t Rule(const std::string &text)
  {
    return svari_parameter_rule_parse(text.c_str(), &table_);
  }
  svar_ret_t File(const std::string &text)
  {
    char path[] = "/tmp/svar_parameters_XXXXXX";
    int fd = mkstemp(path);
    EXPECT_GE(fd, 0);
    EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(fd);
    svar_ret_t ret = svari_parameter_file_read(path, &table_);
    unlink(path);
    return ret;
  }
  // "the integer 5" ..., or "-" where nothing was given.
  std::string Find(const char *node, const char *name) const
  {
    const svari_parameter_value_t *value = svari_parameter_table_find(&table_, node, name);
    if (value == nullptr) {
      return "-";
    }
    char text[300];
    svari_parameter_value_describe(value, text, sizeof(text));
    return text;
  }

private:
  svari_parameter_table_t table_ = {};
};

std::string
Typed(const std::string &text)
{
  Table table;
  svar_ret_t ret = table.Rule("x:=" + text);
  return ret == SVAR_OK ? table.Find("/n", "x") : svar_ret_name(ret);
}

TEST(ParameterValue, ScalarsAreTypedInRclsOrder)
{
  for (const char *yes :
       {"Y", "y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) {
    EXPECT_EQ(Typed(yes), "the bool true") << yes;
  }
  for (const char *no :
       {"N", "n", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
    EXPECT_EQ(Typed(no), "the bool false") << no;
  }
  const struct {
    const char *text, *typed;
  } cases[] = {
      {"-5", "the integer -5"},
      {"+5", "the integer 5"},
      {"0x10", "the integer 16"},
      {"010", "the integer 8"},
      {"-0x1F", "the integer -31"},
      {"9223372036854775807", "the integer 9223372036854775807"},
      {"9223372036854775808", "the double 9.22337e+18"},
      {"1e3", "the double 1000"},
      {".5", "the double 0.5"},
      {"1.", "the double 1"},
      {"09", "the double 9"},
      {"0x1p3", "the double 8"},
      {"inf", "the double inf"},
      {"infinity", "the double inf"},
      {".inf", "the double inf"},
      {"+.Inf", "the double inf"},
      {"-.INF", "the double -inf"},
      {"1e999", "the string '1e999'"},
      {"hello", "the string 'hello'"},
      {"a b", "the string 'a b'"},
      {"null", "the string 'null'"},
      {"~", "the string '~'"},
      {"1_000", "the string '1_000'"},
      {"0o17", "the string '0o17'"},
      {"0b1", "the string '0b1'"},
      {"1.5f", "the string '1.5f'"},
      {"12e", "the string '12e'"},
      {"2020-01-01", "the string '2020-01-01'"},
      {"a:b", "the string 'a:b'"},
      {"http://x", "the string 'http://x'"},
      {"yEs", "the string 'yEs'"},
      {"-.nan", "the string '-.nan'"},
      {"1 # one", "the integer 1"},
      {"&anchor 1", "the integer 1"},
      {"|\n 12\n", "the string '12\n'"},
      {">-\n 12\n", "the integer 12"},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(Typed(c.text), c.typed) << c.text;
  }
  for (const char *nan : {"nan", "NaN", ".nan", ".NaN", ".NAN"}) {
    svar_parameter_value_t value = {};
    ASSERT_EQ(svari_parameter_scalar_parse(nan, false, &value), SVAR_OK);
    ASSERT_EQ(value.kind, SVAR_PARAMETER_DOUBLE) << nan;
    EXPECT_TRUE(std::isnan(value.as.real)) << nan;
  }
}

TEST(ParameterValue, QuotesAndTheStringTagMakeStrings)
{
  EXPECT_EQ(Typed("'5'"), "the string '5'");
  EXPECT_EQ(Typed("\"yes\""), "the string 'yes'");
  EXPECT_EQ(Typed("!!str 5"), "the string '5'");
  EXPECT_EQ(Typed("!!int '3'"), "the string '3'");
  EXPECT_EQ(Typed("!!float 3"), "the integer 3");
  EXPECT_EQ(Typed("''"), "the string ''");
  EXPECT_EQ(Typed("!!str"), "the string ''");
}

TEST(ParameterValue, SequencesAreFlatAndOfOneKind)
{
  EXPECT_EQ(Typed("[1, 2, 3]"), "a sequence of 3 integers");
  EXPECT_EQ(Typed("[1.0]"), "a sequence of 1 double");
  EXPECT_EQ(Typed("[a, 'b']"), "a sequence of 2 strings");
  EXPECT_EQ(Typed("- y\n- n"), "a sequence of 2 bools");
  EXPECT_EQ(Typed("[1, 2.0]"), "SVAR_ERR_TYPE");
  EXPECT_EQ(Typed("[a, 1]"), "SVAR_ERR_TYPE");
  EXPECT_EQ(Typed("[1, a]"), "SVAR_ERR_TYPE");
  for (const char *bad : {"[]", "[[1], [2]]", "[{a: 1}]", "[1", "{a: 1}", "a: b", ":", "", "# c",
                          "1\n---\n2", "*a", "[*a]", "\"open", "\"a\\0b\""}) {
    EXPECT_EQ(Typed(bad), "SVAR_ERR_SYNTAX") << bad;
  }
}

TEST(ParameterRule, NamesAreTokensSlashesAndDots)
{
  for (const char *good : {"a:=1", "a.b:=1", "ns/x:=1", "foo__bar:=1", "_x:=1", "x_:=1", "n:a:=1",
                           "n:a.b/c:=1", "/a:=1"}) {
    Table table;
    EXPECT_EQ(table.Rule(good), SVAR_OK) << svar_error_message();
  }
  for (const char *bad : {"my-param:=1", "9x:=1", "a", "a=1", "a:=", ":=1", "a.:=1", ".a:=1",
                          "a..b:=1", "a b:=1", "n::a:=1", "n:9:=1"}) {
    Table table;
    EXPECT_EQ(table.Rule(bad), SVAR_ERR_SYNTAX) << bad;
    EXPECT_NE(std::string(svar_error_message()).find(bad), std::string::npos)
        << svar_error_message();
  }
}

TEST(ParameterRule, ANodePrefixIsTheRootNodeOfThatName)
{
  Table table;
  ASSERT_EQ(table.Rule("n:a:=1"), SVAR_OK);
  EXPECT_EQ(table.Find("/n", "a"), "the integer 1");
  EXPECT_EQ(table.Find("/ns/n", "a"), "-");
  ASSERT_EQ(table.Rule("b:=2"), SVAR_OK);
  EXPECT_EQ(table.Find("/ns/m", "b"), "the integer 2");
}

TEST(ParameterSection, PatternsAreChecked)
{
  for (const char *good : {"/**", "/*", "n", "/a/b", "/**/n", "/a/*/b", "*", "**", "a/b"}) {
    EXPECT_EQ(svari_section_check(good), SVAR_OK) << good;
  }
  for (const char *bad :
       {"foo*", "/foo**", "/**/node*", "9n", "/c//d", "/a/", "/", "", "/***", "a-b", "/a b"}) {
    EXPECT_EQ(svari_section_check(bad), SVAR_ERR_SYNTAX) << bad;
  }
}

TEST(ParameterSection, PatternsMatchTheWholeFullName)
{
  const struct {
    const char *pattern, *node;
    bool matches;
  } cases[] = {
      {"/**", "/n", true},
      {"/**", "/a/b/n", true},
      {"/*", "/n", true},
      {"/*", "/a/n", false},
      {"/**/n", "/n", true},
      {"/**/n", "/a/b/n", true},
      {"/**/n", "/a/nn", false},
      {"/foo/**", "/foo", true},
      {"/foo/**", "/foo/a/b", true},
      {"/foo/**", "/food", false},
      {"talker", "/talker", true},
      {"talker", "/a/talker", false},
      {"/a/*/n", "/a/b/n", true},
      {"/a/*/n", "/a/n", false},
      {"/a/**/n", "/a/n", true},
      {"/**/a/**/n", "/x/a/y/n", true},
      {"/**/a/**/n", "/a/n", true},
      {"/**/a/n", "/a/b/a/n", true},
      {"/**/a/n", "/a/b/n", false},
      {"/n", "/n/m", false},
      {"/**/*", "/n", true},
      {"/*/**", "/a/b", true},
      {"a/n", "/a/n", true},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(svari_section_matches(c.pattern, c.node), c.matches) << c.pattern << " " << c.node;
  }
}

TEST(ParameterFile, KeysAreJoinedOnBothSides)
{
  Table table;
  ASSERT_EQ(table.File("/a/:\n  b:\n    ros__parameters:\n"
                       "      p: 1\n      q: {r: 2.5, s: {t: text}}\n      q.u: [1, 2]\n"
                       "n: {ros__parameters: {p: \"\"}}\n"),
            SVAR_OK)
      << svar_error_message();
  EXPECT_EQ(table.Find("/a/b", "p"), "the integer 1");
  EXPECT_EQ(table.Find("/a/b", "q.r"), "the double 2.5");
  EXPECT_EQ(table.Find("/a/b", "q.s.t"), "the string 'text'");
  EXPECT_EQ(table.Find("/a/b", "q.u"), "a sequence of 2 integers");
  EXPECT_EQ(table.Find("/n", "p"), "the string ''");
}

TEST(ParameterFile, EmptyFilesSeveralDocumentsAndRepeatedSectionsAreFine)
{
  for (const char *good :
       {"", "# nothing\n", "---\n", "{}", "/**: {}", "/**: {ros__parameters: {}}",
        "/**: {ros__parameters: {a: {}}}", "/**: {ros__parameters: {a: &x 1}}"}) {
    Table table;
    EXPECT_EQ(table.File(good), SVAR_OK) << good << ": " << svar_error_message();
  }
  Table table;
  ASSERT_EQ(table.File("n: {ros__parameters: {a: 1, b: 1}}\n"
                       "n: {ros__parameters: {a: 2}}\n---\nn: {ros__parameters: {b: text}}\n"),
            SVAR_OK)
      << svar_error_message();
  EXPECT_EQ(table.Find("/n", "a"), "the integer 2");
  EXPECT_EQ(table.Find("/n", "b"), "the string 'text'") << "the last write wins, whatever its kind";
}

TEST(ParameterFile, MistakesAreRefusedWithTheirLine)
{
  const struct {
    const char *text;
    int line;
  } cases[] = {
      {"a: 1", 1}, // value before ros__parameters
      {"n:\n  a: 1", 2},
      {"ros__parameters: {a: 1}", 1},   // no node
      {"n: {ros__parameters: [1]}", 1}, // sequence
      {"n: {ros__parameters: 1}", 1},
      {"n:\n  ros__parameters:\n", 2},                   // nothing
      {"n:\n  ros__parameters:\n    a:\n    b: 1\n", 3}, // no value
      {"n: {ros__parameters: {a: [1, x]}}", 1},          // mixed
      {"n: {ros__parameters: {a: []}}", 1},
      {"n: {ros__parameters: {a: [[1]]}}", 1},
      {"n: {ros__parameters: {a: &x 1, b: *x}}", 1}, // alias
      {"n: {ros__parametersX: {a: 1}}", 1},          // rcl's strncmp
      {"foo*: {ros__parameters: {a: 1}}", 1},        // section name
      {"/c//d: {ros__parameters: {a: 1}}", 1},
      {"9n: {ros__parameters: {a: 1}}", 1},
      {"n:\n  ros__parameters:\n    ? [a]\n    : 1\n", 3}, // key
      {"n: {ros__parameters: {'': 1}}", 1},
      {"[1, 2]", 1}, // no map
      {"text", 1},
      {"n:\n  ros__parameters:\n    a: 1\n    b: [\n", 5}, // not YAML
      {"n: {ros__parameters: {a: \"\xff\"}}", 1},          // not UTF-8
  };
  for (const auto &c : cases) {
    Table table;
    EXPECT_NE(table.File(c.text), SVAR_OK) << c.text;
    std::string sentence = svar_error_message();
    EXPECT_NE(sentence.find(":" + std::to_string(c.line) + ": "), std::string::npos)
        << c.text << "\n"
        << sentence;
  }
}

TEST(ParameterFile, MapsWithinMapsAreCountedNotTrusted)
{
  std::string deep = "n: {ros__parameters: ";
  for (int i = 0; i < 100000; ++i) {
    deep += "{a: ";
  }
  Table table;
  EXPECT_EQ(table.File(deep), SVAR_ERR_SYNTAX);
}

TEST(ParameterFile, WhatCannotBeReadIsNamed)
{
  svari_parameter_table_t table = {};
  EXPECT_EQ(svari_parameter_file_read("/nowhere/p.yaml", &table), SVAR_ERR_NOT_FOUND);
  EXPECT_NE(std::string(svar_error_message()).find("'/nowhere/p.yaml'"), std::string::npos);
  EXPECT_EQ(svari_parameter_file_read("/tmp", &table), SVAR_ERR_SYSTEM);
  EXPECT_NE(std::string(svar_error_message()).find("'/tmp'"), std::string::npos)
      << svar_error_message();
}

TEST(ParameterTable, ALaterRuleGoesIntoTheSectionThatIsThereAndMayLose)
{
  Table table;
  ASSERT_EQ(table.File("/**: {ros__parameters: {rate: 1}}\n/ns/n: {ros__parameters: {rate: 2}}\n"),
            SVAR_OK);
  ASSERT_EQ(table.Rule("rate:=3"), SVAR_OK);
  EXPECT_EQ(table.Find("/ns/n", "rate"), "the integer 2");
  EXPECT_EQ(table.Find("/ns/m", "rate"), "the integer 3");
}

TEST(ParameterTable, ALaterRuleWinsWhereItsSectionIsNew)
{
  Table table;
  ASSERT_EQ(table.File("/ns/n: {ros__parameters: {rate: 2}}\n"), SVAR_OK);
  ASSERT_EQ(table.Rule("rate:=3"), SVAR_OK);
  EXPECT_EQ(table.Find("/ns/n", "rate"), "the integer 3");
}

} // namespace
