# Install layout of a ROS 2 package: libraries in lib/, programs in lib/<package>/, the command line in
# bin/, launch files in share/<package>/launch/, markers in the ament index, a CMake package, .pc files.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/ DESTINATION include/${PROJECT_NAME})
install(TARGETS shared_variable shared_variable_archive shared_variable_messages
  EXPORT export_${PROJECT_NAME} LIBRARY DESTINATION lib)
install(DIRECTORY launch/ DESTINATION share/${PROJECT_NAME}/launch
  FILES_MATCHING PATTERN "*.launch.xml" PATTERN "*.launch.yaml" PATTERN "*.params.yaml")

foreach(library shared_variable shared_variable_archive shared_variable_messages)
  configure_file(cmake/${library}.pc.in ${PROJECT_BINARY_DIR}/${library}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${library}.pc DESTINATION lib/pkgconfig)
endforeach()

# Index files are written to the build folder, too (those of components where these are registered), which is
# a prefix of its own for the programs built there (AMENT_PREFIX_PATH=build svar launch ...).
set(package_index share/ament_index/resource_index/packages)
file(WRITE ${PROJECT_BINARY_DIR}/${package_index}/${PROJECT_NAME} "")

set(config_folder share/${PROJECT_NAME}/cmake)
install(EXPORT export_${PROJECT_NAME} NAMESPACE ${PROJECT_NAME}::
  FILE export_${PROJECT_NAME}.cmake DESTINATION ${config_folder})
install(FILES cmake/shared_variable_components.cmake DESTINATION ${config_folder})
if(SHARED_VARIABLE_AMENT_FOUND)
  ament_environment_hooks("${ament_cmake_package_templates_ENVIRONMENT_HOOK_LIBRARY_PATH}")
  # Not ament_export_targets() and ament_export_dependencies(): what they generate looks for ament where
  # the package is used, which ends there under a python3 that lacks ament_package.
  ament_package(CONFIG_EXTRAS ${PROJECT_SOURCE_DIR}/cmake/shared_variable_targets.cmake)
else()
  install(FILES ${PROJECT_BINARY_DIR}/${package_index}/${PROJECT_NAME} DESTINATION ${package_index})
  install(FILES package.xml DESTINATION share/${PROJECT_NAME})
  install(FILES cmake/shared_variable_targets.cmake DESTINATION ${config_folder}
    RENAME shared_variableConfig.cmake)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/shared_variableConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/shared_variableConfigVersion.cmake
    DESTINATION ${config_folder})
endif()
