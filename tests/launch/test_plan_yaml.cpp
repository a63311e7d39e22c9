// Launch files in YAML mean what the same files in XML mean.
#include <gtest/gtest.h>

#include "tests/launch/launch_fixture.hpp"

namespace
{

using launch_test::Plan;
using launch_test::Prefix;
using launch_test::Words;

std::string
shown(const Plan &plan)
{
  EXPECT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  if (plan.ret != SVAR_OK) {
    return plan.sentence;
  }
  char *text = svari_plan_text(plan.operator->());
  std::string copy = text;
  free(text);
  for (const std::string &message : plan.messages()) {
    copy += message + "\n";
  }
  return copy;
}

TEST(LaunchYaml, MeansWhatXmlMeans)
{
  Prefix prefix;
  Prefix::write(prefix.root / "some.yaml", "/**: {ros__parameters: {z: 1}}");
  Plan yaml(prefix, prefix.yaml(R"yaml(%YAML 1.1
# a comment before everything
---
launch:
- arg: {name: speed, default: "1", description: how fast, choice: [{value: "1"}, {value: "2"}]}
- let: {name: who, value: "$(var speed)-fold"}
- log: {message: "at $(var speed)"}
- set_env: {name: A, value: "1"}
- unset_env:
    name: B
- group:
  - push_ros_namespace: {namespace: robot}
  - node:
      pkg: robot
      exec: talker
      name: n
      respawn: true
      respawn_delay: 0.5
      args: --who "$(var who)"
      param:
      - name: rate
        value: 10
      - {name: names, value: [a, "b c", "$(var speed)x"]}
      - {name: gains, value: [1, 2.5], type: list_of_float}
      - {name: text, value: 10, type: str}
      - name: arm
        param:
        - {name: limit, value: 0.5}
        - {name: on, value: yes}
      - from: $(dirname)/some.yaml
      remap:
      - {from: a, to: b}
      env: [{name: C, value: x y}]
- group:
    scoped: false
    if: "true"
    children:
    - group: {if: false, children: [{log: {message: never}}]}
    - executable: {cmd: sh -c 'exit 3', output: screen}
)yaml"));
  Plan xml(prefix, prefix.launch(R"xml(
    <arg name="speed" default="1"><choice value="1"/><choice value="2"/></arg>
    <let name="who" value="$(var speed)-fold"/>
    <log message="at $(var speed)"/>
    <set_env name="A" value="1"/>
    <unset_env name="B"/>
    <group>
      <push_ros_namespace namespace="robot"/>
      <node pkg="robot" exec="talker" name="n" respawn="true" respawn_delay="0.5"
            args="--who &quot;$(var who)&quot;">
        <param name="rate" value="10"/>
        <param name="names" value="a;b c;$(var speed)x" value-sep=";"/>
        <param name="gains" value="1;2.5" value-sep=";" type="list_of_float"/>
        <param name="text" value="10" type="str"/>
        <param name="arm"><param name="limit" value="0.5"/><param name="on" value="yes"/></param>
        <param from="$(dirname)/some.yaml"/>
        <remap from="a" to="b"/>
        <env name="C" value="x y"/>
      </node>
    </group>
    <group scoped="false"><executable cmd="sh -c 'exit 3'"/></group>)xml"));
  EXPECT_EQ(shown(yaml), shown(xml));
  EXPECT_EQ(yaml.files()[1], "/robot/n:\n  ros__parameters:\n    names: ['a', 'b c', '1x']\n");
}

TEST(LaunchYaml, TypesValuesByTheirTextAsXmlDoes)
{
  Prefix prefix;
  Plan plan(prefix, prefix.yaml(R"yaml(
launch:
- node: {exec: /bin/true, param: [{name: p, value: "10"}, {name: p, value: 0x10},
    {name: p, value: off}, {name: p, value: [1]}, {name: p, value: ["", b]},
    {name: p, value: "[1, 2]"}, {name: p, value: ""}, {name: p, value: null}]}
)yaml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  const std::string head = "/**:\n  ros__parameters:\n    p: ";
  EXPECT_EQ(plan.files(),
            (Words{head + "10\n", head + "16\n", head + "false\n", head + "[1]\n",
                   head + "['', 'b']\n", head + "[1, 2]\n", head + "''\n", head + "'null'\n"}));
}

TEST(LaunchYaml, AndXmlIncludeEachOther)
{
  Prefix prefix;
  prefix.yaml("launch: [{node: {pkg: robot, exec: listener, args: $(var a) $(dirname)}}]",
              "sub/inner.launch.yml");
  prefix.launch("<include file='$(dirname)/sub/inner.launch.yml'/>", "middle.launch.xml");
  Plan plan(prefix, prefix.yaml("launch:\n- include:\n    file: $(dirname)/middle.launch.xml\n"
                                "    arg: [{name: a, value: x}]\n"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(), (Words{"PREFIX/lib/robot/listener", "x", "PREFIX/sub", "--ros-args"}));
}

TEST(LaunchYaml, IsToldFromXmlByItsBeginningWhereTheNameIsEithers)
{
  Prefix prefix;
  EXPECT_EQ(Plan(prefix, prefix.yaml("\n \t<launch/>", "either.launch")).ret, SVAR_OK);
  EXPECT_EQ(Plan(prefix, prefix.yaml("# <launch>\nlaunch: []", "either.launch")).ret, SVAR_OK);
  EXPECT_EQ(Plan(prefix, prefix.yaml("launch: []", "either.yaml")).ret, SVAR_OK);
}

TEST(LaunchYaml, NamesThePlaceAndTheFixOfAMistake)
{
  const struct {
    const char *text;
    int line;
    const char *reason;
  } mistakes[] = {
      {"", 1, "a launch file in YAML is a map: 'launch:' and a list of actions"},
      {"{}", 1, "a launch file in YAML is a map"},
      {"- node: {exec: x}", 1, "a launch file in YAML is a map"},
      {"lunch: []", 1, "the outermost tag of a launch file is <launch>, not <lunch>"},
      {"launch:", 1, "after 'launch:' stands a list of actions"},
      {"launch:\n  node: {exec: x}", 2, "after 'launch:' stands a list of actions"},
      {"launch: []\nnode: {exec: x}", 2, "'launch' is the only key"},
      {"launch: []\n---\nlaunch: []", 2, "one YAML document"},
      {"launch:\n- node", 2, "each item of a list of actions is '- TAG:"},
      {"launch:\n- {}", 2, "this action has no tag"},
      {"launch:\n- node:\n  exec: x", 2, "after 'node:' stands a map of its attributes; indent"},
      {"launch:\n- log: {message: x}\n  let: {name: a, value: b}", 3, "begin another action with"},
      {"launch:\n- node: [{exec: x}]", 2, "after 'node:' stands a map"},
      {"launch:\n- nod: {exec: x}", 2, "<nod> cannot stand inside <launch>, which may hold: arg"},
      {"launch:\n- group:\n  - log: {message: a}\n  - let:\n      name: a\n      valu: b", 4,
       "<let> has no attribute 'valu'"},
      {"launch:\n- let: {name: a}", 2, "<let> needs the attribute 'value'"},
      {"launch:\n- let:\n    name: a\n    value:", 4, "'value' of <let> has no value; the empty"},
      {"launch:\n- let: {name: a, value: [b]}", 2, "'value' of <let> is one text or a list of"},
      {"launch:\n- let: {name: a, name: b, value: c}", 2, "'name' stands twice in this <let>"},
      {"launch:\n- let: {name: a, value: $(var b)}", 2, "the variable 'b' is not set"},
      {"launch:\n- node:\n    exec: /bin/true\n    param: {name: a, value: 1}", 4,
       "'param' of <node> is a map; make it a list of maps: begin it with '- '"},
      {"launch:\n- node:\n    exec: /bin/true\n    param: [{name: a, value: 1}, b]", 4,
       "each item of 'param' is a map"},
      {"launch:\n- node:\n    exec: /bin/true\n    param:\n    - name: a\n      value: [1, x]", 5,
       "a sequence holds values of one kind"},
      {"launch:\n- node:\n    exec: /bin/true\n    param:\n    - name: a\n      value: [1, [2]]", 6,
       "the items of a parameter's list are plain values"},
      {"launch:\n- node:\n    exec: /bin/true\n    param: [{name: a, value: {b: 1}}]", 4,
       "'value' of <param> is a map"},
      {"launch:\n- node: {exec: &x /bin/true, name: *x}", 2, "aliases ('*x') are not allowed"},
      {"launch:\n- log: {message: a", 3, "this is not YAML"},
      {"launch:\n- log: {message: \"a\\0b\"}", 2, "control character"},
      {"launch:\n- ? [a]\n  : b", 2, "a key must be a plain word"},
      {"launch: \"\xff\"", 1, "this is not YAML"},
  };
  for (const auto &mistake : mistakes) {
    Prefix prefix;
    Plan plan(prefix, prefix.yaml(mistake.text));
    EXPECT_NE(plan.ret, SVAR_OK) << mistake.text;
    const std::string place = "PREFIX/test.launch.yaml:" + std::to_string(mistake.line) + ": ";
    EXPECT_EQ(plan.sentence.substr(0, place.size()), place) << mistake.text << plan.sentence;
    EXPECT_NE(plan.sentence.find(mistake.reason), std::string::npos) << mistake.text << "\n"
                                                                     << plan.sentence;
  }
}

TEST(LaunchYaml, RefusesListsWithinListsWithoutEnd)
{
  std::string text = "launch: ";
  for (int i = 0; i < 20000; ++i) {
    text += "[{group: ";
  }
  Prefix prefix;
  EXPECT_EQ(Plan(prefix, prefix.yaml(text)).ret, SVAR_ERR_SYNTAX);
}

TEST(LaunchYaml, SurvivesEveryCutOfAFile)
{
  Prefix prefix;
  const std::string whole = "launch:\n- group:\n  - node:\n      pkg: robot\n      exec: talker\n"
                            "      param: [{name: a, value: [1, \"$(if true 2)\"]}]\n"
                            "      env: [{name: A, value: x}]\n- log: {message: \"done\"}\n";
  const std::string path = (prefix.root / "cut.launch.yaml").string();
  Prefix::write(path, whole);
  EXPECT_EQ(Plan(prefix, path).ret, SVAR_OK);
  for (size_t length = 0; length < whole.size(); ++length) {
    Prefix::write(path, whole.substr(0, length));
    Plan plan(prefix, path); // some cuts are whole files
    EXPECT_TRUE(plan.ret == SVAR_OK ||
                plan.sentence.find(path.substr(path.rfind('/'))) != std::string::npos)
        << length << plan.sentence;
  }
}

} // namespace
