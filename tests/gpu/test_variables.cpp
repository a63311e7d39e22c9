// Variables on a GPU that are in no store of a test's own: the process's private store keeps what it has until the
// process ends, so each test is a process.
#include "fakes/arrays.hpp"
#include "gpu/stand_in.hpp"

using namespace svar_test;

namespace
{

svar_variable_t *
make(svar_target_t target, float first)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.target = target;
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(
      svar_shared(::Array(std::vector<float>{first, 1}, {2}).source(), &options, &variable));
  return variable;
}

std::vector<float>
get(svar_variable_t *variable)
{
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_get_value(variable, SVAR_COPY, &value));
  std::vector<float> values = contents<float>(value);
  svar_value_release(&value);
  return values;
}

TEST(GpuVariables, AreMadeInThePlaceOfOthersInAnyMemory)
{
  in_a_child([] {
    use_stand_in();
    for (int i = 0; i < 40; i++) {
      bool is_on_gpu = i % 2 == 0;
      svar_variable_t *variable = make(is_on_gpu ? SVAR_TARGET_GPU : SVAR_TARGET_HOST, 0);
      const float number = static_cast<float>(i);
      ::Array array(std::vector<float>{number, 1}, {2});
      ASSERT_SVAR_OK(svar_set_value(variable, array.source(), SVAR_COPY)); // a spare buffer is left
      EXPECT_EQ(svar_variable_backing(variable), is_on_gpu ? SVAR_BACKING_GPU : SVAR_BACKING_CPU);
      EXPECT_EQ(get(variable), std::vector<float>({number, 1}));
      svar_variable_unref(variable);
    }
  });
}

TEST(GpuVariables, AreTheParentsAfterAFork)
{
  in_a_child([] {
    use_stand_in();
    svar_variable_t *variable = make(SVAR_TARGET_GPU, 3);
    in_a_child([&] {
      svar_value_t value = SVAR_VALUE_INIT;
      EXPECT_SVAR_FAILS(SVAR_ERR_FORKED, "fork", svar_get_value(variable, SVAR_COPY, &value));
      EXPECT_SVAR_FAILS(SVAR_ERR_FORKED, "fork", svar_get_device_view(variable, &value));
      svar_variable_unref(variable);
      svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
      options.target = SVAR_TARGET_GPU;
      EXPECT_SVAR_FAILS(
          SVAR_ERR_FORKED, "",
          svar_shared(::Array(std::vector<float>{1}, {1}).source(), &options, &variable));
    });
    EXPECT_EQ(get(variable), std::vector<float>({3, 1}));
    svar_variable_unref(variable);
  });
}

} // namespace
