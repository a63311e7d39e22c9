// Every mistake in a launch file is one sentence with file and line, and leaves no plan.
#include <gtest/gtest.h>

#include "tests/launch/launch_fixture.hpp"

namespace
{

using launch_test::Arguments;
using launch_test::Mistake;
using launch_test::Plan;
using launch_test::Prefix;

TEST(LaunchPlanError, OfTagsAndAttributesNamesThePlaceAndTheFix)
{
  const Mistake mistakes[] = {
      {"<nod/>", 2, SVAR_ERR_SYNTAX, "<nod> cannot stand inside <launch>, which may hold: arg let"},
      {"\n\n<param name='a' value='b'/>", 4, SVAR_ERR_SYNTAX, "<param> cannot stand inside"},
      {"<node exec='x'><node exec='y'/></node>", 2, SVAR_ERR_SYNTAX,
       "<node> cannot stand inside <node>, which may hold: param remap env"},
      {"<log message='x'><log/></log>", 2, SVAR_ERR_SYNTAX, "which holds no tags"},
      {"<group>\n<let\n  name='a'\n  valu='b'/>\n</group>", 3, SVAR_ERR_SYNTAX,
       "<let> has no attribute 'valu'; it may have: name! value! if unless"},
      {"<let name='a'/>", 2, SVAR_ERR_SYNTAX, "<let> needs the attribute 'value'"},
      {"<node pkg='robot'/>", 2, SVAR_ERR_SYNTAX, "<node> needs the attribute 'exec'"},
      {"<log message='x' if='1' unless='0'/>", 2, SVAR_ERR_SYNTAX, "both 'if' and 'unless'"},
      {"<group if='false'><oops/></group>", 2, SVAR_ERR_SYNTAX, "<oops>"},
      {"<include file='x'><param name='a'/></include>", 2, SVAR_ERR_SYNTAX, "may hold: arg"},
      {"<include file='x'><arg name='a' default='1'/></include>", 2, SVAR_ERR_SYNTAX,
       "<arg> has no attribute 'default'"},
      {"<node pkg='robot' type='x'/>", 2, SVAR_ERR_SYNTAX, "in ROS 2; write exec="},
      {"<node exec='x' ns='x'/>", 2, SVAR_ERR_SYNTAX, "write namespace="},
      {"<group ns='x'/>", 2, SVAR_ERR_SYNTAX, "<push_ros_namespace"},
      {"<arg name='a' value='1'/>", 2, SVAR_ERR_SYNTAX, "write default="},
      {"<node exec='x'><rosparam/></node>", 2, SVAR_ERR_SYNTAX, "<rosparam> is ROS 1"},
      {"<timer period='1'/>", 2, SVAR_ERR_UNSUPPORTED, "svar launch does not offer <timer>"},
      {"<set_use_sim_time value='1'/>", 2, SVAR_ERR_UNSUPPORTED,
       "start this file with ros2 launch"},
      {"<node exec='x' additional_env='1'/>", 2, SVAR_ERR_UNSUPPORTED,
       "the attribute 'additional_env' of <node>"},
  };
  for (const Mistake &mistake : mistakes) {
    Prefix prefix;
    launch_test::expect_refused(prefix, mistake);
  }
}

TEST(LaunchPlanError, OfValuesNamesThePlaceAndTheFix)
{
  const Mistake mistakes[] = {
      {"<let name='a' value='$(var b)'/>", 2, SVAR_ERR_NOT_FOUND, "the variable 'b' is not set"},
      {"<log message='$(var late)'/><arg name='late' default='1'/>", 2, SVAR_ERR_NOT_FOUND,
       "an <arg> or <let> of that name must come before it"},
      {"<let name='a' value='$(nope)'/>", 2, SVAR_ERR_SYNTAX, "no substitution $(nope)"},
      {"<group if='0'><let name='a' value='$(command ls)'/></group>", 2, SVAR_ERR_UNSUPPORTED,
       "does not offer $(command)"},
      {"<let name='a' value='$(eval 1+)'/>", 2, SVAR_ERR_SYNTAX,
       "$(eval): in '1+': a value is missing at the end"},
      {"<log message='a' if='yes'/>", 2, SVAR_ERR_VALUE, "if=: 'yes' is not a truth value"},
      {"<log message='a' unless=''/>", 2, SVAR_ERR_VALUE, "unless=: '' is not a truth value"},
      {"<arg name='a'/>", 2, SVAR_ERR_NOT_FOUND, "the argument 'a' is mandatory; add a:=VALUE"},
      {"<arg name='a' description='speed'/>", 2, SVAR_ERR_NOT_FOUND, "(speed)"},
      {"<arg name='a' default='3'>\n<choice value='1'/><choice value='2'/></arg>", 2,
       SVAR_ERR_VALUE, "the argument 'a' is '3', but must be one of: 1, 2"},
      {"<group scoped='maybe'/>", 2, SVAR_ERR_VALUE, "scoped=: 'maybe'"},
      {"<let name='a' value='1'/><group forwarding='false'>\n<log message='$(var a)'/></group>", 3,
       SVAR_ERR_NOT_FOUND, "the variable 'a' is not set"},
      {"<push_ros_namespace namespace='9'/>", 2, SVAR_ERR_VALUE, "'/9' is no namespace"},
      {"<push_ros_namespace namespace='a//b'/>", 2, SVAR_ERR_VALUE, "'/a//b'"},
      {"<set_env name='A=B' value='x'/>", 2, SVAR_ERR_VALUE, "cannot name an environment variable"},
      {"<include file='/nowhere.launch.xml'/>", 2, SVAR_ERR_NOT_FOUND,
       "launch file '/nowhere.launch.xml' cannot be opened: No such file"},
      {"<include file='/dev/null'/>", 2, SVAR_ERR_ARGUMENT, "is not a file"},
      {"<node pkg='nowhere' exec='x'/>", 2, SVAR_ERR_NOT_FOUND, "package 'nowhere' is in none of"},
      {"<node pkg='robot' exec='nothing'/>", 2, SVAR_ERR_NOT_FOUND,
       "the program 'PREFIX/lib/robot/nothing' cannot be found"},
      {"<node pkg='robot' exec='notes'/>", 2, SVAR_ERR_PERMISSION, "chmod +x"},
      {"<node exec='no_such_program'/>", 2, SVAR_ERR_NOT_FOUND, "is not on PATH"},
      {"<node exec='/bin/true' launch-prefix='no_such_program'/>", 2, SVAR_ERR_NOT_FOUND, "PATH"},
      {"<executable cmd=' '/>", 2, SVAR_ERR_VALUE, "names no program"},
      {"<executable cmd='no_such_program'/>", 2, SVAR_ERR_NOT_FOUND, "is not on PATH"},
      {"<executable cmd=\"sh -c 'x\"/>", 2, SVAR_ERR_SYNTAX, "the quotation ' is not closed"},
      {"<node exec='/bin/true' name='a-b'/>", 2, SVAR_ERR_VALUE, "'a-b' is no node name"},
      {"<node exec='/bin/true' namespace='a b'/>", 2, SVAR_ERR_VALUE, "is no namespace"},
      {"<node exec='/bin/true' output='file'/>", 2, SVAR_ERR_VALUE, "output=\"file\" is none of"},
      {"<node exec='/bin/true' cwd='/nowhere'/>", 2, SVAR_ERR_NOT_FOUND, "is not a directory"},
      {"<node exec='/bin/true' respawn='2'/>", 2, SVAR_ERR_VALUE, "respawn=: '2'"},
      {"<node exec='/bin/true' respawn_delay='-1'/>", 2, SVAR_ERR_VALUE, "is not a time"},
      {"<node exec='/bin/true' respawn_max_retries='x'/>", 2, SVAR_ERR_VALUE, "is not a count"},
      {"<node exec='/bin/true' sigterm_timeout='nan'/>", 2, SVAR_ERR_VALUE, "sigterm_timeout="},
      {"<node exec='/bin/true' on_exit='restart'/>", 2, SVAR_ERR_VALUE, "on_exit=\"restart\""},
      {"<node exec='/bin/true' on_exit='shutdown' respawn='true'/>", 2, SVAR_ERR_VALUE,
       "contradict each other"},
  };
  for (const Mistake &mistake : mistakes) {
    Prefix prefix;
    launch_test::expect_refused(prefix, mistake);
  }
}

TEST(LaunchPlanError, OfParametersNamesTheLineOfTheParam)
{
  const Mistake mistakes[] = {
      {"<param value='1'/>", 3, SVAR_ERR_SYNTAX, "needs a name="},
      {"<param name='a'/>", 3, SVAR_ERR_SYNTAX, "'a' needs a value="},
      {"<param name='a' value='1'><param name='b' value='1'/></param>", 3, SVAR_ERR_SYNTAX,
       "has a value and nested"},
      {"<param name='a'>\n<param value='1'/></param>", 4, SVAR_ERR_SYNTAX,
       "a nested <param> needs"},
      {"<param name='a'>\n<param from='x'/></param>", 4, SVAR_ERR_SYNTAX, "cannot have from="},
      {"<param name='a' value='{b: 1}'/>", 3, SVAR_ERR_SYNTAX,
       "parameter 'a': the value '{b: 1}': value:1: a value is a scalar or a sequence"},
      {"<param name='a' value='x' type='int'/>", 3, SVAR_ERR_TYPE, "type=\"int\" asks for another"},
      {"<param name='a' value='1' type='integer'/>", 3, SVAR_ERR_ARGUMENT, "is none of str"},
      {"<param name='a' type='str'/>", 3, SVAR_ERR_SYNTAX, "belong to <param> with a value"},
      {"<param from='/nowhere.yaml' allow_substs='true'/>", 3, SVAR_ERR_NOT_FOUND,
       "the parameter file '/nowhere.yaml' cannot be opened"},
      {"<param from='/dev/zero' allow_substs='1'/>", 3, SVAR_ERR_SYNTAX, "is not a parameter file"},
      {"<param from='/' allow_substs='1'/>", 3, SVAR_ERR_SYSTEM, "cannot be read"},
      {"<param from='x' name='a'/>", 3, SVAR_ERR_SYNTAX, "takes the whole file"},
      {"<param name='a' value='1' allow_substs='true'/>", 3, SVAR_ERR_SYNTAX, "allow_substs"},
  };
  for (const Mistake &mistake : mistakes) {
    const std::string inside = "<node exec='/bin/true'>\n" + mistake.inside + "</node>";
    Prefix prefix;
    launch_test::expect_refused(prefix, {inside, mistake.line, mistake.ret, mistake.reason});
  }
}

TEST(LaunchPlanError, InAnIncludedFileNamesThatFile)
{
  Prefix prefix;
  prefix.launch("\n\n<node exec='no_such_program'/>", "inner.launch.xml");
  Plan plan(prefix, prefix.launch("<include file='$(dirname)/inner.launch.xml'/>"));
  EXPECT_EQ(plan.ret, SVAR_ERR_NOT_FOUND);
  EXPECT_EQ(plan.sentence.substr(0, 27), "PREFIX/inner.launch.xml:4: ") << plan.sentence;
}

TEST(LaunchPlanError, OfFilesThatIncludeEachOther)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch("<include file='$(filename)'/>"));
  EXPECT_EQ(plan.ret, SVAR_ERR_VALUE);
  EXPECT_NE(plan.sentence.find("test.launch.xml:2: "), std::string::npos) << plan.sentence;
  EXPECT_NE(plan.sentence.find("more than 32 deep"), std::string::npos) << plan.sentence;
}

