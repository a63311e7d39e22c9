// `svar` over a store with variables on a GPU, on a machine that has it and on one that has not.
#include "gpu/store_process.hpp"
#include "tools/process.h"

using namespace svar_test;

namespace
{

class GpuTools : public testing::Test
{
protected:
  static Outcome Svar(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), SVAR_PROGRAM);
    return RunToEnd(arguments);
  }
  static Outcome SvarWithoutDriver(const std::vector<std::string> &arguments)
  {
    setenv("SVAR_GPU_DRIVER", "/nowhere/libcuda.so.1", 1);
    return Svar(arguments);
  }
  // Without a driver. What the program prints.
  static std::string Printed(const std::vector<std::string> &arguments)
  {
    Outcome outcome = SvarWithoutDriver(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  }
  static bool Contains(const std::string &text, const std::string &part)
  {
    return text.find(part) != std::string::npos;
  }

  ScratchDirectory directory_;
};

class NamedGpuTools : public GpuTools
{
protected:
  NamedGpuTools()
  {
    holder_.Hold("w", {1, 2.5});
    holder_.HoldOnHost("h", {7});
  }
  ~NamedGpuTools() override
  {
    (next_.Holds() ? next_ : holder_).Remove();
  }

  StoreProcess holder_, next_;
};

TEST_F(NamedGpuTools, InfoTellsWhichGpuWithoutADriver)
{
  std::string out = Printed({"info", "/gpu"});
  EXPECT_EQ(out.substr(out.find("\n\n") + 2),
            "w\tfloat32\t(2)\t8\t1\tGPU-5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a00\n"
            "h\tfloat32\t(1)\t4\t2\thost\n");
}

TEST_F(NamedGpuTools, ListTellsTheMemoryWithoutADriver)
{
  std::string out = Printed({"list"});
  EXPECT_TRUE(Contains(out, "/gpu\t2\t2\t")) << out;
}

TEST_F(NamedGpuTools, WatchNamesAChangeWithoutADriver)
{
  holder_.Set("w", {4});
  std::string out = Printed({"watch", "/gpu", "--count", "1"});
  EXPECT_EQ(out.substr(out.rfind('\t')), "\tw\n");
}

TEST_F(NamedGpuTools, DoctorSaysWhyVariablesOnGpusCannotBeRead)
{
  const std::string problem = "PROBLEM\t/gpu\t";
  Outcome without = SvarWithoutDriver({"doctor"});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_TRUE(Contains(without.out, problem + "processes started as this one cannot read its "
                                              "variables on GPUs (1 of 2): there is no NVIDIA "
                                              "driver on this machine (/nowhere/libcuda.so.1: "))
      << without.out;
  EXPECT_TRUE(Contains(without.out, "install driver 525 or a later one\n")) << without.out;
  use_stand_in();
  Outcome with = Svar({"doctor"});
  EXPECT_FALSE(Contains(with.out, problem)) << with.out;
}

TEST_F(NamedGpuTools, DoctorAsksForNoDriverWhereNoneWouldHelp)
{
  holder_.Kill();
  Outcome doctor = SvarWithoutDriver({"doctor"});
  EXPECT_TRUE(Contains(doctor.out, "note\t/gpu\tnobody holds it")) << doctor.out;
  EXPECT_FALSE(Contains(doctor.out, "NVIDIA")) << doctor.out;
  next_.Resume();
}

TEST_F(GpuTools, DoctorAsksForNoDriverWhereNoVariableIsOnAGpu)
{
  StoreProcess holder;
  holder.HoldOnHost("h", {7});
  Outcome doctor = SvarWithoutDriver({"doctor"});
  EXPECT_TRUE(Contains(doctor.out, "ok\t/gpu\theld by")) << doctor.out;
  EXPECT_FALSE(Contains(doctor.out, "NVIDIA")) << doctor.out;
  holder.Remove();
}

TEST_F(NamedGpuTools, GetCopiesTheValue)
{
  use_stand_in();
  Outcome get = Svar({"get", "/gpu", "w"});
  EXPECT_EQ(get.exit_code, 0) << get.err;
  EXPECT_EQ(get.out, "[1.  2.5]\n");
}

TEST_F(NamedGpuTools, GetSaysThatThereIsNoDriver)
{
  Outcome get = SvarWithoutDriver({"get", "/gpu", "w"});
  EXPECT_EQ(get.exit_code, 1);
  EXPECT_TRUE(Contains(get.err, "reading variable 'w' of store '/gpu' on a GPU")) << get.err;
  EXPECT_TRUE(Contains(get.err, "there is no NVIDIA driver on this machine")) << get.err;
  EXPECT_EQ(Printed({"get", "/gpu", "h"}), "[7.]\n");
}

// The truth, whatever driver is there: the value cannot be read by anybody any more.
TEST_F(NamedGpuTools, GetSaysThatTheValueEndedBeforeItAsksForADriver)
{
  holder_.Kill();
  Outcome get = SvarWithoutDriver({"get", "/gpu", "w"});
  EXPECT_EQ(get.exit_code, 1);
  EXPECT_TRUE(Contains(get.err, "nobody holds the store")) << get.err;
  EXPECT_FALSE(Contains(get.err, "NVIDIA")) << get.err;
  next_.Resume();
}

TEST_F(NamedGpuTools, SetNeedsNoDriverOfItsOwn)
{
  EXPECT_EQ(Printed({"set", "/gpu", "w", "[5, 6]"}), "3\n");
  EXPECT_EQ(holder_.Read("w"), std::vector<float>({5, 6}));
}

TEST_F(NamedGpuTools, WhatEndedWithItsHolderIsUnset)
{
  holder_.Kill();
  next_.Resume();
  std::string out = Printed({"info", "/gpu"});
  EXPECT_TRUE(Contains(out, "w\tfloat32\tunset\t0\t1\tGPU-")) << out;
}

} // namespace
