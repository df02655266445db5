#!/bin/sh
# Fails on a source file of more than 500 lines or a function of more than 70 (from its
# opening to its closing brace, both in the first column).
#
#   sizes.sh ROOT
#
# src/client/disc.c is one file by intention: users who only register copy it into their
# programs.
set -eu
cd "${1:?usage: sizes.sh ROOT}"

find src tools -name '*.[ch]' | LC_ALL=C sort | xargs awk -v file_max=500 -v function_max=70 '
function end_file() {
    if (last != "" && last != "src/client/disc.c" && lines > file_max) {
        printf "%s: %d lines, at most %d\n", last, lines, file_max
        bad++
    }
}
FNR == 1 { end_file(); last = FILENAME; opened = 0; files++ }
{ lines = FNR }
/^{/ { opened = FNR; name = before }
/^}/ && opened {
    if (FNR - opened + 1 > function_max) {
        printf "%s:%d: %d lines, at most %d: %s\n", FILENAME, opened, FNR - opened + 1,
               function_max, name
        bad++
    }
    opened = 0
}
{ before = $0 }
END {
    end_file()
    if (!files) {
        print "no source file found: is this the right folder?"
        exit 1
    }
    exit bad > 0
}'
