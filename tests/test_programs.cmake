# How test programs are made: of tests/CMakeLists.txt, and of tests/gpu/standalone.

# What every test program is compiled with. Headers of GoogleTest and of the C++ library are half of what the
# compiler reads: they are compiled once, for all programs.
function(svar_compile_as_test name optimisation)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
  # Lines are all that a backtrace wants. (The preset dev has what a debugger wants.)
  target_compile_options(${name} PRIVATE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:RelWithDebInfo>>:${optimisation};-g1>)
  target_link_libraries(${name} PRIVATE svar_flags GTest::gtest GTest::gtest_main Threads::Threads)
endfunction()

add_executable(svar_test_headers EXCLUDE_FROM_ALL
  ${CMAKE_CURRENT_LIST_DIR}/headers/headers.cpp ${CMAKE_CURRENT_LIST_DIR}/headers/nothing.c)
svar_compile_as_test(svar_test_headers -O0)
set(cpp "$<COMPILE_LANGUAGE:CXX>")
target_precompile_headers(svar_test_headers PRIVATE
  "$<${cpp}:<gtest/gtest.h$<ANGLE-R>>" "$<${cpp}:<thread$<ANGLE-R>>" "$<${cpp}:<filesystem$<ANGLE-R>>"
  "$<${cpp}:<fstream$<ANGLE-R>>" "$<$<NOT:${cpp}>:<stddef.h$<ANGLE-R>>") # for C there must be one, too

# svar_add_test(NAME [INTERNAL | LIBRARY lib] [COMPUTES] SOURCES files... [LIBS libs...] [TIMEOUT s]
#               [ROUDI] [LABELS ...] [ENV ...])
# One GoogleTest program. INTERNAL links the library's objects and sees the rooms' private headers;
# LIBRARY links that in the library's place. COMPUTES: it runs for seconds in loops of its own; the others are
# compiled for longer than they run, and so are not optimised. ROUDI: it starts one, and runs as svar_apart
# says. Results go where `colcon test-result` looks.
function(svar_add_test name)
  cmake_parse_arguments(arg "INTERNAL;COMPUTES;ROUDI" "TIMEOUT;LIBRARY" "SOURCES;LIBS;LABELS;ENV" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
    if(CMAKE_CXX_FLAGS MATCHES "fsanitize") # ten times slower, some of them
      set(arg_TIMEOUT 300)
    endif()
  endif()
  add_executable(${name} ${arg_SOURCES})
  if(arg_COMPUTES)
    svar_compile_as_test(${name} -O1)
  else()
    svar_compile_as_test(${name} -O0)
    target_precompile_headers(${name} REUSE_FROM svar_test_headers) # which must be compiled the same way
  endif()
  if(arg_LIBRARY)
    target_link_libraries(${name} PRIVATE ${arg_LIBRARY})
  elseif(arg_INTERNAL)
    target_link_libraries(${name} PRIVATE shared_variable_objects)
  else()
    target_link_libraries(${name} PRIVATE shared_variable::shared_variable)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  set(results ${PROJECT_BINARY_DIR}/test_results/${PROJECT_NAME}/${name}.gtest.xml)
  set(command $<TARGET_FILE:${name}> --gtest_output=xml:${results})
  if(arg_ROUDI)
    list(PREPEND command ${svar_apart})
  endif()
  add_test(NAME ${name} COMMAND ${command})
  # A test that holds a store has a thread, and may fork a child that holds one: which ThreadSanitizer does
  # not follow as well as it would like, but follows.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    ENVIRONMENT "TSAN_OPTIONS=die_after_fork=0;${arg_ENV}")
  # What takes longest begins first. Most tests wait more than they compute, so that twice as many as there are
  # processors may run at once (ctest -j).
  if(arg_COMPUTES)
    set_tests_properties(${name} PROPERTIES COST 1000 PROCESSORS 2)
  elseif(arg_ROUDI)
    set_tests_properties(${name} PROPERTIES COST 500)
    if(NOT svar_apart)
      set_tests_properties(${name} PROPERTIES RESOURCE_LOCK roudi)
    endif()
  endif()
endfunction()

# The test program NAME finds the stand-in driver (tests/gpu/stand_in.hpp, fakes/default_gpu.hpp).
function(svar_uses_stand_in name)
  target_link_libraries(${name} PRIVATE ${CMAKE_DL_LIBS})
  add_dependencies(${name} fake_driver)
  target_compile_definitions(${name} PRIVATE SVAR_STAND_IN_DRIVER="$<TARGET_FILE:fake_driver>")
endfunction()
