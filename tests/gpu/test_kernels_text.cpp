// The kernels' text that is committed: what nvcc makes of the source, and good for every processor we mean.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

extern "C" {
#include "gpu/kernels_text.h"
}

namespace
{

const std::string nvcc = SVAR_NVCC;

std::string
contents(const std::string &path)
{
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// What a command prints.
std::string
output_of(const std::string &command)
{
  std::string text;
  FILE *pipe = popen(command.c_str(), "r");
  char part[4096];
  for (size_t size = 1; pipe != nullptr && size > 0;) {
    size = fread(part, 1, sizeof(part), pipe);
    text.append(part, size);
  }
  EXPECT_TRUE(pipe != nullptr && pclose(pipe) == 0) << command;
  return text;
}

TEST(KernelsText, IsWhatTheCompilerMakesOfTheSource)
{
  if (nvcc.empty()) {
    GTEST_SKIP() << "there is no nvcc";
  }
  std::string committed = contents(SVAR_GPU_FOLDER "/kernels_text.c");
  std::string first_line = committed.substr(0, committed.find('\n'));
  std::string version = output_of("'" + nvcc + "' --version | sed -nE 's/.*, V([0-9.]+)$/\\1/p'");
  version.pop_back();
  if (first_line.find("nvcc " + version + " ") == std::string::npos) {
    GTEST_SKIP() << "made by another nvcc than this " << version << ": " << first_line;
  }
  std::string made = output_of("'" SVAR_GPU_FOLDER "/make_kernels' '" + nvcc + "'");
  EXPECT_TRUE(made == committed) << "run gpu/make_kernels and commit what it prints";
}

// All kernels as one module: assembling each by itself would take minutes.
std::string
whole_text()
{
  std::string text = svari_kernel_texts[0].ptx;
  for (size_t i = 1; i < svari_kernel_text_count; i++) {
    text += strstr(svari_kernel_texts[i].ptx, ".visible");
  }
  return text;
}

TEST(KernelsText, AssemblesForEveryProcessor)
{
  std::string ptxas = nvcc.substr(0, nvcc.rfind('/') + 1) + "ptxas";
  if (nvcc.empty() || access(ptxas.c_str(), X_OK) != 0) {
    GTEST_SKIP() << "there is no ptxas";
  }
  char path[] = "/tmp/svar_kernels.XXXXXX";
  close(mkstemp(path));
  std::ofstream(path) << whole_text();
  for (const char *processor :
       {"75", "80", "86", "87", "88", "89", "90", "100", "103", "110", "120", "121"}) {
    std::string command =
        "'" + ptxas + "' -v -arch=sm_" + processor + " -o /dev/null " + path + " 2>&1";
    std::string said = output_of(command);
    EXPECT_NE(said.find("Compiling entry function"), std::string::npos) << said.substr(0, 500);
    EXPECT_EQ(said.find("error"), std::string::npos) << said.substr(0, 500);
    for (size_t at = said.find(" bytes stack frame"); at != std::string::npos;
         at = said.find(" bytes stack frame", at + 1)) {
      ASSERT_EQ(said.substr(at - 2, 2), " 0") << "sm_" << processor << ": a kernel spills";
    }
  }
  unlink(path);
}

} // namespace
