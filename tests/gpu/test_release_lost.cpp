// Releases that wait for work on a device that fails for good. Each test's device is a child process's, so that the
// tests' own never loads the driver.
#include <thread>

#include "gpu/on_stream.hpp"

using namespace svar_test;

namespace
{

/// What a test has, without being one.
class Session : public OnStream
{
public:
  explicit Session(const std::function<void(Session &)> &use)
  {
    SetUp();
    use(*this);
    TearDown();
  }
  void TestBody() override {}

  using OnStream::expect_pins;
  using OnStream::pins;
  using OnStream::release;
  using OnStream::store_;
  using OnStream::stream_;
  using OnStream::view;
  using OnStream::w_;
};

void
in_a_session(const std::function<void(Session &)> &use)
{
  in_a_child([&use] { Session session(use); });
}

TEST(ReleaseLost, WhatTheDeviceDoesNotEndIsEndedByWhoFindsOut)
{
  in_a_session([](Session &session) {
    svar_value_t pending = session.view();
    svar_value_t next = session.view();
    Gate gate(session.stream_);
    enqueue_failure(session.stream_);
    ASSERT_SVAR_OK(session.release(&pending));
    gate.open();
    EXPECT_EQ(svari_stream_synchronize(&session.stream_), SVAR_ERR_DEVICE);
    EXPECT_EQ(session.pins(), 2u);
    EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "this process can use the GPU no more",
                      session.release(&next));
    EXPECT_EQ(session.pins(), 1u);
    svar_value_release(&next);
  });
}

// A pin is another view's as soon as it is released.
TEST(ReleaseLost, WhatWasEndedIsNotEndedAgainForWhoHasThePinNow)
{
  in_a_session([](Session &session) {
    svar_value_t value = session.view();
    ASSERT_SVAR_OK(session.release(&value));
    session.expect_pins(0);
    svar_value_t next = session.view();
    svar_value_t third = session.view();
    enqueue_failure(session.stream_);
    EXPECT_EQ(svari_stream_synchronize(&session.stream_), SVAR_ERR_DEVICE);
    EXPECT_EQ(session.release(&third), SVAR_ERR_DEVICE);
    EXPECT_EQ(session.pins(), 2u);
    svar_value_release(&next);
    svar_value_release(&third);
  });
}

// One thread's release fails, and ends what is pending; another's is about to fail, and leaves its caller the pin.
TEST(ReleaseLost, WhoseReleaseFailsHasItsPinYet)
{
  in_a_session([](Session &session) {
    const unsigned count = 4;
    pthread_barrier_t together;
    pthread_barrier_init(&together, nullptr, count);
    enqueue_failure(session.stream_);
    EXPECT_EQ(svari_stream_synchronize(&session.stream_), SVAR_ERR_DEVICE);
    auto fail_to_release = [&](bool counts) {
      for (int round = 0; round < 5000; round++) {
        svar_value_t value = session.view();
        pthread_barrier_wait(&together);
        EXPECT_EQ(session.release(&value), SVAR_ERR_DEVICE);
        pthread_barrier_wait(&together);
        if (counts) {
          EXPECT_EQ(session.pins(), count);
        }
        pthread_barrier_wait(&together);
        svar_value_release(&value);
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; i++) {
      threads.emplace_back(fail_to_release, i == 0);
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
    pthread_barrier_destroy(&together);
  });
}

TEST(ReleaseLost, CloseDoesNotWaitForIt)
{
  in_a_session([](Session &session) {
    svar_value_t pending = session.view();
    Gate gate(session.stream_);
    enqueue_failure(session.stream_);
    ASSERT_SVAR_OK(session.release(&pending));
    gate.open();
    session.w_.reset();
    session.store_.reset();
  });
}

} // namespace
