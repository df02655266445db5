# Large numbers, at fixed seeds.
add_executable(scale ${CMAKE_CURRENT_LIST_DIR}/scale.c)
set_target_properties(scale PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(scale PRIVATE disc_test_server m)
foreach(part one many shares)
    add_test(NAME scale/${part} COMMAND scale ${part})
    set_tests_properties(scale/${part} PROPERTIES LABELS scale TIMEOUT 300)
endforeach()
