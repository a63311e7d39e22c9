// A component in a process of its own, with the least host that can run it: what it does is tested
// here, and component_container elsewhere.
#ifndef TESTS_COMPONENTS_CARTPOLE_COMPONENT_PROCESS_HPP
#define TESTS_COMPONENTS_CARTPOLE_COMPONENT_PROCESS_HPP

#include <map>
#include <string>
#include <variant>

#include "fakes/scratch.hpp"

class ComponentProcess
{
public:
  using Value = std::variant<bool, int, double, std::string>;
  using Overrides = std::map<std::string, Value>;

  /// Starts the first component of the library. SIGTERM takes it down in order.
  explicit ComponentProcess(const char *library, const Overrides &overrides = {});
  ~ComponentProcess();
  ComponentProcess(const ComponentProcess &) = delete;
  ComponentProcess &operator=(const ComponentProcess &) = delete;

  void signal(int number);
  /// Kills it once it sleeps between two pieces of work. A process killed inside a publish leaves
  /// iceoryx's lock of the topic taken, and everybody on the topic waits for ever: known, and not what
  /// is tested with this.
  void kill_while_idle();
  /// Its exit code: 0 done or stopped, 1 failed; 128 + a signal.
  int wait();
  /// All it wrote so far; of a failure, the sentence too.
  std::string output() const;

private:
  std::string path_;
  svar_test::Child child_;
};

#endif
