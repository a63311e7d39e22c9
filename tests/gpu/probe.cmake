# The probe, here and where tests/gpu/run builds it (standalone/).
add_executable(gpu_probe
  ${CMAKE_CURRENT_LIST_DIR}/check_layers.c
  ${CMAKE_CURRENT_LIST_DIR}/checks.c
  ${CMAKE_CURRENT_LIST_DIR}/probe.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_attach.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_kernels.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_mappings.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_memory.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_policy.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_speed.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_variables.c
  ${CMAKE_CURRENT_LIST_DIR}/report.c)
target_include_directories(gpu_probe PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(gpu_probe PRIVATE svar_flags shared_variable_objects m)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/checks.c ${CMAKE_CURRENT_LIST_DIR}/check_layers.c
  PROPERTIES COMPILE_OPTIONS -ffp-contract=off) # as the kernels
