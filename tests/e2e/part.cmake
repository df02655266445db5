# The real programs, from outside: bash scripts that start discd on free ports.
foreach(tool ask tcp_probe)
    add_executable(e2e_${tool} ${CMAKE_CURRENT_LIST_DIR}/${tool}.c)
    set_target_properties(e2e_${tool} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(e2e_${tool} PRIVATE disc_test_support)
endforeach()

add_executable(e2e_watch_client ${CMAKE_CURRENT_LIST_DIR}/watch_client.c)
set_target_properties(e2e_watch_client PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(e2e_watch_client PRIVATE disc_client disc_flags)

function(disc_e2e label)
    foreach(name IN LISTS ARGN)
        add_test(NAME ${label}/${name} COMMAND bash ${CMAKE_SOURCE_DIR}/tests/e2e/${name}.sh)
        set_tests_properties(${label}/${name} PROPERTIES LABELS ${label} TIMEOUT 300
                             SKIP_RETURN_CODE 77
                             ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
    endforeach()
endfunction()

disc_e2e(e2e basics metrics discctl discctl_https discctl_import goapi http_write http_watch http_tls http_abuse openapi durable readme config reload signals root tcp http agent ipv6 guard probe demo install bench bench_scripts doctor
         transfer nsupdate notify dnstap rrl watch_client audit subscribe)
disc_e2e(interop discctl_elsewhere unbound promtool resolv_conf dnsmasq go_clients)
