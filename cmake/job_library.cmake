# Libraries of jobs, which a running cluster loads: `weir submit --library libNAME.so`.
#
#   weir_add_job_library(word_count_job SOURCES main.cpp)
#
# makes a library of sources with a WEIR_JOB(...), the same that make a program when they are given
# to add_executable. It is compiled with the headers of weir::weir and not linked with it: the
# engine is that of the process that loads the library. Nothing but the entry point is visible from
# outside, so that libraries do not meet in one process, not even two versions of one job.
function(weir_add_job_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES")
  get_target_property(build weir::weir WEIR_BUILD)
  set(symbols ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/job_library.map)
  add_library(${name} MODULE ${ARG_SOURCES})
  target_include_directories(
    ${name} PRIVATE $<TARGET_PROPERTY:weir::weir,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_definitions(${name} PRIVATE WEIR_JOB_LIBRARY "WEIR_BUILD=\"${build}\"")
  target_link_options(${name} PRIVATE "LINKER:--version-script=${symbols}")
  set_target_properties(${name} PROPERTIES
    PREFIX lib SUFFIX .so CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${symbols})
endfunction()
