# What several kinds of tests use: requests, and answers checked by two decoders.
add_library(disc_test_support STATIC ${CMAKE_CURRENT_LIST_DIR}/answer.c ${CMAKE_CURRENT_LIST_DIR}/dns_check.c
            ${CMAKE_CURRENT_LIST_DIR}/question.c ${CMAKE_CURRENT_LIST_DIR}/wire_name.c)
target_include_directories(disc_test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(disc_test_support PUBLIC disc_base PkgConfig::LDNS)

add_library(disc_test_server STATIC ${CMAKE_CURRENT_LIST_DIR}/server.c)
target_link_libraries(disc_test_server PUBLIC disc_test_support disc_dns disc_reg)
