# How this project's targets are made: every room lists its sources and gets the same flags.
add_library(svar_flags INTERFACE)
target_compile_options(svar_flags INTERFACE
  -Wall -Wextra -Wpointer-arith -Wvla
  # Texts are cut at their buffer's end on purpose, everywhere. Only GCC warns of it.
  $<$<OR:$<C_COMPILER_ID:GNU>,$<CXX_COMPILER_ID:GNU>>:-Wno-format-truncation>
  $<$<COMPILE_LANGUAGE:C>:-Wshadow;-Wstrict-prototypes;-Wmissing-prototypes;-Wold-style-definition>
  $<$<BOOL:${SHARED_VARIABLE_WERROR}>:-Werror>)
target_compile_definitions(svar_flags INTERFACE _GNU_SOURCE)

# The library itself. Rooms add their files with svar_library_sources(); tests of internals link the
# same objects directly (all of them, as the library does) and so see every svari_ symbol.
set(SVAR_INCLUDE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:include/${PROJECT_NAME}>)
add_library(shared_variable_objects OBJECT)
target_include_directories(shared_variable_objects PUBLIC ${SVAR_INCLUDE} PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(shared_variable_objects PUBLIC dlpack::dlpack Threads::Threads PRIVATE svar_flags)
# Whole cache lines: what a read costs must not depend on where the linker happens to put it.
target_compile_options(shared_variable_objects PRIVATE -falign-functions=64)

add_library(shared_variable SHARED)
add_library(shared_variable::shared_variable ALIAS shared_variable)
target_include_directories(shared_variable PUBLIC ${SVAR_INCLUDE})
target_link_libraries(shared_variable PUBLIC dlpack::dlpack PRIVATE shared_variable_objects)
# Threads that read, and forks, call into it until the process ends: dlclose() must not unmap it.
target_link_options(shared_variable PRIVATE LINKER:-z,nodelete)
set_target_properties(shared_variable PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)

function(svar_library_sources)
  target_sources(shared_variable_objects PRIVATE ${ARGN})
endfunction()

# svar_add_component(NAME [NEEDS_ROUDI] SOURCES files... [LIBS libs...] TYPES "ns::Type=executable"...)
# A component library, lib/lib<NAME>.so, its lines in the resource index, and for each type a program
# lib/shared_variable/<executable> that runs just this component (for <node pkg exec>).
# NEEDS_ROUDI: as shared_variable_register_components() has it.
function(svar_add_component name)
  cmake_parse_arguments(arg "NEEDS_ROUDI" "" "SOURCES;LIBS;TYPES" ${ARGN})
  add_library(${name} SHARED ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE svar_flags shared_variable::shared_variable ${arg_LIBS})
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  install(TARGETS ${name} LIBRARY DESTINATION lib)
  set(needs_roudi "")
  if(arg_NEEDS_ROUDI)
    set(needs_roudi NEEDS_ROUDI)
  endif()
  foreach(entry ${arg_TYPES})
    string(REGEX MATCH "^(.*)=(.*)$" matched ${entry})
    set(type ${CMAKE_MATCH_1})
    set(program ${CMAKE_MATCH_2})
    shared_variable_register_components(${name} ${needs_roudi} TYPES ${type} PROGRAMS ${program})
    svar_add_component_program(${program} ${type})
  endforeach()
endfunction()

# svar_component_executable(PROGRAM TYPE): component_container's main with the one type compiled in and
# its node called PROGRAM; an empty TYPE leaves the types to the command line. The program finds the
# component's library as the container does, through the resource index. The build folder is laid out as
# a prefix (lib/, lib/shared_variable/, share/ament_index/, see install.cmake), so programs run from there.
function(svar_component_executable program type)
  add_executable(${program} ${PROJECT_SOURCE_DIR}/components/component_main.c)
  target_link_libraries(${program} PRIVATE svar_flags svar_container)
  if(type)
    set(type_literal "\"${type}\"")
  else()
    set(type_literal "NULL")
  endif()
  target_compile_definitions(${program} PRIVATE
    "SVARI_PROGRAM_NAME=\"${program}\"" "SVARI_PROGRAM_TYPE=${type_literal}")
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/${PROJECT_NAME})
endfunction()

# svar_add_component_program(PROGRAM TYPE): the same, installed as lib/shared_variable/PROGRAM.
function(svar_add_component_program program type)
  svar_component_executable(${program} "${type}")
  install(TARGETS ${program} RUNTIME DESTINATION lib/${PROJECT_NAME})
endfunction()
