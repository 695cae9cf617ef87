# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# The installed package: the headers, find_package(carpool [COMPONENTS bert]) and pkg-config.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/carpool")

install(TARGETS carpool EXPORT carpoolTargets FILE_SET HEADERS)
install(EXPORT carpoolTargets NAMESPACE carpool:: DESTINATION "${package_dir}")
# carpool::bert is not exported: the package config makes it anew from the libtorch of the machine it is used on.
install(DIRECTORY include/carpool/bert include/carpool/tensors DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/carpool"
  FILES_MATCHING PATTERN "*.hpp" PATTERN "cuda_*")
install(FILES cmake/carpoolConfig.cmake cmake/CarpoolBert.cmake cmake/FindBoostHeaders.cmake cmake/FindLibtorch.cmake
  DESTINATION "${package_dir}")

write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/carpoolConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
# carpool.pc finds the folders from where it is itself, so that all may be moved together.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_DATADIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE datadir)
file(RELATIVE_PATH pc_to_prefix "${datadir}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")  # which may be absolute
string(REPLACE " " "\\ " pc_includedir "${pc_includedir}")
configure_file(cmake/carpool.pc.in "${CMAKE_CURRENT_BINARY_DIR}/carpool.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/carpoolConfigVersion.cmake" DESTINATION "${package_dir}")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/carpool.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
