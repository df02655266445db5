# Text scenarios: every .scn is a test. One with "# must fail at line N" in its first line
# shows that the runner can fail, and where.
file(GLOB scenario_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_executable(run_scenario ${scenario_sources})
set_target_properties(run_scenario PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(run_scenario PRIVATE disc_test_support disc_dns disc_reg OpenSSL::Crypto)

file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.scn)
foreach(scenario IN LISTS scenarios)
    get_filename_component(name ${scenario} NAME_WE)
    add_test(NAME scenario/${name} COMMAND run_scenario ${scenario})
    set_tests_properties(scenario/${name} PROPERTIES LABELS fast TIMEOUT 300)
endforeach()
add_test(NAME scenario/selftest
         COMMAND ${CMAKE_CURRENT_LIST_DIR}/selftest.sh $<TARGET_FILE:run_scenario>)
set_tests_properties(scenario/selftest PROPERTIES LABELS fast TIMEOUT 300)
