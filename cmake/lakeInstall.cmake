# Installs the headers and the package that find_package(lake CONFIG) reads.
include(CMakePackageConfigHelpers)

set(lake_package_folder "${CMAKE_INSTALL_DATADIR}/cmake/lake")
set(lake_targets lake_lake)
foreach(component IN LISTS lake_components)
  list(APPEND lake_targets lake_${component})
endforeach()

install(TARGETS ${lake_targets} EXPORT lakeTargets)
install(EXPORT lakeTargets NAMESPACE lake:: DESTINATION "${lake_package_folder}")
install(DIRECTORY include/lake DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/lake")

configure_package_config_file(cmake/lakeConfig.cmake.in "${PROJECT_BINARY_DIR}/lakeConfig.cmake" INSTALL_DESTINATION "${lake_package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lakeConfigVersion.cmake" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/lakeConfig.cmake" "${PROJECT_BINARY_DIR}/lakeConfigVersion.cmake" cmake/lakeComponents.cmake cmake/Findhiredis.cmake
        DESTINATION "${lake_package_folder}")
