# Of both builds of the probe: here, and in standalone/.
set(SVAR_PROBE_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/check_layers.c
  ${CMAKE_CURRENT_LIST_DIR}/checks.c
  ${CMAKE_CURRENT_LIST_DIR}/probe.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_kernels.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_mappings.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_memory.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_policy.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_speed.c
  ${CMAKE_CURRENT_LIST_DIR}/probe_variables.c
  ${CMAKE_CURRENT_LIST_DIR}/report.c)
