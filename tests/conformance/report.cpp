#include "report.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <sstream>

#include "case.hpp"

namespace conformance
{

namespace
{

class Listener : public ::testing::EmptyTestEventListener
{
  void OnTestEnd(const ::testing::TestInfo &info) override
  {
    int number = 0;
    if (sscanf(info.test_suite_name(), "Case%d", &number) != 1) {
      return;
    }
    for (Entry &entry : entries()) {
      if (entry.number == number && !entry.name.empty() &&
          entry.name + "/" + backing_name(entry.backing) == info.name()) {
        entry.result = info.result()->Failed()    ? "FAIL"
                       : info.result()->Skipped() ? "skipped"
                                                  : "pass";
      }
    }
  }
};

// A new word starts at a capital after a small letter or digit, and at the last capital of several.
bool
starts_word(const std::string &name, size_t i)
{
  bool is_last_capital = i + 1 < name.size() && islower(name[i + 1]) != 0;
  return i > 0 && isupper(name[i]) != 0 && (isupper(name[i - 1]) == 0 || is_last_capital);
}

// "ACopyAtConstruction" as "a copy at construction"; words all in capitals stay, as do NaN and floatX.
std::string
words(const std::string &name)
{
  std::string text;
  for (size_t i = 0; i < name.size(); i++) {
    bool is_start = i == 0 || starts_word(name, i);
    bool is_short = i + 1 == name.size() || starts_word(name, i + 1);
    bool is_acronym = !is_short && isupper(name[i + 1]) != 0;
    bool is_small = is_start && !is_acronym;
    text += is_start && i > 0 ? " " : "";
    text += is_small ? static_cast<char>(tolower(name[i])) : name[i];
  }
  for (const auto &[wrong, right] : {std::pair{"na n", "NaN"}, std::pair{"float x", "floatX"}}) {
    for (size_t at = text.find(wrong); at != std::string::npos; at = text.find(wrong, at + 1)) {
      text.replace(at, strlen(wrong), right);
    }
  }
  return text;
}

bool
is_one_line(const Entry &a, const Entry &b)
{
  return a.number == b.number && a.name == b.name && a.reason == b.reason;
}

// What the case says on one backing; "" if another line tells it.
std::string
result_on(const Entry &line, Backing backing)
{
  for (const Entry &entry : entries()) {
    bool is_there = entry.backing == backing || entry.backing == PROCESS || entry.is_everywhere;
    if (is_there && is_one_line(entry, line)) {
      return entry.result;
    }
  }
  return "";
}

std::string
row(const Number &number, const Entry &line)
{
  std::ostringstream text;
  text << "| " << number.number << " | " << number.levels << " | "
       << (line.name.empty() ? line.reason : words(line.name));
  for (Backing backing : {CPU, IPC, GPU}) {
    text << " | " << result_on(line, backing);
  }
  text << " |\n";
  return text.str();
}

// The lines of one case: one for each test, whatever the backing, and one for each reason.
std::vector<const Entry *>
lines_of(int number)
{
  std::vector<const Entry *> lines;
  for (const Entry &entry : entries()) {
    bool is_known = std::any_of(lines.begin(), lines.end(),
                                [&entry](const Entry *line) { return is_one_line(entry, *line); });
    if (entry.number == number && !is_known) {
      lines.push_back(&entry);
    }
  }
  return lines;
}

} // namespace

void
listen()
{
  ::testing::UnitTest::GetInstance()->listeners().Append(new Listener);
}

std::string
table()
{
  std::ostringstream text;
  for (const Area &area : areas()) {
    text << "\n## " << area.letter << ": " << area.title << "\n"
         << "| case | level | what it shows, or why there is no test | cpu | ipc | gpu |\n"
         << "|---|---|---|---|---|---|\n";
    for (const Number &number : catalogue()) {
      for (const Entry *line : lines_of(number.number)) {
        text << (number.area == area.letter ? row(number, *line) : "");
      }
    }
  }
  return text.str();
}

std::string
summary()
{
  std::map<std::string, std::set<int>> numbers;
  for (const Entry &entry : entries()) {
    numbers[entry.result].insert(entry.number);
  }
  std::ostringstream line;
  line << catalogue().size() << " cases";
  for (const auto &[result, found] : numbers) {
    line << ", " << result << " (in part or whole): " << found.size();
  }
  return line.str();
}

} // namespace conformance
