# Layers: each folder of the engine is one object library that sees only the layers beneath it.
#
#   weir_layer(state SOURCES row_table.cpp ... DEPENDS base)
#
# makes the target weir_layer_state from the sources in the current folder. `DEPENDS` names layers;
# `LINKS` names other libraries. The shipped library `weir` is the sum of all layers; a layer's
# tests link its own objects and those of the layers beneath, so that a call upwards fails to link.
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)

function(weir_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINKS" ${ARGN})
  set(layer weir_layer_${name})
  add_library(${layer} OBJECT ${ARG_SOURCES})
  weir_warnings(${layer})
  set_target_properties(${layer} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${layer} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${layer} PUBLIC ${ARG_LINKS})
  set(closure ${name})
  foreach(dependency IN LISTS ARG_DEPENDS)
    get_property(below TARGET weir_layer_${dependency} PROPERTY WEIR_CLOSURE)
    list(APPEND closure ${below})
    get_property(links TARGET weir_layer_${dependency} PROPERTY INTERFACE_LINK_LIBRARIES)
    get_property(
      includes TARGET weir_layer_${dependency} PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES)
    target_link_libraries(${layer} PUBLIC ${links})
    target_include_directories(${layer} SYSTEM PUBLIC ${includes})
    add_dependencies(${layer} weir_layer_${dependency})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  set_property(TARGET ${layer} PROPERTY WEIR_CLOSURE ${closure})
  set_property(GLOBAL APPEND PROPERTY WEIR_LAYERS ${name})
endfunction()

# Links an executable against the objects of a layer and of all layers beneath it.
function(weir_link_layer target name)
  get_property(closure TARGET weir_layer_${name} PROPERTY WEIR_CLOSURE)
  foreach(layer IN LISTS closure)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:weir_layer_${layer}>)
  endforeach()
  get_property(links TARGET weir_layer_${name} PROPERTY INTERFACE_LINK_LIBRARIES)
  get_property(includes TARGET weir_layer_${name} PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES)
  target_link_libraries(${target} PRIVATE ${links})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_include_directories(${target} SYSTEM PRIVATE ${includes})
endfunction()

# Makes the library `target` out of a layer and all layers beneath it, but for those in and beneath
# the layers after EXCEPT. Consumers get the public headers alone: what the layers link is linked
# with them, but adds neither include folders nor definitions to the consumer's own code.
function(weir_bundle target name)
  cmake_parse_arguments(ARG "" "" "EXCEPT" ${ARGN})
  get_property(closure TARGET weir_layer_${name} PROPERTY WEIR_CLOSURE)
  foreach(layer IN LISTS ARG_EXCEPT)
    get_property(below TARGET weir_layer_${layer} PROPERTY WEIR_CLOSURE)
    list(REMOVE_ITEM closure ${below})
  endforeach()
  foreach(layer IN LISTS closure)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:weir_layer_${layer}>)
  endforeach()
  get_property(links TARGET weir_layer_${name} PROPERTY INTERFACE_LINK_LIBRARIES)
  target_link_libraries(${target} PRIVATE ${links})
  target_include_directories(
    ${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                     $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()
