# SPDX-License-Identifier: MIT
# What a program outside needs to link: one archive of the layers, and where to find it, for
# pkg-config and for find_package.
include(CMakePackageConfigHelpers)

add_library(qmpshot_archive STATIC
  $<TARGET_OBJECTS:qmpshot_qmp>
  $<TARGET_OBJECTS:qmpshot_encode>
  $<TARGET_OBJECTS:qmpshot_capture>)
set_target_properties(qmpshot_archive PROPERTIES OUTPUT_NAME qmpshot)
install(TARGETS qmpshot_archive ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

# ../.. from lib/pkgconfig, or ../../.. from lib/x86_64-linux-gnu/pkgconfig: a prefix that is moved,
# or a DESTDIR, stays right.
file(RELATIVE_PATH QMPSHOT_PREFIX_FROM_PC
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/qmpshot.pc.in qmpshot.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qmpshot.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(QMPSHOT_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/qmpshot)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/qmpshotConfig.cmake.in qmpshotConfig.cmake
  INSTALL_DESTINATION ${QMPSHOT_PACKAGE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(qmpshotConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qmpshotConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/qmpshotConfigVersion.cmake
        DESTINATION ${QMPSHOT_PACKAGE_DIR})
