# Against servers, resolvers, load balancers and DNS tools that others wrote: tools/test
# --interop installs them. A script whose program is missing is skipped. coredns.sh is only
# there once coredns_build.sh has made build/tests/coredns.
set(peers haproxy nginx bind_forward knot_resolver unbound_forward dnsmasq_forward getent
    secondaries zonemaster dnsviz resolved)
if(EXISTS ${CMAKE_BINARY_DIR}/tests/coredns)
    list(APPEND peers coredns)
endif()
foreach(name IN LISTS peers)
    add_test(NAME interop/${name} COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/${name}.sh)
    set_tests_properties(interop/${name} PROPERTIES LABELS interop TIMEOUT 300
                         SKIP_RETURN_CODE 77
                         ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
endforeach()
