# Measurements, run by hand: no test depends on the machine's speed.
add_executable(bench_respond ${CMAKE_CURRENT_LIST_DIR}/bench_respond.c)
set_target_properties(bench_respond PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_respond PRIVATE disc_dns)

add_executable(bench_store ${CMAKE_CURRENT_LIST_DIR}/bench_store.c)
set_target_properties(bench_store PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_store PRIVATE disc_store)

# The registry at a million instances; run by hand.
add_executable(bench_registry ${CMAKE_CURRENT_LIST_DIR}/bench_registry.c)
set_target_properties(bench_registry PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_registry PRIVATE disc_registry)

add_executable(bench_publish ${CMAKE_CURRENT_LIST_DIR}/bench_publish.c)
set_target_properties(bench_publish PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_publish PRIVATE disc_dns)

# Subscriptions against a running discd.
add_executable(bench_push ${CMAKE_CURRENT_LIST_DIR}/bench_push.c)
set_target_properties(bench_push PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_push PRIVATE disc_flags)

# Those who watch over HTTP, against a running discd: see watch.sh.
add_executable(bench_watch ${CMAKE_CURRENT_LIST_DIR}/bench_watch.c)
set_target_properties(bench_watch PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_watch PRIVATE disc_flags)

# One registration datagram of each kind, without the kernel.
add_executable(bench_reg ${CMAKE_CURRENT_LIST_DIR}/bench_reg.c)
set_target_properties(bench_reg PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_reg PRIVATE disc_reg)

# What a query and its reply cost the kernel, whatever the server: see compare.
add_executable(bench_echo ${CMAKE_CURRENT_LIST_DIR}/echo.c)
set_target_properties(bench_echo PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_echo PRIVATE disc_flags)

# That the scripts beside this file still run.
add_test(NAME interop/bench COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/smoke.sh)
set_tests_properties(interop/bench PROPERTIES LABELS interop TIMEOUT 400 SKIP_RETURN_CODE 77
                     RUN_SERIAL ON
                     ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
