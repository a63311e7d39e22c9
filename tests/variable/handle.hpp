// A reference to a shared variable on a fake container, given back at the end of the scope.
#ifndef TESTS_VARIABLE_HANDLE_HPP
#define TESTS_VARIABLE_HANDLE_HPP

#include <gtest/gtest.h>

#include "arrays.hpp"
#include "fakes/failing_heap.hpp"
#include "variable/fake_container.h"

class Handle
{
public:
  Handle() = default;
  Handle(const svar_source_t &source, const svar_shared_options_t *options = nullptr)
  {
    EXPECT_EQ(svar_shared(source, options, &variable_), SVAR_OK) << svar_error_message();
  }
  ~Handle()
  {
    svar_variable_unref(variable_);
  }
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;

  operator svar_variable_t *() const
  {
    return variable_;
  }
  svar_variable_t **out()
  {
    return &variable_;
  }

private:
  svar_variable_t *variable_ = nullptr;
};

// A value read from a variable, released at the end of the scope.
class Read
{
public:
  explicit Read(svar_variable_t *variable, svar_borrow_t borrow = SVAR_COPY)
  {
    EXPECT_EQ(svar_get_value(variable, borrow, &value_), SVAR_OK) << svar_error_message();
  }
  ~Read()
  {
    svar_value_release(&value_);
  }
  Read(const Read &) = delete;
  Read &operator=(const Read &) = delete;

  svar_value_t *operator->()
  {
    return &value_;
  }
  template <typename T> T *data() const
  {
    return static_cast<T *>(value_.tensor.data);
  }
  template <typename T> std::vector<T> all() const
  {
    return std::vector<T>(data<T>(), data<T>() + svar_value_bytes(&value_) / sizeof(T));
  }

private:
  svar_value_t value_ = SVAR_VALUE_INIT;
};

// Every test has its own heap, and finds it empty at the end.
class WithFakeContainers : public ::testing::Test
{
protected:
  void SetUp() override
  {
    fake_containers_use(heap_.allocator());
  }
  void TearDown() override
  {
    fake_containers_none();
    EXPECT_EQ(heap_.live(), 0);
  }

  FailingHeap heap_;
};

inline svar_shared_options_t
options_named(const char *name)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  return options;
}

#endif
