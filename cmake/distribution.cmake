# What packagers install beside the programs, and Debian packages of it (./dev package): one for each program.

set(CPACK_PACKAGE_CONTACT "Tunnel contributors <maintainers@tunnel.example.org>" CACHE STRING "Maintainer of the packages")
set(TUNNEL_SYSTEMD_FOLDER lib/systemd CACHE STRING "Where systemd looks for units, below the prefix")

foreach(side server client)
    set(program tunnel-${side})
    set(packaging ${PROJECT_SOURCE_DIR}/packaging)
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${side})
    install(FILES ${packaging}/completions/${program}.bash RENAME ${program}
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT ${side})
    install(FILES ${packaging}/completions/_${program}
            DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT ${side})
    install(FILES ${packaging}/completions/${program}.fish
            DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT ${side})
    install(FILES ${packaging}/systemd/${side}.env DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${program}/examples
            COMPONENT ${side})
    # Debian wants manual pages compressed: its packages leave this component out.
    install(FILES ${packaging}/man/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT manual)

    # Files as Debian wants them, for its packages alone.
    string(CONCAT debian_fields "set(program ${program})\nset(source \"${PROJECT_SOURCE_DIR}\")\nset(version ${PROJECT_VERSION})\n"
        "set(maintainer \"${CPACK_PACKAGE_CONTACT}\")\n")
    install(CODE "${debian_fields}" COMPONENT ${side}_debian EXCLUDE_FROM_ALL)
    install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/debian_files.cmake COMPONENT ${side}_debian EXCLUDE_FROM_ALL)
endforeach()
install(FILES packaging/systemd/tunnel-server.service packaging/systemd/tunnel-server@.service
              packaging/systemd/tunnel-server.socket packaging/systemd/tunnel-server-link.socket
        DESTINATION ${TUNNEL_SYSTEMD_FOLDER}/system COMPONENT server)
install(FILES contrib/alerts.yml contrib/grafana-dashboard.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tunnel-server/examples COMPONENT server)
install(FILES packaging/systemd/tunnel-client.service DESTINATION ${TUNNEL_SYSTEMD_FOLDER}/user COMPONENT client)
install(FILES README.md LICENSE docs/protocol.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tunnel)
set(CPACK_PACKAGE_VENDOR "The tunnel project")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL server server_debian client client_debian)
foreach(side server client)
    string(TOUPPER ${side} upper)
    set(CPACK_COMPONENT_${upper}_GROUP ${side})
    set(CPACK_COMPONENT_${upper}_DEBIAN_GROUP ${side})
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME tunnel-${side})
    set(CPACK_DEBIAN_${upper}_FILE_NAME DEB-DEFAULT)
endforeach()
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "self-hosted HTTP tunnel for webhooks and local apps")
set(CPACK_DEBIAN_SERVER_DESCRIPTION
    "Takes HTTP requests on a public server and hands them to the one tunnel-client
that is connected, which replays them to an app on another machine. Bodies
stream both ways. It has no TLS and no authentication of its own.")
set(CPACK_DEBIAN_CLIENT_DESCRIPTION
    "Connects to a tunnel-server and replays the HTTP requests that it hands over
to an app on this machine, such as webhooks to an app under development.")
foreach(script postinst prerm postrm)
    list(APPEND CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/${script})
endforeach()
include(CPack)
