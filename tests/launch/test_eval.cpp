// $(eval): values as Python 3 computes and writes them, and refusals that say what to do.
#include <gtest/gtest.h>

#include <string>

#include "launch/eval.h"

namespace
{

class Eval : public testing::Test
{
protected:
  Eval()
  {
    svari_arena_init(&arena_);
  }
  ~Eval() override
  {
    svari_arena_fini(&arena_);
  }

  // The value, or the sentence of the failure.
  std::string eval(const std::string &expression)
  {
    const char *text = nullptr;
    ret_ = svari_eval(&arena_, expression.c_str(), &text);
    return ret_ == SVAR_OK ? text : svar_error_message();
  }

  svari_arena_t arena_;
  svar_ret_t ret_ = SVAR_OK;
};

TEST_F(Eval, ComputesAsPythonDoes)
{
  const struct {
    const char *expression, *value;
  } cases[] = {
      // literals
      {"1", "1"},
      {" -7 ", "-7"},
      {"0x1F", "31"},
      {"00", "0"},
      {"1.50", "1.5"},
      {".5", "0.5"},
      {"2.", "2.0"},
      {"1e3", "1000.0"},
      {"1e-5", "1e-05"},
      {"0.0001", "0.0001"},
      {"1e15", "1000000000000000.0"},
      {"1e16", "1e+16"},
      {"1e22", "1e+22"},
      {"123456789012345680.0", "1.2345678901234568e+17"},
      {"0.1 + 0.2", "0.30000000000000004"},
      {"-0.0", "-0.0"},
      {"1e999", "inf"},
      {"-1e999", "-inf"},
      {"1e999 - 1e999", "nan"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775807 - 1", "-9223372036854775808"},
      {"True", "True"},
      {"None", "None"},
      {"'it'", "it"},
      {"\"it's\"", "it's"},
      {"'a' 'b'", "ab"},
      {"''", ""},
      {"'a\\'b\\\\c\\n\\q'", "a'b\\c\n\\q"},
      // arithmetic
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"7 - 2 - 1", "4"},
      {"6 / 2", "3.0"},
      {"7 / 2 / 2", "1.75"},
      {"2 * 1.5", "3.0"},
      {"True + True", "2"},
      {"--3", "3"},
      {"+True", "1"},
      {"2 - -1", "3"},
      {"'ab' + 'c'", "abc"},
      {"'ab' * 2", "abab"},
      {"2 * 'ab'", "abab"},
      {"'ab' * -1", ""},
      // comparisons
      {"1 == 1.0", "True"},
      {"True == 1", "True"},
      {"'1' == 1", "False"},
      {"'a' != 'b'", "True"},
      {"None == 0", "False"},
      {"None == None", "True"},
      {"9007199254740993 == 9007199254740992.0", "False"},
      {"1 < 2 < 3", "True"},
      {"1 < 3 < 2", "False"},
      {"1 < 2 > 1 == 1", "True"},
      {"2 <= 2", "True"},
      {"2 >= 3", "False"},
      {"'b' > 'a'", "True"},
      {"1e999 - 1e999 <= 1", "False"},
      {"1e999 - 1e999 > 1", "False"},
      {"'ell' in 'hello'", "True"},
      {"'x' not in 'hello'", "True"},
      {"'b' in ['a', 'b']", "True"},
      {"2 in (1, 2.0,)", "True"},
      {"1 in []", "False"},
      {"1 in ()", "False"},
      {"'1' in (1,)", "False"},
      // truth
      {"not True", "False"},
      {"not not 'x'", "True"},
      {"not 0.0", "True"},
      {"not 1 == 2", "True"},
      {"True and False or True", "True"},
      {"True or False and False", "True"},
      {"0 or 'b'", "b"},
      {"'a' and 'b'", "b"},
      {"'' and 1", ""},
      {"None or 0", "0"},
      {"'yes' if 1 < 2 else 'no'", "yes"},
      {"'a' if False else 'b' if False else 'c'", "c"},
      {"('a' if True else 'b') + 'c'", "ac"},
      // what is not needed is not computed
      {"True or 1 / 0", "True"},
      {"False and 'a' < 1", "False"},
      {"1 if True else 1 / 0", "1"},
      {"1 / 0 if False else 2", "2"},
      {"3 < 2 < 1 / 0", "False"},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(eval(c.expression), c.value) << c.expression;
    EXPECT_EQ(ret_, SVAR_OK) << c.expression;
  }
}

TEST_F(Eval, SaysWhatIsWrongAndWhatToDo)
{
  const struct {
    const char *expression;
    svar_ret_t ret;
    const char *reason;
  } cases[] = {
      {"", SVAR_ERR_SYNTAX, "a value is missing at the end"},
      {"1 +", SVAR_ERR_SYNTAX, "a value is missing at the end"},
      {"1 2", SVAR_ERR_SYNTAX, "an operator must stand before '2'"},
      {"(1", SVAR_ERR_SYNTAX, "a ')' is missing at the end"},
      {"1)", SVAR_ERR_SYNTAX, "an operator must stand before ')'"},
      {"[1 2]", SVAR_ERR_SYNTAX, "a ',' or the list's end must stand before '2'"},
      {"1 if 2", SVAR_ERR_SYNTAX, "an `else` is missing at the end"},
      {"'a", SVAR_ERR_SYNTAX, "the quotation ' is not closed"},
      {"'a\\", SVAR_ERR_SYNTAX, "the quotation ' is not closed"},
      {"1.5f", SVAR_ERR_SYNTAX, "'1.5f' is no number"},
      {"010", SVAR_ERR_SYNTAX, "'010' is no number"},
      {"1_000", SVAR_ERR_SYNTAX, "'1_000' is no number"},
      {"1e", SVAR_ERR_SYNTAX, "'1e' is no number"},
      {"9223372036854775808", SVAR_ERR_SYNTAX, "or beyond 64 bits"},
      {"true", SVAR_ERR_SYNTAX, "truth is True or False"},
      {"fast == 'fast'", SVAR_ERR_SYNTAX, "the name 'fast' has no value; a text stands in quotes"},
      {"1 = 1", SVAR_ERR_SYNTAX, "an operator must stand before '= 1'"},
      {"1 and", SVAR_ERR_SYNTAX, "a value is missing"},
      {"1 is 1", SVAR_ERR_SYNTAX, "an operator must stand before 'is'"},
      {"'a/b'.split('/')[0]", SVAR_ERR_UNSUPPORTED, "as at '.split('/')[0]'; compute it before"},
      {"'ab'[0]", SVAR_ERR_UNSUPPORTED, "neither calls, methods, indices"},
      {"7 // 2", SVAR_ERR_UNSUPPORTED, "as at '// 2'"},
      {"7 % 2", SVAR_ERR_UNSUPPORTED, "as at '% 2'"},
      {"2 ** 3", SVAR_ERR_UNSUPPORTED, "as at '** 3'"},
      {"{1: 2}", SVAR_ERR_UNSUPPORTED, "as at '{1: 2}'"},
      {"int('1')", SVAR_ERR_UNSUPPORTED, "no functions, as int()"},
      {"__import__('os')", SVAR_ERR_UNSUPPORTED, "no functions, as __import__()"},
      {"f'{1}'", SVAR_ERR_UNSUPPORTED, "no text with the prefix 'f'"},
      {"[1]", SVAR_ERR_UNSUPPORTED, "a list stands to the right of `in` only"},
      {"(1, 2) == 3", SVAR_ERR_UNSUPPORTED, "a list stands to the right of `in` only"},
      {"'a' < 1", SVAR_ERR_TYPE, "a text and a number have no order"},
      {"None < 1", SVAR_ERR_TYPE, "None and a number have no order"},
      {"'a' + 1", SVAR_ERR_TYPE, "'+' is not for a text and a number; a text in quotes"},
      {"-'a'", SVAR_ERR_TYPE, "'-' is not for a number and a text"},
      {"1 in 'a'", SVAR_ERR_TYPE, "not for a number in a text"},
      {"1 / 0", SVAR_ERR_VALUE, "a division by 0"},
      {"1.0 / 0.0", SVAR_ERR_VALUE, "a division by 0"},
      {"9223372036854775807 + 1", SVAR_ERR_VALUE, "leaves the whole numbers of 64 bits; write one"},
      {"'abcd' * 1000000", SVAR_ERR_VALUE, "is too long"},
  };
  for (const auto &c : cases) {
    const std::string sentence = eval(c.expression);
    EXPECT_EQ(ret_, c.ret) << c.expression << "\n" << sentence;
    EXPECT_NE(sentence.find(c.reason), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find("$(eval): in '" + std::string(c.expression) + "': "), 0u) << sentence;
  }
}

TEST_F(Eval, RefusesExpressionsWithoutEnd)
{
  EXPECT_EQ(eval(std::string(31, '(') + "1" + std::string(31, ')')), "1");
  for (const char *opening : {"(", "[", "-", "not ", "1 if 1 else "}) {
    std::string nested;
    for (int i = 0; i < 10000; ++i) {
      nested += opening;
    }
    EXPECT_NE(eval(nested + "1").find("nested more than 32 deep"), std::string::npos) << opening;
  }
  std::string sum = "1";
  for (int i = 0; i < 900; ++i) {
    sum += " + 1";
  }
  EXPECT_EQ(eval(sum), "901");
  for (int i = 0; i < 10000; ++i) {
    sum += " < 1";
  }
  EXPECT_NE(eval(sum).find("more than 2000 parts"), std::string::npos);
}

TEST_F(Eval, ComputesASharedOperandOnce)
{
  std::string chain = "1 < 2 < 3";
  for (int i = 0; i < 20; ++i) {
    chain = "0 < (" + chain + ") < 2";
  }
  EXPECT_EQ(eval(chain), "True"); // or else after two million comparisons
}

} // namespace
