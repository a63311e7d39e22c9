// component_container as a child process, with the prefix of the tests' own components.
#ifndef TESTS_COMPONENTS_CONTAINER_PROCESS_HPP
#define TESTS_COMPONENTS_CONTAINER_PROCESS_HPP

#include <string>
#include <vector>

#include "tests/components/process.h"

constexpr char kRecorder[] = "test::RecorderOfHTTPCalls2";
constexpr char kNode[] = "recorder_of_http_calls2"; // its default name in component_container
using Words = std::vector<std::string>;

inline Words
operator+(Words words, const Words &more)
{
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// `-p a -p b ...` as ROS arguments.
inline Words
Parameters(const Words &rules)
{
  Words words = {"--ros-args"};
  for (const std::string &rule : rules) {
    words.insert(words.end(), {"-p", rule});
  }
  return words;
}

class Container : public Process
{
public:
  explicit Container(const Words &arguments, const Environment &more = {})
      : Process(Words{CONTAINER} + arguments, WithPrefix(more))
  {
  }

private:
  static Environment WithPrefix(Environment environment)
  {
    environment.insert(environment.begin(), {"AMENT_PREFIX_PATH", PREFIX});
    return environment;
  }
};

// The lines of one node, without "[LEVEL] [node]: ", each ended by '|'.
inline std::string
LinesOf(const Process &process, const std::string &node)
{
  std::string lines;
  std::string mark = "[" + node + "]: ";
  const std::string &text = process.Errors();
  for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
    at += mark.size();
    lines += text.substr(at, text.find('\n', at) - at) + "|";
  }
  return lines;
}

inline bool
Contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

#endif
