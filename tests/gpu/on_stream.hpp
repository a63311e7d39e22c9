// A variable on a device of the stand-in's, its views, and streams that are kept from working.
#ifndef TESTS_GPU_ON_STREAM_HPP
#define TESTS_GPU_ON_STREAM_HPP

#include <sched.h>
#include <unistd.h>

#include <atomic>

#include "fakes/arrays.hpp"
#include "gpu/stand_in.hpp"
#include "shared_variable/shared_variable.h"

namespace svar_test
{

using Floats = std::vector<float>;

const int COUNT = 64; ///< of the elements of every value, which are all the same number

/// Keeps a stream from what is enqueued after it.
class Gate
{
public:
  explicit Gate(const svari_stream_t &stream)
  {
    EXPECT_SVAR_OK(svari_stream_call(&stream, wait, this));
  }
  ~Gate()
  {
    if (!is_open_) {
      open();
    }
    while (is_waiting_) { // it was told to go on, and may not have yet
      sched_yield();
    }
  }
  void open()
  {
    is_open_ = true;
    signal_.raise();
  }

private:
  static void wait(void *state)
  {
    Gate *gate = static_cast<Gate *>(state);
    gate->is_waiting_ = true;
    gate->signal_.wait();
    gate->is_waiting_ = false;
  }

  Signal signal_;
  bool is_open_ = false;
  std::atomic_bool is_waiting_{false};
};

/// The variable "w" of a store, on the GPU, and all zeros.
inline svar_ret_t
make_on_gpu(svar_store_t *store, Variable *out_variable)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store;
  options.name = "w";
  options.target = SVAR_TARGET_GPU;
  svar_variable_t *variable = nullptr;
  svar_ret_t ret = svar_shared(::Array(Floats(COUNT, 0), {COUNT}).source(), &options, &variable);
  out_variable->reset(variable);
  return ret;
}

inline svar_ret_t
set_all(const Variable &variable, float number)
{
  ::Array array(Floats(COUNT, number), {COUNT});
  return svar_set_value(variable.get(), array.source(), SVAR_COPY);
}

/// Views and snapshots of the store that are in use now.
inline uint32_t
pins_of(const Store &store)
{
  uint32_t count = 0;
  EXPECT_SVAR_OK(svar_store_readers(
      store.get(),
      [](const svar_store_reader_t *reader, void *context) {
        *static_cast<uint32_t *>(context) += reader->pin_count;
        return true;
      },
      &count));
  return count;
}

/// Enqueues a read of what is at data, and waits for nothing.
inline void
enqueue_read(const svari_stream_t &stream, const void *data, Floats *out_values)
{
  out_values->assign(COUNT, -1);
  EXPECT_SVAR_OK(svari_stream_to_host(&stream, out_values->data(),
                                      reinterpret_cast<svari_cu_address_t>(data),
                                      COUNT * sizeof(float)));
}

/// Makes work of the stream's fail for good when it gets there.
inline void
enqueue_failure(const svari_stream_t &stream)
{
  static float from = 0;
  EXPECT_SVAR_OK(svari_stream_to_device(&stream, 4096, &from, sizeof(from)));
}

class OnStream : public OnDevice
{
protected:
  void SetUp() override
  {
    OnDevice::SetUp();
    store_ = make_store();
    ASSERT_SVAR_OK(make_on_gpu(store_.get(), &w_));
  }

  virtual Store make_store()
  {
    svar_store_t *store = nullptr;
    EXPECT_SVAR_OK(svar_store_create_private("/release", nullptr, &store));
    return Store(store);
  }

  void TearDown() override
  {
    w_.reset();
    store_.reset();
    OnDevice::TearDown();
  }

  svar_ret_t set(float number)
  {
    return set_all(w_, number);
  }

  svar_value_t view()
  {
    svar_value_t view = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_device_view(w_.get(), &view));
    return view;
  }

  svar_snapshot_t snapshot()
  {
    svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
    EXPECT_SVAR_OK(svar_snapshot_begin(store_.get(), &snapshot));
    return snapshot;
  }

  svar_ret_t release(svar_value_t *view)
  {
    return svar_value_release_after(view, stream_.stream);
  }

  uint32_t pins()
  {
    return pins_of(store_);
  }

  /// What the driver's thread does comes a moment after the stream's work.
  void expect_pins(uint32_t count)
  {
    for (int i = 0; i < 2000 && pins() != count; i++) {
      usleep(1000);
    }
    EXPECT_EQ(pins(), count);
  }

  /// All work of the stream is done, and the views that it read are released.
  void settle()
  {
    expect_pins(0);
    EXPECT_SVAR_OK(svari_stream_synchronize(&stream_)); // for what it wrote to the host
  }

  Store store_;
  Variable w_;
};

} // namespace svar_test

#endif
