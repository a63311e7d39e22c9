// What a launch file asks for: argv, parameter files, environment and conduct, exactly.
#include <gtest/gtest.h>

#include "tests/launch/launch_fixture.hpp"

namespace
{

using launch_test::Arguments;
using launch_test::Plan;
using launch_test::Prefix;
using launch_test::Words;

const char *const TALKER = "PREFIX/lib/robot/talker";

TEST(LaunchPlan, EndsEveryNodesArgvInRosArgs)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(<node pkg="robot" exec="talker"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(), (Words{TALKER, "--ros-args"}));
  EXPECT_STREQ(plan.process().label, "talker-1");
  EXPECT_EQ(plan.process().program, prefix.root.string() + "/lib/robot/talker");
}

TEST(LaunchPlan, OrdersArgvAsRos2Launch)
{
  Prefix prefix;
  Prefix::write(prefix.root / "some.yaml", "/**: {ros__parameters: {z: 1}}");
  Plan plan(prefix, prefix.launch(R"xml(
    <node pkg="robot" exec="talker" name="n" namespace="ns" args="--alpha 'b c'"
          ros_args="--log-level debug">
      <remap from="chatter" to="/c"/>
      <param name="i" value="1"/>
      <param from="$(find-pkg-prefix robot)/some.yaml"/>
      <remap from="~/x" to="y"/>
      <param name="s" value="1" type="str"/>
    </node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(), (Words{TALKER,
                                "--alpha",
                                "b c",
                                "--ros-args",
                                "--log-level",
                                "debug",
                                "--ros-args",
                                "-r",
                                "__node:=n",
                                "-r",
                                "__ns:=/ns",
                                "--params-file",
                                "/params/params_1.yaml",
                                "--params-file",
                                "PREFIX/some.yaml",
                                "--params-file",
                                "/params/params_2.yaml",
                                "-r",
                                "chatter:=/c",
                                "-r",
                                "~/x:=y"}));
  EXPECT_EQ(plan.files(), (Words{"/ns/n:\n  ros__parameters:\n    i: 1\n",
                                 "/ns/n:\n  ros__parameters:\n    s: '1'\n"}));
}

TEST(LaunchPlan, AddressesParametersToEveryNodeUnlessNameAndNamespaceAreKnown)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <node pkg="robot" exec="talker"><param name="a" value="1"/></node>
    <node pkg="robot" exec="talker" name="n"><param name="a" value="1"/></node>
    <node pkg="robot" exec="talker" namespace="x"><param name="a" value="1"/></node>
    <node pkg="robot" exec="talker" name="n" namespace="/"><param name="a" value="1"/></node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  const std::string rest = ":\n  ros__parameters:\n    a: 1\n";
  EXPECT_EQ(plan.files(0), Words{"/**" + rest});
  EXPECT_EQ(plan.files(1), Words{"/**" + rest});
  EXPECT_EQ(plan.files(2), Words{"/**" + rest});
  EXPECT_EQ(plan.files(3), Words{"/n" + rest});
  EXPECT_EQ(plan.argv(1), (Words{TALKER, "--ros-args", "-r", "__node:=n", "--params-file",
                                 "/params/params_2.yaml"}));
}

TEST(LaunchPlan, FlattensNestedParametersIntoOneFile)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <node pkg="robot" exec="talker">
      <param name="arm"><param name="joint"><param name="gain" value="0.5"/></param>
        <param name="names" value="a;b" value-sep=";"/></param>
    </node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.files(), Words{"/**:\n  ros__parameters:\n    arm.joint.gain: 0.5\n"
                                "    arm.names: ['a', 'b']\n"});
}

TEST(LaunchPlan, PerformsSubstitutionsInAParameterFileWhereAllowed)
{
  Prefix prefix;
  Prefix::write(prefix.root / "p.yaml", "/**: {ros__parameters: {rate: $(var rate)}}\n");
  const std::string path = prefix.launch(R"xml(
    <arg name="rate" default="50"/>
    <node pkg="robot" exec="talker"><param from="$(dirname)/p.yaml" allow_substs="true"/></node>
    <node pkg="robot" exec="talker"><param from="$(dirname)/p.yaml"/></node>)xml");
  Plan plan(prefix, path);
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.files(0), Words{"/**: {ros__parameters: {rate: 50}}\n"});
  EXPECT_EQ(plan.files(1), Words{});
  EXPECT_EQ(plan.argv(1), (Words{TALKER, "--ros-args", "--params-file", "PREFIX/p.yaml"}));
}

