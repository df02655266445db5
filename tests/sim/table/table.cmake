# The table that compares disc with the rules of other registries; `run` beside this prints
# it. Its disc column is made of simulated worlds.
file(GLOB table_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_executable(sim_table ${table_sources})
set_target_properties(sim_table PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_include_directories(sim_table PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(sim_table PRIVATE disc_sim)

# Virtual time: the figures do not depend on the machine.
if(SANITIZER)
    set(table_seeds 2)
else()
    set(table_seeds 20)
endif()
add_test(NAME sim/table COMMAND sim_table --seeds ${table_seeds} --check)
set_tests_properties(sim/table PROPERTIES LABELS sim TIMEOUT 300)
