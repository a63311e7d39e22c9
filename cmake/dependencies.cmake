# What the project builds on; package.xml lists the same as rosdep keys.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(dlpack REQUIRED)              # DLTensor, in the public headers
find_package(iceoryx_binding_c REQUIRED)   # messages
find_package(iceoryx_posh REQUIRED)        # messages: the size of a chunk
find_package(iceoryx_hoofs REQUIRED)       # messages: its error handler, C++ only
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)     # archive: safetensors headers
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)   # the arithmetic of components
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)       # parameter files
find_package(LibXml2 REQUIRED)             # launch files

# rcutils: logging, shared libraries, environment. Its CMake package needs ament; the library does not.
if(SHARED_VARIABLE_AMENT_FOUND)
  find_package(rcutils REQUIRED)
else()
  find_path(RCUTILS_INCLUDE_DIR rcutils/logging.h PATH_SUFFIXES rcutils REQUIRED)
  find_library(RCUTILS_LIBRARY rcutils REQUIRED)
  add_library(rcutils::rcutils UNKNOWN IMPORTED)
  set_target_properties(rcutils::rcutils PROPERTIES IMPORTED_LOCATION ${RCUTILS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${RCUTILS_INCLUDE_DIR})
endif()