// As ROS 2: the node gets the path all the same.
TEST(LaunchPlan, WarnsOfAParameterFileThatIsNotThere)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(<node pkg="robot" exec="talker">
    <param from="$(dirname)/none.yaml"/>
    <param from="/"/></node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(), (Words{TALKER, "--ros-args", "--params-file", "PREFIX/none.yaml",
                                "--params-file", "/"}));
  EXPECT_EQ(
      plan.messages(),
      (Words{"PREFIX/test.launch.xml:3: warning: the parameter file 'PREFIX/none.yaml' is not "
             "there",
             "PREFIX/test.launch.xml:4: warning: the parameter file '/' is no file"}));
}

TEST(LaunchPlan, TakesArgumentsFromTheCommandLineBeforeDefaults)
{
  Prefix prefix;
  const std::string path = prefix.launch(R"xml(
    <arg name="who" default="nobody"/>
    <arg name="how" default="$(var who)ly"/>
    <node pkg="robot" exec="talker" args="$(var who) $(var how)"/>)xml");
  Plan by_default(prefix, path);
  EXPECT_EQ(by_default.argv(), (Words{TALKER, "nobody", "nobodyly", "--ros-args"}));
  Plan given(prefix, path, {{"who", "two words"}});
  EXPECT_EQ(given.argv(), (Words{TALKER, "two words", "two wordsly", "--ros-args"}));
}

TEST(LaunchPlan, RecordsTheArgumentsItMet)
{
  Prefix prefix;
  prefix.launch(R"xml(<arg name="inner" default="2"/>)xml", "inner.launch.xml");
  Plan plan(prefix, prefix.launch(R"xml(
    <arg name="outer" default="1" description="of the top"><choice value="1"/></arg>
    <include file="$(dirname)/inner.launch.xml"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_TRUE(svari_arguments_have(plan->arguments, "outer"));
  EXPECT_TRUE(svari_arguments_have(plan->arguments, "inner"));
  EXPECT_FALSE(svari_arguments_have(plan->arguments, "other"));
  const std::string root = prefix.root.string();
  char *text = svari_arguments_text((root + "/test.launch.xml").c_str(), plan->arguments);
  EXPECT_EQ(text, "  outer:=VALUE (default: '1')\n      of the top\n      one of: 1\n" + root +
                      "/inner.launch.xml, included, takes:\n  inner:=VALUE (default: '2')\n");
  free(text);
}

TEST(LaunchPlan, EndsAGroupsScopeUnlessItIsNotScoped)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <let name="v" value="outer"/>
    <set_env name="E" value="outer"/>
    <group>
      <let name="v" value="inner"/>
      <set_env name="E" value="inner"/>
      <push_ros_namespace namespace="deep"/>
      <push-ros-namespace namespace="down"/>
      <node pkg="robot" exec="talker" args="$(var v)"/>
      <node pkg="robot" exec="talker" namespace="own"/>
      <node pkg="robot" exec="talker" namespace="/absolute"/>
    </group>
    <node pkg="robot" exec="talker" args="$(var v)"/>
    <group scoped="false">
      <let name="v" value="leaked"/>
      <push_ros_namespace namespace="open"/>
    </group>
    <node pkg="robot" exec="talker" args="$(var v)"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0), (Words{TALKER, "inner", "--ros-args", "-r", "__ns:=/deep/down"}));
  EXPECT_EQ(plan.environment("E", 0), "inner");
  EXPECT_EQ(plan.argv(1), (Words{TALKER, "--ros-args", "-r", "__ns:=/deep/down/own"}));
  EXPECT_EQ(plan.argv(2), (Words{TALKER, "--ros-args", "-r", "__ns:=/absolute"}));
  EXPECT_EQ(plan.argv(3), (Words{TALKER, "outer", "--ros-args"}));
  EXPECT_EQ(plan.environment("E", 3), "outer");
  EXPECT_EQ(plan.argv(4), (Words{TALKER, "leaked", "--ros-args", "-r", "__ns:=/open"}));
}

