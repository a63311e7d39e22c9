#include <signal.h>

#include <atomic>
#include <future>
#include <thread>

#include "fakes/asleep.hpp"
#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

const int64_t LONG_NS = 60 * INT64_C(1000000000);

class Wait : public testing::Test
{
protected:
  Wait()
      : store_(create_store("/wait")), weight_(make_variable<float>(store_, "weight", {1})),
        reader_(open_store("/wait"))
  {
  }
  ~Wait() override
  {
    if (!removed_) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
  }
  ScratchDirectory directory_;
  Store store_;
  Variable weight_;
  Store reader_;
  bool removed_ = false;
};

TEST_F(Wait, ReturnsAtOnceForAVersionThatIsThere)
{
  uint64_t version = 0;
  EXPECT_SVAR_OK(svar_store_wait(reader_.get(), 0, -1, &version));
  EXPECT_EQ(version, 1u);
}

TEST_F(Wait, TimesOut)
{
  EXPECT_EQ(SVAR_TIMEOUT, svar_store_wait(reader_.get(), 1, 0, nullptr));
  EXPECT_EQ(SVAR_TIMEOUT, svar_store_wait(reader_.get(), 1, 1000000, nullptr));
}

TEST_F(Wait, AnotherProcessSeesEveryCommitThatWakesIt)
{
  Signal ready;
  Child waiter([&] {
    Store store = open_store("/wait");
    uint64_t version = 1;
    ready.raise();
    while (version < 200) {
      uint64_t next = 0;
      if (svar_store_wait(store.get(), version, LONG_NS, &next) != SVAR_OK || next <= version) {
        return 1;
      }
      version = next;
    }
    return 0;
  });
  ready.wait();
  for (float i = 1; i < 200; i++) {
    ASSERT_SVAR_OK(set<float>(weight_, {i}));
  }
  EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(Wait, PingPongOfTwoProcessesLosesNoWakeUp)
{
  enum { ROUNDS = 2000 };
  Store other = create_store("/other");
  Variable answer = make_variable<float>(other, "answer", {0});
  Signal ready, theirs;
  // ThreadSanitizer takes the thread of a store that a child makes for one that the parent has, and gives up.
  svar_store_options_t without_thread = SVAR_STORE_OPTIONS_INIT;
  without_thread.no_service = true;
  Child partner([&] {
    Store ping = open_store("/wait");
    Store pong = create_store("/pong", &without_thread);
    Variable variable = make_variable<float>(pong, "answer", {0});
    ready.raise();
    theirs.wait();
    for (uint64_t i = 1; i <= ROUNDS; i++) {
      if (svar_store_wait(ping.get(), i, LONG_NS, nullptr) != SVAR_OK ||
          set<float>(variable, {static_cast<float>(i)}) != SVAR_OK) {
        return 1;
      }
    }
    theirs.wait();
    return svar_store_remove(pong.get()) == SVAR_OK ? 0 : 2;
  });
  ready.wait();
  Store pong = open_store("/pong");
  theirs.raise();
  for (uint64_t i = 1; i <= ROUNDS; i++) {
    ASSERT_SVAR_OK(set<float>(weight_, {static_cast<float>(i)}));
    ASSERT_SVAR_OK(svar_store_wait(pong.get(), i, LONG_NS, nullptr));
  }
  theirs.raise();
  EXPECT_EQ(partner.wait(), 0);
  EXPECT_SVAR_OK(svar_store_remove(other.get()));
}

TEST_F(Wait, ASignalHandlerInterruptsIt)
{
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  struct sigaction before = {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> done{false};
  svar_ret_t ret = SVAR_OK;
  std::thread waiter([&] {
    ret = svar_store_wait(reader_.get(), 1, LONG_NS, nullptr);
    done = true;
  });
  while (!done) { // until one of them arrives while it sleeps
    pthread_kill(waiter.native_handle(), SIGUSR1);
    std::this_thread::yield();
  }
  waiter.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(ret, SVAR_INTERRUPTED);
}

TEST_F(Wait, TheRemovalOfTheStoreEndsIt)
{
  svar_ret_t ret = SVAR_OK;
  std::string sentence;
  std::thread waiter([&] {
    ret = svar_store_wait(reader_.get(), 1, -1, nullptr);
    sentence = svar_error_message();
  });
  ASSERT_SVAR_OK(svar_store_remove(store_.get()));
  removed_ = true;
  waiter.join();
  EXPECT_EQ(ret, SVAR_ERR_STALE);
  EXPECT_NE(sentence.find("/wait"), std::string::npos);
}

TEST_F(Wait, FilesThatVanishAreNoticed)
{
  for (const std::string &file : directory_.files()) {
    ASSERT_EQ(unlink((directory_.path() + "/" + file).c_str()), 0);
  }
  EXPECT_EQ(SVAR_ERR_STALE, svar_store_wait(reader_.get(), 1, -1, nullptr));
  EXPECT_EQ(get<float>(find(reader_, "weight")), std::vector<float>{1}) << "what is mapped stays";
}

TEST_F(Wait, AHandleThatIsClosedEndsIt)
{
  if (!can_see_threads()) {
    GTEST_SKIP() << "this kernel does not tell what a thread waits for";
  }
  for (bool is_holder : {false, true}) {
    svar_store_t *store = nullptr;
    ASSERT_SVAR_OK(is_holder ? svar_store_create_private("/waited", nullptr, &store)
                             : svar_store_open("/wait", nullptr, &store));
    std::promise<pid_t> begins;
    std::future<svar_ret_t> waits = std::async(std::launch::async, [&] {
      begins.set_value(gettid());
      return svar_store_wait(store, svar_store_version(store), -1, nullptr);
    });
    wait_until_asleep(begins.get_future().get(), false);
    svar_store_close(store);
    EXPECT_EQ(waits.get(), SVAR_ERR_STATE);
  }
}

TEST(WaitWithoutAStore, TheEndOfAVariableIsAVersionThatWatchersAreToldOf)
{
  svar_variable_t *variable = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_float(1), nullptr, &variable));
  Variable kept(variable);
  svar_store_t *store = svar_variable_store(variable);
  ASSERT_SVAR_OK(svar_shared(svar_float(2), nullptr, &variable));
  int fd = -1;
  ASSERT_SVAR_OK(svar_store_watch_fd(store, &fd));
  uint64_t version = svar_store_version(store);
  uint64_t count;
  while (read(fd, &count, sizeof(count)) > 0) { // what came before
  }
  svar_variable_unref(variable);
  ASSERT_SVAR_OK(svar_store_wait(store, version, 0, nullptr));
  EXPECT_EQ(read(fd, &count, sizeof(count)), 8);
}

} // namespace
