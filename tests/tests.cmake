# All tests, run by ctest. Unit tests: tests/unit/<folder>/test_<file>.c, one cmocka
# program each, linked with the library of its folder.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

function(disc_unit_tests folder)
    file(GLOB programs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${folder}/test_*.c)
    foreach(source IN LISTS programs)
        get_filename_component(name ${source} NAME_WE)
        set(target unit_${folder}_${name})
        add_executable(${target} ${source})
        set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
        target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
        target_link_libraries(${target} PRIVATE ${ARGN} PkgConfig::CMOCKA)
        add_test(NAME unit/${folder}/${name} COMMAND ${target}
                 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
        set_tests_properties(unit/${folder}/${name} PROPERTIES LABELS fast TIMEOUT 300)
    endforeach()
endfunction()

disc_unit_tests(base disc_base)
disc_unit_tests(registry disc_registry)
disc_unit_tests(dns disc_dns disc_test_support)
disc_unit_tests(reg disc_reg)
disc_unit_tests(http disc_http)
disc_unit_tests(store disc_store)
disc_unit_tests(server disc_server)

file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/part.cmake)
foreach(part IN LISTS parts)
    include(${part})
endforeach()

# What has several threads in it, for the thread sanitizer's turn; `threads` builds just that.
set(threaded unit/base/test_rcu unit/dns/test_table unit/dns/test_publish unit/dns/test_rrl
    unit/server/test_committer unit/server/test_tasks)
set_tests_properties(${threaded} PROPERTIES LABELS "fast;threads")
set_tests_properties(e2e/basics e2e/durable e2e/reload e2e/tcp e2e/signals e2e/transfer
                     PROPERTIES LABELS "e2e;threads")
string(REPLACE "/" "_" threaded "${threaded}")
add_custom_target(threads DEPENDS ${threaded} stress_tsan discd discctl e2e_ask e2e_tcp_probe)

# Scripts mostly wait, for a lease to end or for another program, and count for one processor;
# what computes counts for two. `ctest -j4` keeps two cores busy then.
set(computing "^(e2e/bench.*|e2e/goapi|console/.*|interop/differential|interop/go_clients|fault/sweep|fault/kill9)$")
get_property(all_tests DIRECTORY PROPERTY TESTS)
foreach(test IN LISTS all_tests)
    get_test_property(${test} PROCESSORS processors)
    get_test_property(${test} LABELS labels)
    if(processors) # of its own
        math(EXPR processors "2 * ${processors}")
    elseif(labels MATCHES "e2e|fault|interop" AND NOT test MATCHES "${computing}")
        set(processors 1)
    else()
        set(processors 2)
    endif()
    set_tests_properties(${test} PROPERTIES PROCESSORS ${processors})
endforeach()
