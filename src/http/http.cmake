# The files that HTTP clients get from the binary itself: the console and the description of
# the API. See embed.cmake.
file(GLOB console_files CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/src/http/console/*.html ${CMAKE_SOURCE_DIR}/src/http/console/*.css
     ${CMAKE_SOURCE_DIR}/src/http/console/*.js ${CMAKE_SOURCE_DIR}/src/http/console/*.svg)
file(GLOB description CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/http/openapi.json)

set(embedded "")
foreach(file IN LISTS console_files)
    get_filename_component(name ${file} NAME)
    if(name STREQUAL "index.html")
        set(name "")
    endif()
    list(APPEND embedded "/${name}|${file}")
endforeach()
foreach(file IN LISTS description)
    list(APPEND embedded "/v1/openapi.json|${file}")
endforeach()

set(generated_files ${CMAKE_BINARY_DIR}/generated/http/file_table.c)
add_custom_command(
    OUTPUT ${generated_files}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated/http
    COMMAND ${CMAKE_COMMAND} -DOUT=${generated_files} "-DLIST=${embedded}"
            -P ${CMAKE_SOURCE_DIR}/src/http/embed.cmake
    DEPENDS ${console_files} ${description} ${CMAKE_SOURCE_DIR}/src/http/embed.cmake
            ${CMAKE_SOURCE_DIR}/src/http/http.cmake
    VERBATIM)
target_sources(disc_http PRIVATE ${generated_files})
