# libdisc: stands alone, includes nothing of the rest of src/. The list is for whoever
# compiles it once more with other settings.
file(GLOB DISC_CLIENT_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/client/*.c)
add_library(disc_client STATIC ${DISC_CLIENT_SOURCES})
add_library(disc_client_shared SHARED ${DISC_CLIENT_SOURCES})
set_target_properties(disc_client PROPERTIES OUTPUT_NAME disc)
set_target_properties(disc_client_shared PROPERTIES
    OUTPUT_NAME disc VERSION ${PROJECT_VERSION} SOVERSION 0)
set(DISC_CLIENT_PRIVATE_LIBS "") # for libdisc.pc
if(DISC_KEYED)
    set(DISC_CLIENT_PRIVATE_LIBS "-lcrypto")
endif()
foreach(library disc_client disc_client_shared)
    target_include_directories(${library} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${library} PRIVATE disc_flags)
    if(DISC_KEYED)
        target_compile_definitions(${library} PRIVATE DISC_KEYED)
        target_link_libraries(${library} PRIVATE OpenSSL::Crypto)
    endif()
endforeach()
