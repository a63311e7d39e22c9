// Streams: order, copies, functions of the host, and that nothing is there before it is done.
#include <atomic>

#include "gpu/stand_in.hpp"

using namespace svar_test;

namespace
{

class Stream : public OnDevice
{
};

TEST_F(Stream, CopiesInWithinAndOut)
{
  svari_memory_t *from = memory(64);
  svari_memory_t *to = memory(64);
  write<int>(from->address, {1, 2, 3, 4});
  EXPECT_SVAR_OK(svari_stream_within_device(&stream_, to->address, from->address + 4, 8));
  EXPECT_SVAR_OK(svari_stream_zero(&stream_, to->address + 8, 8));
  EXPECT_EQ(read<int>(to->address, 4), (std::vector<int>{2, 3, 0, 0}));
}

// A hundred steps that each need the one before, with a delay between them.
TEST_F(Stream, DoesItsWorkInOrder)
{
  stand_in().delay(200);
  svari_memory_t *cells = memory(256 * sizeof(int));
  std::vector<int> start(256, 0);
  start[0] = 7;
  write(cells->address, start);
  for (int i = 0; i < 100; i++) {
    svari_cu_address_t cell = cells->address + i * sizeof(int);
    ASSERT_SVAR_OK(svari_stream_within_device(&stream_, cell + sizeof(int), cell, sizeof(int)));
  }
  EXPECT_EQ(read<int>(cells->address + 100 * sizeof(int), 1)[0], 7);
}

TEST_F(Stream, CallsAFunctionWhenWhatWasEnqueuedBeforeIsDone)
{
  stand_in().delay(2000);
  struct Seen {
    int value = 0;
    int at_call = -1;
  } seen;
  svari_memory_t *cell = memory(sizeof(int));
  write<int>(cell->address, {5});
  ASSERT_SVAR_OK(svari_stream_to_host(&stream_, &seen.value, cell->address, sizeof(int)));
  ASSERT_SVAR_OK(svari_stream_call(
      &stream_,
      [](void *context) {
        auto *s = static_cast<Seen *>(context);
        s->at_call = s->value;
      },
      &seen));
  ASSERT_SVAR_OK(svari_stream_synchronize(&stream_));
  EXPECT_EQ(seen.at_call, 5);
}

TEST_F(Stream, FunctionsOfTheHostMayNotCallTheDriver)
{
  struct Tried {
    svari_stream_t *stream;
    svar_ret_t ret = SVAR_OK;
  } tried{&stream_};
  ASSERT_SVAR_OK(svari_stream_call(
      &stream_,
      [](void *context) {
        auto *t = static_cast<Tried *>(context);
        t->ret = svari_stream_synchronize(t->stream);
      },
      &tried));
  ASSERT_SVAR_OK(svari_stream_synchronize(&stream_));
  EXPECT_EQ(tried.ret, SVAR_ERR_DEVICE);
}

// The second stream's work is done after the first's, although the first is kept from it until the second has
// its work.
TEST_F(Stream, FollowsAnother)
{
  svari_stream_t second = {};
  ASSERT_SVAR_OK(svari_stream_init(&second, device_));
  svari_memory_t *cell = memory(sizeof(int));
  write<int>(cell->address, {1});
  Signal gate;
  int news = 2;
  int seen = 0;
  ASSERT_SVAR_OK(svari_stream_call(
      &stream_, [](void *context) { static_cast<Signal *>(context)->wait(); }, &gate));
  ASSERT_SVAR_OK(svari_stream_to_device(&stream_, cell->address, &news, sizeof(news)));
  ASSERT_SVAR_OK(svari_stream_follow(&second, stream_.stream));
  ASSERT_SVAR_OK(svari_stream_to_host(&second, &seen, cell->address, sizeof(seen)));
  gate.raise();
  ASSERT_SVAR_OK(svari_stream_synchronize(&second));
  EXPECT_EQ(seen, 2);
  svari_stream_fini(&second);
}

TEST_F(Stream, IsNotFollowedWhicheverCallFails)
{
  svari_stream_t second = {};
  ASSERT_SVAR_OK(svari_stream_init(&second, device_));
  EXPECT_EQ(fail_each_call([&] { return svari_stream_follow(&second, stream_.stream); }), 4);
  svari_stream_fini(&second);
}

TEST_F(Stream, EveryCallTellsItsFailure)
{
  svari_cu_address_t address = memory(64)->address;
  char bytes[8] = {};
  std::vector<std::function<svar_ret_t()>> calls = {
      [&] { return svari_stream_to_device(&stream_, address, bytes, 8); },
      [&] { return svari_stream_to_host(&stream_, bytes, address, 8); },
      [&] { return svari_stream_within_device(&stream_, address + 8, address, 8); },
      [&] { return svari_stream_zero(&stream_, address, 8); },
      [&] {
        return svari_stream_call(
            &stream_, [](void *) {}, nullptr);
      },
      [&] { return svari_stream_synchronize(&stream_); },
  };
  for (const auto &call : calls) {
    EXPECT_EQ(fail_each_call(call), 1);
  }
}

TEST_F(Stream, ThatIsNotMadeLeavesNothing)
{
  svari_stream_t stream = {};
  stand_in().fail("cuStreamCreate", 1, SVARI_CU_OUT_OF_MEMORY);
  EXPECT_SVAR_FAILS(SVAR_ERR_NO_SPACE, "making a stream on GPU 0 (stand-in 0)",
                    svari_stream_init(&stream, device_));
  EXPECT_EQ(stream.device, nullptr);
  svari_stream_fini(&stream);
}

TEST_F(Stream, EndWaitsForItsWork)
{
  stand_in().delay(2000);
  svari_stream_t stream = {};
  std::atomic<int> calls{0};
  ASSERT_SVAR_OK(svari_stream_init(&stream, device_));
  for (int i = 0; i < 5; i++) {
    ASSERT_SVAR_OK(svari_stream_call(
        &stream, [](void *context) { ++*static_cast<std::atomic<int> *>(context); }, &calls));
  }
  svari_stream_fini(&stream);
  EXPECT_EQ(calls, 5);
  svari_stream_fini(&stream);
}

} // namespace
