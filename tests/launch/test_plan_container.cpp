// Containers, what is loaded into them, and what is set for all nodes of a scope.
#include <gtest/gtest.h>

#include "tests/launch/launch_fixture.hpp"

namespace
{

using launch_test::Plan;
using launch_test::Prefix;
using launch_test::Words;
namespace fs = std::filesystem;

const char *const TALKER = "PREFIX/lib/robot/talker";
const char *const CONTAINER = "PREFIX/lib/robot/component_container";

class LaunchContainer : public testing::Test
{
protected:
  LaunchContainer()
  {
    prefix_.program("component_container", "true");
    Prefix::write(prefix_.index("shared_variable_components") / "robot",
                  "robot::Camera;lib/libcamera.so\nrobot::Arm;lib/libarm.so\n");
  }

  static std::string section(const std::string &node, const std::string &lines)
  {
    return node + ":\n  ros__parameters:\n" + lines;
  }

  Prefix prefix_;
};

TEST_F(LaunchContainer, IsOneProcessThatIsToldItsComponents)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <node_container pkg="robot" exec="component_container" name="head" namespace="one"
                    args="--quiet" ros_args="--log-level debug" exec_name="box">
      <param name="threads" value="2"/>
      <remap from="own" to="other"/>
      <composable_node pkg="robot" plugin="robot::Camera" name="left" namespace="eyes">
        <param name="rate" value="30.5"/>
        <param name="lens"><param name="zoom" value="2"/></param>
        <remap from="image" to="/image"/>
        <remap from="~/info" to="info"/>
        <extra_arg name="use_intra_process_comms" value="true"/>
      </composable_node>
      <composable_node pkg="robot" plugin="robot::Arm" name="arm"/>
      <env name="A" value="b"/>
    </node_container>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 1);
  EXPECT_EQ(plan.argv(), (Words{CONTAINER,
                                "--quiet",
                                "robot::Camera=left",
                                "robot::Arm=arm",
                                "--ros-args",
                                "--log-level",
                                "debug",
                                "--ros-args",
                                "-r",
                                "left:__ns:=/eyes",
                                "-r",
                                "left:image:=/image",
                                "-r",
                                "left:~/info:=info",
                                "-r",
                                "arm:__ns:=/",
                                "-r",
                                "__node:=head",
                                "-r",
                                "__ns:=/one",
                                "--params-file",
                                "/params/params_1.yaml",
                                "--params-file",
                                "/params/params_2.yaml"}));
  EXPECT_EQ(plan.files(), (Words{section("/one/head", "    threads: 2\n"),
                                 section("/eyes/left", "    rate: 30.5\n    lens.zoom: 2\n")}));
  EXPECT_STREQ(plan.process().label, "box-1");
  EXPECT_EQ(plan.environment("A"), "b");
}

TEST_F(LaunchContainer, IsANodeAsAnyOtherWithoutComponents)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <set_parameter name="p" value="1"/><set_remap from="x" to="y"/>
    <node_container pkg="robot" exec="talker" name="c" namespace="">
      <param name="q" value="2"/><remap from="v" to="w"/>
    </node_container>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(),
            (Words{TALKER, "--ros-args", "-r", "__node:=c", "-r", "__ns:=/", "-p", "p:=1",
                   "--params-file", "/params/params_1.yaml", "-r", "x:=y", "-r", "v:=w"}));
}

TEST_F(LaunchContainer, TakesOnlyTheComponentsThatTheirConditionsLetIn)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <arg name="with_arm" default="false"/>
    <node_container pkg="robot" exec="component_container" name="c" namespace="/">
      <composable_node pkg="robot" plugin="robot::Arm" name="arm" if="$(var with_arm)"/>
      <composable_node pkg="robot" plugin="robot::Camera" name="eye" unless="$(var with_arm)"/>
    </node_container>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv()[1], "robot::Camera=eye");
  EXPECT_EQ(plan.argv()[2], "--ros-args");
}