TEST(LaunchPlan, BeginsAGroupThatDoesNotForwardWithWhatItKeeps)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <let name="v" value="outer"/>
    <set_env name="E" value="outer"/>
    <set_remap from="a" to="b"/>
    <set_parameter name="p" value="1"/>
    <push_ros_namespace namespace="n"/>
    <group forwarding="false">
      <node pkg="robot" exec="talker" args="$(var v kept) $(var w none) $(var x none)"/>
      <keep name="w" value="$(var v)"/>
    </group>
    <group><keep name="x" value="more"/>
      <node pkg="robot" exec="talker" args="$(var v) $(var x)"/></group>
    <group scoped="false" forwarding="false"><keep name="y" value="stay"/>
      <keep name="y" value="$(var y)s"/></group>
    <node pkg="robot" exec="talker" args="$(var x none) $(var y)"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0), (Words{TALKER, "kept", "outer", "none", "--ros-args"}));
  EXPECT_EQ(plan.environment("E", 0), "(as it is)");
  EXPECT_EQ(plan.argv(1), (Words{TALKER, "outer", "more", "--ros-args", "-r", "__ns:=/n", "-p",
                                 "p:=1", "-r", "a:=b"}));
  EXPECT_EQ(plan.environment("E", 1), "outer");
  EXPECT_EQ(plan.argv(2)[1], "none");
  EXPECT_EQ(plan.argv(2)[2], "stays");
}

TEST(LaunchPlan, LetsAnIncludesArgumentsLeakAsRos2DoesAndGivesBackItsDirectory)
{
  Prefix prefix;
  prefix.launch(R"xml(
    <arg name="depth" default="0"/><arg name="extra" default="e"/>
    <node pkg="robot" exec="listener" args="$(var depth) $(var top) $(dirname)"/>)xml",
                "sub/inner.launch.xml");
  Plan plan(prefix, prefix.launch(R"xml(
    <let name="top" value="seen"/>
    <include file="$(dirname)/sub/inner.launch.xml"><arg name="depth" value="1"/></include>
    <node pkg="robot" exec="talker" args="$(var depth) $(var extra) $(dirname) $(filename)"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0),
            (Words{"PREFIX/lib/robot/listener", "1", "seen", "PREFIX/sub", "--ros-args"}));
  EXPECT_EQ(plan.argv(1),
            (Words{TALKER, "1", "e", "PREFIX", "PREFIX/test.launch.xml", "--ros-args"}));
}

// As ROS 2, which keeps the names with the variables of the scope that made the first.
TEST(LaunchPlan, SharesAnonymousNamesWithinTheScopeThatMadeTheFirst)
{
  Prefix prefix;
  const std::string talk = "<node pkg='robot' exec='talker' args='$(anon n)'/>";
  Plan apart(prefix,
             prefix.launch("<group>" + talk + talk + "</group><group>" + talk + "</group>" + talk));
  ASSERT_EQ(apart.ret, SVAR_OK) << apart.sentence;
  EXPECT_EQ(apart.argv(0), apart.argv(1));
  EXPECT_NE(apart.argv(1), apart.argv(2));
  EXPECT_NE(apart.argv(2), apart.argv(3));
  Plan shared(prefix, prefix.launch("<let name='x' value='$(anon other)'/><group>" + talk +
                                    "</group><group>" + talk + "</group>" + talk));
  EXPECT_EQ(shared.argv(0), shared.argv(1));
  EXPECT_EQ(shared.argv(1), shared.argv(2));
}

