# Threads against each other; `run.sh SECONDS` runs it long under the thread sanitizer.
find_package(Threads REQUIRED)
add_executable(stress_tsan ${CMAKE_CURRENT_LIST_DIR}/stress_tsan.c)
set_target_properties(stress_tsan PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(stress_tsan PRIVATE disc_test_server Threads::Threads)
add_test(NAME stress/threads COMMAND stress_tsan 300)
set_tests_properties(stress/threads PROPERTIES LABELS "fast;threads" TIMEOUT 300 PROCESSORS 2)
