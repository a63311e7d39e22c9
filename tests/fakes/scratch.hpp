// A segment directory of a test's own, handles that close themselves, and child processes.
#ifndef SVAR_TESTS_SCRATCH_HPP
#define SVAR_TESTS_SCRATCH_HPP

#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "fakes/asleep.hpp"
#include "shared_variable/shared_variable.h"

namespace svar_test
{

#define ASSERT_SVAR_OK(call) ASSERT_EQ(SVAR_OK, (call)) << svar_error_message()
#define EXPECT_SVAR_OK(call) EXPECT_EQ(SVAR_OK, (call)) << svar_error_message()
/// The call fails with this code, and its sentence says `text`.
#define EXPECT_SVAR_FAILS(code, text, call)                                                        \
  do {                                                                                             \
    EXPECT_EQ(code, (call)) << svar_error_message();                                               \
    EXPECT_NE(std::string(svar_error_message()).find(text), std::string::npos)                     \
        << svar_error_message();                                                                   \
  } while (0)

/// A directory that is a segment directory for one test, and must be empty at its end.
class ScratchDirectory
{
public:
  ScratchDirectory()
  {
    char path[] = "/dev/shm/svar_test.XXXXXX";
    path_ = mkdtemp(path);
    setenv("SVAR_SEGMENT_DIR", path_.c_str(), 1);
  }
  ~ScratchDirectory()
  {
    unsetenv("SVAR_SEGMENT_DIR");
    if (expect_empty_) {
      EXPECT_EQ(stores(), std::vector<std::string>()) << "left behind in the segment directory";
    }
    std::error_code error;
    std::filesystem::remove_all(path_, error); // what a test hid there, too
  }
  ScratchDirectory(const ScratchDirectory &) = delete;
  ScratchDirectory &operator=(const ScratchDirectory &) = delete;

  const std::string &path() const
  {
    return path_;
  }
  /// For tests that leave stores on purpose.
  void allow_leftovers()
  {
    expect_empty_ = false;
  }
  /// The files but endpoints of components, which those that a test kills leave to the next one.
  std::vector<std::string> stores() const
  {
    std::vector<std::string> names;
    for (const std::string &file : files()) {
      if (file.find(".component_container") == std::string::npos) {
        names.push_back(file);
      }
    }
    return names;
  }
  std::vector<std::string> files() const
  {
    std::vector<std::string> names;
    DIR *stream = opendir(path_.c_str());
    for (dirent *entry = stream ? readdir(stream) : nullptr; entry; entry = readdir(stream)) {
      if (entry->d_name[0] != '.') {
        names.push_back(entry->d_name);
      }
    }
    if (stream) {
      closedir(stream);
    }
    return names;
  }

private:
  std::string path_;
  bool expect_empty_ = true;
};

struct StoreCloser {
  void operator()(svar_store_t *store) const
  {
    svar_store_close(store);
  }
};
struct VariableUnref {
  void operator()(svar_variable_t *variable) const
  {
    svar_variable_unref(variable);
  }
};
using Store = std::unique_ptr<svar_store_t, StoreCloser>;
using Variable = std::unique_ptr<svar_variable_t, VariableUnref>;

inline Store
create_store(const char *name, const svar_store_options_t *options = nullptr)
{
  svar_store_t *store = nullptr;
  EXPECT_SVAR_OK(svar_store_create(name, options, &store));
  return Store(store);
}

inline Store
open_store(const char *name)
{
  svar_store_t *store = nullptr;
  EXPECT_SVAR_OK(svar_store_open(name, nullptr, &store));
  return Store(store);
}

inline Variable
find(const Store &store, const char *name)
{
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_store_find(store.get(), name, &variable));
  return Variable(variable);
}

/// A vector as a source; it must outlive the call it is passed to.
template <typename T> struct DtypeOf;
template <> struct DtypeOf<int8_t> {
  static svar_dtype_t value()
  {
    return SVAR_INT8;
  }
};
template <> struct DtypeOf<float> {
  static svar_dtype_t value()
  {
    return SVAR_FLOAT32;
  }
};
template <> struct DtypeOf<double> {
  static svar_dtype_t value()
  {
    return SVAR_FLOAT64;
  }
};
template <> struct DtypeOf<uint64_t> {
  static svar_dtype_t value()
  {
    return SVAR_UINT64;
  }
};

template <typename T> class Array
{
public:
  explicit Array(std::vector<T> values) : values_(std::move(values))
  {
    shape_[0] = static_cast<int64_t>(values_.size());
    tensor_ = svar_tensor(DtypeOf<T>::value(), values_.data(), 1, shape_);
  }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  svar_source_t source() const
  {
    return svar_array(&tensor_);
  }
  std::vector<T> &values()
  {
    return values_;
  }

private:
  std::vector<T> values_;
  int64_t shape_[1];
  DLTensor tensor_;
};

template <typename T>
Variable
make_variable(const Store &store, const char *name, const std::vector<T> &values,
              svar_transaction_t *transaction = nullptr)
{
  Array<T> array(values);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store.get();
  options.transaction = transaction;
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(array.source(), &options, &variable));
  return Variable(variable);
}

template <typename T>
svar_ret_t
set(const Variable &variable, const std::vector<T> &values)
{
  Array<T> array(values);
  return svar_set_value(variable.get(), array.source(), SVAR_COPY);
}

template <typename T>
std::vector<T>
contents(const svar_value_t &value)
{
  const T *data = static_cast<const T *>(value.tensor.data);
  return std::vector<T>(data, data + svar_value_bytes(&value) / sizeof(T));
}

template <typename T>
std::vector<T>
get(const Variable &variable)
{
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_BORROW, &value));
  std::vector<T> copy = contents<T>(value);
  svar_value_release(&value);
  return copy;
}

/// Runs body in a forked child; its return value is the exit code. Killed at the end if still alive. What body throws
/// ends the child (SIGABRT): or else the copy of the test program there would go on with the next test.
class Child
{
public:
  explicit Child(const std::function<int()> &body)
  {
    let_others_sleep();
    pid_ = fork();
    if (pid_ == 0) {
      Run(body);
    }
  }
  ~Child()
  {
    if (pid_ > 0) {
      kill(SIGKILL);
      wait();
    }
  }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;

  pid_t pid() const
  {
    return pid_;
  }
  void kill(int signal)
  {
    ::kill(pid_, signal);
  }
  /// The exit code, or 128 + the signal that ended it.
  int wait()
  {
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, 0) != pid_) {
      return -1;
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

private:
  [[noreturn]] static void Run(const std::function<int()> &body) noexcept
  {
    _exit(body());
  }

  pid_t pid_ = -1;
};

/// Two processes tell each other to go on: one writes a byte, any, and the other waits for it.
class Signal
{
public:
  Signal()
  {
    EXPECT_EQ(pipe(ends_), 0);
  }
  ~Signal()
  {
    close(ends_[0]);
    close(ends_[1]);
  }
  Signal(const Signal &) = delete;
  Signal &operator=(const Signal &) = delete;
  void raise(char byte = 'x')
  {
    EXPECT_EQ(write(ends_[1], &byte, 1), 1);
  }
  char wait()
  {
    char byte = 0;
    EXPECT_EQ(read(ends_[0], &byte, 1), 1);
    return byte;
  }

private:
  int ends_[2];
};

} // namespace svar_test

#endif
