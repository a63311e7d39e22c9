#include <gtest/gtest.h>
#include <string.h>

#include <set>
#include <string>

extern "C" {
#include "ipc/store_name.h"
}

namespace
{

std::string
state_path(const std::string &name, uid_t owner = 7)
{
  svari_store_paths_t paths;
  EXPECT_EQ(SVAR_OK, svari_store_paths("/dir", name.c_str(), owner, &paths))
      << svar_error_message();
  return paths.state;
}

TEST(StoreName, MapsNamesToFilesAndBack)
{
  EXPECT_EQ(state_path("/policy/weights"), "/dir/svar.7.policy.weights.state");
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner = 0;
  bool is_whole = false;
  ASSERT_TRUE(svari_store_name_parse("svar.7.policy.weights.state", name, &owner, &is_whole));
  EXPECT_STREQ(name, "/policy/weights");
  EXPECT_EQ(owner, 7u);
  EXPECT_TRUE(is_whole);
}

TEST(StoreName, NoTwoNamesShareAFile)
{
  std::string stem = "/" + std::string(170, 'a');
  const std::string names[] = {"/a",
                               "/a/b",
                               "/a_b",
                               "/ab",
                               "/A/b",
                               stem + "/x" + std::string(60, 'b'),
                               stem + "/y" + std::string(60, 'b'),
                               stem + "/x" + std::string(61, 'b')};
  std::set<std::string> paths;
  for (const std::string &name : names) {
    std::string path = state_path(name);
    EXPECT_TRUE(paths.insert(path).second) << name;
    EXPECT_LE(path.size() - std::string("/dir/").size(), 255u - 2u) << name;
  }
  EXPECT_NE(state_path("/a", 1), state_path("/a", 2));
}

TEST(StoreName, ALongNameIsMarkedAsHashed)
{
  std::string path = state_path("/" + std::string(250, 'a'));
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner;
  bool is_whole = true;
  ASSERT_TRUE(svari_store_name_parse(path.c_str() + 5, name, &owner, &is_whole));
  EXPECT_FALSE(is_whole);
}

TEST(StoreName, ASocketHasANameOfItsOwnThatAnAddressHasRoomFor)
{
  svari_store_paths_t paths;
  const std::string same = std::string(100, 'a');
  std::set<std::string> sockets;
  const std::string names[] = {"/policy/weights", "/policy_weights", "/" + same + "a",
                               "/" + same + "b", "/" + same + same};
  for (const std::string &name : names) {
    ASSERT_EQ(SVAR_OK,
              svari_store_paths("/proc/self/fd/1234567", name.c_str(), 4294967294u, &paths));
    EXPECT_LE(strlen(paths.socket), 107u) << paths.socket;
    EXPECT_TRUE(sockets.insert(paths.socket).second) << name;
  }
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner = 0;
  bool is_whole = false;
  ASSERT_TRUE(svari_store_socket_parse("svar.7.policy.weights.socket", name, &owner, &is_whole));
  EXPECT_STREQ(name, "/policy/weights");
  EXPECT_TRUE(is_whole);
}

TEST(StoreName, RefusesWhatIsNotAnAbsoluteRosName)
{
  for (const char *name : {"", "a", "/", "//a", "/a/", "/a//b", "/9a", "/a b", "/a-b", "/a.b",
                           "/a__b", "/../etc", "/\xc3\xa9"}) {
    EXPECT_EQ(SVAR_ERR_ARGUMENT, svari_store_name_check(name)) << name;
  }
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svari_store_name_check(("/" + std::string(255, 'a')).c_str()));
  for (const char *name : {"/a", "/_a", "/a_/b9", "/Robot_1/policy/weights"}) {
    EXPECT_EQ(SVAR_OK, svari_store_name_check(name)) << name;
  }
}

TEST(StoreName, ForeignFilesAreNotStores)
{
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner;
  bool is_whole;
  for (const char *file :
       {"", "svar", "svar.7.state", "svar.7..state", "svar.x.a.state", "sem.7.a.state",
        "svar.7.a.readers", "svar.7.a b.state", "svar.7.a..b.state", "svar.+7.a.state",
        "svar.007.a.state", "svar.-1.a.state", "svar.4294967296.a.state", "svar.7.a/b.state"}) {
    EXPECT_FALSE(svari_store_name_parse(file, name, &owner, &is_whole)) << file;
  }
}

TEST(StoreName, AFileWhoseNameIsTooLongToBeWholeIsNoStore)
{
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner;
  bool is_whole;
  std::string file = "svar.7." + std::string(220, 'a') + ".state";
  EXPECT_FALSE(svari_store_name_parse(file.c_str(), name, &owner, &is_whole));
}

TEST(StoreName, TheDirectoryComesFromTheArgumentThenTheEnvironment)
{
  setenv("SVAR_SEGMENT_DIR", "/from/environment", 1);
  EXPECT_STREQ(svari_segment_directory("/given"), "/given");
  EXPECT_STREQ(svari_segment_directory(nullptr), "/from/environment");
  unsetenv("SVAR_SEGMENT_DIR");
  EXPECT_STREQ(svari_segment_directory(nullptr), "/dev/shm");
}

} // namespace
