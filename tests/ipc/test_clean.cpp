#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

class Clean : public testing::Test
{
protected:
  // A store that was held, committed to, and let go.
  void leave(const char *name)
  {
    make_variable<float>(create_store(name), "weight", {1, 2, 3});
  }
  std::string path_of(const char *stem, const char *suffix) const
  {
    return directory_.path() + "/svar." + std::to_string(geteuid()) + "." + stem + suffix;
  }
  bool exists(const char *name) const
  {
    struct Search {
      const char *name;
      bool found;
    } search = {name, false};
    EXPECT_SVAR_OK(svar_store_list(
        nullptr,
        [](const char *found, uid_t, void *context) {
          auto *wanted = static_cast<Search *>(context);
          wanted->found |= strcmp(found, wanted->name) == 0;
          return true;
        },
        &search));
    return search.found;
  }
  ScratchDirectory directory_;
};

TEST_F(Clean, RemovesAStoreThatNobodyUsesAndTellsItsBytes)
{
  leave("/left");
  uint64_t bytes = 0;
  ASSERT_SVAR_OK(svar_store_clean("/left", nullptr, true, &bytes));
  EXPECT_GT(bytes, 4096u);
  EXPECT_EQ(directory_.files().size(), 2u) << "a rehearsal";
  uint64_t removed = 0;
  ASSERT_SVAR_OK(svar_store_clean("/left", nullptr, false, &removed));
  EXPECT_EQ(removed, bytes);
  EXPECT_TRUE(directory_.files().empty());
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_FOUND, "/left", svar_store_clean("/left", nullptr, false, &bytes));
}

TEST_F(Clean, LeavesAStoreThatIsHeldAndNamesItsHolder)
{
  Store store = create_store("/held");
  Variable weight = make_variable<float>(store, "weight", {1});
  for (bool is_rehearsal : {true, false}) {
    EXPECT_SVAR_FAILS(SVAR_ERR_HELD, std::to_string(getpid()),
                      svar_store_clean("/held", nullptr, is_rehearsal, nullptr));
  }
  EXPECT_EQ(get<float>(weight), std::vector<float>{1});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(Clean, LeavesAStoreThatIsReadAndNamesTheReader)
{
  leave("/read");
  Store reader = open_store("/read");
  for (bool is_rehearsal : {true, false}) {
    EXPECT_SVAR_FAILS(SVAR_ERR_BUSY, std::to_string(getpid()) + " (test_clean",
                      svar_store_clean("/read", nullptr, is_rehearsal, nullptr));
  }
  EXPECT_EQ(get<float>(find(reader, "weight")), (std::vector<float>{1, 2, 3}));
  reader.reset();
  EXPECT_SVAR_OK(svar_store_clean("/read", nullptr, false, nullptr));
}

TEST_F(Clean, APidInTheTableOfAKilledReaderKeepsNothing)
{
  leave("/killed");
  Signal opened;
  Child reader([&] {
    Store store = open_store("/killed");
    opened.raise();
    pause();
    return 0;
  });
  opened.wait();
  EXPECT_EQ(SVAR_ERR_BUSY, svar_store_clean("/killed", nullptr, false, nullptr));
  reader.kill(SIGKILL);
  reader.wait();
  EXPECT_SVAR_OK(svar_store_clean("/killed", nullptr, false, nullptr));
}

TEST_F(Clean, RemovesAReaderTableWithoutAStore)
{
  leave("/half");
  ASSERT_EQ(unlink(path_of("half", ".state").c_str()), 0);
  EXPECT_TRUE(exists("/half")) << "what is left is listed";
  ASSERT_SVAR_OK(svar_store_clean("/half", nullptr, true, nullptr));
  EXPECT_EQ(directory_.files().size(), 1u);
  ASSERT_SVAR_OK(svar_store_clean("/half", nullptr, false, nullptr));
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Clean, RemovesAStoreWithoutAReaderTableAndFilesThatAreNoStore)
{
  leave("/half");
  ASSERT_EQ(unlink(path_of("half", ".readers").c_str()), 0);
  ASSERT_SVAR_OK(svar_store_clean("/half", nullptr, false, nullptr));
  std::ofstream(path_of("junk", ".state")) << "not a store";
  ASSERT_SVAR_OK(svar_store_clean("/junk", nullptr, false, nullptr));
  EXPECT_TRUE(directory_.files().empty());
}

TEST_F(Clean, RemovesWhatHasALongNameThatCanNoLongerBeRead)
{
  std::string longest = "/" + std::string(254, 'n');
  leave(longest.c_str());
  for (const std::string &file : directory_.files()) {
    if (file.find(".state") != std::string::npos) {
      ASSERT_EQ(truncate((directory_.path() + "/" + file).c_str(), 0), 0);
    }
  }
  std::string cut;
  ASSERT_SVAR_OK(svar_store_list(
      nullptr,
      [](const char *name, uid_t, void *context) {
        *static_cast<std::string *>(context) = name;
        return true;
      },
      &cut));
  ASSERT_NE(cut.find('~'), std::string::npos) << cut;
  ASSERT_SVAR_OK(svar_store_clean(cut.c_str(), nullptr, false, nullptr));
  for (const char *outside : {"/../x~y", "/~/../../x", "~"}) {
    svar_ret_t ret = svar_store_clean(outside, nullptr, false, nullptr);
    EXPECT_TRUE(ret == SVAR_ERR_ARGUMENT || ret == SVAR_ERR_NOT_FOUND) << outside;
  }
}

TEST_F(Clean, DoesNotFollowALinkNorRemoveADirectory)
{
  directory_.allow_leftovers();
  std::string target = directory_.path() + "/target";
  std::ofstream(target) << "precious";
  ASSERT_EQ(symlink(target.c_str(), path_of("linked", ".state").c_str()), 0);
  EXPECT_NE(SVAR_OK, svar_store_clean("/linked", nullptr, false, nullptr));
  ASSERT_EQ(mkdir(path_of("folder", ".state").c_str(), 0700), 0);
  EXPECT_NE(SVAR_OK, svar_store_clean("/folder", nullptr, false, nullptr));
  EXPECT_EQ(access(target.c_str(), F_OK), 0);
  EXPECT_EQ(rmdir(path_of("folder", ".state").c_str()), 0);
}

TEST_F(Clean, AnotherUsersStoreIsRefused)
{
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become another user";
  }
  leave("/others");
  ASSERT_EQ(chmod(directory_.path().c_str(), 0777), 0);
  Child stranger([&] {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.owner = 0;
    bool is_refused = setgid(65534) == 0 && setuid(65534) == 0 &&
                      svar_store_clean("/others", &options, false, nullptr) == SVAR_ERR_PERMISSION;
    return is_refused && strstr(svar_error_message(), "user 0") != nullptr ? 0 : 1;
  });
  EXPECT_EQ(stranger.wait(), 0);
  EXPECT_EQ(directory_.files().size(), 2u);
  EXPECT_SVAR_OK(svar_store_clean("/others", nullptr, false, nullptr));
}

