#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

extern "C" {
#include "components/cartpole_progress.h"
}

namespace
{

// What is written for `count` generations whose return climbs from 10 to 500.
std::string
written(int count, bool is_live)
{
  if (is_live) {
    setenv("SVAR_LIVE", "1", 1);
  }
  FILE *out = tmpfile();
  svari_cartpole_progress_t progress;
  svari_cartpole_progress_init(&progress, out);
  unsetenv("SVAR_LIVE");
  for (int i = 0; i < count; i++) {
    svari_cartpole_progress_add(&progress, i,
                                10.0f + 490.0f * static_cast<float>(i) / static_cast<float>(count));
  }
  svari_cartpole_progress_end_line(&progress);
  svari_cartpole_progress_end_line(&progress); // twice is harmless
  std::string all(static_cast<size_t>(ftell(out)), '\0');
  rewind(out);
  EXPECT_EQ(fread(all.data(), 1, all.size(), out), all.size());
  fclose(out);
  return all;
}

TEST(CartpoleProgress, IsOneLineThatGrowsWhereItCanBe)
{
  std::string text = written(40, true);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 40);
  EXPECT_NE(text.find("generation 39: mean return 488 of 500"), std::string::npos);
  size_t last = text.rfind('\r'), before = text.rfind('\r', last - 1);
  EXPECT_GT(text.size() - last - 1, last - before) << "each is longer than the one it covers";
}

TEST(CartpoleProgress, StaysWithinALineHoweverLongItTakes)
{
  std::string text = written(5000, true);
  std::string line = text.substr(text.rfind('\r') + 1);
  auto columns = std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  EXPECT_GE(columns, 60);
  EXPECT_LE(columns, 100);
}

TEST(CartpoleProgress, IsAFewLinesElsewhere)
{
  for (int count : {8, 40, 5000}) {
    std::string text = written(count, false);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 15) << text;
    EXPECT_GE(std::count(text.begin(), text.end(), '\n'), 8) << text;
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_NE(text.find("generation 0: mean return 10 of 500\n"), std::string::npos) << text;
  }
}

} // namespace