TEST(LaunchPlan, ObeysConditionsOnEveryAction)
{
  Prefix prefix;
  const std::string path = prefix.launch(R"xml(
    <arg name="on"/>
    <let name="v" value="yes" if="$(var on)"/>
    <let name="v" value="no" unless=" $(var on) "/>
    <group if="$(var on)"><log message="group"/></group>
    <include file="/nowhere.launch.xml" if="false"/>
    <log message="log" unless="$(var on)"/>
    <node pkg="nowhere" exec="none" unless="TRUE"/>
    <node pkg="robot" exec="talker" args="$(var v)"/>)xml");
  Plan on(prefix, path, {{"on", "1"}});
  ASSERT_EQ(on.ret, SVAR_OK) << on.sentence;
  EXPECT_EQ(on.argv(), (Words{TALKER, "yes", "--ros-args"}));
  EXPECT_EQ(on.messages(), Words{"group"});
  Plan off(prefix, path, {{"on", "False"}});
  EXPECT_EQ(off.argv(), (Words{TALKER, "no", "--ros-args"}));
  EXPECT_EQ(off.messages(), Words{"log"});
}

TEST(LaunchPlan, LeavesOutEveryActionWhoseConditionSaysSo)
{
  Prefix prefix;
  const char *const actions[] = {
      "arg name='a'",
      "let name='a' value='$(var none)'",
      "include file='/nowhere.launch.xml'",
      "group",
      "node exec='no_such_program'",
      "executable cmd='no_such_program'",
      "log message='$(var none)'",
      "set_env name='A=B' value='1'",
      "unset_env name='A=B'",
      "push_ros_namespace namespace='9'",
      "push-ros-namespace namespace='9'",
      "set_parameter name='9' value='1'",
      "set_remap from='a b' to='c'",
      "node_container exec='no_such_program' name='n' namespace=''",
  };
  std::string inside = "<load_composable_node target='none' if='0'>"
                       "<composable_node pkg='none' plugin='p' name='n'/></load_composable_node>";
  for (const char *action : actions) {
    inside += "<" + std::string(action) + " if='false'/>";
    inside += "<" + std::string(action) + " unless=' TRUE '/>";
  }
  Plan plan(prefix, prefix.launch(inside));
  EXPECT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan->process_count, 0);
}

TEST(LaunchPlan, PassesOverTextAndCommentsAndWhatTheRootSaysOfItself)
{
  Prefix prefix;
  Prefix::write(prefix.root / "root.xml", R"xml(<?xml version="1.0"?>
<!-- before -->
<launch version="1.0" deprecated="no, but who knows">
  words <log message="one"/> between <!-- <oops/> --> tags
  <group>more<log message="two"/></group>
</launch>)xml");
  Plan plan(prefix, (prefix.root / "root.xml").string());
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.messages(), (Words{"one", "two"}));
}

TEST(LaunchPlan, ReadsFilesOfEveryNameThatRos2Reads)
{
  Prefix prefix;
  for (const char *name : {"a.launch.xml", "a.xml", "a.launch"}) {
    EXPECT_EQ(Plan(prefix, prefix.launch("", name)).ret, SVAR_OK) << name;
  }
  for (const char *name : {"b.launch.yaml", "b.launch.yml", "b.yaml", "b.yml", "b.launch"}) {
    EXPECT_EQ(Plan(prefix, prefix.yaml("launch: []", name)).ret, SVAR_OK) << name;
  }
}

TEST(LaunchPlan, ReplacesTheNamespaceThatWasPushedByAnAbsoluteOne)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <push_ros_namespace namespace="a"/>
    <push_ros_namespace namespace="/b/c"/>
    <node pkg="robot" exec="talker"/>
    <push_ros_namespace namespace=""/>
    <node pkg="robot" exec="talker" namespace="d"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0), (Words{TALKER, "--ros-args", "-r", "__ns:=/b/c"}));
  EXPECT_EQ(plan.argv(1), (Words{TALKER, "--ros-args", "-r", "__ns:=/b/c/d"}));
}

