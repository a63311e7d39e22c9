#include <gtest/gtest.h>

#include "launch/param_file.h"

namespace
{

class ParamValue : public testing::Test
{
protected:
  ParamValue()
  {
    svari_arena_init(&arena_);
  }
  ~ParamValue() override
  {
    svari_arena_fini(&arena_);
  }

  // The line of the parameter file that this value becomes, or the sentence of the failure.
  std::string line(const char *text, const char *type = nullptr, const char *separator = nullptr)
  {
    svari_param_t param = {};
    param.name = "p";
    ret_ = svari_param_value_read(&arena_, text, type, separator, &param.value);
    if (ret_ != SVAR_OK) {
      return svar_error_message();
    }
    const char *file = nullptr;
    ret_ = svari_param_file_write(&arena_, "/n", &param, &file);
    if (ret_ != SVAR_OK) {
      return svar_error_message();
    }
    const std::string head = "/n:\n  ros__parameters:\n    ";
    std::string written = file;
    EXPECT_EQ(written.substr(0, head.size()), head);
    EXPECT_EQ(written.back(), '\n');
    return written.substr(head.size(), written.size() - head.size() - 1);
  }

  svari_arena_t arena_;
  svar_ret_t ret_ = SVAR_OK;
};

TEST_F(ParamValue, TypesPlainTextAsANodeWould)
{
  const struct {
    const char *text, *line;
  } cases[] = {
      {"true", "p: true"},
      {"Y", "p: true"},
      {"off", "p: false"},
      {"5", "p: 5"},
      {"-5", "p: -5"},
      {"0x10", "p: 16"},
      {"010", "p: 8"},
      {"09", "p: 9.0"},
      {"9223372036854775807", "p: 9223372036854775807"},
      {"9223372036854775808", "p: 9.223372036854776e+18"},
      {"1.5", "p: 1.5"},
      {"1.", "p: 1.0"},
      {".5", "p: 0.5"},
      {"1e3", "p: 1000.0"},
      {"0.1", "p: 0.1"},
      {"0.30000000000000004", "p: 0.30000000000000004"},
      {"1e300", "p: 1e+300"},
      {".inf", "p: .inf"},
      {"-.Inf", "p: -.inf"},
      {"nan", "p: .nan"},
      {"1e999", "p: '1e999'"},
      {"hello", "p: 'hello'"},
      {"it's", "p: 'it''s'"},
      {"a b", "p: 'a b'"},
      {"null", "p: 'null'"},
      {"2020-01-01", "p: '2020-01-01'"},
      {"http://x/y", "p: 'http://x/y'"},
      {"/a/b", "p: '/a/b'"},
      {"1.5f", "p: '1.5f'"},
      {"'5'", "p: '5'"},
      {"\"true\"", "p: 'true'"},
      {"!!str 5", "p: '5'"},
      {"", "p: ''"},
      {"[1, 2]", "p: [1, 2]"},
      {"[1.0, .5]", "p: [1.0, 0.5]"},
      {"[a, '1']", "p: ['a', '1']"},
      {"[true, no]", "p: [true, false]"},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(line(c.text), c.line) << c.text;
    EXPECT_EQ(line(c.text, "yaml"), c.line) << c.text;
  }
}

TEST_F(ParamValue, ObeysItsType)
{
  const struct {
    const char *text, *type, *line;
  } cases[] = {
      {"10", "str", "p: '10'"},
      {"", "str", "p: ''"},
      {"a: b", "str", "p: 'a: b'"},
      {"'quoted'", "str", "p: '''quoted'''"},
      {"[1]", "str", "p: '[1]'"},
      {"10", "int", "p: 10"},
      {"10", "float", "p: 10.0"},
      {"1e3", "float", "p: 1000.0"},
      {"True", "bool", "p: true"},
      {"[1, 2]", "list_of_int", "p: [1, 2]"},
      {"[1, 2]", "list_of_float", "p: [1.0, 2.0]"},
      {"[a, b]", "list_of_str", "p: ['a', 'b']"},
      {"[true]", "list_of_bool", "p: [true]"},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(line(c.text, c.type), c.line) << c.text << " as " << c.type;
  }
}

TEST_F(ParamValue, SplitsAtASeparator)
{
  EXPECT_EQ(line("1;2;3", nullptr, ";"), "p: [1, 2, 3]");
  EXPECT_EQ(line("a, b", nullptr, ", "), "p: ['a', 'b']");
  EXPECT_EQ(line("1;2", "list_of_str", ";"), "p: ['1', '2']");
  EXPECT_EQ(line("1;2", "list_of_float", ";"), "p: [1.0, 2.0]");
  EXPECT_EQ(line("1;2.5", "list_of_float", ";"), "p: [1.0, 2.5]");
  EXPECT_EQ(line(";a", nullptr, ";"), "p: ['', 'a']");
  EXPECT_NE(line("1;x", nullptr, ";").find("a sequence holds values of one kind"),
            std::string::npos);
  EXPECT_NE(line("1", nullptr, "").find("value-sep=\"\" separates nothing"), std::string::npos);
}

TEST_F(ParamValue, RefusesWhatIsNoParameter)
{
  const struct {
    const char *text, *type;
    svar_ret_t ret;
    const char *reason;
  } cases[] = {
      {"[1, 2.5]", nullptr, SVAR_ERR_TYPE, "a sequence holds values of one kind"},
      {"{a: 1}", nullptr, SVAR_ERR_SYNTAX, "a value is a scalar or a sequence of scalars"},
      {"a: b", nullptr, SVAR_ERR_SYNTAX, "; write type=\"str\" for text"},
      {"[[1]]", nullptr, SVAR_ERR_SYNTAX, "not sequences or mappings"},
      {"[]", "list_of_int", SVAR_ERR_SYNTAX, "an empty sequence has no kind"},
      {"*a", nullptr, SVAR_ERR_SYNTAX, "aliases ('*a') are not allowed"},
      {"# c", nullptr, SVAR_ERR_SYNTAX, "there is no value here"},
      {"[1", nullptr, SVAR_ERR_SYNTAX, "this is not YAML"},
      {"a\n--- b", nullptr, SVAR_ERR_SYNTAX, "not several documents"},
      {"1.5", "int", SVAR_ERR_TYPE, "it is the double 1.5, but type=\"int\""},
      {"1", "bool", SVAR_ERR_TYPE, "it is the integer 1"},
      {"x", "float", SVAR_ERR_TYPE, "it is the string 'x'"},
      {"1", "list_of_int", SVAR_ERR_TYPE, "it is the integer 1"},
      {"[1]", "int", SVAR_ERR_TYPE, "it is a sequence of 1 integer"},
      {"1", "double", SVAR_ERR_ARGUMENT, "type=\"double\" is none of"},
      {"1", "list_of_", SVAR_ERR_ARGUMENT, "is none of"},
  };
  for (const auto &c : cases) {
    EXPECT_NE(line(c.text, c.type).find(c.reason), std::string::npos) << line(c.text, c.type);
    EXPECT_EQ(ret_, c.ret) << c.text;
  }
}

TEST_F(ParamValue, WritesControlCharactersAndRefusesWhatIsNotUtf8)
{
  EXPECT_EQ(line("a\tb\x01", "str"), "p: \"a\\tb\\x01\"");
  EXPECT_EQ(line("größe", "str"), "p: 'größe'");
  // The last ones that there are, and what comes after them.
  EXPECT_EQ(line("\xf4\x8f\xbf\xbd", "str").find("is not UTF-8"), std::string::npos);
  EXPECT_EQ(line("\xed\x9f\xbf", "str").find("is not UTF-8"), std::string::npos);
  for (const char *text : {"\xff", "\xf6\x9c\x9e\x96", "\xf4\x90\x80\x80", "\xed\xa0\x80"}) {
    EXPECT_NE(line(text, "str").find("is not UTF-8"), std::string::npos);
    EXPECT_EQ(ret_, SVAR_ERR_VALUE);
  }
}

} // namespace
