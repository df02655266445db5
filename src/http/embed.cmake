# Writes a C source with the bytes of files in it: what file_find() of http/file.h hands out.
#
#   cmake -DOUT=FILE.c -DLIST="PATH|FILE;PATH|FILE..." -P embed.cmake
#
# PATH is where HTTP clients ask for the file. The order is that of the list, and nothing
# but the files' contents goes in, so that two builds of one checkout are alike.
set(types
    html "text/html\; charset=utf-8"
    css "text/css\; charset=utf-8"
    js "text/javascript\; charset=utf-8"
    svg "image/svg+xml"
    json "application/json")

set(bytes "")
set(rows "")
set(n 0)
foreach(entry IN LISTS LIST)
    string(REGEX MATCH "^(.*)[|](.*)$" entry "${entry}")
    set(path "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    string(REGEX MATCH "[a-z]+$" suffix "${file}")
    list(FIND types "${suffix}" at)
    if(at LESS 0)
        message(FATAL_ERROR "${file}: no content type is known for .${suffix}")
    endif()
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
    file(READ "${file}" hex HEX)
    file(SHA256 "${file}" hash)
    file(SIZE "${file}" size)
    string(SUBSTRING "${hash}" 0 20 tag)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    string(REPEAT "[0-9a-fx,]" 80 line) # sixteen bytes of source text
    string(REGEX REPLACE "(${line})" "\\1\n" hex "${hex}")
    string(APPEND bytes "static const unsigned char file_${n}[] = {\n${hex}0};\n\n")
    string(APPEND rows "    {\"${path}\", \"${type}\", \"\\\"${tag}\\\"\", file_${n}, ${size}},\n")
    math(EXPR n "${n} + 1")
endforeach()

file(WRITE "${OUT}.new" "/* Written by embed.cmake. */
#include \"http/file.h\"

${bytes}const struct file file_table[] = {
${rows}    {0},
};
")
file(RENAME "${OUT}.new" "${OUT}")
