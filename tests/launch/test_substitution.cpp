#include <gtest/gtest.h>

#include "launch/substitution.h"
#include "tests/launch/launch_fixture.hpp"

namespace
{

using launch_test::Prefix;
using launch_test::Words;

class Substitution : public testing::Test
{
protected:
  Substitution()
  {
    svari_arena_init(&arena_);
    svari_packages_init(&packages_, &arena_, prefix_.root.c_str(), nullptr);
    view_ = {};
    view_.scope = svari_scope_inner(&arena_, &view_.scope);
    view_.arena = &arena_;
    view_.packages = &packages_;
    view_.file = "/robot/launch/top.launch.xml";
    set("a", "1");
    set("x", "b");
    set("n_1", "nested");
    set("spaced", "two words");
    set("empty", "");
    svari_binding_add(&arena_, &view_.scope.environment, "SVAR_TEST_SET", "from the scope");
    svari_binding_add(&arena_, &view_.scope.environment, "HOME", nullptr);
  }
  ~Substitution() override
  {
    svari_arena_fini(&arena_);
  }

  void set(const char *name, const char *value)
  {
    svari_binding_add(&arena_, &view_.scope.variables, name, value);
  }

  // What the text becomes, or the sentence of its failure.
  std::string perform(const std::string &text)
  {
    const char *result = nullptr;
    ret_ = svari_substitution_perform(&view_, text.c_str(), &result);
    return ret_ == SVAR_OK ? result : svar_error_message();
  }

  Words split(const char *text)
  {
    svari_words_t words = {};
    ret_ = svari_substitution_words(&view_, text, &words);
    EXPECT_EQ(ret_, SVAR_OK) << svar_error_message();
    return Words(words.items, words.items + words.count);
  }

  Prefix prefix_;
  svari_arena_t arena_;
  svari_packages_t packages_;
  svari_view_t view_;
  svar_ret_t ret_ = SVAR_OK;
};

TEST_F(Substitution, FollowsTheGrammarOfRos2)
{
  const struct {
    const char *text, *result;
  } cases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"'quotes' \"stay\" here", "'quotes' \"stay\" here"},
      {"parentheses ) ( stay", "parentheses ) ( stay"},
      {"$(var a)", "1"},
      {"<$(var a)$(var x)>", "<1b>"},
      {"$(var 'spaced')", "two words"},
      {"$(var \"spaced\")", "two words"},
      {"$(var n_$(var a))", "nested"},
      {"$(var 'n_$(var a)')", "nested"},
      {"$(var none fallback)", "fallback"},
      {"$(var none 'two words')", "two words"},
      {"$(var none 'it says \"hi\"')", "it says \"hi\""},
      {"$(var none '')", ""},
      {"$(var none $(var spaced))", "two words"},
      {"$(var a $(var none))", "1"}, // a default that is not needed is not looked at
      {"$(var none \\(x\\))", "(x)"},
      {"$(var none a\\ b)", "a b"},
      {"\\$(var a)", "$(var a)"},
      {"\\\\", "\\"},
      {"\\\\$(var a)", "\\1"},
      {"cost: 5$ or $5", "cost: 5$ or $5"},
      {"$", "$"},
      {"$(env SVAR_TEST_SET)", "from the scope"},
      {"$(env SVAR_TEST_UNSET_ANYWHERE none)", "none"},
      {"$(env HOME unset)", "unset"},
      {"$(dirname)/x", "/robot/launch/x"},
      {"$(filename)", "/robot/launch/top.launch.xml"},
      {"$(not true)", "false"},
      {"$(not 0)", "true"},
      {"$(and TRUE 1)", "true"},
      {"$(and true false)", "false"},
      {"$(or false False)", "false"},
      {"$(or 0 1)", "true"},
      {"$(equals a a)", "true"},
      {"$(equals a b)", "false"},
      {"$(equals 1 true)", "true"},
      {"$(equals 1.0 1)", "true"},
      {"$(equals 1e3 1000)", "true"},
      {"$(equals '' '')", "true"},
      {"$(not-equals a b)", "true"},
      {"$(not-equals $(var a) 1)", "false"},
      {"$(and $(equals $(var a) 1) $(not false))", "true"},
      {"$(if true yes no)", "yes"},
      {"$(if false yes no)", "no"},
      {"$(if false yes)", ""},
      {"$(if true yes $(var none))", "yes"}, // nor is a branch that is not taken
  };
  for (const auto &c : cases) {
    EXPECT_EQ(perform(c.text), c.result) << c.text;
    EXPECT_EQ(ret_, SVAR_OK) << c.text;
  }
}

