# Checks that read the source text: arrows between folders, calls, sizes.
foreach(check includes calls sizes)
    add_test(NAME lint/${check} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${check}.sh ${CMAKE_SOURCE_DIR})
    set_tests_properties(lint/${check} PROPERTIES LABELS fast TIMEOUT 60)
endforeach()
add_test(NAME lint/selftest COMMAND ${CMAKE_CURRENT_LIST_DIR}/selftest.sh)
set_tests_properties(lint/selftest PROPERTIES LABELS fast TIMEOUT 60)
