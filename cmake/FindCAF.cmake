# Finds the C++ Actor Framework. Debian's libcaf-dev ships neither a CMake config nor a .pc file.
#
#   find_package(CAF 0.17.6 EXACT COMPONENTS core io [openssl] REQUIRED)
#
# Defines CAF::<component> targets and CAF_VERSION. CAF_ROOT may point at another installation.
find_path(CAF_INCLUDE_DIR caf/config.hpp)
mark_as_advanced(CAF_INCLUDE_DIR)

if(CAF_INCLUDE_DIR)
  # The header holds major * 10000 + minor * 100 + patch.
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_line REGEX "^#define CAF_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+$" _caf_number "${_caf_line}")
  math(EXPR _caf_major "${_caf_number} / 10000")
  math(EXPR _caf_minor "(${_caf_number} / 100) % 100")
  math(EXPR _caf_patch "${_caf_number} % 100")
  set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
endif()

foreach(_component IN LISTS CAF_FIND_COMPONENTS)
  find_library(CAF_${_component}_LIBRARY caf_${_component})
  mark_as_advanced(CAF_${_component}_LIBRARY)
  if(CAF_${_component}_LIBRARY)
    set(CAF_${_component}_FOUND TRUE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  CAF
  REQUIRED_VARS CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION
  HANDLE_COMPONENTS)

foreach(_component IN LISTS CAF_FIND_COMPONENTS)
  if(CAF_${_component}_FOUND AND NOT TARGET CAF::${_component})
    add_library(CAF::${_component} UNKNOWN IMPORTED)
    set_target_properties(
      CAF::${_component} PROPERTIES IMPORTED_LOCATION "${CAF_${_component}_LIBRARY}"
                                    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
    if(NOT _component STREQUAL "core")
      set_property(TARGET CAF::${_component} PROPERTY INTERFACE_LINK_LIBRARIES CAF::core)
    endif()
  endif()
endforeach()
