#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "components/resource_index.h"

namespace
{

class ResourceIndex : public testing::Test
{
protected:
  ResourceIndex()
  {
    char path[] = "/tmp/svar_index_XXXXXX";
    root_ = mkdtemp(path);
  }
  ~ResourceIndex() override
  {
    svari_resource_index_fini(&index_);
    std::filesystem::remove_all(root_);
  }
  std::string Prefix(const std::string &name) const
  {
    return (root_ / name).string();
  }
  void Write(const std::string &prefix, const std::string &package, const std::string &text) const
  {
    std::filesystem::path folder =
        root_ / prefix / "share/ament_index/resource_index" / "shared_variable_components";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / package) << text;
  }
  void Add(const std::string &prefix)
  {
    ASSERT_EQ(svari_resource_index_add_prefix(&index_, Prefix(prefix).c_str()), SVAR_OK)
        << svar_error_message();
  }
  std::string Library(const char *type) const
  {
    const svari_index_entry_t *entry = nullptr;
    return svari_resource_index_find(&index_, type, &entry) == SVAR_OK ? entry->library : "-";
  }

  std::filesystem::path root_;
  svari_resource_index_t index_ = {};
};

TEST_F(ResourceIndex, PathsAreRelativeToTheirPrefixOrAbsolute)
{
  Write("a", "pkg", "n::One;lib/libone.so\r\nn::Two;/opt/libtwo.so\n\nn::Three;lib/three.so");
  Add("a");
  EXPECT_EQ(Library("n::One"), Prefix("a") + "/lib/libone.so");
  EXPECT_EQ(Library("n::Two"), "/opt/libtwo.so");
  EXPECT_EQ(Library("n::Three"), Prefix("a") + "/lib/three.so");
}

TEST_F(ResourceIndex, TheFirstPrefixThatHasAPackageHidesItInLaterOnes)
{
  Write("a", "pkg", "n::One;lib/new.so\n");
  Write("b", "pkg", "n::One;lib/old.so\nn::Gone;lib/old.so\n");
  Write("b", "other", "n::Other;lib/other.so\n");
  Add("a");
  Add("b");
  EXPECT_EQ(Library("n::One"), Prefix("a") + "/lib/new.so");
  EXPECT_EQ(Library("n::Gone"), "-");
  EXPECT_EQ(Library("n::Other"), Prefix("b") + "/lib/other.so");
}

TEST_F(ResourceIndex, LinesThatAreNoEntryAreSkipped)
{
  Write("a", "pkg", "nonsense\n;lib/x.so\nn::X;\nn::Y;a;b\nn::Good;lib/good.so\n");
  Add("a");
  EXPECT_EQ(index_.count, 1u);
  EXPECT_EQ(Library("n::Good"), Prefix("a") + "/lib/good.so");
}

TEST_F(ResourceIndex, APrefixWithoutAnIndexAddsNothing)
{
  Add("nowhere");
  EXPECT_EQ(index_.count, 0u);
  EXPECT_EQ(Library("n::X"), "-");
  EXPECT_NE(std::string(svar_error_message()).find("AMENT_PREFIX_PATH"), std::string::npos);
}

TEST_F(ResourceIndex, AnUnknownTypeIsAnsweredWithThoseThereAre)
{
  Write("a", "pkg", "n::One;lib/x.so\nn::Two;lib/x.so\n");
  Add("a");
  EXPECT_EQ(Library("n::Three"), "-");
  EXPECT_STREQ(svar_error_message(), "no component 'n::Three'; there are: n::One, n::Two");
}

TEST_F(ResourceIndex, TheEnvironmentsPrefixesComeInOrder)
{
  Write("a", "pkg", "n::One;lib/a.so\n");
  Write("b", "pkg", "n::One;lib/b.so\n");
  std::string paths = ":" + Prefix("nowhere") + "::" + Prefix("b") + ":" + Prefix("a") + ":";
  setenv("AMENT_PREFIX_PATH", paths.c_str(), 1);
  ASSERT_EQ(svari_resource_index_load(&index_), SVAR_OK) << svar_error_message();
  unsetenv("AMENT_PREFIX_PATH");
  EXPECT_EQ(Library("n::One"), Prefix("b") + "/lib/b.so");
}

} // namespace
