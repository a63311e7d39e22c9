# What find_package(shared_variable) makes: shared_variable::shared_variable, ::archive and ::messages, and the
# function shared_variable_register_components().
# Installed as the package's configuration, or, where ament writes that, as an extra file of it.
include(CMakeFindDependencyMacro)
find_dependency(dlpack)
include("${CMAKE_CURRENT_LIST_DIR}/export_shared_variable.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/shared_variable_components.cmake")
set(shared_variable_TARGETS # as ament asks
  shared_variable::shared_variable shared_variable::archive shared_variable::messages)