TEST_F(Substitution, FindsPackages)
{
  EXPECT_EQ(perform("$(find-pkg-prefix robot)"), prefix_.root.string());
  EXPECT_EQ(perform("$(find-pkg-share robot)/x"), prefix_.root.string() + "/share/robot/x");
}

TEST_F(Substitution, FindsProgramsInPackagesAndOnPath)
{
  const std::string folder = prefix_.root.string() + "/lib/robot";
  svari_binding_add(&arena_, &view_.scope.environment, "PATH", folder.c_str());
  EXPECT_EQ(perform("$(exec-in-pkg talker robot) -v"), folder + "/talker -v");
  EXPECT_EQ(perform("$(find-exec talker)"), folder + "/talker");
  EXPECT_EQ(perform("$(find-exec " + folder + "/listener)"), folder + "/listener");
  EXPECT_EQ(perform("$(exec-in-pkg gone robot)"),
            "the program '" + folder + "/gone' cannot be found: No such file or directory");
  EXPECT_EQ(ret_, SVAR_ERR_NOT_FOUND);
  perform("$(exec-in-pkg notes robot)");
  EXPECT_EQ(ret_, SVAR_ERR_PERMISSION);
  EXPECT_NE(perform("$(exec-in-pkg talker legs)").find("package 'legs' is in none of"),
            std::string::npos);
  EXPECT_NE(perform("$(find-exec gone)").find("the program 'gone' is not on PATH; install it"),
            std::string::npos);
}

TEST_F(Substitution, MakesUpANameOnceForEachId)
{
  const std::string name = perform("$(anon camera)");
  EXPECT_EQ(name.substr(0, 7), "camera_");
  EXPECT_EQ(name.find_first_not_of("camera_0123456789"), std::string::npos) << name;
  EXPECT_EQ(perform("$(anon camera)"), name);
  EXPECT_NE(perform("$(anon radar)"), name);
}

TEST_F(Substitution, EvaluatesWhatItsOwnSubstitutionsLeave)
{
  set("mode", "fast");
  EXPECT_EQ(perform("$(eval \"'$(var mode)' == 'fast'\")"), "True");
  EXPECT_EQ(perform("$(eval '\"$(var mode)\" in (\"slow\", \"safe\")')"), "False");
  EXPECT_EQ(perform("$(eval '$(var a) + 1') of $(eval 2*3)"), "2 of 6");
  EXPECT_EQ(perform("$(if $(eval '$(var a) < 2') low high)"), "low");
  EXPECT_EQ(perform("$(eval '$(var mode) == 1')"),
            "$(eval): in 'fast == 1': the name 'fast' has no value; a text stands in quotes, as in "
            "'$(var NAME)', and truth is True or False");
}

TEST_F(Substitution, RefusesWhatIsNotInTheGrammar)
{
  const struct {
    const char *text, *reason;
  } cases[] = {
      {"$(var a", "$(var is not closed by ')'"},
      {"$(var", "$(var is not closed"},
      {"$(var 'a)", "the quotation ' is not closed"},
      {"$(var  a)", "exactly one space"},
      {"$(var a )", "exactly one space"},
      {"$( var a)", "a name must follow '$('"},
      {"$()", "a name must follow '$('"},
      {"$(var a'b')", "must be written '\\''"},
      {"$(var a(b))", "must be written '\\('"},
      {"$(var 'a'b)", "a space or ')' must stand before 'b)'"},
      {"$(var)", "the form is $(var NAME [DEFAULT])"},
      {"$(var a b c)", "the form is $(var NAME [DEFAULT])"},
      {"$(dirname x)", "the form is $(dirname)"},
      {"$(eval 1 + 1)", "the form is $(eval 'EXPRESSION')"},
      {"$(anon)", "the form is $(anon NAME)"},
      {"$(exec-in-pkg talker)", "the form is $(exec-in-pkg PROGRAM PACKAGE)"},
      {"$(find-exec)", "the form is $(find-exec PROGRAM)"},
      {"trailing \\", "lone backslash"},
      {"$(variable a)", "there is no substitution $(variable)"},
  };
  for (const auto &c : cases) {
    EXPECT_NE(perform(c.text).find(c.reason), std::string::npos) << perform(c.text);
    EXPECT_EQ(ret_, SVAR_ERR_SYNTAX) << c.text;
  }
}

