// A program that loads the library with dlopen() and closes it while threads that used it are still there.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "shared_variable/shared_variable.h"

namespace
{

template <typename Function>
Function *
symbol(void *library, const char *name, Function *)
{
  return reinterpret_cast<Function *>(dlsym(library, name));
}
#define SYMBOL(name) symbol(library, #name, static_cast<decltype(name) *>(nullptr))

void
read_once(void *library)
{
  svar_variable_t *variable = nullptr;
  svar_value_t value = SVAR_VALUE_INIT;
  svar_source_t source = SYMBOL(svar_float)(1);
  ASSERT_EQ(SYMBOL(svar_shared)(source, nullptr, &variable), SVAR_OK);
  ASSERT_EQ(SYMBOL(svar_get_value)(variable, SVAR_BORROW, &value), SVAR_OK);
  SYMBOL(svar_value_release)(&value);
  SYMBOL(svar_variable_unref)(variable);
}

TEST(Unload, ThreadsEndAndProcessesForkAfterTheLibraryWasClosed)
{
  void *library = dlopen(SVAR_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  std::promise<void> has_read, was_closed;
  std::thread reader([&] {
    read_once(library);
    has_read.set_value();
    was_closed.get_future().wait();
  });
  has_read.get_future().wait();
  EXPECT_EQ(dlclose(library), 0);
  was_closed.set_value();
  reader.join(); // what it leaves in the reader table goes with it
  pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

} // namespace
