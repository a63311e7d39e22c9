// Whom the mode and group of a store let in. Root tries as other users; anybody else cannot.
#include <grp.h>
#include <sys/stat.h>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const uid_t STRANGER = 65534;
const gid_t GROUP = 54321; // of nobody's, so that only setgroups() puts a process into it

class Permission : public testing::Test
{
protected:
  void SetUp() override
  {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can become another user";
    }
    ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  }
  void TearDown() override
  {
    if (store_) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  void create(mode_t mode, const char *group)
  {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.mode = mode;
    options.group = group;
    store_ = create_store("/guarded", &options);
    make_variable<float>(store_, "weight", {1, 2});
  }
  struct stat state() const
  {
    struct stat status = {};
    EXPECT_EQ(stat((directory_.path() + "/svar.0.guarded.state").c_str(), &status), 0);
    return status;
  }
  // What a process of that user, in these groups, gets when it opens and reads the store.
  struct Answer {
    svar_ret_t ret;
    std::string sentence;
  };
  Answer open_as(uid_t user, std::vector<gid_t> groups)
  {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    Child child([&] {
      gid_t first = groups.empty() ? STRANGER : groups[0];
      if (setgroups(groups.size(), groups.data()) != 0 || setgid(first) != 0 || setuid(user) != 0) {
        return 255;
      }
      svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
      options.owner = 0;
      svar_store_t *store = nullptr;
      svar_ret_t ret = svar_store_open("/guarded", &options, &store);
      std::string sentence = ret == SVAR_OK ? "" : svar_error_message();
      if (ret == SVAR_OK) {
        Store own(store);
        svar_transaction_t *transaction = nullptr;
        if (get<float>(find(own, "weight")) != std::vector<float>{1, 2} ||
            svar_transaction_begin(store, &transaction) != SVAR_ERR_READ_ONLY) {
          return 254;
        }
      }
      return write(ends[1], sentence.data(), sentence.size()) == (ssize_t)sentence.size() ? (int)ret
                                                                                          : 253;
    });
    int code = child.wait();
    close(ends[1]);
    char text[2048];
    ssize_t length = read(ends[0], text, sizeof(text));
    close(ends[0]);
    return {static_cast<svar_ret_t>(code), std::string(text, length > 0 ? (size_t)length : 0)};
  }
  ScratchDirectory directory_;
  Store store_;
};

TEST_F(Permission, OfTheOwnerAloneLetsNobodyElseIn)
{
  create(0600, nullptr);
  EXPECT_EQ(state().st_mode & 07777, 0600u);
  Answer answer = open_as(STRANGER, {GROUP});
  EXPECT_EQ(answer.ret, SVAR_ERR_PERMISSION);
  EXPECT_NE(answer.sentence.find("guarded.state"), std::string::npos) << answer.sentence;
  EXPECT_NE(answer.sentence.find("Permission denied"), std::string::npos) << answer.sentence;
  EXPECT_NE(answer.sentence.find("group or mode"), std::string::npos) << answer.sentence;
  EXPECT_EQ(open_as(0, {0}).ret, SVAR_OK);
}

TEST_F(Permission, TheDefaultLetsTheGroupRead)
{
  create(0, std::to_string(GROUP).c_str());
  EXPECT_EQ(state().st_mode & 07777, 0640u);
  EXPECT_EQ(state().st_gid, GROUP);
  Answer member = open_as(STRANGER, {GROUP});
  EXPECT_EQ(member.ret, SVAR_OK) << member.sentence;
  EXPECT_EQ(open_as(STRANGER, {}).ret, SVAR_ERR_PERMISSION);
}

TEST_F(Permission, AStateFileThatAllMayReadNeedsTheGroupForItsReaderTable)
{
  create(0644, std::to_string(GROUP).c_str());
  EXPECT_EQ(open_as(STRANGER, {GROUP}).ret, SVAR_OK);
  Answer stranger = open_as(STRANGER, {});
  EXPECT_EQ(stranger.ret, SVAR_ERR_PERMISSION) << "pins must be written by those who read";
  EXPECT_NE(stranger.sentence.find("guarded.readers"), std::string::npos) << stranger.sentence;
}

TEST_F(Permission, AGroupIsGivenByNameOrNumber)
{
  const struct group *nobody = getgrgid(STRANGER);
  ASSERT_NE(nobody, nullptr);
  std::string name = nobody->gr_name;
  create(0640, name.c_str());
  EXPECT_EQ(state().st_gid, STRANGER);
  EXPECT_EQ(open_as(STRANGER, {STRANGER}).ret, SVAR_OK);
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  svar_store_t *none = nullptr;
  for (const char *wrong : {"no_such_group", "12x", "-1", "4294967295", "99999999999999999999"}) {
    options.group = wrong;
    EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, wrong, svar_store_create("/none", &options, &none));
  }
}

TEST_F(Permission, AnotherUserCannotHoldOrReplaceTheStore)
{
  create(0666, nullptr);
  Child stranger([&] {
    svar_store_t *store = nullptr;
    if (setgroups(0, nullptr) != 0 || setgid(STRANGER) != 0 || setuid(STRANGER) != 0) {
      return 255;
    }
    // In this directory it may make no file at all, not even of its own store of that name.
    return (int)svar_store_create("/guarded", nullptr, &store);
  });
  EXPECT_EQ(stranger.wait(), SVAR_ERR_PERMISSION);
  EXPECT_EQ(get<float>(find(store_, "weight")), (std::vector<float>{1, 2}));
}

} // namespace
