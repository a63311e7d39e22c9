#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "components/remap_rule.h"
#include "components/ros_names.h"

namespace
{

class Rules
{
public:
  Rules(std::initializer_list<const char *> texts)
  {
    for (const char *text : texts) {
      svari_remap_rule_t rule = {};
      EXPECT_EQ(svari_remap_rule_parse(text, &rule), SVAR_OK) << svar_error_message();
      rules_.push_back(rule);
    }
  }
  ~Rules()
  {
    for (svari_remap_rule_t &rule : rules_) {
      svari_remap_rule_fini(&rule);
    }
  }
  svari_node_identity_t Node(const char *original, bool keep_name = false) const
  {
    svari_node_identity_t node = {};
    EXPECT_EQ(svari_remap_node(rules_.data(), rules_.size(), original, keep_name, &node), SVAR_OK)
        << svar_error_message();
    return node;
  }
  svar_ret_t NodeResult(const char *original) const
  {
    svari_node_identity_t node = {};
    return svari_remap_node(rules_.data(), rules_.size(), original, false, &node);
  }
  std::string Resolve(const svari_node_identity_t &node, const char *name) const
  {
    char out[256] = "";
    svar_ret_t ret = svari_remap_name(rules_.data(), rules_.size(), &node, name, out, sizeof(out));
    return ret == SVAR_OK ? out : svar_ret_name(ret);
  }

private:
  std::vector<svari_remap_rule_t> rules_;
};

TEST(RosNames, ATokenEndsBeforeASecondUnderscoreInARow)
{
  EXPECT_EQ(svari_name_token("abc"), 3u);
  EXPECT_EQ(svari_name_token("a_b9_"), 5u);
  EXPECT_EQ(svari_name_token("_x"), 2u);
  EXPECT_EQ(svari_name_token("x_"), 2u);
  EXPECT_EQ(svari_name_token("a__b"), 2u);
  EXPECT_EQ(svari_name_token("_"), 1u);
  EXPECT_EQ(svari_name_token("__node"), 0u);
  EXPECT_EQ(svari_name_token("9x"), 0u);
  EXPECT_EQ(svari_name_token("-"), 0u);
  EXPECT_EQ(svari_name_token(""), 0u);
}

TEST(RosNames, NodeNamesAndNamespacesAreChecked)
{
  for (const char *good : {"a", "_a", "a__b", "A9"}) {
    EXPECT_EQ(svari_node_name_check(good), SVAR_OK) << good;
  }
  for (const char *bad : {"", "9a", "a-b", "a/b", "a b", "/a"}) {
    EXPECT_EQ(svari_node_name_check(bad), SVAR_ERR_VALUE) << bad;
  }
  EXPECT_EQ(svari_node_name_check(std::string(255, 'n').c_str()), SVAR_OK);
  EXPECT_EQ(svari_node_name_check(std::string(256, 'n').c_str()), SVAR_ERR_VALUE);
  for (const char *good : {"/", "/a", "/a/b", "/_a/b9"}) {
    EXPECT_EQ(svari_namespace_check(good), SVAR_OK) << good;
  }
  for (const char *bad : {"", "a", "/a/", "//a", "/a//b", "/9", "/a/9", "/a-b"}) {
    EXPECT_EQ(svari_namespace_check(bad), SVAR_ERR_VALUE) << bad;
  }
  EXPECT_EQ(svari_namespace_check(("/" + std::string(244, 'n')).c_str()), SVAR_OK);
  EXPECT_EQ(svari_namespace_check(("/" + std::string(245, 'n')).c_str()), SVAR_ERR_VALUE);
}

TEST(RosNames, NamesExpandUnderTheNodeAndItsNamespace)
{
  Rules none({});
  svari_node_identity_t root = none.Node("n");
  EXPECT_STREQ(root.full_name, "/n");
  EXPECT_EQ(none.Resolve(root, "x"), "/x");
  EXPECT_EQ(none.Resolve(root, "~/x"), "/n/x");
  Rules rules({"__ns:=/a/b"});
  svari_node_identity_t node = rules.Node("n");
  EXPECT_STREQ(node.full_name, "/a/b/n");
  EXPECT_EQ(rules.Resolve(node, "x/y"), "/a/b/x/y");
  EXPECT_EQ(rules.Resolve(node, "~/x"), "/a/b/n/x");
  EXPECT_EQ(rules.Resolve(node, "/x"), "/x");
  for (const char *bad : {"", "~", "~x", "/", "x/", "a//b", "9x", "a-b"}) {
    EXPECT_EQ(rules.Resolve(node, bad), "SVAR_ERR_VALUE") << bad;
  }
  EXPECT_EQ(none.Resolve(root, std::string(246, 'x').c_str()).size(), 247u);
  EXPECT_EQ(none.Resolve(root, std::string(247, 'x').c_str()), "SVAR_ERR_VALUE");
  EXPECT_EQ(none.Resolve(root, std::string(5000, 'x').c_str()), "SVAR_ERR_VALUE");
  char small[4];
  EXPECT_EQ(svari_name_expand(&root, "abc", small, sizeof(small)), SVAR_ERR_RANGE);
}

TEST(RemapRule, AcceptsWhatRclAccepts)
{
  for (const char *text : {"a:=b", "/a:=b", "~/a:=b", "a/b:=/c/d", "a:=~/b", "n:a:=b", "n:~/a:=b",
                           "__node:=x", "__name:=x", "__node:=_x", "__node:=x_", "n:__node:=x",
                           "__ns:=/", "__ns:=/a", "__ns:=/a/b/", "n:__ns:=/a", "rostopic://a:=b",
                           "rosservice:///a:=b", "n:rostopic://a:=b"}) {
    svari_remap_rule_t rule = {};
    EXPECT_EQ(svari_remap_rule_parse(text, &rule), SVAR_OK) << svar_error_message();
    svari_remap_rule_fini(&rule);
  }
}

TEST(RemapRule, RefusesWhatRclRefusesAndNamesTheRule)
{
  for (const char *text : {"",
                           "a",
                           ":=",
                           "a:=",
                           ":=b",
                           "foo/:=b",
                           "a:=x/",
                           "foo-bar:=b",
                           "a:=foo-bar",
                           "foo__bar:=b",
                           "a:=foo__bar",
                           "~:=b",
                           "a:=~",
                           "*:=b",
                           "a/*:=b",
                           "**:=b",
                           "a:=\\1",
                           "a:=b c",
                           "a:=b:=c",
                           "9x:=b",
                           "__node:=",
                           "__node:=a/b",
                           "__node:=/a",
                           "__node:=a-b",
                           "__node:=9",
                           "__ns:=rel",
                           "__ns:=",
                           "__ns:=//a",
                           "__ns:=/a//",
                           "__nsx:=/a",
                           "n::a:=b",
                           "n:=",
                           "a:=rostopic://b",
                           "__node",
                           "n:__ns",
                           "foo bar:=b"}) {
    svari_remap_rule_t rule = {};
    EXPECT_EQ(svari_remap_rule_parse(text, &rule), SVAR_ERR_SYNTAX) << text;
    EXPECT_NE(std::string(svar_error_message()).find("'" + std::string(text) + "'"),
              std::string::npos)
        << svar_error_message();
  }
}

TEST(RemapRule, TheFirstMatchWins)
{
  Rules rules({"__node:=a", "__node:=b", "__ns:=/x", "__ns:=/y", "in:=one", "in:=two"});
  svari_node_identity_t node = rules.Node("n");
  EXPECT_STREQ(node.full_name, "/x/a");
  EXPECT_EQ(rules.Resolve(node, "in"), "/x/one");
}

TEST(RemapRule, ANodePrefixMeansTheOriginalName)
{
  Rules rules({"other:__node:=wrong", "n:__node:=new", "new:in:=wrong", "n:in:=out", "n:__ns:=/s"});
  svari_node_identity_t node = rules.Node("n");
  EXPECT_STREQ(node.full_name, "/s/new");
  EXPECT_EQ(rules.Resolve(node, "in"), "/s/out");
  EXPECT_STREQ(rules.Node("m").full_name, "/m");
}

TEST(RemapRule, ANameChosenForTheNodeIsKeptUnlessARuleNamesTheNode)
{
  Rules rules({"__node:=all", "left:__node:=one", "__ns:=/s"});
  EXPECT_STREQ(rules.Node("right", true).full_name, "/s/right");
  EXPECT_STREQ(rules.Node("left", true).full_name, "/s/one");
}

TEST(RemapRule, BothSidesAreExpandedAndTheResultIsNotRemappedAgain)
{
  Rules rules({"__ns:=/s", "/s/a:=b", "b:=c", "~/d:=/e", "rosservice://f:=g", "rostopic://h:=~/i"});
  svari_node_identity_t node = rules.Node("n");
  EXPECT_EQ(rules.Resolve(node, "a"), "/s/b");
  EXPECT_EQ(rules.Resolve(node, "b"), "/s/c");
  EXPECT_EQ(rules.Resolve(node, "/s/n/d"), "/e");
  EXPECT_EQ(rules.Resolve(node, "f"), "/s/f");
  EXPECT_EQ(rules.Resolve(node, "h"), "/s/n/i");
  EXPECT_EQ(rules.Resolve(node, "/a"), "/a");
}

TEST(RemapRule, ANamespaceThatEndsInASlashParsesButNoNodeTakesIt)
{
  EXPECT_EQ(Rules({"__ns:=/a/b/"}).NodeResult("n"), SVAR_ERR_VALUE);
}

} // namespace
