#include <fcntl.h>
#include <setjmp.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

std::string
path_of(const ScratchDirectory &directory, const char *suffix)
{
  for (const std::string &file : directory.files()) {
    if (file.size() > strlen(suffix) && file.substr(file.size() - strlen(suffix)) == suffix) {
      return directory.path() + "/" + file;
    }
  }
  ADD_FAILURE() << "no file ends in " << suffix;
  return "";
}

TEST(Segment, AStoreIsTwoFilesAndASocketWithTheirModes)
{
  ScratchDirectory directory;
  mode_t before = umask(077); // the modes do not depend on it
  Store store = create_store("/modes");
  umask(before);
  struct stat status;
  ASSERT_EQ(stat(path_of(directory, ".state").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  ASSERT_EQ(stat(path_of(directory, ".readers").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  ASSERT_EQ(stat(path_of(directory, ".socket").c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0660u) << "to connect is to write: for those who may read";
  EXPECT_EQ(directory.files().size(), 3u);
}

TEST(Segment, AStoreClosedBeforeItsFirstCommitLeavesNothing)
{
  ScratchDirectory directory;
  create_store("/nothing").reset();
  EXPECT_TRUE(directory.files().empty());
}

TEST(Segment, OneHolderAtATime)
{
  ScratchDirectory directory;
  Store store = create_store("/held");
  svar_store_t *second = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_HELD, "which is this one",
                    svar_store_create("/held", nullptr, &second));
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.start_empty = true;
  EXPECT_EQ(SVAR_ERR_HELD, svar_store_create("/held", &options, &second));
  const std::string holder = std::to_string(getpid()) + " (test_segment)";
  Child other([&] {
    svar_store_t *third = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_HELD, holder, svar_store_create("/held", nullptr, &third));
    EXPECT_NE(std::string(svar_error_message()).find("stop that one"), std::string::npos);
    return HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(other.wait(), 0);
  EXPECT_EQ(second, nullptr);
}

TEST(Segment, AnAbsentStoreOrDirectoryIsSaidSo)
{
  ScratchDirectory directory;
  svar_store_t *store = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "/absent", svar_store_open("/absent", nullptr, &store));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "relative", svar_store_open("relative", nullptr, &store));
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.directory = "/no/such/directory";
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "/no/such/directory",
                    svar_store_create("/absent", &options, &store));
  options.directory = nullptr;
  options.group = "no_such_group";
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "no_such_group",
                    svar_store_create("/absent", &options, &store));
  options.group = nullptr;
  options.size_bytes = sizeof(options) + 8;
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_store_create("/absent", &options, &store));
}

TEST(Segment, AStoreIsMadeUnderItsCreatorsNameWhateverTheOptionsSay)
{
  ScratchDirectory directory;
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.owner = geteuid() + 1;
  Store store = create_store("/mine", &options);
  Store reader = open_store("/mine");
  EXPECT_TRUE(reader);
}

TEST(Segment, ListFindsEveryStore)
{
  ScratchDirectory directory;
  std::string longest = "/" + std::string(254, 'n');
  Store first = create_store("/one");
  Store second = create_store(longest.c_str());
  std::ofstream(directory.path() + "/unrelated.state") << "x";
  std::vector<std::string> names;
  ASSERT_SVAR_OK(svar_store_list(
      nullptr,
      [](const char *name, uid_t owner, void *context) {
        EXPECT_EQ(owner, geteuid());
        static_cast<std::vector<std::string> *>(context)->push_back(name);
        return true;
      },
      &names));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{longest, "/one"}));
  unlink((directory.path() + "/unrelated.state").c_str());
}

