// The command line as a user meets it: processes that read a store which this test holds.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "shared_variable/shared_variable.h"
#include "tools/process.h"

namespace
{

class Svar : public testing::Test
{
protected:
  void SetUp() override
  {
    char pattern[] = "/dev/shm/test_svar.XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    directory_ = pattern;
    setenv("SVAR_SEGMENT_DIR", pattern, 1);
    setenv("TZ", "UTC", 1);
    Hold();
  }

  void TearDown() override
  {
    if (store_ != nullptr) {
      EXPECT_EQ(svar_store_remove(store_), SVAR_OK) << svar_error_message();
      LetGo();
    }
    EXPECT_EQ(system(("rm -rf '" + directory_ + "'").c_str()), 0);
  }

  void Hold()
  {
    ASSERT_EQ(svar_store_create("/policy/weights", nullptr, &store_), SVAR_OK)
        << svar_error_message();
  }

  void LetGo()
  {
    svar_store_close(store_);
    store_ = nullptr;
  }

  // One commit.
  void Share(const char *name, svar_source_t source)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store_;
    svar_variable_t *variable = nullptr;
    ASSERT_EQ(svar_shared(source, &options, &variable), SVAR_OK) << svar_error_message();
    svar_variable_unref(variable);
  }

  void Set(const char *name, svar_source_t source)
  {
    svar_variable_t *variable = nullptr;
    ASSERT_EQ(svar_store_find(store_, name, &variable), SVAR_OK) << svar_error_message();
    ASSERT_EQ(svar_set_value(variable, source, SVAR_COPY), SVAR_OK) << svar_error_message();
    svar_variable_unref(variable);
  }

  // Version 1: "gain", a float64 scalar. Version 2: "layer.weight", a float32 [2, 3].
  void ShareTwo()
  {
    const double gain = 2.5;
    Share("gain", svar_scalar(SVAR_FLOAT64, &gain));
    float weight[] = {1, 2, 3, 4, 5, 6.5};
    const int64_t shape[] = {2, 3};
    DLTensor tensor = svar_tensor(SVAR_FLOAT32, weight, 2, shape);
    Share("layer.weight", svar_array(&tensor));
  }

  static std::vector<std::string> Command(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), SVAR_PROGRAM);
    return arguments;
  }

  std::string directory_;
  svar_store_t *store_ = nullptr;
};

std::vector<std::string>
Split(const std::string &text, char separator)
{
  std::vector<std::string> parts;
  std::istringstream stream(text);
  std::string part;
  while (std::getline(stream, part, separator)) {
    parts.push_back(part);
  }
  return parts;
}