TEST_F(Substitution, NamesTheRemedyForWhatIsNotOffered)
{
  EXPECT_NE(perform("$(command ls)").find("svar launch does not offer $(command)"),
            std::string::npos);
  EXPECT_EQ(ret_, SVAR_ERR_UNSUPPORTED);
  EXPECT_NE(perform("$(find robot)").find("$(find-pkg-share PACKAGE)"), std::string::npos);
}

TEST_F(Substitution, SaysWhatIsMissing)
{
  EXPECT_NE(perform("$(var none)").find("the variable 'none' is not set here"), std::string::npos);
  EXPECT_EQ(ret_, SVAR_ERR_NOT_FOUND);
  EXPECT_NE(perform("$(env HOME)").find("the environment variable 'HOME' is not set"),
            std::string::npos);
  EXPECT_NE(perform("$(find-pkg-share nowhere)").find("package 'nowhere' is in none of"),
            std::string::npos);
  EXPECT_EQ(ret_, SVAR_ERR_NOT_FOUND);
  EXPECT_NE(perform("$(find-pkg-share ../packages/robot)").find("is in none of"),
            std::string::npos);
  EXPECT_NE(perform("$(not maybe)").find("$(not): 'maybe' is not a truth value"),
            std::string::npos);
  EXPECT_EQ(ret_, SVAR_ERR_VALUE);
}

TEST_F(Substitution, RefusesToNestWithoutEnd)
{
  std::string text = "1";
  for (int i = 0; i < 32; ++i) {
    text = "$(not " + text + ")";
  }
  EXPECT_EQ(perform(text), "true");
  EXPECT_NE(perform("$(not " + text + ")").find("nested more than 32 deep"), std::string::npos);
  EXPECT_EQ(ret_, SVAR_ERR_SYNTAX);
}

TEST_F(Substitution, RefusesATextThatGrowsWithoutEnd)
{
  const char *text = "0123456789abcdef";
  for (int i = 0; i < 40 && ret_ == SVAR_OK; ++i) {
    set("grown", text);
    ret_ = svari_substitution_perform(&view_, "$(var grown)$(var grown)", &text);
  }
  EXPECT_EQ(ret_, SVAR_ERR_VALUE);
  EXPECT_NE(std::string(svar_error_message()).find("more than the 131072"), std::string::npos)
      << svar_error_message();
}

TEST_F(Substitution, SplitsWordsAsAShellButNeverWhatASubstitutionYields)
{
  EXPECT_EQ(split("  one two\n three "), (Words{"one", "two", "three"}));
  EXPECT_EQ(split("'a b' \"c d\" e' 'f"), (Words{"a b", "c d", "e f"}));
  EXPECT_EQ(split("$(var spaced) x$(var spaced)y"), (Words{"two words", "xtwo wordsy"}));
  EXPECT_EQ(split("$(var empty) ''"), (Words{"", ""}));
  EXPECT_EQ(split("\"a $(var x) c\""), (Words{"a b c"}));
  EXPECT_EQ(split("a\\\\ b \"q\\\\\"q\""), (Words{"a b", "q\"q"}));
  EXPECT_EQ(split(""), Words{});
  svari_words_t words = {};
  EXPECT_EQ(svari_substitution_words(&view_, "it's", &words), SVAR_ERR_SYNTAX);
  EXPECT_STREQ(svar_error_message(), "'it's': the quotation ' is not closed");
}

} // namespace
