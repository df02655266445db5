# Simulated worlds. The engine is a library of its own, so that other programs can build
# worlds, too; libdisc goes in as it is, its system calls renamed.
file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
list(FILTER sim_sources EXCLUDE REGEX "/sim_run\\.c$")
set(sim_dir ${CMAKE_CURRENT_LIST_DIR})

# An object of its own: other parts of this tree give disc.c other settings.
add_library(disc_sim_client OBJECT ${DISC_CLIENT_SOURCES})
target_compile_options(disc_sim_client PRIVATE -include ${sim_dir}/redirect.h)
target_compile_definitions(disc_sim_client PRIVATE DISC_KEYED)
target_link_libraries(disc_sim_client PRIVATE disc_flags OpenSSL::Crypto)

add_library(disc_sim STATIC ${sim_sources} $<TARGET_OBJECTS:disc_sim_client>)
target_include_directories(disc_sim PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(disc_sim PUBLIC disc_test_support disc_dns disc_reg disc_store
                      OpenSSL::Crypto)

add_executable(sim_run ${sim_dir}/sim_run.c)
set_target_properties(sim_run PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(sim_run PRIVATE disc_sim)

# A sanitizer makes a world ten times as slow: fewer of them then.
if(SANITIZER)
    set(sim_seeds 1..100)
    set(sim_large --clients 1000 --minutes 3)
    set(sim_mutant_seeds 1..150)
else()
    set(sim_seeds 1..1000)
    set(sim_large --clients 12000 --minutes 4)
    set(sim_mutant_seeds 1..300)
endif()
add_test(NAME sim/seeds COMMAND sim_run --seeds ${sim_seeds} --jobs 2)
add_test(NAME sim/same COMMAND sim_run --seeds 1..10 --twice)
add_test(NAME sim/large COMMAND sim_run ${sim_large})
add_test(NAME sim/mutants COMMAND sim_run --mutants --seeds ${sim_mutant_seeds})
set_tests_properties(sim/seeds sim/same sim/large sim/mutants PROPERTIES LABELS sim TIMEOUT 300)
set_tests_properties(sim/seeds PROPERTIES PROCESSORS 2)

include(${sim_dir}/table/table.cmake)
