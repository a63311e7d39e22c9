// A folder of a test's own, removed with everything in it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

class ScratchFolder
{
public:
  ScratchFolder() : path_(testing::TempDir() + "svar_test_XXXXXX")
  {
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make the folder " + path_);
    }
  }
  ~ScratchFolder()
  {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;

  const std::string &path() const
  {
    return path_;
  }
  std::string operator/(const std::string &name) const
  {
    return path_ + "/" + name;
  }
  std::vector<std::string> names() const
  {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

private:
  std::string path_;
};

inline std::string
ReadFile(const std::string &path)
{
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void
WriteFile(const std::string &path, const std::string &bytes)
{
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// As WriteFile, but the file claims to be an hour old: a reader need not wait for its time to settle.
inline void
WriteOldFile(const std::string &path, const std::string &bytes)
{
  WriteFile(path, bytes);
  timespec hour_ago = {};
  clock_gettime(CLOCK_REALTIME, &hour_ago);
  hour_ago.tv_sec -= 3600;
  timespec times[2] = {hour_ago, hour_ago};
  utimensat(AT_FDCWD, path.c_str(), times, 0);
}
