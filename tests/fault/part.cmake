# Faults: a shim that lets system calls fail, a proxy that lets packets get lost, kill -9,
# and disks that are slow, full, read-only or damaged.
add_library(fault MODULE ${CMAKE_CURRENT_LIST_DIR}/shim/judge.c
            ${CMAKE_CURRENT_LIST_DIR}/shim/memory.c ${CMAKE_CURRENT_LIST_DIR}/shim/files.c
            ${CMAKE_CURRENT_LIST_DIR}/shim/sockets.c)
# It stands in front of the sanitizers' own functions, so it has none of them inside: the
# options of the other programs are not its own.
set_target_properties(fault PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
                      COMPILE_OPTIONS "-O2;-fPIC;-fvisibility=hidden;-fno-builtin" LINK_OPTIONS "")
target_include_directories(fault PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(fault PRIVATE disc_flags dl)

function(disc_fault_program target)
    add_executable(${target} ${ARGN})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${target} PRIVATE disc_flags)
endfunction()

disc_fault_program(fault_ctl ${CMAKE_CURRENT_LIST_DIR}/fault_ctl.c
                   ${CMAKE_CURRENT_LIST_DIR}/fault_page.c)

# What the test programs that start discd have in common.
add_library(fault_drive STATIC ${CMAKE_CURRENT_LIST_DIR}/drive.c
            ${CMAKE_CURRENT_LIST_DIR}/drive_ask.c
            ${CMAKE_CURRENT_LIST_DIR}/fault_page.c ${CMAKE_CURRENT_LIST_DIR}/fault_order.c
            ${CMAKE_CURRENT_LIST_DIR}/model.c ${CMAKE_CURRENT_LIST_DIR}/play.c
            ${CMAKE_CURRENT_LIST_DIR}/load.c)
target_include_directories(fault_drive PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(fault_drive PUBLIC disc_test_support)
foreach(name sweep kill9 restart slow sync goodbye)
    disc_fault_program(fault_${name} ${CMAKE_CURRENT_LIST_DIR}/fault_${name}.c)
    target_link_libraries(fault_${name} PRIVATE fault_drive)
endforeach()

disc_fault_program(fault_proxy ${CMAKE_CURRENT_LIST_DIR}/proxy.c
                   ${CMAKE_CURRENT_LIST_DIR}/proxy_udp.c ${CMAKE_CURRENT_LIST_DIR}/proxy_tcp.c)
target_link_libraries(fault_proxy PRIVATE PkgConfig::EVENT)

disc_fault_program(fault_test_order ${CMAKE_CURRENT_LIST_DIR}/test_order.c
                   ${CMAKE_CURRENT_LIST_DIR}/fault_order.c)
target_link_libraries(fault_test_order PRIVATE PkgConfig::CMOCKA)
add_test(NAME fault/order COMMAND fault_test_order)
set_tests_properties(fault/order PROPERTIES LABELS fast TIMEOUT 300)

function(disc_fault_tests label)
    foreach(name IN LISTS ARGN)
        add_test(NAME fault/${name} COMMAND bash ${CMAKE_SOURCE_DIR}/tests/fault/${name}.sh)
        set_tests_properties(fault/${name} PROPERTIES LABELS "${label}" TIMEOUT 300
                             SKIP_RETURN_CODE 77
                             ENVIRONMENT "BUILD=${CMAKE_BINARY_DIR};SOURCE=${CMAKE_SOURCE_DIR}")
    endforeach()
endfunction()

disc_fault_tests(fault kill9 goodbye network damaged folder)
disc_fault_tests("fault;interop" disk_full)
if(NOT SANITIZER STREQUAL "thread") # its run-time library takes no other allocator before it
    disc_fault_tests(fault sweep sync slow)
    disc_fault_tests("fault;interop" read_only)
endif()
