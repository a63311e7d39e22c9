#include "shared_variable/endpoint.h"

#include <grp.h>
#include <poll.h>
#include <sys/stat.h>

#include <functional>
#include <thread>

#include "fakes/failing_heap.hpp"
#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

// An endpoint of kind `test`, and what it was asked. It answers in reverse, or when it is told to.
class Endpoint
{
public:
  explicit Endpoint(const svar_allocator_t *allocator = nullptr)
  {
    svar_endpoint_options_t options = SVAR_ENDPOINT_OPTIONS_INIT;
    options.kind = "test";
    options.request = Take;
    options.context = this;
    options.allocator = allocator;
    ret = svar_endpoint_open(&options, &endpoint);
  }
  ~Endpoint()
  {
    svar_endpoint_close(endpoint);
  }
  Endpoint(const Endpoint &) = delete;
  Endpoint &operator=(const Endpoint &) = delete;

  void ServeUntil(const std::function<bool()> &is_done)
  {
    while (!is_done()) {
      pollfd wait = {svar_endpoint_fd(endpoint), POLLIN, 0};
      poll(&wait, 1, 10);
      svar_endpoint_serve(endpoint);
    }
  }
  void Answer(uint64_t caller, const std::string &text)
  {
    svar_endpoint_answer(endpoint, caller, text.data(), text.size());
  }

  svar_endpoint_t *endpoint = nullptr;
  svar_ret_t ret;
  bool answers_at_once = true;
  std::vector<std::pair<uint64_t, std::string>> requests;

private:
  static void Take(void *context, uint64_t caller, const void *bytes, size_t size_bytes)
  {
    Endpoint *self = static_cast<Endpoint *>(context);
    std::string text(static_cast<const char *>(bytes), size_bytes);
    self->requests.push_back({caller, text});
    if (self->answers_at_once) {
      self->Answer(caller, std::string(text.rbegin(), text.rend()));
    }
  }
};

std::vector<std::string>
Paths(uid_t owner = geteuid())
{
  std::vector<std::string> paths;
  auto visit = [](const char *path, void *context) {
    static_cast<std::vector<std::string> *>(context)->push_back(path);
    return true;
  };
  EXPECT_EQ(svar_endpoint_list(nullptr, "test", owner, visit, &paths), SVAR_OK);
  return paths;
}

struct Reply {
  svar_ret_t ret;
  std::string text;
};

Reply
Ask(const std::string &path, const std::string &text, int64_t timeout_ns = -1,
    uid_t owner = geteuid())
{
  std::vector<char> answer(SVAR_ENDPOINT_PACKET_BYTES);
  size_t size_bytes = 0;
  svar_ret_t ret = svar_endpoint_ask(path.c_str(), owner, timeout_ns, text.data(), text.size(),
                                     answer.data(), &size_bytes);
  return {ret, ret == SVAR_OK ? std::string(answer.data(), size_bytes) : svar_error_message()};
}

// Asks from another thread while this one serves.
Reply
AskAndServe(Endpoint &endpoint, const std::string &text)
{
  Reply reply;
  std::atomic<bool> is_done{false};
  std::string path = Paths().at(0);
  std::thread caller([&] {
    reply = Ask(path, text);
    is_done = true;
  });
  endpoint.ServeUntil([&] { return is_done.load(); });
  caller.join();
  return reply;
}

TEST(Endpoint, AnswersWhatItIsAsked)
{
  ScratchDirectory directory;
  Endpoint endpoint;
  ASSERT_EQ(endpoint.ret, SVAR_OK) << svar_error_message();
  EXPECT_EQ(AskAndServe(endpoint, "abc").text, "cba");
  std::string large(SVAR_ENDPOINT_PACKET_BYTES, 'x');
  EXPECT_EQ(AskAndServe(endpoint, large).text, large);
}

TEST(Endpoint, AnswersLaterAndInAnyOrder)
{
  ScratchDirectory directory;
  Endpoint endpoint;
  endpoint.answers_at_once = false;
  std::string path = Paths().at(0);
  Reply first, second;
  std::thread one([&] { first = Ask(path, "1"); });
  endpoint.ServeUntil([&] { return endpoint.requests.size() == 1; });
  std::thread other([&] { second = Ask(path, "2"); });
  endpoint.ServeUntil([&] { return endpoint.requests.size() == 2; });
  endpoint.Answer(endpoint.requests[1].first, "to 2");
  other.join();
  endpoint.Answer(endpoint.requests[0].first, "to 1");
  one.join();
  EXPECT_EQ(first.text, "to 1");
  EXPECT_EQ(second.text, "to 2");
  endpoint.Answer(endpoint.requests[0].first, "once more");
  endpoint.Answer(12345, "to nobody");
}

