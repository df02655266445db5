# Against other people's servers: run.sh says what is compared. By hand with 5000 zones.
add_test(NAME interop/differential COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/run.sh 200 1)
set_tests_properties(interop/differential PROPERTIES LABELS interop TIMEOUT 300
                     SKIP_RETURN_CODE 77 ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR}")
