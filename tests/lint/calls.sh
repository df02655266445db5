#!/bin/sh
# Fails where something below src/server (or src/client) reads a clock, draws from the
# system's random source, or touches a socket: time and randomness are arguments there.
#
#   calls.sh ROOT
set -eu
cd "${1:?usage: calls.sh ROOT}/src"

find . -name '*.[ch]' ! -path './server/*' ! -path './client/*' | LC_ALL=C sort |
    sed 's|^\./||' | xargs awk '
BEGIN {
    clocks = "clock_gettime|clock_getres|gettimeofday|timespec_get|time|ftime|clock|" \
             "localtime|localtime_r|nanosleep|usleep|sleep|evutil_gettimeofday|" \
             "event_base_gettimeofday_cached"
    random = "rand|srand|rand_r|random|srandom|drand48|lrand48|arc4random|getrandom|" \
             "getentropy|randombytes_buf|randombytes_random|RAND_bytes|evutil_secure_rng_get_bytes"
    sockets = "socket|socketpair|bind|listen|accept|accept4|connect|send|sendto|sendmsg|" \
              "sendmmsg|recv|recvfrom|recvmsg|recvmmsg|getsockopt|setsockopt|getaddrinfo"
    call = "(^|[^A-Za-z0-9_>.])(" clocks "|" random "|" sockets ")[ ]*\\("
}
FNR == 1 { comment = 0; files++ }
{
    line = $0
    gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    gsub(/\/\*([^*]|\*[^\/])*\*\//, " ", line)
    sub(/\/\/.*$/, "", line)
    if (comment) {
        if (!sub(/^.*\*\//, "", line))
            next
        comment = 0
    }
    if (sub(/\/\*.*$/, "", line))
        comment = 1
    if (match(line, call)) {
        found = substr(line, RSTART, RLENGTH)
        gsub(/^[^A-Za-z0-9_]|[ ]*\($/, "", found)
        printf "src/%s:%d: calls %s: below server/ time and randomness are arguments\n",
               FILENAME, FNR, found
        bad++
    }
}
END {
    if (!files) {
        print "no source file found: is this the right folder?"
        exit 1
    }
    exit bad > 0
}'
