# Installs the rooms without sockets as a CMake package, for programs that speak the protocol over sockets of their own:
# find_package(tunnel) gives tunnel::http and tunnel::protocol. They need no other library.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tunnel)
foreach(room base http protocol)
    set_target_properties(tunnel_${room} PROPERTIES EXPORT_NAME ${room})
    install(DIRECTORY include/tunnel/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tunnel COMPONENT development
            FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/include/tunnel/version.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tunnel
        COMPONENT development)
install(TARGETS tunnel_base tunnel_http tunnel_protocol EXPORT tunnel
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT tunnel NAMESPACE tunnel:: FILE tunnelTargets.cmake DESTINATION ${package_folder} COMPONENT development)

configure_package_config_file(cmake/tunnelConfig.cmake.in tunnelConfig.cmake INSTALL_DESTINATION ${package_folder})
# Before 1.0, any minor version may change the interface.
write_basic_package_version_file(tunnelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tunnelConfig.cmake ${PROJECT_BINARY_DIR}/tunnelConfigVersion.cmake
        DESTINATION ${package_folder} COMPONENT development)
