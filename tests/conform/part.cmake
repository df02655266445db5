# The behaviour checklist: its table, and its cases against the real daemon. Debian's own
# python3, which has python3-dnspython.
find_program(CONFORM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT CONFORM_PYTHON)
    set(CONFORM_PYTHON python3)
endif()

add_test(NAME lint/checklist COMMAND ${CONFORM_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/check_table.py)
set_tests_properties(lint/checklist PROPERTIES LABELS fast TIMEOUT 300)

add_test(NAME e2e/conform COMMAND ${CONFORM_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/run.py)
set_tests_properties(e2e/conform PROPERTIES LABELS e2e TIMEOUT 300
                     ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR}")