TEST(Endpoint, ACallerThatHasGoneIsNoFailure)
{
  ScratchDirectory directory;
  Endpoint endpoint;
  endpoint.answers_at_once = false;
  std::thread impatient(
      [&, path = Paths().at(0)] { EXPECT_EQ(Ask(path, "1", 1000000).ret, SVAR_TIMEOUT); });
  endpoint.ServeUntil([&] { return endpoint.requests.size() == 1; });
  impatient.join();
  endpoint.Answer(endpoint.requests[0].first, "late");
  endpoint.answers_at_once = true;
  EXPECT_EQ(AskAndServe(endpoint, "ab").text, "ba");
}

TEST(Endpoint, ManyOfOneKindAreListedAndLeaveNothing)
{
  ScratchDirectory directory;
  {
    Endpoint one, other;
    EXPECT_EQ(Paths().size(), 2U);
    EXPECT_EQ(Paths(geteuid() + 1).size(), 0U);
  }
  EXPECT_EQ(Paths().size(), 0U);
}

TEST(Endpoint, WhatAKilledProcessLeftIsRemovedByTheNext)
{
  ScratchDirectory directory;
  Child child([] {
    Endpoint endpoint;
    _exit(endpoint.ret == SVAR_OK ? 0 : 1);
    return 1;
  });
  EXPECT_EQ(child.wait(), 0);
  std::string left = Paths().at(0);
  EXPECT_EQ(Ask(left, "1").ret, SVAR_EMPTY);
  Endpoint next;
  ASSERT_EQ(Paths().size(), 1U);
  EXPECT_NE(Paths()[0], left);
}

TEST(Endpoint, OneThatEndsBeforeItAnswersIsSaid)
{
  ScratchDirectory directory;
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->answers_at_once = false;
  Reply reply;
  std::thread caller([&, path = Paths().at(0)] { reply = Ask(path, "1"); });
  endpoint->ServeUntil([&] { return endpoint->requests.size() == 1; });
  endpoint.reset();
  caller.join();
  EXPECT_EQ(reply.ret, SVAR_ERR_STATE) << reply.text;
}

TEST(Endpoint, ForOtherUsersItIsClosed)
{
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can become another user";
  }
  ScratchDirectory directory;
  ASSERT_EQ(chmod(directory.path().c_str(), 0755), 0);
  Endpoint endpoint;
  std::string path = Paths().at(0);
  Child stranger([&] {
    if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) {
      return 255;
    }
    return static_cast<int>(Ask(path, "1", -1, 0).ret == SVAR_ERR_PERMISSION ? 0 : 1);
  });
  EXPECT_EQ(stranger.wait(), 0);
  EXPECT_EQ(Ask(path, "1", -1, 65534).ret, SVAR_ERR_PERMISSION) << "it is not whose it must be";
}

TEST(Endpoint, WhatItIsOpenedWithIsChecked)
{
  ScratchDirectory directory;
  svar_endpoint_t *endpoint = nullptr;
  svar_endpoint_options_t options = SVAR_ENDPOINT_OPTIONS_INIT;
  options.request = [](void *, uint64_t, const void *, size_t) {};
  for (const char *kind : {static_cast<const char *>(nullptr), "", "a b", "../x",
                           "a_kind_that_is_longer_than_31_bytes"}) {
    options.kind = kind;
    EXPECT_EQ(svar_endpoint_open(&options, &endpoint), SVAR_ERR_ARGUMENT);
  }
  options.kind = "test";
  options.directory = "/nowhere";
  EXPECT_EQ(svar_endpoint_open(&options, &endpoint), SVAR_ERR_NOT_FOUND);
  EXPECT_EQ(endpoint, nullptr);
}

TEST(Endpoint, OpenSurvivesEveryFailedAllocation)
{
  ScratchDirectory directory;
  fail_each_allocation([](FailingHeap &heap) {
    svar_allocator_t allocator = heap.allocator();
    Endpoint endpoint(&allocator);
    EXPECT_TRUE(endpoint.ret == SVAR_OK || endpoint.ret == SVAR_ERR_NO_MEMORY);
    return endpoint.ret == SVAR_OK;
  });
}

} // namespace
