// What component libraries of other builds rely on: every offset and number of component.h.
#include "fakes/offset.hpp"
#include "shared_variable/component.h"

namespace
{

TEST(ComponentAbi, Numbers)
{
  EXPECT_EQ(SVAR_COMPONENT_ABI_VERSION, 2u) << "another number means other offsets below";
  EXPECT_STREQ(SVAR_COMPONENT_ENTRY, "svar_component_entry");
  EXPECT_EQ(SVAR_TRANSITION_SUCCESS, 0);
  EXPECT_EQ(SVAR_TRANSITION_FAILURE, 1);
  EXPECT_EQ(SVAR_TRANSITION_ERROR, 2);
  EXPECT_EQ(SVAR_STEP_CONTINUE, 0);
  EXPECT_EQ(SVAR_STEP_DONE, 1);
  EXPECT_EQ(SVAR_STEP_FAILED, 2);
  EXPECT_EQ(SVAR_LOG_DEBUG, 10);
  EXPECT_EQ(SVAR_LOG_INFO, 20);
  EXPECT_EQ(SVAR_LOG_WARN, 30);
  EXPECT_EQ(SVAR_LOG_ERROR, 40);
  EXPECT_EQ(SVAR_LOG_FATAL, 50);
  EXPECT_EQ(SVAR_PARAMETER_BOOL, 1);
  EXPECT_EQ(SVAR_PARAMETER_INTEGER, 2);
  EXPECT_EQ(SVAR_PARAMETER_DOUBLE, 3);
  EXPECT_EQ(SVAR_PARAMETER_STRING, 4);
  EXPECT_EQ(SVAR_PARAMETER_BOOL_ARRAY, 5);
  EXPECT_EQ(SVAR_PARAMETER_INTEGER_ARRAY, 6);
  EXPECT_EQ(SVAR_PARAMETER_DOUBLE_ARRAY, 7);
  EXPECT_EQ(SVAR_PARAMETER_STRING_ARRAY, 8);
}

TEST(ComponentAbi, Parameters)
{
  EXPECT_EQ(sizeof(svar_parameter_value_t), 24u);
  EXPECT_OFFSET(svar_parameter_value_t, kind, 0);
  EXPECT_OFFSET(svar_parameter_value_t, as, 8);
  EXPECT_OFFSET(svar_parameter_value_t, as.array.count, 16);
  EXPECT_EQ(sizeof(svar_parameter_descriptor_t), 64u);
  EXPECT_OFFSET(svar_parameter_descriptor_t, name, 0);
  EXPECT_OFFSET(svar_parameter_descriptor_t, default_value, 8);
  EXPECT_OFFSET(svar_parameter_descriptor_t, description, 32);
  EXPECT_OFFSET(svar_parameter_descriptor_t, minimum, 40);
  EXPECT_OFFSET(svar_parameter_descriptor_t, maximum, 48);
  EXPECT_OFFSET(svar_parameter_descriptor_t, is_read_only, 56);
}

TEST(ComponentAbi, Host)
{
  EXPECT_EQ(sizeof(svar_component_host_t), 56u);
  EXPECT_OFFSET(svar_component_host_t, abi_version, 0);
  EXPECT_OFFSET(svar_component_host_t, size_bytes, 4);
  EXPECT_OFFSET(svar_component_host_t, node_name, 8);
  EXPECT_OFFSET(svar_component_host_t, log, 16);
  EXPECT_OFFSET(svar_component_host_t, parameter, 24);
  EXPECT_OFFSET(svar_component_host_t, resolve_name, 32);
  EXPECT_OFFSET(svar_component_host_t, set_period, 40);
  EXPECT_OFFSET(svar_component_host_t, is_stopping, 48);
}

TEST(ComponentAbi, Tick)
{
  EXPECT_EQ(sizeof(svar_tick_t), 32u);
  EXPECT_OFFSET(svar_tick_t, index, 0);
  EXPECT_OFFSET(svar_tick_t, planned_ns, 8);
  EXPECT_OFFSET(svar_tick_t, started_ns, 16);
  EXPECT_OFFSET(svar_tick_t, missed, 24);
}

TEST(ComponentAbi, Descriptor)
{
  EXPECT_EQ(sizeof(svar_component_descriptor_t), 120u);
  EXPECT_OFFSET(svar_component_descriptor_t, abi_version, 0);
  EXPECT_OFFSET(svar_component_descriptor_t, size_bytes, 4);
  EXPECT_OFFSET(svar_component_descriptor_t, type_name, 8);
  EXPECT_OFFSET(svar_component_descriptor_t, description, 16);
  EXPECT_OFFSET(svar_component_descriptor_t, parameters, 24);
  EXPECT_OFFSET(svar_component_descriptor_t, parameter_count, 32);
  EXPECT_OFFSET(svar_component_descriptor_t, create, 40);
  EXPECT_OFFSET(svar_component_descriptor_t, configure, 48);
  EXPECT_OFFSET(svar_component_descriptor_t, activate, 56);
  EXPECT_OFFSET(svar_component_descriptor_t, step, 64);
  EXPECT_OFFSET(svar_component_descriptor_t, deactivate, 72);
  EXPECT_OFFSET(svar_component_descriptor_t, cleanup, 80);
  EXPECT_OFFSET(svar_component_descriptor_t, shutdown, 88);
  EXPECT_OFFSET(svar_component_descriptor_t, on_error, 96);
  EXPECT_OFFSET(svar_component_descriptor_t, destroy, 104);
  EXPECT_OFFSET(svar_component_descriptor_t, on_parameter, 112);
}

} // namespace
