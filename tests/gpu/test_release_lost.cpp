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

// What is pending was viewed in memory of an earlier holder, on the same GPU.
TEST(ReleaseLost, EndsWhatIsPendingOnMemoryOfEarlierHoldersToo)
{
  ScratchDirectory directory;
  in_a_child([] {
    const char *name = "/release/lost";
    use_stand_in();
    svari_device_t *device = nullptr;
    svari_stream_t kept = {}, failing = {};
    ASSERT_SVAR_OK(svari_device_open(0, nullptr, &device));
    ASSERT_SVAR_OK(svari_stream_init(&kept, device));
    ASSERT_SVAR_OK(svari_stream_init(&failing, device));
    Store holder = create_store(name);
    Variable made;
    ASSERT_SVAR_OK(make_on_gpu(holder.get(), &made));
    Store reader = open_store(name);
    Variable w = find(reader, "w");
    svar_value_t pending = SVAR_VALUE_INIT, next = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_device_view(w.get(), &pending));
    Gate gate(kept);
    ASSERT_SVAR_OK(svar_value_release_after(&pending, kept.stream));
    made.reset();
    holder.reset();
    holder = create_store(name);
    made = find(holder, "w");
    ASSERT_SVAR_OK(set_all(made, 1));
    ASSERT_SVAR_OK(svar_get_device_view(w.get(), &next));
    EXPECT_EQ(pins_of(reader), 2u);
    enqueue_failure(failing);
    EXPECT_EQ(svari_stream_synchronize(&failing), SVAR_ERR_DEVICE);
    gate.open();
    EXPECT_EQ(svar_value_release_after(&next, kept.stream), SVAR_ERR_DEVICE);
    EXPECT_EQ(pins_of(reader), 1u);
    svar_value_release(&next);
    EXPECT_SVAR_OK(svar_store_remove(holder.get()));
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
