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

# Index files are written to the build folder, too, which is a prefix of its own for the programs built
# there (AMENT_PREFIX_PATH=build svar launch ...).
get_property(component_index GLOBAL PROPERTY SVAR_COMPONENT_INDEX)
get_property(needs_roudi_index GLOBAL PROPERTY SVAR_NEEDS_ROUDI_INDEX)
set(index_folder share/ament_index/resource_index)
set(build_index ${PROJECT_BINARY_DIR}/${index_folder})
file(WRITE ${build_index}/shared_variable_components/${PROJECT_NAME} "${component_index}")
file(WRITE ${build_index}/shared_variable_needs_roudi/${PROJECT_NAME} "${needs_roudi_index}")
file(WRITE ${build_index}/packages/${PROJECT_NAME} "")

set(config_folder share/${PROJECT_NAME}/cmake)
install(EXPORT export_${PROJECT_NAME} NAMESPACE ${PROJECT_NAME}::
  FILE export_${PROJECT_NAME}.cmake DESTINATION ${config_folder})
if(SHARED_VARIABLE_AMENT_FOUND)
  ament_index_register_resource(shared_variable_components CONTENT "${component_index}")
  ament_index_register_resource(shared_variable_needs_roudi CONTENT "${needs_roudi_index}")
  ament_environment_hooks("${ament_cmake_package_templates_ENVIRONMENT_HOOK_LIBRARY_PATH}")
  # Not ament_export_targets() and ament_export_dependencies(): what they generate looks for ament where
  # the package is used, which ends there under a python3 that lacks ament_package.
  ament_package(CONFIG_EXTRAS ${PROJECT_SOURCE_DIR}/cmake/shared_variable_targets.cmake)
else()
  foreach(type shared_variable_components shared_variable_needs_roudi packages)
    install(FILES ${build_index}/${type}/${PROJECT_NAME} DESTINATION ${index_folder}/${type})
  endforeach()
  install(FILES package.xml DESTINATION share/${PROJECT_NAME})
  install(FILES cmake/shared_variable_targets.cmake DESTINATION ${config_folder}
    RENAME shared_variableConfig.cmake)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/shared_variableConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/shared_variableConfigVersion.cmake
    DESTINATION ${config_folder})
endif()