TEST_F(LaunchContainer, PutsComponentsIntoTheNamespaceThatWasPushed)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <push_ros_namespace namespace="robot_1"/>
    <node_container pkg="robot" exec="component_container" name="c" namespace="">
      <composable_node pkg="robot" plugin="robot::Camera" name="a"/>
      <composable_node pkg="robot" plugin="robot::Camera" name="b" namespace="eyes"/>
      <composable_node pkg="robot" plugin="robot::Camera" name="d" namespace="/far"/>
    </node_container>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  const Words argv = plan.argv();
  EXPECT_EQ(Words(argv.begin() + 5, argv.end()),
            (Words{"-r", "a:__ns:=/robot_1", "-r", "b:__ns:=/robot_1/eyes", "-r", "d:__ns:=/far",
                   "-r", "__node:=c", "-r", "__ns:=/robot_1"}));
}

// As two robots that share a container: rules tell them apart by words of the command line.
TEST_F(LaunchContainer, RunsComponentsOfOneNameInNamespacesOfTheirOwn)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <node_container pkg="robot" exec="component_container" name="c" namespace="">
      <composable_node pkg="robot" plugin="robot::Camera" name="eye" namespace="a">
        <remap from="x" to="y"/><param name="p" value="1"/>
      </composable_node>
      <composable_node pkg="robot" plugin="robot::Arm" name="eye_2"/>
      <composable_node pkg="robot" plugin="robot::Camera" name="eye" namespace="b">
        <remap from="x" to="z"/><param name="p" value="2"/>
      </composable_node>
    </node_container>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  const Words argv = plan.argv();
  EXPECT_EQ(
      Words(argv.begin() + 1, argv.begin() + 19),
      (Words{"robot::Camera=eye", "robot::Arm=eye_2", "robot::Camera=eye_3", "--ros-args", "-r",
             "eye:__ns:=/a", "-r", "eye:x:=y", "-r", "eye_2:__ns:=/", "-r", "eye_3:__ns:=/b", "-r",
             "eye_3:x:=z", "-r", "eye_3:__node:=eye", "-r", "__node:=c"}));
  EXPECT_EQ(plan.files(),
            (Words{section("/a/eye", "    p: 1\n"), section("/b/eye", "    p: 2\n")}));
}

TEST_F(LaunchContainer, TakesWhatIsLoadedIntoItBeforeOrAfter)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <load_composable_node target="/one/head">
      <composable_node pkg="robot" plugin="robot::Arm" name="first"/>
    </load_composable_node>
    <node_container pkg="robot" exec="component_container" name="other" namespace="one"/>
    <node_container pkg="robot" exec="component_container" name="head" namespace="one">
      <composable_node pkg="robot" plugin="robot::Camera" name="own"/>
    </node_container>
    <group>
      <push_ros_namespace namespace="pushed"/>
      <load_composable_node target="one/head">
        <composable_node pkg="robot" plugin="robot::Arm" name="second">
          <param name="reach" value="1"/>
        </composable_node>
        <composable_node pkg="robot" plugin="robot::Arm" name="third" if="false"/>
      </load_composable_node>
    </group>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  const Words argv = plan.argv(1);
  EXPECT_EQ(Words(argv.begin() + 1, argv.begin() + 4),
            (Words{"robot::Camera=own", "robot::Arm=first", "robot::Arm=second"}));
  EXPECT_EQ(argv[10], "second:__ns:=/pushed");
  EXPECT_EQ(plan.files(1), Words{section("/pushed/second", "    reach: 1\n")});
  EXPECT_EQ(plan.argv(0).size(), 6u) << "the other container gets nothing";
}

