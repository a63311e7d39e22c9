// The host memory of a store that the driver is told of, for copies at full speed: which, when, and for how long. The
// stand-in ends the process when registered pages are not in memory, and refuses copies that span registered and other
// memory.
#include <thread>

#include "gpu/on_stream.hpp"

using namespace svar_test;

namespace
{

const int64_t MANY = 512 * 1024; // floats: 2 MiB

/// In private memory, and in a file that other processes map.
class Registration : public OnStream, public ::testing::WithParamInterface<svar_backing_t>
{
protected:
  void SetUp() override
  {
    OnStream::SetUp();
    host_ = make_variable<float>(store_, "host", Floats(MANY, 1));
  }

  void TearDown() override
  {
    host_.reset();
    if (store_ != nullptr) {
      EXPECT_SVAR_OK(svar_store_remove(store_.get()));
    }
    OnStream::TearDown();
  }

  Store make_store() override
  {
    return GetParam() == SVAR_BACKING_CPU ? OnStream::make_store() : create_store("/registered");
  }

  /// Sets the variable on the device from a view of the one in host memory.
  svar_ret_t copy_in()
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(host_.get(), SVAR_BORROW, &value));
    svar_ret_t ret = svar_set_value(w_.get(), svar_array(&value.tensor), SVAR_COPY);
    svar_value_release(&value);
    return ret;
  }

  /// Sets the variable in host memory to what the one on the device is, without a copy between.
  void copy_out()
  {
    svar_transaction_t *change = nullptr;
    svar_value_t hole = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
    ASSERT_SVAR_OK(svar_transaction_loan(change, host_.get(), nullptr, false, &hole));
    ASSERT_SVAR_OK(svar_get_value_into(w_.get(), &hole.tensor, nullptr));
    ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  }

  void set_host(int64_t count, float number)
  {
    ASSERT_SVAR_OK(svar_test::set(host_, Floats(count, number)));
  }

  static Floats get(const Variable &variable)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_COPY, &value));
    const float *data = static_cast<const float *>(value.tensor.data);
    Floats values(data, data + svar_value_bytes(&value) / sizeof(float));
    svar_value_release(&value);
    return values;
  }

  svar_store_info_t info()
  {
    svar_store_info_t info = {};
    EXPECT_SVAR_OK(svar_store_info(store_.get(), &info));
    return info;
  }

  ScratchDirectory directory_;
  Variable host_;
};

TEST_P(Registration, IsOfWhatIsCopiedAndDoneOnce)
{
  EXPECT_EQ(stand_in().registered(), 0u);
  int before = stand_in().registered_copies();
  for (int i = 1; i <= 3; i++) {
    ASSERT_SVAR_OK(copy_in());
    EXPECT_EQ(stand_in().registered(), MANY * sizeof(float));
    EXPECT_EQ(stand_in().registered_copies(), before + i);
  }
  EXPECT_EQ(info().registered_bytes, MANY * sizeof(float));
  EXPECT_EQ(info().refused_bytes, 0u);
  EXPECT_EQ(get(w_), Floats(MANY, 1));
}

TEST_P(Registration, IsOfLoansThatAreFilledFromTheDevice)
{
  ASSERT_SVAR_OK(svar_set_value(w_.get(), ::Array(Floats(MANY, 5), {MANY}).source(), SVAR_COPY));
  EXPECT_EQ(stand_in().registered(), 0u) << "an array of the caller's";
  int before = stand_in().registered_copies();
  copy_out();
  EXPECT_EQ(stand_in().registered_copies(), before + 1);
  EXPECT_EQ(stand_in().registered(), MANY * sizeof(float));
  EXPECT_EQ(get(host_), Floats(MANY, 5));
}

TEST_P(Registration, IsOfTwoBuffersThatTakeTurns)
{
  for (int i = 0; i < 20; i++) {
    set_host(MANY, static_cast<float>(i));
    ASSERT_SVAR_OK(copy_in());
    ASSERT_LE(stand_in().registered(), 2 * MANY * sizeof(float));
    ASSERT_EQ(get(w_), Floats(MANY, static_cast<float>(i)));
  }
  EXPECT_EQ(stand_in().registered(), 2 * MANY * sizeof(float));
}

