// `svar clean` and `svar doctor`, as their user meets them.
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "fakes/scratch.hpp"
#include "tools/process.h"

namespace
{

using namespace svar_test;

class Care : public testing::Test
{
protected:
  static Outcome svar(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), SVAR_PROGRAM);
    return RunToEnd(arguments);
  }
  void leave(const char *name)
  {
    make_variable<float>(create_store(name), "weight", {1, 2, 3});
  }
  std::string path_of(const char *stem, const char *suffix) const
  {
    return directory_.path() + "/svar." + std::to_string(geteuid()) + "." + stem + suffix;
  }
  // The lines about a subject, which are "finding<TAB>subject<TAB>sentence".
  static std::string about(const Outcome &doctor, const std::string &subject)
  {
    std::istringstream lines(doctor.out);
    std::string line, found;
    while (std::getline(lines, line)) {
      if (line.find("\t" + subject + "\t") != std::string::npos) {
        found += line + "\n";
      }
    }
    return found;
  }
  ScratchDirectory directory_;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(Care, CleanNamesWhatItRemovedAndLeavesWhatIsInUse)
{
  leave("/a");
  leave("/b");
  Store held = create_store("/held");
  make_variable<float>(held, "weight", {1});
  Outcome rehearsal = svar({"clean", "--dry-run"});
  EXPECT_EQ(rehearsal.exit_code, 0) << rehearsal.err;
  EXPECT_EQ(directory_.files().size(), 7u) << "two files each, and a socket where it is held";
  Outcome clean = svar({"clean"});
  EXPECT_EQ(clean.exit_code, 0) << clean.err;
  EXPECT_EQ(clean.err, "");
  EXPECT_EQ(clean.out, rehearsal.out);
  EXPECT_EQ(clean.out.rfind("/a\t", 0), 0u) << clean.out;
  EXPECT_SAYS(clean.out, "\n/b\t");
  EXPECT_GT(std::stoull(clean.out.substr(3)), 4096u) << "bytes";
  EXPECT_EQ(directory_.files().size(), 3u);
  EXPECT_EQ(svar({"clean"}).out, "");
  EXPECT_SVAR_OK(svar_store_remove(held.get()));
}

TEST_F(Care, CleanOfANamedStoreInUseIsAFailureThatNamesTheUser)
{
  leave("/a");
  Store reader = open_store("/a");
  Outcome clean = svar({"clean", "/a", "none"});
  EXPECT_EQ(clean.exit_code, 1);
  EXPECT_SAYS(clean.err, "read by process " + std::to_string(getpid()));
  EXPECT_SAYS(clean.err, "there is no store '/none'");
  reader.reset();
  EXPECT_EQ(svar({"clean", "a"}).exit_code, 0);
}

TEST_F(Care, CleanOfANamedStoreThatIsHeldSaysWhenItCanBeRemoved)
{
  Store held = create_store("/held");
  Outcome clean = svar({"clean", "/held"});
  EXPECT_EQ(clean.exit_code, 1);
  EXPECT_SAYS(clean.err, "held by process " + std::to_string(getpid()));
  EXPECT_SAYS(clean.err, "once that process has ended it can be removed");
  EXPECT_SVAR_OK(svar_store_remove(held.get()));
}

TEST_F(Care, CleanAtATerminalSumsUp)
{
  leave("/a");
  Outcome clean = RunAtTerminal({SVAR_PROGRAM, "clean"});
  EXPECT_SAYS(clean.out, "STORE");
  EXPECT_SAYS(clean.out, "Removed 1 store, ");
}

TEST_F(Care, CleanRefusesContradictions)
{
  EXPECT_EQ(svar({"clean", "--all-users", "--owner", "0"}).exit_code, 2);
  EXPECT_EQ(svar({"clean", "--all-users", "/a"}).exit_code, 2);
  EXPECT_EQ(svar({"doctor", "/a"}).exit_code, 2);
}

