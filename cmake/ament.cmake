# Finds ament_cmake, without letting it end the configuration where it is only half there: its own
# find_package() is a fatal error under a python3 that lacks ament_package (a pyenv one, say). So the
# first interpreter that can import what ament needs is chosen here, before anything looks for Python.
set(SHARED_VARIABLE_AMENT_FOUND FALSE)
if(NOT SHARED_VARIABLE_USE_AMENT)
  return()
endif()

if(NOT Python3_EXECUTABLE AND NOT DEFINED Python3_ROOT_DIR AND NOT DEFINED ENV{Python3_ROOT_DIR})
  foreach(candidate python3 /usr/bin/python3)
    execute_process(COMMAND ${candidate} -c "import ament_package, catkin_pkg"
      RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(status EQUAL 0)
      find_program(python3_path ${candidate} NO_CACHE)
      set(Python3_EXECUTABLE ${python3_path} CACHE FILEPATH "The Python that ament runs under")
      break()
    endif()
  endforeach()
  set(python_has_ament ${Python3_EXECUTABLE})
else()
  set(python_has_ament TRUE)
endif()

if(python_has_ament)
  find_package(ament_cmake QUIET)
  set(SHARED_VARIABLE_AMENT_FOUND ${ament_cmake_FOUND})
endif()
if(NOT SHARED_VARIABLE_AMENT_FOUND)
  message(WARNING "ament_cmake was not found: installing with plain CMake. Programs, launch files and "
    "index markers land in the same places, but there is no setup.sh for a workspace to source. "
    "(Debian: apt-get install ament-cmake; to silence this: -DSHARED_VARIABLE_USE_AMENT=OFF)")
endif()
