# Measurements, run by hand: no test depends on the machine's speed.
add_executable(bench_respond ${CMAKE_CURRENT_LIST_DIR}/bench_respond.c)
set_target_properties(bench_respond PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(bench_respond PRIVATE disc_dns)
