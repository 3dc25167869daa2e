# What `cmake --install` copies, and what find_package(weir) needs.
include(CMakePackageConfigHelpers)

install(TARGETS weir weir_testing EXPORT weirTargets)
if(WEIR_BUILD_TOOL)
  install(TARGETS weir_tool)
endif()
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
install(EXPORT weirTargets NAMESPACE weir:: DESTINATION ${package_dir})
configure_package_config_file(cmake/weirConfig.cmake.in weirConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(weirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weirConfig.cmake ${PROJECT_BINARY_DIR}/weirConfigVersion.cmake
              cmake/FindCAF.cmake cmake/job_library.cmake cmake/job_library.map
        DESTINATION ${package_dir})
