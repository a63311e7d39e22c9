# Install layout of a ROS 2 package: libraries in lib/, programs in lib/<package>/, the command line in
# bin/, launch files in share/<package>/launch/, markers in the ament index, a CMake package, a .pc file.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/ DESTINATION include/${PROJECT_NAME})
install(TARGETS shared_variable shared_variable_messages
  EXPORT export_${PROJECT_NAME} LIBRARY DESTINATION lib)
install(DIRECTORY launch/ DESTINATION share/${PROJECT_NAME}/launch
  FILES_MATCHING PATTERN "*.launch.xml" PATTERN "*.launch.yaml" PATTERN "*.params.yaml")

set(prefix ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/shared_variable.pc.in ${PROJECT_BINARY_DIR}/shared_variable.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/shared_variable.pc DESTINATION lib/pkgconfig)

# Written to the build folder, too, which is a prefix of its own for the programs built there.
get_property(component_index GLOBAL PROPERTY SVAR_COMPONENT_INDEX)
set(component_index_folder share/ament_index/resource_index/shared_variable_components)
file(WRITE ${PROJECT_BINARY_DIR}/${component_index_folder}/${PROJECT_NAME} "${component_index}")

if(SHARED_VARIABLE_AMENT_FOUND)
  ament_index_register_resource(shared_variable_components CONTENT "${component_index}")
  ament_export_targets(export_${PROJECT_NAME} HAS_LIBRARY_TARGET)
  ament_export_dependencies(dlpack)
  ament_package()
else()
  file(WRITE ${PROJECT_BINARY_DIR}/index/package "")
  install(FILES ${PROJECT_BINARY_DIR}/${component_index_folder}/${PROJECT_NAME}
    DESTINATION ${component_index_folder})
  install(FILES ${PROJECT_BINARY_DIR}/index/package RENAME ${PROJECT_NAME}
    DESTINATION share/ament_index/resource_index/packages)
  install(FILES package.xml DESTINATION share/${PROJECT_NAME})
  install(EXPORT export_${PROJECT_NAME} NAMESPACE ${PROJECT_NAME}::
    FILE export_${PROJECT_NAME}Export.cmake DESTINATION share/${PROJECT_NAME}/cmake)
  configure_package_config_file(cmake/shared_variableConfig.cmake.in
    ${PROJECT_BINARY_DIR}/shared_variableConfig.cmake
    INSTALL_DESTINATION share/${PROJECT_NAME}/cmake)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/shared_variableConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/shared_variableConfig.cmake
    ${PROJECT_BINARY_DIR}/shared_variableConfigVersion.cmake
    DESTINATION share/${PROJECT_NAME}/cmake)
endif()
