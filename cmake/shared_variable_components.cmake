# shared_variable_register_components(TARGET [NEEDS_ROUDI] TYPES ns::Type... [PROGRAMS name...])
# Lists the types of a component library in the resource index, where component_container finds them: in the
# file of the calling project, which must be named as its package. The project itself installs the library, in
# lib/. NEEDS_ROUDI: its components use iceoryx messages, and `svar launch` looks for RouDi before it starts
# these types, or these programs of the package. A project may call it as often as it has libraries.
function(shared_variable_register_components target)
  cmake_parse_arguments(arg "NEEDS_ROUDI" "" "TYPES;PROGRAMS" ${ARGN})
  if(NOT TARGET ${target})
    message(FATAL_ERROR "shared_variable_register_components: '${target}' is no target; "
      "call it after add_library(${target} SHARED ...)")
  endif()
  if(NOT arg_TYPES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "shared_variable_register_components(${target}): wants TYPES and at least one type "
      "after it, and after the target nothing but NEEDS_ROUDI, TYPES, PROGRAMS; it was given '${ARGN}'")
  endif()
  foreach(type ${arg_TYPES})
    shared_variable_add_index_line(shared_variable_components "${type};lib/$<TARGET_FILE_NAME:${target}>")
  endforeach()
  if(arg_NEEDS_ROUDI)
    foreach(name ${arg_TYPES} ${arg_PROGRAMS})
      shared_variable_add_index_line(shared_variable_needs_roudi "${name}")
    endforeach()
  endif()
endfunction()

# One line more in the project's file of this kind. A target keeps the lines, for the file can be written only
# when all are there; not by ament_index_register_resource(), which wants them in one call, and ament.
function(shared_variable_add_index_line kind line)
  set(lines ${PROJECT_NAME}_${kind}_lines)
  if(NOT TARGET ${lines})
    add_library(${lines} INTERFACE)
    set(folder share/ament_index/resource_index/${kind})
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/${folder}/${PROJECT_NAME}
      CONTENT "$<GENEX_EVAL:$<TARGET_PROPERTY:${lines},SHARED_VARIABLE_LINES>>")
    install(FILES ${PROJECT_BINARY_DIR}/${folder}/${PROJECT_NAME} DESTINATION ${folder})
  endif()
  set_property(TARGET ${lines} APPEND_STRING PROPERTY SHARED_VARIABLE_LINES "${line}\n")
endfunction()
