#!/bin/sh
# The console makes text nodes of what others registered, never markup or code, and is all
# of one server: fails on what could make it otherwise.
#
#   console.sh ROOT
set -eu
cd "${1:?usage: console.sh ROOT}/src/http/console"

find . -type f | LC_ALL=C sort | sed 's|^\./||' | xargs awk '
function complain(why) {
    printf "src/http/console/%s:%d: %s: %s\n", FILENAME, FNR, why, $0
    bad++
}
FNR == 1 { files++ }
/innerHTML|outerHTML|insertAdjacentHTML|setHTML|parseFromString|createContextualFragment|srcdoc|document\.write/ {
    complain("markup out of text")
}
/(^|[^A-Za-z0-9_.])(eval|Function)[ ]*\(|set(Timeout|Interval)\([^a-zA-Z(]/ { complain("code out of text") }
/(^|[ "<])style[ ]*=|setAttribute\(.style|cssText/ { complain("a style in the page; the policy forbids it") }
/<[a-z][^>]* on[a-z]+[ ]*=/ { complain("a script in the page; the policy forbids it") }
/<script[^>]*>[^<]/ || /<script>/ { complain("a script in the page; the policy forbids it") }
/https?:/ && !/http:\/\/www\.w3\.org\/2000\/svg/ { complain("an address of another server") }
/(^|[^:"])\/\/[a-z0-9]+\.[a-z]/ { complain("an address of another server") }
END {
    if (!files) {
        print "no file found: is this the right folder?"
        exit 1
    }
    exit bad > 0
}'