TEST(LaunchPlanError, OfFilesThatIncludeEachOtherTwiceAndTwiceAgain)
{
  Prefix prefix;
  Plan plan(prefix, prefix.launch("<arg name='n' default=''/>"
                                  "<group unless='$(equals $(var n) xxxxxxxxxxxxxxxxxxxxxxxx)'>"
                                  "<let name='n' value='$(var n)x'/>"
                                  "<include file='$(filename)'/><include file='$(filename)'/>"
                                  "</group>"));
  EXPECT_EQ(plan.ret, SVAR_ERR_VALUE);
  EXPECT_NE(plan.sentence.find("more than 1000 files"), std::string::npos) << plan.sentence;
}

TEST(LaunchPlanError, OfTheFileItself)
{
  Prefix prefix;
  const auto sentence = [&](const std::string &name, const std::string &text) {
    Prefix::write(prefix.root / name, text);
    Plan plan(prefix, (prefix.root / name).string());
    EXPECT_NE(plan.ret, SVAR_OK) << text;
    return plan.sentence;
  };
  EXPECT_EQ(sentence("a.xml", "<robot/>"), "PREFIX/a.xml:1: the outermost tag of a launch file is "
                                           "<launch>, not <robot>");
  EXPECT_NE(sentence("a.xml", "<launch>\n<arg>\n</launch>")
                .find("PREFIX/a.xml:3: the XML is not "
                      "well-formed: "),
            std::string::npos);
  EXPECT_NE(sentence("a.xml", "").find("PREFIX/a.xml:1: the XML is not well-formed"),
            std::string::npos);
  EXPECT_NE(sentence("a.xml", "<!DOCTYPE launch [<!ENTITY a 'b'>]><launch/>").find("<!DOCTYPE>"),
            std::string::npos);
  EXPECT_NE(sentence("a.launch.py", "").find("start it with ros2 launch"), std::string::npos);
  Plan plan(prefix, "/nowhere.launch.xml");
  EXPECT_EQ(plan.ret, SVAR_ERR_NOT_FOUND);
  EXPECT_EQ(plan.sentence, "launch file '/nowhere.launch.xml' cannot be opened: No such file or "
                           "directory");
}

TEST(LaunchPlanError, SurvivesEveryCutOfAFile)
{
  Prefix prefix;
  const std::string whole = R"xml(<launch><arg name="a" default="$(env HOME x)"/>
    <node pkg="robot" exec="talker" name="n"><param name="p" value="[1, 2]"/>
    <env name="A" value="$(if true 'b c' d)"/></node></launch>)xml";
  const std::string path = (prefix.root / "cut.launch.xml").string();
  Prefix::write(path, whole);
  EXPECT_EQ(Plan(prefix, path).ret, SVAR_OK);
  for (size_t length = 0; length < whole.size(); ++length) {
    Prefix::write(path, whole.substr(0, length));
    EXPECT_EQ(Plan(prefix, path).ret, SVAR_ERR_SYNTAX) << length;
  }
}

} // namespace
