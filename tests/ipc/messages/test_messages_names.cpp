#include <gtest/gtest.h>

#include <string>

extern "C" {
#include "ipc/messages_names.h"
}

namespace
{

TEST(TopicName, IsAnAbsoluteRosName)
{
  for (const char *good : {"/a", "/cartpole/returns", "/_x/y_2", "/A/b/C"}) {
    EXPECT_EQ(svari_topic_check(good), SVAR_OK) << good;
  }
  for (const char *bad : {"", "/", "a", "a/b", "/a/", "//a", "/a//b", "/1a", "/a/2b", "/a-b",
                          "/a__b", "/a b", "/\xc3\xa4", "/a.b", "~/a"}) {
    EXPECT_EQ(svari_topic_check(bad), SVAR_ERR_ARGUMENT) << bad;
    EXPECT_NE(std::string(svar_error_message()).find(std::string("'") + bad + "'"),
              std::string::npos)
        << svar_error_message();
  }
}

TEST(TopicName, FitsIntoIceoryxsStrings)
{
  EXPECT_EQ(svari_topic_check(("/" + std::string(99, 'x')).c_str()), SVAR_OK);
  EXPECT_EQ(svari_topic_check(("/" + std::string(100, 'x')).c_str()), SVAR_ERR_ARGUMENT);
}

TEST(RuntimeName, IsAFileNameWhateverItIsMadeOf)
{
  for (const std::string &name :
       {std::string("actor"), std::string("/robot/a.b"), std::string("../../etc"), std::string(),
        std::string(5000, '\xff')}) {
    char made[SVARI_RUNTIME_NAME_BYTES];
    svari_runtime_name_make(name.c_str(), made);
    EXPECT_LE(std::string(made).size(), 99u);
    EXPECT_EQ(
        std::string(made).find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-"),
        std::string::npos)
        << made;
  }
}

TEST(RuntimeName, IsAnotherOneEachTime)
{
  char first[SVARI_RUNTIME_NAME_BYTES], second[SVARI_RUNTIME_NAME_BYTES];
  svari_runtime_name_make("actor", first);
  svari_runtime_name_make("actor", second);
  EXPECT_STRNE(first, second);
}

} // namespace