std::string
FileText(const std::string &path)
{
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_F(Svar, ListIsOneTabSeparatedLineAStoreInAPipe)
{
  ShareTwo();
  Outcome list = RunToEnd(Command({"list"}));
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(list.err, "");
  std::vector<std::string> fields = Split(list.out, '\t');
  ASSERT_EQ(fields.size(), 8u) << list.out;
  EXPECT_EQ(fields[0], "/policy/weights");
  EXPECT_EQ(fields[1], "2");
  EXPECT_EQ(fields[2], "2");
  EXPECT_GE(std::stoull(fields[3]), 32u); // bytes of memory: at least those of the values
  EXPECT_EQ(fields[4], "0");              // and none on GPUs
  EXPECT_EQ(fields[5], std::to_string(getpid()));
  EXPECT_EQ(fields[6], "0"); // the command does not count itself
  EXPECT_LT(std::stoull(fields[7]), 60000000000u);
  EXPECT_EQ(fields[7].back(), '\n');
}

TEST_F(Svar, ListCountsTheReadersThatAreThere)
{
  ShareTwo();
  svar_store_t *reader = nullptr;
  ASSERT_EQ(svar_store_open("/policy/weights", nullptr, &reader), SVAR_OK);
  EXPECT_EQ(Split(RunToEnd(Command({"list"})).out, '\t')[6], "1");
  svar_store_close(reader);
}

TEST_F(Svar, ListShowsAStoreThatNobodyHoldsWithADash)
{
  ShareTwo();
  LetGo();
  EXPECT_EQ(Split(RunToEnd(Command({"list"})).out, '\t')[5], "-");
  Hold();
}

TEST_F(Svar, ListHasAHeaderAtATerminal)
{
  ShareTwo();
  Outcome list = RunAtTerminal(Command({"list"}));
  EXPECT_EQ(list.out.rfind("NAME             VERSION  VARIABLES  MEMORY", 0), 0u) << list.out;
  EXPECT_NE(list.out.find("\n/policy/weights  2        2          "), std::string::npos);
  EXPECT_EQ(RunAtTerminal(Command({"list", "--directory", "/dev/shm/test_svar_none"})).exit_code,
            1);
}

TEST_F(Svar, ListNamesAStoreThatCannotBeOpenedAndSaysWhy)
{
  ShareTwo();
  // The only file whose name ends so: cut short, as a disk error or a stranger might leave it.
  std::string state = RunToEnd({"/bin/sh", "-c", "printf %s " + directory_ + "/*.state"}).out;
  LetGo();
  ASSERT_EQ(truncate(state.c_str(), 100), 0);
  Outcome list = RunToEnd(Command({"list"}));
  EXPECT_EQ(list.exit_code, 1);
  EXPECT_EQ(list.out, "/policy/weights\t-\t-\t-\t-\t-\t-\t-\n");
  EXPECT_EQ(list.err.rfind("svar: ", 0), 0u) << list.err;
  EXPECT_NE(list.err.find("100 bytes"), std::string::npos) << list.err;
}

TEST_F(Svar, InfoShowsTheFactsAndTheVariables)
{
  ShareTwo();
  Outcome info = RunToEnd(Command({"info", "policy/weights"}));
  EXPECT_EQ(info.exit_code, 0) << info.err;
  EXPECT_EQ(info.out.rfind(
                "name\t/policy/weights\nbacking\tshared memory\nversion\t2\nvariables\t2\n", 0),
            0u)
      << info.out;
  EXPECT_NE(info.out.find("\ngpu memory\t0\nregistered\t0\nrefused\t0\ncapacity\t"),
            std::string::npos)
      << info.out;
  EXPECT_NE(info.out.find("\nholder\t" + std::to_string(getpid()) + "\nreaders\t0\n"),
            std::string::npos);
  EXPECT_EQ(info.out.substr(info.out.find("\n\n") + 2),
            "gain\tfloat64\t()\t8\t1\thost\n"
            "layer.weight\tfloat32\t(2, 3)\t24\t2\thost\n");
}

TEST_F(Svar, ASparseVariableIsShownBesideItsParts)
{
  const float data[] = {1, 2};
  const int32_t indices[] = {2, 0};
  const int32_t indptr[] = {0, 1, 2};
  svar_sparse_t matrix = {SVAR_SPARSE_CSR, SVAR_FLOAT32, SVAR_INT32, {2, 3}, {1, 1}, 2, data,
                          indices,         indptr};
  Share("w", svar_sparse_source(&matrix));
  Outcome info = RunToEnd(Command({"info", "policy/weights"}));
  EXPECT_EQ(info.exit_code, 0) << info.err;
  EXPECT_EQ(info.out.substr(info.out.find("\n\n") + 2), "w\tcsr float32\t(2, 3)\t-\t1\thost\n"
                                                        "w.data\tfloat32\t(2)\t8\t1\thost\n"
                                                        "w.indices\tint32\t(2)\t8\t1\thost\n"
                                                        "w.indptr\tint32\t(3)\t12\t1\thost\n");
  Outcome watch = RunToEnd(Command({"watch", "policy/weights", "--count", "1"}));
  EXPECT_NE(watch.out.find("\tw\tw.data=[1. 2.]\t"), std::string::npos) << watch.out;
  Outcome get = RunToEnd(Command({"get", "policy/weights", "w"}));
  EXPECT_NE(get.exit_code, 0);
  EXPECT_NE(get.err.find("its parts are 'w.data', '.indices' and '.indptr'"), std::string::npos);
}

TEST_F(Svar, InfoOfAStoreWithoutACommitHasNoVariables)
{
  Outcome info = RunToEnd(Command({"info", "/policy/weights"}));
  EXPECT_EQ(info.exit_code, 0) << info.err;
  EXPECT_NE(info.out.find("version\t0\nvariables\t0\n"), std::string::npos) << info.out;
  EXPECT_EQ(info.out.find("\n\n"), std::string::npos);
}

TEST_F(Svar, GetPrintsText)
{
  ShareTwo();
  EXPECT_EQ(RunToEnd(Command({"get", "/policy/weights", "gain"})).out, "2.5\n");
  EXPECT_EQ(RunToEnd(Command({"get", "/policy/weights", "layer.weight"})).out,
            "[[1.  2.  3. ]\n [4.  5.  6.5]]\n");
  EXPECT_EQ(RunToEnd(Command({"get", "/policy/weights", "layer.weight", "--version"})).out, "2\n");
}

TEST_F(Svar, GetSummarisesAtATerminalUnlessAllIsWanted)
{
  std::vector<int32_t> numbers(1200, 5);
  const int64_t shape[] = {1200};
  DLTensor tensor = svar_tensor(SVAR_INT32, numbers.data(), 1, shape);
  Share("many", svar_array(&tensor));
  std::vector<std::string> get = Command({"get", "/policy/weights", "many"});
  EXPECT_EQ(RunAtTerminal(get).out, "[5 5 5 ... 5 5 5]\n");
  EXPECT_EQ(RunToEnd(get).out.size(), 2 * 1200u + 2); // one line
  get.push_back("--full");
  EXPECT_EQ(RunAtTerminal(get).out.find("..."), std::string::npos);
}

TEST_F(Svar, GetWritesANumpyFileAndItsVersion)
{
  ShareTwo();
  std::string path = directory_ + "/weight.npy";
  Outcome get =
      RunToEnd(Command({"get", "/policy/weights", "layer.weight", "--npy", path, "--version"}));
  EXPECT_EQ(get.exit_code, 0) << get.err;
  EXPECT_EQ(get.out, "2\n");
  std::string file = FileText(path);
  ASSERT_EQ(file.size(), 128u + 24u);
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(file.substr(10, file.find('}') - 9),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  const float expected[] = {1, 2, 3, 4, 5, 6.5};
  EXPECT_EQ(std::memcmp(file.data() + 128, expected, sizeof(expected)), 0);
  EXPECT_EQ(RunToEnd(Command({"get", "/policy/weights", "layer.weight", "--npy", "-"})).out, file);
}

TEST_F(Svar, GetSaysThatNumpyLacksBfloat16)
{
  const uint16_t bits = 0x3fc0;
  Share("half", svar_scalar(SVAR_BFLOAT16, &bits));
  Outcome get = RunToEnd(Command({"get", "/policy/weights", "half", "--npy", "-"}));
  EXPECT_EQ(get.exit_code, 0);
  EXPECT_NE(get.out.find("'descr': '<u2'"), std::string::npos);
  EXPECT_EQ(get.out.substr(get.out.size() - 2), std::string("\xc0\x3f"));
  EXPECT_EQ(get.err, "svar: NumPy has no bfloat16: the file holds the bits as uint16\n");
}

TEST_F(Svar, GetRefusesToSendANumpyFileToATerminal)
{
  ShareTwo();
  Outcome get = RunAtTerminal(Command({"get", "/policy/weights", "gain", "--npy", "-"}));
  EXPECT_EQ(get.exit_code, 1);
  EXPECT_NE(get.out.find("is a terminal"), std::string::npos) << get.out;
}

TEST_F(Svar, GetLeavesNoHalfWrittenFile)
{
  ShareTwo();
  Outcome get = RunToEnd(Command({"get", "/policy/weights", "gain", "--npy", "/dev/full"}));
  EXPECT_EQ(get.exit_code, 1);
  EXPECT_EQ(get.err, "svar: writing '/dev/full': No space left on device\n");
  EXPECT_EQ(access("/dev/full", F_OK), 0);
}

TEST_F(Svar, AReaderThatLeavesEndsTheCommandQuietly)
{
  std::vector<float> numbers(1000000, 0.1f);
  const int64_t shape[] = {1000, 1000};
  DLTensor tensor = svar_tensor(SVAR_FLOAT32, numbers.data(), 2, shape);
  Share("many", svar_array(&tensor));
  for (const char *npy : {"", "--npy=-"}) {
    std::vector<std::string> get = Command({"get", "/policy/weights", "many"});
    if (npy[0] != '\0') {
      get.push_back(npy);
    }
    Process process(get);
    EXPECT_NE(process.ReadLine(), "");
    process.CloseOutput();
    Outcome outcome = process.Wait();
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(Svar, AFullOutputIsAFailure)
{
  ShareTwo();
  std::string file = directory_ + "/greeting.launch.xml";
  std::ofstream(file) << "<launch><executable cmd='echo hello'/></launch>";
  for (const std::string &arguments :
       {std::string("get /policy/weights gain"), std::string("help"), std::string("help get"),
        std::string("help launch"), std::string("launch --help"), "launch " + file + " --print",
        "launch " + file + " --show-args"}) {
    Outcome full =
        RunToEnd({"/bin/sh", "-c", std::string(SVAR_PROGRAM) + " " + arguments + " > /dev/full"});
    EXPECT_EQ(full.exit_code, 1) << arguments;
    EXPECT_EQ(full.err, "svar: writing to the standard output: No space left on device\n")
        << arguments;
  }
}

TEST_F(Svar, WatchTellsEachCommitAndWhatItChanged)
{
  ShareTwo();
  Process watch(Command({"watch", "/policy/weights"}));
  std::vector<std::string> first = Split(watch.ReadLine(), '\t');
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0], "2");
  EXPECT_GT(std::stoll(first[1]), 1600000000000000000);
  EXPECT_EQ(first[2], "layer.weight"); // what version 2 wrote; too large to show
  Set("gain", svar_float(3.5));
  std::vector<std::string> second = Split(watch.ReadLine(), '\t');
  ASSERT_EQ(second.size(), 3u);
  EXPECT_EQ(second[0], "3");
  EXPECT_EQ(second[2], "gain=3.5");
  Share("bias", svar_int(7)); // a variable that is new
  EXPECT_EQ(Split(watch.ReadLine(), '\t').back(), "bias=7");
  watch.Signal(SIGINT);
  Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Svar, WatchOfNamedVariablesPassesOverOtherCommits)
{
  ShareTwo();
  Process watch(Command({"watch", "/policy/weights", "gain", "--count", "2"}));
  const double layer[] = {0, 0, 0, 0, 0, 0};
  const int64_t shape[] = {2, 3};
  Set("gain", svar_float(1.5));
  EXPECT_EQ(Split(watch.ReadLine(), '\t').back(), "gain=1.5");
  Set("layer.weight", svar_literals(SVAR_FLOAT64, layer, 2, shape));
  Set("gain", svar_float(0.5));
  std::vector<std::string> line = Split(watch.ReadLine(), '\t');
  EXPECT_EQ(line.front(), "5");
  EXPECT_EQ(line.back(), "gain=0.5");
  EXPECT_EQ(watch.Wait().exit_code, 0);
}

TEST_F(Svar, WatchGoesOnWhenTheHolderRestarts)
{
  ShareTwo();
  Process watch(Command({"watch", "/policy/weights", "--count", "2"}));
  EXPECT_NE(watch.ReadLine(), "");
  LetGo();
  Hold();
  Set("gain", svar_float(9));
  EXPECT_EQ(Split(watch.ReadLine(), '\t').back(), "gain=9.0");
  EXPECT_EQ(watch.Wait().exit_code, 0);
}

TEST_F(Svar, WatchEndsWithASentenceWhenTheStoreIsRemoved)
{
  ShareTwo();
  Process watch(Command({"watch", "/policy/weights"}));
  EXPECT_NE(watch.ReadLine(), "");
  ASSERT_EQ(svar_store_remove(store_), SVAR_OK);
  LetGo();
  Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("/policy/weights"), std::string::npos) << outcome.err;
}

TEST_F(Svar, WatchThatRunsOutOfTimeFailsOnlyIfItWasToCount)
{
  ShareTwo();
  EXPECT_EQ(RunToEnd(Command({"watch", "/policy/weights", "--timeout", "0.01"})).exit_code, 0);
  Outcome counted =
      RunToEnd(Command({"watch", "/policy/weights", "--timeout", "0.01", "--count", "2"}));
  EXPECT_EQ(counted.exit_code, 1);
  EXPECT_EQ(counted.err, "svar: the time is over after 1 of 2 versions of '/policy/weights'\n");
}

TEST_F(Svar, HelpIsPrintedInEveryWayItIsAskedFor)
{
  Outcome overview = RunToEnd(Command({"--help"}));
  EXPECT_EQ(overview.exit_code, 0);
  EXPECT_EQ(RunToEnd(Command({"help"})).out, overview.out);
  for (const char *command : {"list", "info", "get", "save", "watch", "launch"}) {
    EXPECT_NE(overview.out.find(std::string("svar ") + command), std::string::npos);
    Outcome help = RunToEnd(Command({command, "--help"}));
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_NE(help.out.find(std::string("svar ") + command), std::string::npos) << help.out;
    EXPECT_EQ(RunToEnd(Command({"help", command})).out, help.out);
  }
  EXPECT_EQ(RunToEnd(Command({})).exit_code, 2);
}

struct BadCall {
  std::vector<std::string> arguments;
  int exit_code;
  const char *sentence; // a part of what standard error must say
};

void
PrintTo(const BadCall &call, std::ostream *out)
{
  *out << "svar";
  for (const std::string &argument : call.arguments) {
    *out << " '" << argument << "'";
  }
}

class SvarBadCall : public Svar, public testing::WithParamInterface<BadCall>
{
};

TEST_P(SvarBadCall, IsOneSentenceAndAnExitCode)
{
  ShareTwo();
  Outcome outcome = RunToEnd(Command(GetParam().arguments));
  EXPECT_EQ(outcome.exit_code, GetParam().exit_code);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err.rfind("svar: ", 0), 0u) << outcome.err;
  EXPECT_NE(outcome.err.find(GetParam().sentence), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("usage: svar") != std::string::npos, outcome.exit_code == 2)
      << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(
    Table, SvarBadCall,
    testing::Values(
        BadCall{{"lits"}, 2, "there is no command 'lits' (did you mean 'list'"},
        BadCall{{"help", "nothing"}, 2, "there is no command 'nothing'"},
        BadCall{{"list", "extra"}, 2, "svar list takes no 'extra'"},
        BadCall{{"list", "--wrong"}, 2, "'--wrong' is not an option of svar list"},
        BadCall{{"list", "-x"}, 2, "'-x' is not an option of svar list"},
        BadCall{{"list", "--all-users=1"}, 2, "'--all-users=1': this option takes no value"},
        BadCall{{"list", "--directory"}, 2, "option '--directory' needs a value"},
        BadCall{
            {"list", "--owner", "nobody-of-that-name"}, 2, "'nobody-of-that-name': needs a user"},
        BadCall{{"list", "--owner", "0", "--all-users"}, 2, "exclude each other"},
        BadCall{{"list", "--directory", "/nowhere/at/all"}, 1, "/nowhere/at/all"},
        BadCall{{"info"}, 2, "svar info needs STORE"},
        BadCall{{"info", "/policy/weight"}, 1, "did you mean '/policy/weights'?"},
        BadCall{{"info", "policy"}, 1, "did you mean '/policy/weights'?"},
        BadCall{{"info", "/not a name"}, 1, "/not a name"},
        BadCall{{"info", std::string(300, 'a')}, 1, "at most 255 characters"},
        BadCall{{"info", "/policy/weights", "--owner", "65533"}, 1, "/policy/weights"},
        BadCall{{"get", "/policy/weights"}, 2, "svar get needs STORE VARIABLE"},
        BadCall{{"get", "/policy/weights", "gian"},
                1,
                "store '/policy/weights' has no variable 'gian' (did you mean 'gain'?)"},
        BadCall{{"get", "/policy/weights", "gain", "--npy", "-", "--version"}, 2, "cannot both"},
        BadCall{{"get", "/policy/weights", "gain", "--npy", "/nowhere/x.npy"},
                1,
                "cannot open '/nowhere/x.npy' for writing: No such file or directory"},
        BadCall{{"get", "/policy/weights", "gain", "--npy", ""}, 2, "not empty"},
        BadCall{{"watch", "/policy/weights", "--count", "0"}, 2, "needs a whole number from 1"},
        BadCall{{"watch", "/policy/weights", "--count", "-1"}, 2, "needs a whole number from 1"},
        BadCall{{"watch", "/policy/weights", "--timeout", "soon"}, 2, "needs a number of seconds"},
        BadCall{{"watch", "/policy/weights", "--timeout", "-1"}, 2, "needs a number of seconds"},
        BadCall{{"watch", "/policy/weights", "none"}, 1, "has no variable 'none'"}));

} // namespace