// Writes bytes into a store's state file and tries to open and to resume it.
void
expect_refused(svar_ret_t code, off_t offset, const std::string &bytes)
{
  ScratchDirectory directory;
  directory.allow_leftovers();
  {
    Store store = create_store("/damaged");
    make_variable<float>(store, "weight", {1, 2, 3});
  }
  int fd = open(path_of(directory, ".state").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(pwrite(fd, bytes.data(), bytes.size(), offset), (ssize_t)bytes.size());
  close(fd);
  svar_store_t *store = nullptr;
  EXPECT_EQ(code, svar_store_open("/damaged", nullptr, &store)) << svar_error_message();
  EXPECT_EQ(code, svar_store_create("/damaged", nullptr, &store)) << svar_error_message();
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.start_empty = true;
  EXPECT_SVAR_OK(svar_store_create("/damaged", &options, &store)) << "the remedy works";
  svar_store_close(store);
}

TEST(Segment, AFileOfSomethingElseIsRefused)
{
  expect_refused(SVAR_ERR_CORRUPT, 0, "not a store");
}

TEST(Segment, AFileOfAnotherBuildIsRefusedWithBothNumbers)
{
  expect_refused(SVAR_ERR_LAYOUT, 8, std::string("\x63\0\0\0", 4));
}

TEST(Segment, AFileThatNamesAnotherStoreIsRefused)
{
  expect_refused(SVAR_ERR_CORRUPT, 56, "/another");
}

TEST(Segment, ATruncatedFileIsRefusedNotABusError)
{
  ScratchDirectory directory;
  directory.allow_leftovers();
  {
    Store store = create_store("/short");
    make_variable<float>(store, "weight", std::vector<float>(100000, 1));
  }
  for (off_t size : {off_t(100000), off_t(5000), off_t(4096), off_t(17), off_t(0)}) {
    ASSERT_EQ(truncate(path_of(directory, ".state").c_str(), size), 0);
    svar_store_t *store = nullptr;
    EXPECT_EQ(SVAR_ERR_CORRUPT, svar_store_open("/short", nullptr, &store)) << size;
    EXPECT_EQ(SVAR_ERR_CORRUPT, svar_store_create("/short", nullptr, &store)) << size;
  }
}

TEST(Segment, AFileLongerThanItsCapacityIsRefused)
{
  ScratchDirectory directory;
  directory.allow_leftovers();
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.capacity_bytes = 1 << 20;
  {
    Store store = create_store("/long", &options);
    make_variable<float>(store, "weight", {1});
  }
  ASSERT_EQ(truncate(path_of(directory, ".state").c_str(), off_t(1) << 40), 0);
  svar_store_t *store = nullptr;
  EXPECT_EQ(SVAR_ERR_CORRUPT, svar_store_open("/long", nullptr, &store));
}

TEST(Segment, ASymbolicLinkIsNotFollowed)
{
  ScratchDirectory directory;
  directory.allow_leftovers();
  std::string target = directory.path() + "/target";
  std::ofstream(target) << "precious";
  std::string name = directory.path() + "/svar." + std::to_string(geteuid()) + ".linked.state";
  ASSERT_EQ(symlink(target.c_str(), name.c_str()), 0);
  svar_store_t *store = nullptr;
  EXPECT_NE(SVAR_OK, svar_store_open("/linked", nullptr, &store));
  EXPECT_NE(SVAR_OK, svar_store_create("/linked", nullptr, &store));
  std::ifstream file(target);
  std::string content;
  file >> content;
  EXPECT_EQ(content, "precious");
}

TEST(Segment, AMissingReaderTableIsMadeAgainOnlyIfNothingWasCommitted)
{
  ScratchDirectory directory;
  directory.allow_leftovers();
  {
    Store store = create_store("/table");
    make_variable<float>(store, "weight", {1});
  }
  ASSERT_EQ(unlink(path_of(directory, ".readers").c_str()), 0);
  svar_store_t *store = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_CORRUPT, "start_empty", svar_store_create("/table", nullptr, &store));
  EXPECT_NE(SVAR_OK, svar_store_open("/table", nullptr, &store));
}

// The permissions of the mapping that holds address, as /proc says.
std::string
permissions_at(const void *address)
{
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long first = 0, last = 0;
    char permissions[5] = "";
    sscanf(line.c_str(), "%lx-%lx %4s", &first, &last, permissions);
    unsigned long at = reinterpret_cast<unsigned long>(address);
    if (first <= at && at < last) {
      return permissions;
    }
  }
  return "unmapped";
}

