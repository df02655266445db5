# The tools. They use libdisc, and nothing of the server.
file(GLOB discctl_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/discctl/*.c
     ${CMAKE_SOURCE_DIR}/tools/shared/*.c)
add_executable(discctl ${discctl_sources})
target_link_libraries(discctl PRIVATE disc_client disc_flags PkgConfig::JANSSON
                      PkgConfig::SMARTCOLS PkgConfig::EVENT OpenSSL::SSL OpenSSL::Crypto m)

file(GLOB discbench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/discbench/*.c
     ${CMAKE_SOURCE_DIR}/tools/shared/*.c)
add_executable(discbench ${discbench_sources})
target_link_libraries(discbench PRIVATE disc_client disc_flags PkgConfig::JANSSON OpenSSL::Crypto m)