TEST_P(Registration, IsNotOfSmallValuesNorOfSmallParts)
{
  set_host(100, 3);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_EQ(get(w_), Floats(100, 3));
  const int64_t large = 4 * MANY;
  set_host(large, 4);
  svar_value_t value = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(host_.get(), SVAR_BORROW, &value));
  const int64_t part = MANY;
  DLTensor slice = svar_tensor(SVAR_FLOAT32, value.tensor.data, 1, &part);
  slice.byte_offset = MANY * sizeof(float);
  ASSERT_SVAR_OK(svar_set_value(w_.get(), svar_array(&slice), SVAR_COPY));
  EXPECT_EQ(stand_in().registered(), 0u);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_EQ(stand_in().registered(), large * sizeof(float));
  ASSERT_SVAR_OK(
      svar_set_value(w_.get(), svar_array(&slice), SVAR_COPY)); // of what is registered now
  EXPECT_EQ(get(w_), Floats(MANY, 4));
  svar_value_release(&value);
}

// What goes back to the heap may be carved up anew, and its pages given back to the system.
TEST_P(Registration, EndsWhenABufferGoesBackToTheHeap)
{
  for (int i = 1; i < 9; i++) {
    int64_t count = (i % 3 == 0 ? 10 : i % 3) * MANY; // 2, 4 and 20 MiB: more than a heap keeps
    set_host(count, static_cast<float>(i));
    ASSERT_SVAR_OK(copy_in());
    ASSERT_LE(stand_in().registered(), info().memory_bytes);
    Floats found = get(w_);
    ASSERT_EQ(found.size(), static_cast<size_t>(count));
    ASSERT_EQ(found.front(), static_cast<float>(i));
    ASSERT_EQ(found.back(), static_cast<float>(i));
  }
  set_host(1, 0);
  set_host(1, 0);
  set_host(1, 0);
  EXPECT_EQ(stand_in().registered(), 0u);
  EXPECT_EQ(info().registered_bytes, 0u);
}

TEST_P(Registration, EndsWithTheStore)
{
  ASSERT_SVAR_OK(copy_in());
  copy_out();
  EXPECT_GT(stand_in().registered(), 0u);
  ASSERT_SVAR_OK(svar_store_remove(store_.get()));
  host_.reset();
  w_.reset();
  store_.reset();
  EXPECT_EQ(stand_in().registered(), 0u);
}

// A loan may be filled while another thread forks, or closes the store: what is filled is lost then, but not the memory
// under the copy.
TEST_P(Registration, EndsWhenNoCopyIsUnderWay)
{
  ASSERT_SVAR_OK(copy_in());
  svar_transaction_t *change = nullptr;
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_loan(change, host_.get(), nullptr, false, &hole));
  Gate gate(stream_);
  ASSERT_SVAR_OK(svar_transaction_follow(change, w_.get(), stream_.stream));
  std::thread filler([&] { EXPECT_SVAR_OK(svar_get_value_into(w_.get(), &hole.tensor, nullptr)); });
  std::thread opener([&] {
    usleep(40000); // the fork waits by now
    gate.open();
  });
  usleep(20000); // the copy is under way by now; if not, there is nothing to wait for
  Child child([] { return 0; });
  EXPECT_EQ(child.wait(), 0);
  filler.join();
  opener.join();
  svar_transaction_abort(change);
}

TEST_P(Registration, ThatIsRefusedMakesTheCopySlowerAndNoMore)
{
  stand_in().fail("cuMemHostRegister", 1, SVARI_CU_OUT_OF_MEMORY);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_TRUE(stand_in().has_failed());
  EXPECT_NE(std::string(svar_error_message()).find("making 2097152 bytes of the host known"),
            std::string::npos);
  EXPECT_EQ(get(w_), Floats(MANY, 1));
  EXPECT_EQ(info().registered_bytes, 0u);
  EXPECT_EQ(info().refused_bytes, MANY * sizeof(float));
  stand_in().fail("cuMemHostRegister", 1, SVARI_CU_OUT_OF_MEMORY);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_FALSE(stand_in().has_failed()) << "it was tried again";
  set_host(2 * MANY, 2); // in another buffer
  stand_in().fail(nullptr, 0, 0);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_EQ(stand_in().registered(), 2 * MANY * sizeof(float));
}

