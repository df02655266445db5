#!/bin/sh
# Reads every #include "..." line under ROOT/src and fails on an arrow that points
# upwards or sideways, or into a folder past its front header.
#
#   includes.sh ROOT
#
# base < registry < dns, reg, http, store < server; client stands alone.
set -eu
cd "${1:?usage: includes.sh ROOT}/src"

find . -name '*.[ch]' | LC_ALL=C sort | sed 's|^\./||' | xargs awk '
BEGIN {
    floor["base"] = 0
    floor["registry"] = 1
    floor["dns"] = floor["reg"] = floor["http"] = floor["store"] = 2
    floor["server"] = 3
}
function complain(why) {
    printf "src/%s:%d: \"%s\": %s\n", FILENAME, FNR, target, why
    bad++
}
function check(own, other, file) {
    if (own == "client") {
        if (target !~ /^(client\/)?disc[a-z_]*\.h$/)
            complain("client includes nothing but its own headers")
    } else if (file == "") {
        complain("include paths are rooted at src/")
    } else if (!(own in floor)) {
        complain("the folder " own " has no floor")
    } else if (!(other in floor)) {
        complain("no folder of this name may be included")
    } else if (other != own && floor[other] >= floor[own]) {
        complain(own " may not include " other)
    } else if (other != own && other != "base" && file != other ".h") {
        complain("only the front header " other "/" other ".h may be included from outside")
    }
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    target = $0
    sub(/^[^"]*"/, "", target)
    sub(/".*$/, "", target)
    own = FILENAME
    sub(/\/.*$/, "", own)
    other = target
    file = ""
    if (sub(/\/.*$/, "", other))
        file = substr(target, length(other) + 2)
    check(own, other, file)
    seen++
}
END {
    if (!seen) {
        print "no #include line found: is this the right folder?"
        exit 1
    }
    exit bad > 0
}'
