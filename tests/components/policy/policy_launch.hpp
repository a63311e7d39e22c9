// `svar launch` on the launch files that ship, with the real programs.
#pragma once

#include <gtest/gtest.h>

#include "components/policy/made_policy.hpp"
#include "components/policy/policy_run_check.hpp"
#include "components/policy/scratch_folder.hpp"
#include "components/process.h"
#include "fakes/scratch.hpp"

class LaunchTest : public testing::Test
{
protected:
  LaunchTest()
  {
    std::filesystem::create_directory(temporary_);
  }

  int Run(const std::vector<std::string> &arguments)
  {
    Process launch(Words(arguments), Environment());
    return Finish(&launch);
  }

  static std::vector<std::string> Words(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), {SVAR_PROGRAM, "launch"});
    return arguments;
  }

  Process::Environment Environment() const
  {
    return {{"AMENT_PREFIX_PATH", SVAR_PREFIX},
            {"TMPDIR", temporary_},
            {"ROS_LOG_DIR", folder_ / "log"},
            {"SVAR_GPU_DRIVER", gpu_driver_}};
  }

  int Finish(Process *launch)
  {
    int code = launch->Wait();
    said_ = launch->Errors() + launch->Output();
    EXPECT_EQ(segments_.files(), std::vector<std::string>{});
    EXPECT_TRUE(std::filesystem::is_empty(temporary_));
    return code;
  }

  svar_test::ScratchDirectory segments_;
  ScratchFolder folder_;
  std::string temporary_ = folder_ / "tmp", said_, gpu_driver_ = SVAR_STAND_IN_DRIVER;
};
