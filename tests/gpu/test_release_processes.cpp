// Releases in a stream's order between processes: what a reader's work reads is kept from the holder until it is over, or
// the reader is. Each process loads the driver for itself, so that of the tests never does.
#include "gpu/on_stream.hpp"

using namespace svar_test;

namespace
{

const char *const NAME = "/release/shared";

class ReleaseOfProcesses : public ::testing::Test
{
protected:
  /// The holder sets the variable that often, and once for each word to do so; what comes of each is given.
  void hold(int times, const std::vector<svar_ret_t> &results)
  {
    holder_ = std::make_unique<Child>([this, times, results] {
      use_stand_in();
      Store store = create_store(NAME);
      Variable w;
      EXPECT_SVAR_OK(make_on_gpu(store.get(), &w));
      is_held_.raise();
      for (svar_ret_t result : results) {
        is_viewed_.wait();
        for (int i = 1; i <= times; i++) {
          EXPECT_EQ(set_all(w, static_cast<float>(i)), result) << svar_error_message();
        }
        is_written_.raise();
      }
      is_over_.wait();
      EXPECT_SVAR_OK(svar_store_remove(store.get()));
      w.reset();
      store.reset();
      EXPECT_EQ(stand_in().live(), 0);
      return HasFailure() ? 1 : 0;
    });
  }

  void have_written()
  {
    is_viewed_.raise();
    is_written_.wait();
  }

  void end()
  {
    is_over_.raise();
    EXPECT_EQ(holder_->wait(), 0);
  }

  ScratchDirectory directory_;
  Signal is_held_, is_viewed_, is_written_, is_over_;
  std::unique_ptr<Child> holder_;
};

/// A reader: a store, a variable on the device, and a stream of its own.
class Reader : public OnDevice
{
public:
  Reader()
  {
    SetUp();
    store_ = open_store(NAME);
    w_ = find(store_, "w");
  }
  void TestBody() override {}
  void end()
  {
    w_.reset();
    store_.reset();
    TearDown();
  }
  svar_value_t view()
  {
    svar_value_t view = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_device_view(w_.get(), &view));
    return view;
  }
  svar_ret_t release(svar_value_t *view)
  {
    return svar_value_release_after(view, stream_.stream);
  }

  using OnDevice::stream_;
  Store store_;
  Variable w_;
};

TEST_F(ReleaseOfProcesses, TheHolderWritesNothingThatAReadersWorkReads)
{
  hold(40, {SVAR_OK}); // more versions than a ring has
  in_a_child([this] {
    is_held_.wait();
    Reader reader;
    svar_value_t value = reader.view();
    Floats found;
    Gate gate(reader.stream_);
    enqueue_read(reader.stream_, value.tensor.data, &found);
    ASSERT_SVAR_OK(reader.release(&value));
    have_written();
    gate.open();
    reader.end(); // waits for the work
    EXPECT_EQ(found, Floats(COUNT, 0));
  });
  end();
}

TEST_F(ReleaseOfProcesses, AReaderThatIsKilledKeepsNothing)
{
  const int versions = 15; // and the newest: all that a variable can have
  std::vector<svar_ret_t> results(versions, SVAR_OK);
  results.push_back(SVAR_ERR_BUSY); // as long as the reader lives
  results.push_back(SVAR_OK);
  hold(1, results);
  Signal has_all;
  Child reader_process([&] {
    is_held_.wait();
    Reader reader;
    Gate gate(reader.stream_);
    for (int i = 0; i < versions; i++) {
      svar_value_t value = reader.view();
      EXPECT_SVAR_OK(reader.release(&value));
      have_written();
    }
    has_all.raise();
    pause();
    return 0;
  });
  has_all.wait();
  have_written();
  reader_process.kill(SIGKILL);
  EXPECT_EQ(reader_process.wait(), 128 + SIGKILL);
  have_written();
  end();
}

} // namespace