TEST_F(LaunchContainer, LoadsIntoOneThatRunsAlreadyWhenThisLaunchHasNoneOfThatName)
{
  Plan plan(prefix_, prefix_.launch(R"xml(
    <node_container pkg="robot" exec="component_container" name="c" namespace=""/>
    <set_env name="A" value="b"/>
    <set_remap from="x" to="y"/>
    <load_composable_node target="far/box">
      <composable_node pkg="robot" plugin="robot::Arm" name="arm" namespace="n">
        <param name="p" value="1"/><remap from="v" to="w"/>
      </composable_node>
    </load_composable_node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 2);
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  EXPECT_EQ(plan.argv(1), (Words{self, "component", "load", "/far/box", "robot::Arm", "--ros-args",
                                 "-r", "__node:=arm", "-r", "__ns:=/n", "-r", "x:=y", "-r", "v:=w",
                                 "--params-file", "/params/params_1.yaml"}));
  EXPECT_EQ(plan.files(1), Words{section("/n/arm", "    p: 1\n")});
  EXPECT_STREQ(plan.process(1).label, "load_arm-2");
  EXPECT_EQ(plan.environment("A", 1), "b");
  EXPECT_EQ(plan.process(1).out_destinations, static_cast<unsigned>(SVARI_TO_SCREEN));
  EXPECT_EQ(plan.messages(),
            Words{"PREFIX/test.launch.xml:7: warning: no <node_container> of this launch is called "
                  "'/far/box' (there are: /c): one that runs already is looked for"});
}

TEST_F(LaunchContainer, GivesAComponentWhatAFileSaysOfIt)
{
  Prefix::write(prefix_.root / "p.yaml", "/**: {ros__parameters: {a: 1, b: y, c: [1, 2]}}\n"
                                         "/eyes/left: {ros__parameters: {a: 2}}\n"
                                         "right: {ros__parameters: {a: 3}}\n");
  Prefix::write(prefix_.root / "s.yaml", "/*/left: {ros__parameters: {d: '$(var text)'}}\n");
  Plan plan(prefix_, prefix_.launch(R"xml(
    <let name="text" value="1e3"/>
    <node_container pkg="robot" exec="component_container" name="c" namespace="/">
      <composable_node pkg="robot" plugin="robot::Camera" name="left" namespace="eyes">
        <param name="b" value="own"/>
        <param from="$(dirname)/p.yaml"/>
        <param from="$(dirname)/s.yaml" allow_substs="true"/>
        <param name="c" value="[3]"/>
      </composable_node>
      <composable_node pkg="robot" plugin="robot::Camera" name="none">
        <param from="$(dirname)/s.yaml" allow_substs="true"/>
      </composable_node>
    </node_container>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.files(),
            Words{section("/eyes/left", "    b: true\n    a: 2\n    c: [3]\n    d: '1e3'\n")});
}

TEST_F(LaunchContainer, NeedsRoudiWhenAComponentDoes)
{
  Prefix::write(prefix_.index("shared_variable_needs_roudi") / "robot", "robot::Arm\n");
  const std::string container = "<node_container pkg='robot' exec='component_container' "
                                "namespace='' name='";
  Plan plan(prefix_, prefix_.launch(container + R"xml(a'>
      <composable_node pkg="robot" plugin="robot::Camera" name="x"/></node_container>)xml" +
                                    container + R"xml(b'/>
    <load_composable_node target="b"><composable_node pkg="robot" plugin="robot::Arm" name="y"/>
    </load_composable_node>)xml"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_FALSE(plan.process(0).needs_roudi);
  EXPECT_TRUE(plan.process(1).needs_roudi);
}

TEST_F(LaunchContainer, MeansTheSameInYaml)
{
  Prefix::write(prefix_.root / "p.yaml", "/**: {ros__parameters: {a: 1}}\n");
  Plan xml(prefix_, prefix_.launch(R"xml(
    <set_parameter name="rate" value="5"/>
    <set_remap from="image" to="picture"/>
    <node_container pkg="robot" exec="component_container" name="c" namespace="n">
      <composable_node pkg="robot" plugin="robot::Camera" name="eye" namespace="e">
        <param from="$(dirname)/p.yaml"/>
        <remap from="a" to="b"/>
        <extra_arg name="use_intra_process_comms" value="false"/>
      </composable_node>
    </node_container>
    <load_composable_node target="/n/c">
      <composable_node pkg="robot" plugin="robot::Arm" name="arm"/>
    </load_composable_node>
    <node pkg="robot" exec="talker"/>)xml"));
  Plan yaml(prefix_, prefix_.yaml(R"yaml(
launch:
- set_parameter: {name: rate, value: 5}
- set_remap: {from: image, to: picture}
- node_container:
    pkg: robot
    exec: component_container
    name: c
    namespace: n
    composable_node:
    - pkg: robot
      plugin: robot::Camera
      name: eye
      namespace: e
      param: [{from: $(dirname)/p.yaml}]
      remap: [{from: a, to: b}]
      extra_arg: [{name: use_intra_process_comms, value: false}]
- load_composable_node:
    target: /n/c
    composable_node: [{pkg: robot, plugin: "robot::Arm", name: arm}]
- node: {pkg: robot, exec: talker}
)yaml"));
  ASSERT_EQ(xml.ret, SVAR_OK) << xml.sentence;
  ASSERT_EQ(yaml.ret, SVAR_OK) << yaml.sentence;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(yaml.argv(i), xml.argv(i));
    EXPECT_EQ(yaml.files(i), xml.files(i));
  }
  EXPECT_EQ(xml.files(0), (Words{section("/e/eye", "    rate: 5\n    a: 1\n"),
                                 section("/arm", "    rate: 5\n")}));
}

TEST(LaunchScope, SetsParametersAndRemapsForTheNodesToCome)
{
  Prefix prefix;
  const std::string talk = "<node pkg='robot' exec='talker'><param name='own' value='1'/>"
                           "<remap from='o' to='p'/></node>";
  Plan plan(prefix, prefix.launch(talk + R"xml(
    <set_parameter name="a" value="1"/>
    <set_remap from="x" to="y"/>
    <group>
      <set_parameter name="a" value="true"/>
      <set_remap from="x" to="z"/>)xml" +
                                  talk + R"xml(
    </group>
    <group scoped="false"><set_parameter name="s.t" value="0.50"/></group>)xml" +
                                  talk + "<executable cmd='/bin/true'/>"));
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  EXPECT_EQ(plan.argv(0),
            (Words{TALKER, "--ros-args", "--params-file", "/params/params_1.yaml", "-r", "o:=p"}));
  EXPECT_EQ(plan.argv(1),
            (Words{TALKER, "--ros-args", "-p", "a:=1", "-p", "a:=True", "--params-file",
                   "/params/params_2.yaml", "-r", "x:=y", "-r", "x:=z", "-r", "o:=p"}));
  EXPECT_EQ(plan.argv(2),
            (Words{TALKER, "--ros-args", "-p", "a:=1", "-p", "s.t:=0.5", "--params-file",
                   "/params/params_3.yaml", "-r", "x:=y", "-r", "o:=p"}));
  EXPECT_EQ(plan.argv(3), Words{"/bin/true"});
}

TEST(LaunchScope, WritesParametersSoThatTheNodeReadsTheSame)
{
  const struct {
    const char *value, *rule;
  } cases[] = {
      {"10", "p:=10"},         {"0x10", "p:=16"},          {"1e3", "p:=1000.0"},
      {"off", "p:=False"},     {"text", "p:=text"},        {"two words", "p:=two words"},
      {"'10'", "p:='10'"},     {"'yes'", "p:='yes'"},      {"", "p:=''"},
      {"/a/b", "p:=/a/b"},     {"[1, 2]", "p:=[1, 2]"},    {"[a, 'b c']", "p:=['a', 'b c']"},
      {"[1, x]", nullptr},     {"\"it's\"", "p:='it''s'"}, {"\"a\\nb\"", "p:=\"a\\nb\""},
      {"'a: b'", "p:='a: b'"}, {"' a '", "p:=' a '"},      {"'a #b'", "p:='a #b'"},
      {"a'b", "p:='a''b'"},
  };
  for (const auto &c : cases) {
    Prefix prefix;
    std::string value; // as an attribute
    for (const char *at = c.value; *at != '\0'; ++at) {
      value += *at == '"' ? "&quot;" : *at == '\\' ? "\\\\" : std::string(1, *at);
    }
    Plan given(prefix, prefix.launch("<set_parameter name=\"p\" value=\"" + value +
                                     "\"/><node exec='/bin/true'/>"));
    if (c.rule == nullptr) {
      EXPECT_EQ(given.ret, SVAR_ERR_TYPE) << given.sentence;
      continue;
    }
    ASSERT_EQ(given.ret, SVAR_OK) << c.value << given.sentence;
    EXPECT_EQ(given.argv(), (Words{"/bin/true", "--ros-args", "-p", c.rule}));
  }
}

TEST_F(LaunchContainer, NamesThePlaceAndTheFixOfAMistake)
{
  const auto container = [](const std::string &inside) {
    return "<node_container pkg='robot' exec='component_container' name='c' namespace=''>\n" +
           inside + "</node_container>";
  };
  const std::string eye = "<composable_node pkg='robot' plugin='robot::Camera' name='eye'";
  const launch_test::Mistake mistakes[] = {
      {"<node_container exec='x' name='a'/>", 2, SVAR_ERR_SYNTAX,
       "<node_container> needs the attribute 'namespace'"},
      {eye + "/>", 2, SVAR_ERR_SYNTAX, "<composable_node> cannot stand inside <launch>"},
      {container("<composable_node pkg='robot' plugin='robot::Camera'/>"), 3, SVAR_ERR_SYNTAX,
       "<composable_node> needs the attribute 'name'"},
      {container("<composable_node pkg='legs' plugin='a' name='b'/>"), 3, SVAR_ERR_NOT_FOUND,
       "package 'legs' is in none of"},
      {container("<composable_node pkg='robot' plugin='robot::Cam' name='b'/>"), 3,
       SVAR_ERR_NOT_FOUND,
       "package 'robot' registers no component 'robot::Cam' (in "
       "PREFIX/share/ament_index/resource_index/shared_variable_components/robot); "
       "component_container --list says"},
      {container(eye + " if='maybe'/>"), 3, SVAR_ERR_VALUE, "if=: 'maybe'"},
      {container(eye + ">\n<extra_arg name='fast' value='true'/></composable_node>"), 4,
       SVAR_ERR_VALUE, "there is no extra_arg 'fast' in ROS 2; remove it"},
      {container(eye + ">\n<extra_arg name='rosout' value='true'/></composable_node>"), 4,
       SVAR_ERR_VALUE, "there is no extra_arg 'rosout' in ROS 2"},
      {container("<remap from='a' to='b-c'/>"), 3, SVAR_ERR_SYNTAX, "'a:=b-c'"},
      {container(eye + ">\n<extra_arg name='enable_rosout' value='2'/></composable_node>"), 4,
       SVAR_ERR_VALUE, "value=: '2' is not a truth value"},
      {container(eye + ">\n<extra_arg name='forward_global_arguments' value='1'/>"
                       "</composable_node>"),
       4, SVAR_ERR_UNSUPPORTED, "repeat them as <param> and <remap>"},
      {container(eye + ">\n<param from='/nowhere.yaml'/></composable_node>"), 4, SVAR_ERR_NOT_FOUND,
       "'/nowhere.yaml': No such file"},
      {container(eye + ">\n<remap from='a' to='b-c'/></composable_node>"), 4, SVAR_ERR_SYNTAX,
       "'eye:a:=b-c'"},
      {container(eye + "/>\n" + eye + " namespace='/'/>"), 4, SVAR_ERR_EXISTS,
       "the container '/c' has a component '/eye' already; give one of the two another name or"},
      {"<node_container pkg='robot' exec='talker' name='c' namespace=''>\n" + eye +
           "/></node_container>",
       2, SVAR_ERR_UNSUPPORTED, "exec=\"component_container\" alone, not into 'talker'"},
      {"<load_composable_node target='c'/>", 2, SVAR_ERR_SYNTAX,
       "needs at least one <composable_node>"},
      {"<set_remap from='a' to='b c'/>", 2, SVAR_ERR_SYNTAX, "'a:=b c'"},
      {"<set_parameter name='my-param' value='1'/>", 2, SVAR_ERR_SYNTAX,
       "parameter rule 'my-param:=1'"},
      {"<set_parameter name='a' value='{b: 1}'/>", 2, SVAR_ERR_SYNTAX, "parameter 'a': the value"},
      {"<node exec='/bin/true'>\n<remap from='a' to='b-c'/></node>", 3, SVAR_ERR_SYNTAX,
       "'a:=b-c'"},
  };
  for (const launch_test::Mistake &mistake : mistakes) {
    launch_test::expect_refused(prefix_, mistake);
  }
}

} // namespace