TEST(LaunchPlan, KeepsAnIncludesArgumentsInsideAGroup)
{
  Prefix prefix;
  prefix.launch("<arg name='x' default='in'/><arg name='y'/>", "inner.launch.xml");
  Plan plan(prefix, prefix.launch(R"xml(
    <group><include file="$(dirname)/inner.launch.xml"><arg name="y" value="1"/></include></group>
    <log message="$(var x gone) $(var y gone)"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.messages(), Words{"gone gone"});
}

TEST(LaunchPlan, PlansEnvironmentAndConduct)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <set_env name="A" value="set"/>
    <unset_env name="B"/>
    <node pkg="robot" exec="talker" exec_name="voice" cwd="$(dirname)" output="screen"
          respawn="true" respawn_delay="0.25" respawn_max_retries="3" sigterm_timeout="1.5"
          sigkill_timeout="0">
      <env name="A" value="own"/>
    </node>
    <node pkg="robot" exec="talker" on_exit="shutdown"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  const svari_planned_process_t &first = plan.process(0);
  EXPECT_STREQ(first.label, "voice-1");
  EXPECT_EQ(first.cwd, prefix.root.string());
  EXPECT_TRUE(first.respawn);
  EXPECT_EQ(first.respawn_delay_s, 0.25);
  EXPECT_EQ(first.respawn_max_retries, 3);
  EXPECT_EQ(first.sigterm_timeout_s, 1.5);
  EXPECT_EQ(first.sigkill_timeout_s, 0.0);
  EXPECT_FALSE(first.shutdown_on_exit);
  EXPECT_EQ(plan.environment("A", 0), "own");
  EXPECT_EQ(plan.environment("B", 0), "(unset)");
  EXPECT_EQ(plan.environment("C", 0), "(as it is)");
  const svari_planned_process_t &second = plan.process(1);
  EXPECT_TRUE(second.shutdown_on_exit);
  EXPECT_FALSE(second.respawn);
  EXPECT_EQ(second.respawn_max_retries, -1);
  EXPECT_EQ(second.sigterm_timeout_s, 5.0);
  EXPECT_EQ(second.sigkill_timeout_s, 5.0);
  EXPECT_EQ(plan.environment("A", 1), "set");
}

TEST(LaunchPlan, RunsExecutablesWithoutRosArgs)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <let name="text" value="two words"/>
    <executable cmd="sh -c 'exit 3' $(var text)"/>
    <executable cmd="$(find-pkg-prefix robot)/lib/robot/talker" name="named"
                launch-prefix="env -i"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0), (Words{"sh", "-c", "exit 3", "two words"}));
  EXPECT_EQ(plan.process(0).program[0], '/');
  EXPECT_STREQ(plan.process(0).label, "sh-1");
  EXPECT_EQ(plan.argv(1), (Words{"env", "-i", TALKER}));
  EXPECT_STREQ(plan.process(1).label, "named-2");
}

// As ros2 launch joins them: quotes that parted words are gone.
TEST(LaunchPlan, HandsACommandToAShellWhereAsked)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <executable cmd="cd / &amp;&amp; echo 'a  b' $HOME" shell="true"/>
    <node pkg="robot" exec="talker" args="; true" name="n" shell="1"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0), (Words{"/bin/sh", "-c", "cd / && echo a  b $HOME"}));
  EXPECT_STREQ(plan.process(0).program, "/bin/sh");
  EXPECT_STREQ(plan.process(0).label, "cd-1");
  EXPECT_EQ(plan.argv(1),
            (Words{"/bin/sh", "-c", std::string(TALKER) + " ; true --ros-args -r __node:=n"}));
}

TEST(LaunchPlan, FindsANodeWithoutPackageByPathOrOnPath)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <node exec="$(find-pkg-prefix robot)/lib/robot/talker"/>
    <set_env name="PATH" value="$(find-pkg-prefix robot)/lib/robot:$(env PATH)"/>
    <node exec="listener" launch-prefix="env"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0), (Words{TALKER, "--ros-args"}));
  EXPECT_STREQ(plan.process(0).label, "talker-1");
  EXPECT_EQ(plan.argv(1), (Words{"env", "PREFIX/lib/robot/listener", "--ros-args"}));
  EXPECT_STREQ(plan.process(1).label, "listener-2");
}

