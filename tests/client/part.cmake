# libdisc against a scripted server and against the protocol module; the tools' command
# lines and exit codes.
file(GLOB client_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.c)
if(NOT DISC_KEYED)
    list(FILTER client_tests EXCLUDE REGEX "/test_keyed[a-z_]*\\.c$")
endif()
foreach(source IN LISTS client_tests)
    get_filename_component(name ${source} NAME_WE)
    set(target client_${name})
    add_executable(${target} ${source} ${CMAKE_CURRENT_LIST_DIR}/fake.c
                   ${CMAKE_CURRENT_LIST_DIR}/watching.c
                   ${CMAKE_CURRENT_LIST_DIR}/tool.c)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_definitions(${target} PRIVATE TOOLS_DIR="${CMAKE_BINARY_DIR}"
                               $<$<BOOL:${DISC_KEYED}>:DISC_KEYED>)
    target_link_libraries(${target} PRIVATE disc_client disc_flags PkgConfig::CMOCKA
                          OpenSSL::Crypto)
    add_test(NAME client/${name} COMMAND ${target})
    set_tests_properties(client/${name} PROPERTIES LABELS fast TIMEOUT 300)
endforeach()
target_link_libraries(client_test_protocol PRIVATE disc_reg)
target_link_libraries(client_test_watch_loss PRIVATE disc_reg)
if(DISC_KEYED)
    target_link_libraries(client_test_keyed_watch PRIVATE disc_reg)
endif()
target_sources(client_test_sse PRIVATE ${CMAKE_SOURCE_DIR}/tools/discctl/sse.c)
target_sources(client_test_bench PRIVATE ${CMAKE_SOURCE_DIR}/tools/discbench/pace.c
               ${CMAKE_SOURCE_DIR}/tools/discbench/question.c
               ${CMAKE_SOURCE_DIR}/tools/discbench/seen.c)
target_include_directories(client_test_bench PRIVATE ${CMAKE_SOURCE_DIR}/tools)
add_dependencies(client_test_bench discbench)
add_dependencies(client_test_tools discctl discbench)
add_dependencies(client_test_agent discctl)
add_test(NAME client/drop_in COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/drop_in.sh ${CMAKE_SOURCE_DIR})
set_tests_properties(client/drop_in PROPERTIES LABELS fast TIMEOUT 300)
