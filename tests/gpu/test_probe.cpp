// The probe: on the stand-in, where it must find everything in order, and on this machine's GPU if it has one.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace
{

// What the probe prints with that driver ("": the machine's), and its exit code.
std::string
probe(const std::string &driver, const std::string &arguments, int *out_code)
{
  std::string command = "SVAR_GPU_DRIVER='" + driver + "' '" SVAR_PROBE "' " + arguments + " 2>&1";
  std::string text;
  FILE *pipe = popen(command.c_str(), "r");
  char part[4096];
  while (pipe != nullptr && fgets(part, sizeof(part), pipe) != nullptr) {
    text += part;
  }
  int status = pipe != nullptr ? pclose(pipe) : -1;
  *out_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return text;
}

TEST(Probe, FindsEverythingInOrderOnTheStandIn)
{
  int code = 0;
  std::string text = probe(SVAR_STAND_IN_DRIVER, "16", &code);
  EXPECT_EQ(code, 0) << text;
  EXPECT_EQ(text.find("FAILED"), std::string::npos) << text;
  EXPECT_NE(text.find("a write to a read-only mapping is refused"), std::string::npos) << text;
}

TEST(Probe, SaysWhyThereIsNoGpu)
{
  int code = 0;
  EXPECT_EQ(probe("/nowhere/libcuda.so.1", "", &code),
            "no GPU: there is no NVIDIA driver on this machine (/nowhere/libcuda.so.1: cannot open "
            "shared object file: No such file or directory): install driver 525 or a later one\n");
  EXPECT_EQ(code, 77);
}

TEST(Probe, FindsEverythingInOrderOnThisMachinesGpu)
{
  int code = 0;
  std::string text = probe("", "", &code);
  if (code == 77) {
    GTEST_SKIP() << text;
  }
  EXPECT_EQ(code, 0) << text;
}

} // namespace
