// The options that are about pages: locked, huge, and limits of the process in their way.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

// Bytes that a line of a /proc file says, such as "VmLck:   12 kB", summed over all that start so.
uint64_t
bytes_of(const char *file, const std::string &title)
{
  std::ifstream status(file);
  std::string line;
  uint64_t kilobytes = 0;
  while (std::getline(status, line)) {
    if (line.rfind(title, 0) == 0) {
      kilobytes += std::stoull(line.substr(title.size()));
    }
  }
  return kilobytes * 1024;
}

uint64_t
locked_bytes()
{
  return bytes_of("/proc/self/status", "VmLck:");
}

bool
become_nobody(rlim_t lock_limit)
{
  struct rlimit limit = {lock_limit, lock_limit};
  return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && setgid(65534) == 0 && setuid(65534) == 0;
}

class LockMemory : public testing::Test
{
protected:
  LockMemory()
  {
    options_.lock_memory = true;
    EXPECT_EQ(chmod(directory_.path().c_str(), 0777), 0);
  }
  ScratchDirectory directory_;
  svar_store_options_t options_ = SVAR_STORE_OPTIONS_INIT;
};

TEST_F(LockMemory, OfTheHolderGrowsWithTheStore)
{
  Child child([&] {
    uint64_t before = locked_bytes();
    options_.start_empty = true;
    Store store = create_store("/locked", &options_);
    uint64_t at_first = locked_bytes() - before;
    make_variable<float>(store, "weight", std::vector<float>(300 * 1000, 1)); // 1.2 MB
    uint64_t after = locked_bytes() - before;
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
    fprintf(stderr, "locked: %zu, then %zu bytes\n", (size_t)at_first, (size_t)after);
    return at_first > 4096 && after >= at_first + 1200000 && after < at_first + 2000000 ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(LockMemory, OfAReaderFollowsTheStore)
{
  Store store = create_store("/locked");
  Variable small = make_variable<float>(store, "small", std::vector<float>(100 * 1000, 1));
  Signal opened, grown;
  Child reader([&] {
    svar_store_t *handle = nullptr;
    EXPECT_SVAR_OK(svar_store_open("/locked", &options_, &handle));
    Store own(handle);
    uint64_t before = locked_bytes();
    opened.raise();
    grown.wait();
    bool is_read = get<float>(find(own, "large")).size() == 500 * 1000;
    return before > 400000 && is_read && locked_bytes() >= before + 2000000 ? 0 : 1;
  });
  opened.wait();
  Variable large = make_variable<float>(store, "large", std::vector<float>(500 * 1000, 1));
  grown.raise();
  EXPECT_EQ(reader.wait(), 0);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(LockMemory, BeyondTheLimitIsAnErrorWithTheLimitAndTheRemedy)
{
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become a user whom the limit binds";
  }
  Child child([&] {
    if (!become_nobody(512 * 1024)) { // enough for the tables
      return 255;
    }
    Store store = create_store("/locked", &options_);
    Variable weight = make_variable<float>(store, "weight", {1});
    svar_ret_t ret = set<float>(weight, std::vector<float>(300 * 1000, 1));
    std::string sentence = svar_error_message();
    svar_store_info_t info;
    bool is_right =
        ret == SVAR_ERR_NO_SPACE && sentence.find("may lock 524288 bytes") != std::string::npos &&
        sentence.find("RLIMIT_MEMLOCK") != std::string::npos &&
        get<float>(weight) == std::vector<float>{1} && set<float>(weight, {2}) == SVAR_OK &&
        svar_store_info(store.get(), &info) == SVAR_OK && info.memory_bytes < 600000;
    if (!is_right) {
      fprintf(stderr, "%s: %s\n", svar_ret_name(ret), sentence.c_str());
    }
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
    return is_right ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(LockMemory, WithoutAnyLimitToSpareNothingIsLeftOfTheAttempt)
{
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become a user whom the limit binds";
  }
  Child child([&] {
    svar_store_t *store = nullptr;
    return become_nobody(0) &&
                   svar_store_create("/locked", &options_, &store) == SVAR_ERR_NO_SPACE &&
                   strstr(svar_error_message(), "CAP_IPC_LOCK") != nullptr
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(HugePages, OfALargeValueAreMappedByHolderAndReader)
{
  ScratchDirectory directory;
  std::string mount_point = directory.path() + "/huge";
  ASSERT_EQ(mkdir(mount_point.c_str(), 0700), 0);
  Child child([&] {
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=256m,huge=advise") != 0) {
      fprintf(stderr, "no tmpfs with huge pages can be mounted here: %s\n", strerror(errno));
      return 10;
    }
    setenv("SVAR_SEGMENT_DIR", mount_point.c_str(), 1);
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.huge_pages = true;
    Store store = create_store("/huge", &options);
    make_variable<float>(store, "weight", std::vector<float>(8 << 20, 3)); // 32 MiB
    svar_store_t *handle = nullptr;
    EXPECT_SVAR_OK(svar_store_open("/huge", &options, &handle));
    Store reader(handle);
    std::vector<float> values = get<float>(find(reader, "weight"));
    uint64_t huge = bytes_of("/proc/self/smaps", "ShmemPmdMapped:");
    fprintf(stderr, "%zu bytes in huge pages, all mappings together\n", (size_t)huge);
    bool is_right = values.size() == 8 << 20 && values.back() == 3 && values.front() == 3;
    return !is_right ? 1 : huge >= 2 * (24u << 20) ? 0 : 77;
  });
  int code = child.wait();
  rmdir(mount_point.c_str());
  if (code == 77) {
    GTEST_SKIP() << "the kernel had no huge pages to give; the values were right";
  }
  EXPECT_EQ(code, 0);
}

TEST(HugePages, AreNoErrorWhereThereAreNone)
{
  ScratchDirectory directory;
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.huge_pages = true;
  options.capacity_bytes = 5 << 20; // not a multiple of one
  Store store = create_store("/plain", &options);
  Variable weight = make_variable<float>(store, "weight", std::vector<float>(700 * 1000, 1));
  EXPECT_EQ(get<float>(weight), std::vector<float>(700 * 1000, 1));
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(FileSizeLimit, IsAnErrorAndNotADeadlySignal)
{
  ScratchDirectory directory;
  Child child([&] {
    signal(SIGXFSZ, SIG_DFL);
    Store store = create_store("/limited");
    Variable weight = make_variable<float>(store, "weight", {1});
    struct rlimit limit = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    svar_ret_t ret = set<float>(weight, std::vector<float>(1 << 20, 2));
    bool is_right =
        ret == SVAR_ERR_NO_SPACE && strstr(svar_error_message(), "RLIMIT_FSIZE") != nullptr &&
        get<float>(weight) == std::vector<float>{1} && set<float>(weight, {2}) == SVAR_OK;
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
    return is_right ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(StoreOptions, OfAnOlderBuildAreReadAsFarAsTheyGo)
{
  ScratchDirectory directory;
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.size_bytes = offsetof(svar_store_options_t, lock_memory);
  options.lock_memory = true; // beyond what the caller says it has
  uint64_t before = locked_bytes();
  Store store = create_store("/older", &options);
  make_variable<float>(store, "weight", {1});
  EXPECT_EQ(locked_bytes(), before);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

} // namespace