TEST(Segment, AViewLiesInAReadOnlyMappingAndWritingItFaults)
{
  ScratchDirectory directory;
  Store store = create_store("/protected");
  Variable weight = make_variable<float>(store, "weight", {1, 2});
  Store reader = open_store("/protected");
  for (const Variable &variable : {find(reader, "weight"), find(store, "weight")}) {
    svar_value_t view = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &view));
    EXPECT_EQ(permissions_at(view.tensor.data), "r--s");
    Child vandal([&] {
      signal(SIGSEGV, SIG_DFL); // a sanitizer's handler would exit instead
      *static_cast<volatile float *>(view.tensor.data) = 9;
      return 0;
    });
    EXPECT_EQ(vandal.wait(), 128 + SIGSEGV);
    EXPECT_EQ(contents<float>(view), (std::vector<float>{1, 2}));
    svar_value_release(&view);
  }
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(Segment, AFullFileSystemIsAnErrorWithNumbersAndOldValuesStay)
{
  ScratchDirectory directory;
  std::string mount_point = directory.path() + "/small";
  ASSERT_EQ(mkdir(mount_point.c_str(), 0700), 0);
  Child child([&] {
    // A mount of its own, in a namespace of its own; an ordinary user needs a user namespace for it.
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=2m") != 0) {
      fprintf(stderr, "no small tmpfs can be mounted here: %s\n", strerror(errno));
      return 10;
    }
    setenv("SVAR_SEGMENT_DIR", mount_point.c_str(), 1);
    Store store = create_store("/full");
    Variable weight = make_variable<float>(store, "weight", {1, 2, 3});
    Variable large = make_variable<float>(store, "large", std::vector<float>(100000, 5));
    Store reader = open_store("/full");
    Variable seen = find(reader, "large");
    svar_ret_t ret = set<float>(weight, std::vector<float>(1 << 20, 1));
    std::string sentence = svar_error_message();
    if (ret != SVAR_ERR_NO_SPACE || sentence.find("bytes left") == std::string::npos ||
        sentence.find("4194304") == std::string::npos ||
        sentence.find("of 2097152") == std::string::npos ||
        sentence.find("--shm-size") == std::string::npos) {
      fprintf(stderr, "%s: %s\n", svar_ret_name(ret), sentence.c_str());
      return 11;
    }
    bool is_intact = get<float>(weight) == std::vector<float>{1, 2, 3} &&
                     set<float>(weight, {4}) == SVAR_OK &&
                     get<float>(weight) == std::vector<float>{4} &&
                     get<float>(seen) == std::vector<float>(100000, 5) &&
                     set<float>(large, std::vector<float>(100000, 6)) == SVAR_OK &&
                     get<float>(seen) == std::vector<float>(100000, 6);
    // Not even a store fits: nothing is left of the attempt.
    std::ofstream(mount_point + "/filler") << std::string(3 << 20, 'x');
    svar_store_t *none = nullptr;
    ret = svar_store_create("/none", nullptr, &none);
    return !is_intact ? 12 : ret != SVAR_ERR_NO_SPACE ? 13 : 0;
  });
  EXPECT_EQ(child.wait(), 0);
  rmdir(mount_point.c_str());
}

TEST(Segment, InfoTellsWhatAnOperatorNeeds)
{
  ScratchDirectory directory;
  Store store = create_store("/info");
  make_variable<float>(store, "weight", {1, 2});
  Store reader = open_store("/info");
  svar_store_info_t info;
  ASSERT_SVAR_OK(svar_store_info(reader.get(), &info));
  EXPECT_STREQ(info.name, "/info");
  EXPECT_EQ(info.version, 1u);
  EXPECT_EQ(info.variable_count, 1u);
  EXPECT_EQ(info.holder_pid, getpid());
  EXPECT_EQ(info.reader_count, 1u);
  EXPECT_EQ(info.backing, SVAR_BACKING_IPC);
  EXPECT_EQ(info.owner, geteuid());
  EXPECT_GT(info.memory_bytes, 4096u);
  EXPECT_GT(info.committed_ns, info.created_ns - 1);
  EXPECT_FALSE(info.is_stale);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
  store.reset();
  ASSERT_SVAR_OK(svar_store_info(reader.get(), &info));
  EXPECT_EQ(info.holder_pid, 0);
  EXPECT_TRUE(info.is_stale);
}

} // namespace