TEST_P(Registration, NoFailureOfTheDriverIsPublishedNorLeftBehind)
{
  bool has_failed = true;
  for (int nth = 1; has_failed; nth++) {
    float number = static_cast<float>(nth);
    uint64_t version = 0;
    set_host((1 + nth % 2) * MANY, number);
    version = svar_store_version(store_.get());
    stand_in().fail("*", nth, SVARI_CU_OUT_OF_MEMORY);
    svar_ret_t ret = copy_in();
    has_failed = stand_in().has_failed();
    stand_in().fail(nullptr, 0, 0);
    ASSERT_EQ(svar_store_version(store_.get()), version + (ret == SVAR_OK));
    if (ret == SVAR_OK) {
      ASSERT_EQ(get(w_)[0], number);
    }
  }
}

// A child shares the pages of private memory until one of the two writes them. (Its parent then has another one, and
// the GPU of the parent still the first.) A file's pages stay.
TEST_P(Registration, OfPrivateMemoryIsDoneAnewAfterAFork)
{
  ASSERT_SVAR_OK(copy_in());
  svar_value_t value = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(host_.get(), SVAR_BORROW, &value));
  Child child([&] {
    bool can_read = static_cast<const float *>(value.tensor.data)[MANY - 1] == 1;
    host_.reset();
    w_.reset();
    svar_store_close(store_.release()); // calls no driver
    return can_read ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  svar_value_release(&value);
  const size_t kept = GetParam() == SVAR_BACKING_CPU ? 0 : MANY * sizeof(float);
  EXPECT_EQ(stand_in().registered(), kept);
  EXPECT_EQ(info().registered_bytes, kept);
  set_host(MANY, 2);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_EQ(stand_in().registered(), kept + MANY * sizeof(float)); // of another buffer
  EXPECT_EQ(get(w_), Floats(MANY, 2));
}

// However many threads copy all the time.
TEST_P(Registration, AForkIsNotKeptWaitingByCopiesThatBeginMeanwhile)
{
  std::atomic<bool> is_over{false};
  std::vector<std::thread> copiers;
  stand_in().delay(2000); // most of the time of which is under way
  for (int i = 0; i < 4; i++) {
    copiers.emplace_back([&] {
      while (!is_over) {
        ASSERT_SVAR_OK(copy_in());
      }
    });
  }
  for (int i = 0; i < 5; i++) {
    Child child([] { return 0; });
    EXPECT_EQ(child.wait(), 0);
  }
  is_over = true;
  for (std::thread &copier : copiers) {
    copier.join();
  }
}

TEST_P(Registration, CopiesAndCommitsOfManyThreadsGoTogether)
{
  std::atomic<bool> is_over{false};
  std::thread forker([&] {
    while (!is_over) {
      Child child([] { return 0; });
      EXPECT_EQ(child.wait(), 0);
    }
  });
  std::thread copier([&] {
    while (!is_over) {
      ASSERT_SVAR_OK(copy_in());
    }
  });
  for (int i = 1; i <= 12; i++) {
    svar_ret_t ret = svar_test::set(host_, Floats((1 + i % 3) * MANY, static_cast<float>(i)));
    ASSERT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_BUSY) << svar_error_message();
  }
  is_over = true;
  copier.join();
  forker.join();
  ASSERT_SVAR_OK(copy_in());
  EXPECT_EQ(get(w_), get(host_));
}

// --- what is told ------------------------------------------------------------------------------------

TEST_P(Registration, MemoryOfDevicesIsTold)
{
  uint64_t before = info().device_memory_bytes;
  EXPECT_GT(before, 0u); // of w
  set_host(8 * MANY, 1);
  ASSERT_SVAR_OK(copy_in());
  EXPECT_GE(info().device_memory_bytes, before + MANY * sizeof(float));
  Store without;
  svar_store_t *store = nullptr;
  ASSERT_SVAR_OK(svar_store_create_private("/without", nullptr, &store));
  without.reset(store);
  svar_store_info_t none = {};
  ASSERT_SVAR_OK(svar_store_info(store, &none));
  EXPECT_EQ(none.device_memory_bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Backings, Registration,
                         ::testing::Values(SVAR_BACKING_CPU, SVAR_BACKING_IPC),
                         [](const ::testing::TestParamInfo<svar_backing_t> &info) {
                           return info.param == SVAR_BACKING_CPU ? "Private" : "Shared";
                         });

} // namespace