TEST(LaunchPlan, TakesAPackageFromTheFirstPrefixThatHasIt)
{
  Prefix first;
  Prefix second;
  svari_arena_t arena;
  svari_arena_init(&arena);
  svari_packages_t packages;
  const std::string path = "/nowhere::" + first.root.string();
  svari_packages_init(&packages, &arena, path.c_str(), second.root.c_str());
  const char *found = nullptr;
  EXPECT_EQ(svari_packages_prefix(&packages, &arena, "robot", &found), SVAR_OK);
  EXPECT_EQ(found, first.root.string());
  Prefix::write(second.index("packages") / "only_second", "");
  EXPECT_EQ(svari_packages_prefix(&packages, &arena, "only_second", &found), SVAR_OK);
  EXPECT_EQ(found, second.root.string());
  EXPECT_EQ(svari_packages_prefix(&packages, &arena, "none", &found), SVAR_ERR_NOT_FOUND);
  const std::string sentence = svar_error_message();
  EXPECT_NE(
      sentence.find("/nowhere, " + first.root.string() + ", " + second.root.string() + ", /usr"),
      std::string::npos)
      << sentence;
  svari_arena_fini(&arena);
}

TEST(LaunchPlan, KnowsFromTheIndexWhichProgramsNeedRoudi)
{
  Prefix prefix;
  Prefix::write(prefix.index("shared_variable_needs_roudi") / "robot", "listener\nlist\n");
  Plan plan(prefix, prefix.launch(R"xml(
    <node pkg="robot" exec="talker"/><node pkg="robot" exec="listener"/>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_FALSE(plan.process(0).needs_roudi);
  EXPECT_TRUE(plan.process(1).needs_roudi);
}

TEST(LaunchPlan, KnowsFromTheIndexWhichComponentsOfAContainerNeedRoudi)
{
  Prefix prefix;
  prefix.program("component_container", "true");
  Prefix::write(prefix.index("packages") / "legs", "");
  Prefix::write(prefix.index("shared_variable_needs_roudi") / "robot",
                "robot::Listener\nlistener\n");
  Prefix::write(prefix.index("shared_variable_needs_roudi") / "legs", "legs::Walker\n");
  const char *const arguments[] = {"robot::Talker robot::Listener", "legs::Walker=left",
                                   "robot::Talker=listener robot::Listen robot::Listener2", ""};
  std::string nodes;
  for (const char *args : arguments) {
    nodes += std::string("<node pkg='robot' exec='component_container' args='") + args + "'/>";
  }
  nodes += "<node pkg='robot' exec='talker' args='robot::Listener'/>";
  nodes += "<node exec='" + (prefix.root / "lib/robot/component_container").string() +
           "' args='robot::Listener'/>";
  Plan plan(prefix, prefix.launch(nodes));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_TRUE(plan.process(0).needs_roudi);
  EXPECT_TRUE(plan.process(1).needs_roudi);
  EXPECT_FALSE(plan.process(2).needs_roudi);
  EXPECT_FALSE(plan.process(3).needs_roudi);
  EXPECT_FALSE(plan.process(4).needs_roudi) << "it runs one component, whatever its arguments";
  EXPECT_TRUE(plan.process(5).needs_roudi) << "named by its path";
}

TEST(LaunchPlan, ShowsProcessesAsShellCommands)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch(R"xml(
    <set_env name="A" value="hidden"/><set_env name="A" value="it's"/><unset_env name="B"/>
    <executable cmd="/bin/echo 'a b' ''" cwd="/" on_exit="shutdown"/>
    <node exec="/bin/true" respawn="true"><param name="x" value="1"/></node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  char *text = svari_plan_text(plan.operator->());
  EXPECT_STREQ(text, "[echo-1] (its end ends the launch)\n"
                     "  cd / &&\n"
                     "  env -u B A='it'\\''s' \\\n"
                     "  /bin/echo 'a b' ''\n"
                     "[true-2] (started again when it ends)\n"
                     "  env -u B A='it'\\''s' \\\n"
                     "  /bin/true --ros-args --params-file /params/params_1.yaml\n"
                     "  /params/params_1.yaml:\n"
                     "    /**:\n"
                     "      ros__parameters:\n"
                     "        x: 1\n");
  free(text);
}

} // namespace