TEST_F(Care, DoctorFindsAHealthyMachineAndStoreFine)
{
  Store store = create_store("/well");
  Variable weight = make_variable<float>(store, "weight", {1});
  Store reader = open_store("/well");
  Variable variable = find(reader, "weight");
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &view));
  ASSERT_SVAR_OK(set<float>(weight, {2}));
  ASSERT_SVAR_OK(set<float>(weight, {3}));
  Outcome doctor = svar({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out << doctor.err;
  std::string lines = about(doctor, "/well");
  EXPECT_SAYS(lines, "ok\t/well\theld by process " + std::to_string(getpid()) + "; version 3");
  EXPECT_SAYS(lines, "note\t/well\tprocess " + std::to_string(getpid()) + " (test_care)");
  EXPECT_SAYS(lines, "has values in use (1), the oldest of version 1, 2 behind");
  EXPECT_SAYS(about(doctor, directory_.path()), " left\n");
  for (const char *subject :
       {"huge pages", "RemoveIPC", "membarrier", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RouDi"}) {
    EXPECT_NE(about(doctor, subject), "") << subject;
  }
  svar_value_release(&view);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Care, DoctorTellsDeadReadersAndStoresWithoutAHolder)
{
  leave("/alone");
  Signal pinned;
  Child reader([&] {
    Store store = open_store("/alone");
    Variable variable = find(store, "weight");
    svar_value_t view = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &view));
    pinned.raise();
    pause();
    return 0;
  });
  pinned.wait();
  EXPECT_SAYS(about(svar({"doctor"}), "/alone"), std::to_string(reader.pid()) + " (test_care) is");
  reader.kill(SIGKILL);
  reader.wait();
  Store another = open_store("/alone"); // takes the record that the doctor would take otherwise
  Outcome doctor = svar({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
  EXPECT_SAYS(about(doctor, "/alone"), "nobody holds it");
  EXPECT_SAYS(about(doctor, "/alone"), "svar clean /alone");
  another.reset();
  EXPECT_EQ(svar({"clean"}).exit_code, 0);
}

TEST_F(Care, DoctorCallsAStoreThatCannotBeReadAProblemWithItsRemedy)
{
  leave("/damaged");
  std::fstream(path_of("damaged", ".state"), std::ios::in | std::ios::out) << "not a store";
  leave("/half");
  ASSERT_EQ(unlink(path_of("half", ".state").c_str()), 0);
  Outcome doctor = svar({"doctor"});
  EXPECT_EQ(doctor.exit_code, 1);
  for (const char *name : {"/damaged", "/half"}) {
    EXPECT_SAYS(about(doctor, name), std::string("PROBLEM\t") + name + "\tcannot be read: ");
    EXPECT_SAYS(about(doctor, name), std::string("svar clean ") + name);
  }
  EXPECT_EQ(svar({"clean"}).exit_code, 0) << "the remedy works";
  EXPECT_EQ(svar({"doctor"}).exit_code, 0);
}

TEST_F(Care, DoctorFindsWhatIsWrongWithTheDirectory)
{
  Outcome missing = svar({"doctor", "--directory", "/no/such/directory"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_SAYS(about(missing, "/no/such/directory"), "SVAR_SEGMENT_DIR");
  ASSERT_EQ(chmod(directory_.path().c_str(), 0777), 0);
  Outcome open_to_all = svar({"doctor"});
  EXPECT_EQ(open_to_all.exit_code, 1);
  EXPECT_SAYS(about(open_to_all, directory_.path()), "chmod +t");
  char folder[] = "/proc";
  EXPECT_SAYS(about(svar({"doctor", "--directory", folder}), folder), "not on a tmpfs");
}

// A sanitizer's own memory is all of the address space.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Care, DoctorFindsTooLittleAddressSpaceAProblem)
{
  Outcome doctor = RunToEnd({"/bin/sh", "-c", "ulimit -v 1000000; exec " SVAR_PROGRAM " doctor"});
  EXPECT_EQ(doctor.exit_code, 1) << doctor.err;
  EXPECT_SAYS(about(doctor, "RLIMIT_AS"), "PROBLEM");
}
#endif

} // namespace
