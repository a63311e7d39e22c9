#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <thread>

#include "shared_variable/error.h"

namespace
{

TEST(Error, EveryCodeHasItsOwnNameAndNumber)
{
  std::set<std::string> names;
  std::set<int> values;
#define ADD(name, value, text)                                                                     \
  names.insert(svar_ret_name(name));                                                               \
  values.insert(name);                                                                             \
  EXPECT_STREQ(svar_ret_name(name), #name);                                                        \
  EXPECT_STREQ(svar_ret_text(name), text);
  SVAR_RET_LIST(ADD)
#undef ADD
  EXPECT_EQ(names.size(), values.size());
  EXPECT_STREQ(svar_ret_name(static_cast<svar_ret_t>(9999)), "SVAR_RET_UNKNOWN");
}

TEST(Error, AFailureReturnsItsCodeAndKeepsItsSentenceAndErrno)
{
  errno = ENOSPC;
  EXPECT_EQ(svar_fail(SVAR_ERR_NO_SPACE, "store '%s' needs %d bytes", "/a", 7), SVAR_ERR_NO_SPACE);
  EXPECT_STREQ(svar_error_message(), "store '/a' needs 7 bytes");
  EXPECT_EQ(errno, ENOSPC);
}

TEST(Error, ContextComesBeforeTheSentence)
{
  (void)svar_fail(SVAR_ERR_NOT_FOUND, "no such file");
  svar_fail_context("opening '%s'", "x.safetensors");
  EXPECT_STREQ(svar_error_message(), "opening 'x.safetensors': no such file");
}

TEST(Error, ASentenceMayQuoteTheEarlierOne)
{
  (void)svar_fail(SVAR_ERR_VALUE, "inner");
  (void)svar_fail(SVAR_ERR_TYPE, "outer (%s)", svar_error_message());
  EXPECT_STREQ(svar_error_message(), "outer (inner)");
}

TEST(Error, AnEndlessSentenceIsCutNotOverrun)
{
  std::string endless(5000, 'x');
  (void)svar_fail(SVAR_ERR_VALUE, "%s", endless.c_str());
  EXPECT_EQ(std::string(svar_error_message()).size(), 1023u);
}

TEST(Error, EachThreadHasItsOwnSentence)
{
  (void)svar_fail(SVAR_ERR_VALUE, "mine");
  std::thread([] { EXPECT_STREQ(svar_error_message(), ""); }).join();
  EXPECT_STREQ(svar_error_message(), "mine");
}

} // namespace
