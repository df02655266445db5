#!/bin/sh
# The runner must be able to fail: each small scenario has to fail at its last line, with
# the file, the line and the words given. Argument: the program.
set -u
program=${1:?usage: selftest.sh RUN_SCENARIO}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fails() { # LINE WORDS TEXT
    printf '%b\n' "$3" > "$work/bad.scn"
    if "$program" "$work/bad.scn" > "$work/said" 2>&1; then
        echo "selftest: passes, but must fail: $3"
        failed=1
    elif ! grep -q "bad.scn:$1: .*$2" "$work/said"; then
        echo "selftest: expected line $1 and '$2', got:"
        cat "$work/said"
        failed=1
    fi
}

web='send disc/1 reg svc=web inst=a addr=192.0.2.1 port=80'

fails 2 'expected: disc/1 err' "$web\nexpect-reply disc/1 err*"
fails 2 'expected no reply' "$web\nexpect-reply none"
fails 3 'not there' "$web\nquery web.disc.local A\nexpect answer web.disc.local A 192.0.2.2"
fails 3 'another rcode' "$web\nquery web.disc.local A\nexpect rcode NXDOMAIN"
fails 3 'records' "$web\nquery web.disc.local A\nexpect none"
fails 3 'not set' "$web\nquery web.disc.local A\nexpect flag TC"
fails 3 'TTL' "$web\nquery web.disc.local A\nexpect ttl 4"
fails 3 'another number' "$web\nquery web.disc.local A\nexpect count answer 2"
fails 3 'no line below names' "$web\nsend disc/1 reg svc=web inst=b addr=192.0.2.2 port=80\nquery web.disc.local A\nexpect answer web.disc.local A 192.0.2.1"
fails 3 'instances: expected 2, got 1' "$web\npass 1s\ntotals instances 2"
fails 1 'no command' 'frobnicate'
fails 1 'was not set' 'send $nothing'
fails 1 'there is no query' 'expect none'

exit $failed
