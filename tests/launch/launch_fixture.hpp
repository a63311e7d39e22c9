// What the tests of the launcher share: a scratch folder that is laid out as an install prefix with one
// package, and a plan made from it.
#ifndef TESTS_LAUNCH_LAUNCH_FIXTURE_HPP
#define TESTS_LAUNCH_LAUNCH_FIXTURE_HPP

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "launch/plan.h"

namespace launch_test
{

namespace fs = std::filesystem;

// PREFIX/lib/robot/{talker,listener} are programs, PREFIX/lib/robot/notes is a file.
class Prefix
{
public:
  Prefix()
  {
    std::string name = (fs::temp_directory_path() / "svar-test-XXXXXX").string();
    root = mkdtemp(name.data());
    write(index("packages") / "robot", "");
    program("talker", "true");
    program("listener", "true");
    write(root / "lib/robot/notes", "no program");
    fs::create_directories(root / "share/robot");
  }
  ~Prefix()
  {
    fs::remove_all(root);
  }
  Prefix(const Prefix &) = delete;
  Prefix &operator=(const Prefix &) = delete;

  fs::path index(const std::string &type) const
  {
    return root / "share/ament_index/resource_index" / type;
  }

  static void write(const fs::path &path, const std::string &text)
  {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  // A program of the package, as the body of a shell script.
  void program(const std::string &name, const std::string &body) const
  {
    fs::path path = root / "lib/robot" / name;
    write(path, "#!/bin/sh\n" + body + "\n");
    fs::permissions(path, fs::perms::owner_all);
  }

  // A launch file with this inside <launch>; its first line is line 2.
  std::string launch(const std::string &inside, const std::string &name = "test.launch.xml") const
  {
    write(root / name, "<launch>\n" + inside + "\n</launch>\n");
    return (root / name).string();
  }

  // A YAML launch file; its first line is line 1.
  std::string yaml(const std::string &text, const std::string &name = "test.launch.yaml") const
  {
    write(root / name, text);
    return (root / name).string();
  }

  fs::path root;
};

using Arguments = std::vector<std::pair<std::string, std::string>>;

// The plan of a launch file, or why there is none. "PREFIX" stands for the prefix's path in all texts.
class Plan
{
public:
  Plan(const Prefix &prefix, const std::string &path, const Arguments &arguments = {})
      : root_(prefix.root.string())
  {
    svari_arena_init(&arena_);
    svari_packages_t packages;
    svari_packages_init(&packages, &arena_, root_.c_str(), nullptr);
    svari_plan_request_t request = {};
    for (const auto &[name, value] : arguments) {
      svari_binding_add(&arena_, &request.arguments, copy(name), copy(value));
    }
    request.path = path.c_str();
    request.params_directory = "/params";
    request.packages = &packages;
    ret = svari_plan_create(&request, &plan_);
    if (ret != SVAR_OK) {
      sentence = neutral(svar_error_message());
    }
  }
  ~Plan()
  {
    svari_plan_destroy(plan_);
    svari_arena_fini(&arena_);
  }
  Plan(const Plan &) = delete;
  Plan &operator=(const Plan &) = delete;

  const svari_plan_t *operator->() const
  {
    return plan_;
  }

  const svari_planned_process_t &process(int index = 0) const
  {
    const svari_planned_process_t *at = plan_ == nullptr ? nullptr : plan_->processes;
    for (; at != nullptr && index > 0; --index) {
      at = at->next;
    }
    if (at == nullptr) {
      ADD_FAILURE() << "no such process. " << sentence;
      static const svari_planned_process_t none = {};
      return none;
    }
    return *at;
  }

  std::vector<std::string> argv(int index = 0) const
  {
    std::vector<std::string> words;
    const svari_planned_process_t &planned = process(index);
    for (size_t i = 0; i < planned.argv.count; ++i) {
      words.push_back(neutral(planned.argv.items[i]));
    }
    return words;
  }

  std::vector<std::string> files(int index = 0) const
  {
    std::vector<std::string> texts;
    for (auto *file = process(index).files; file != nullptr; file = file->next) {
      texts.push_back(file->text);
    }
    return texts;
  }

  // The value of an environment variable as the process will see it, "(unset)" or "(as it is)".
  std::string environment(const char *name, int index = 0) const
  {
    const svari_binding_t *change = svari_binding_find(process(index).environment, name);
    return change == nullptr ? "(as it is)" : change->value == nullptr ? "(unset)" : change->value;
  }

  std::vector<std::string> messages() const
  {
    std::vector<std::string> texts;
    for (auto *at = plan_ == nullptr ? nullptr : plan_->messages; at != nullptr; at = at->next) {
      texts.push_back(neutral(at->text));
    }
    return texts;
  }

  svar_ret_t ret;
  std::string sentence; // of the failure

private:
  const char *copy(const std::string &text)
  {
    return svari_arena_copy(&arena_, text.data(), text.size());
  }

  std::string neutral(std::string text) const
  {
    for (size_t at = text.find(root_); at != std::string::npos; at = text.find(root_)) {
      text.replace(at, root_.size(), "PREFIX");
    }
    return text;
  }

  std::string root_;
  svari_arena_t arena_;
  svari_plan_t *plan_ = nullptr;
};

using Words = std::vector<std::string>;

struct Mistake {
  std::string inside; // of <launch>, beginning on line 2
  int line;
  svar_ret_t ret;
  const char *reason;
};

// The file has no plan, and the sentence names its place and this reason.
inline void
expect_refused(const Prefix &prefix, const Mistake &mistake)
{
  Plan plan(prefix, prefix.launch(mistake.inside));
  EXPECT_EQ(plan.ret, mistake.ret) << mistake.inside << "\n" << plan.sentence;
  const std::string place = "PREFIX/test.launch.xml:" + std::to_string(mistake.line) + ": ";
  EXPECT_EQ(plan.sentence.substr(0, place.size()), place) << plan.sentence;
  EXPECT_NE(plan.sentence.find(mistake.reason), std::string::npos) << mistake.inside << "\n"
                                                                   << plan.sentence;
}

} // namespace launch_test

#endif
