// The generator beside NumPy itself, number for number. Skipped where there is no NumPy.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "shared_variable/random.h"

namespace
{

template <typename Number, typename Print>
void
show(std::ostringstream &out, const std::string &what, const std::vector<Number> &numbers,
     Print print)
{
  out << what;
  for (Number number : numbers) {
    char text[64];
    print(number, text, sizeof(text));
    out << ' ' << text;
  }
  out << '\n';
}

void
print_word(uint64_t word, char *text, size_t size)
{
  std::snprintf(text, size, "%" PRIu64, word);
}

void
print_integer(int64_t number, char *text, size_t size)
{
  std::snprintf(text, size, "%" PRId64, number);
}

// As Python's float.hex(): thirteen digits, none of them left out.
void
print_float(double number, char *text, size_t size)
{
  std::snprintf(text, size, number == 0 ? "0x0.0p+0" : "%.13a", number);
}

void
show_all(std::ostringstream &out, const std::string &name, svar_random_state_t state)
{
  std::vector<uint64_t> raw(9);
  svar_random_raw(&state, raw.size(), raw.data());
  show(out, name + " raw", raw, print_word);
  std::vector<float> single(3);
  svar_random_float32(&state, single.size(), single.data());
  show(out, name + " float32", single, print_float);
  std::vector<double> numbers(6);
  svar_random_float64(&state, numbers.size(), numbers.data());
  show(out, name + " float64", numbers, print_float);
  const int64_t two62 = INT64_C(1) << 62;
  const int64_t two32 = INT64_C(1) << 32;
  const int64_t spans[5][2] = {
      {0, 10}, {-5, two32 - 5}, {-two62, two62 + 1}, {0, two32 / 2 + 1}, {3, 4}};
  for (const int64_t *span : spans) {
    std::vector<int64_t> integers(25);
    EXPECT_EQ(svar_random_integers(&state, span[0], span[1], integers.size(), integers.data()),
              SVAR_OK);
    std::string what = " integers " + std::to_string(span[0]) + ' ' + std::to_string(span[1]);
    show(out, name + what, integers, print_integer);
  }
  numbers.resize(21);
  svar_random_normal(&state, numbers.size(), numbers.data());
  show(out, name + " normal", numbers, print_float);
  raw.resize(2);
  svar_random_raw(&state, raw.size(), raw.data());
  show(out, name + " after", raw, print_word);
}

std::string
ours()
{
  std::ostringstream out;
  for (uint64_t seed : {UINT64_C(0), UINT64_C(1), UINT64_C(12345), UINT64_C(1) << 32,
                        (UINT64_C(1) << 53) + 1, UINT64_MAX}) {
    std::string text = std::to_string(seed);
    svar_random_state_t state = svar_random_seeded(seed);
    show_all(out, "seed " + text, state);
    show_all(out, "stream " + text, svar_random_stream(&state, 7));
    for (uint64_t child : {UINT64_C(0), UINT64_C(3), (UINT64_C(1) << 33) + 5}) {
      show_all(out, "child " + text + ' ' + std::to_string(child),
               svar_random_spawned(seed, child));
    }
  }
  return out.str();
}

// What the script prints under this interpreter; empty if that has no NumPy.
std::string
numpys(const std::string &python)
{
  std::string text;
  FILE *pipe = popen((python + " " RANDOM_NUMPY_SCRIPT " 2>/dev/null").c_str(), "r");
  char buffer[4096];
  for (size_t bytes; pipe != nullptr && (bytes = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    text.append(buffer, bytes);
  }
  return pipe != nullptr && pclose(pipe) == 0 ? text : "";
}

TEST(RandomNumpy, DrawsTheSameNumbers)
{
  std::string theirs = numpys("python3");
  if (theirs.empty()) {
    theirs = numpys("/usr/bin/python3");
  }
  if (theirs.empty()) {
    GTEST_SKIP() << "no python3 with NumPy";
  }
  std::istringstream expected(theirs);
  std::istringstream actual(ours());
  std::string expected_line;
  std::string actual_line;
  int lines = 0;
  while (std::getline(expected, expected_line)) {
    ASSERT_TRUE(std::getline(actual, actual_line)) << "no line for: " << expected_line;
    EXPECT_EQ(actual_line, expected_line);
    lines++;
  }
  EXPECT_FALSE(std::getline(actual, actual_line)) << actual_line;
  EXPECT_EQ(lines, 6 * 5 * 10);
}

} // namespace
