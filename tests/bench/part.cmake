# Measurements, run by hand: no test depends on the machine's speed.
function(add_bench name source library)
  add_executable(${name} ${CMAKE_CURRENT_LIST_DIR}/${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${library})
endfunction()

add_bench(bench_respond bench_respond.c disc_dns)

add_bench(bench_store bench_store.c disc_store)

# The registry at a million instances; run by hand.
add_bench(bench_registry bench_registry.c disc_registry)

add_bench(bench_publish bench_publish.c disc_dns)

# The goodbye of a group of 10 000.
add_bench(bench_group bench_group.c disc_dns)
target_link_libraries(bench_group PRIVATE disc_store)

# Subscriptions against a running discd.
add_bench(bench_push bench_push.c disc_flags)

# Those who watch over HTTP, against a running discd: see watch.sh.
add_bench(bench_watch bench_watch.c disc_flags)

# One registration datagram of each kind, without the kernel.
add_bench(bench_reg bench_reg.c disc_reg)

# What a query and its reply cost the kernel, whatever the server: see compare.
add_bench(bench_echo echo.c disc_flags)

# That the scripts beside this file still run. They pin servers and load to both cores, at full
# rate: nothing beside them.
add_test(NAME interop/bench COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/smoke.sh)
set_tests_properties(interop/bench PROPERTIES LABELS interop TIMEOUT 300 SKIP_RETURN_CODE 77
                     PROCESSORS 2
                     ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