// Whoever creates or opens a store while it is cleaned finds it whole or not at all.
TEST_F(Clean, BesideCreatorsAndReadersNobodyIsEverRefusedOrShownHalf)
{
  std::atomic<bool> is_over{false};
  std::atomic<int> cleaned{0}, opened{0};
  std::thread cleaner([&] {
    while (!is_over) {
      svar_ret_t ret = svar_store_clean("/raced", nullptr, false, nullptr);
      cleaned += ret == SVAR_OK;
      EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NOT_FOUND || ret == SVAR_ERR_HELD ||
                  ret == SVAR_ERR_BUSY)
          << svar_error_message();
    }
  });
  Child reader([&] {
    for (int i = 0; i < 2000; i++) {
      svar_store_t *store = nullptr;
      svar_ret_t ret = svar_store_open("/raced", nullptr, &store);
      if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) {
        fprintf(stderr, "open: %s: %s\n", svar_ret_name(ret), svar_error_message());
        return 1;
      }
      svar_store_close(store);
    }
    return 0;
  });
  for (int i = 0; i < 300; i++) {
    svar_store_t *store = nullptr;
    ASSERT_SVAR_OK(svar_store_create("/raced", nullptr, &store)) << "round " << i;
    Store held(store);
    Variable weight = i % 2 == 0 && svar_store_count(store) == 0
                          ? make_variable<float>(held, "weight", {1})
                          : Variable();
    opened++;
  }
  EXPECT_EQ(reader.wait(), 0);
  is_over = true;
  cleaner.join();
  EXPECT_GT(cleaned, 0);
  svar_ret_t last = svar_store_clean("/raced", nullptr, false, nullptr);
  EXPECT_TRUE(last == SVAR_OK || last == SVAR_ERR_NOT_FOUND) << svar_error_message();
}

TEST_F(Clean, TheReadersOfAStoreCanBeSeenWithWhatTheyUse)
{
  Store store = create_store("/seen");
  Variable weight = make_variable<float>(store, "weight", {1});
  Signal pinned, go;
  Child reader([&] {
    Store own = open_store("/seen");
    Variable variable = find(own, "weight");
    svar_value_t view = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &view));
    pinned.raise();
    go.wait();
    svar_value_release(&view);
    return 0;
  });
  pinned.wait();
  ASSERT_SVAR_OK(set<float>(weight, {2}));
  std::vector<svar_store_reader_t> readers;
  auto collect = [](const svar_store_reader_t *found, void *context) {
    static_cast<std::vector<svar_store_reader_t> *>(context)->push_back(*found);
    return true;
  };
  ASSERT_SVAR_OK(svar_store_readers(store.get(), collect, &readers));
  ASSERT_EQ(readers.size(), 2u);
  EXPECT_TRUE(readers[0].is_self && readers[0].is_holder && readers[0].is_alive);
  EXPECT_EQ(readers[1].pid, reader.pid());
  EXPECT_STREQ(readers[1].program, "test_clean");
  EXPECT_TRUE(readers[1].is_alive);
  EXPECT_FALSE(readers[1].is_holder);
  EXPECT_EQ(readers[1].pin_count, 1u);
  EXPECT_EQ(readers[1].oldest_version, 1u);
  reader.kill(SIGKILL);
  reader.wait();
  readers.clear();
  ASSERT_SVAR_OK(svar_store_readers(store.get(), collect, &readers));
  ASSERT_EQ(readers.size(), 2u);
  EXPECT_FALSE(readers[1].is_alive);
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

} // namespace
