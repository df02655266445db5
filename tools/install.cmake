# cmake --install: where a distribution wants things.
include(GNUInstallDirs)

install(TARGETS discd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS discctl discbench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS disc_client disc_client_shared
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES src/client/disc.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_file(tools/libdisc.pc.in ${CMAKE_BINARY_DIR}/libdisc.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/libdisc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES zones/discd.yaml zones/disc.local.zone
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/discd/examples)
install(FILES tools/grafana/discd.json DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/discd/examples
        RENAME grafana.json)
install(FILES tools/discctl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME discctl)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/discd)

configure_file(tools/discd.service.in ${CMAKE_BINARY_DIR}/discd.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/discd.service
        DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
install(FILES tools/discd.sysusers DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d
        RENAME discd.conf)
