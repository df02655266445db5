#!/bin/bash
# instructions.sh [BENCH_RESPOND] [OPTIONS OF IT]: instructions per query of each kind, counted
# by valgrind; the same on every run, however busy the machine is. BENCH_RESPOND is the program of
# a build with -DBUILD_TESTING=ON [build/tests/bench_respond of this checkout].
set -eu -o pipefail
case ${1:-} in -h | --help) sed -n '2,4s/^# //p' "$0" && exit ;; esac
bench=${1:-$(dirname "$0")/../../build/tests/bench_respond}
shift || true
die() {
    echo "instructions.sh: $*" >&2
    exit 1
}
[ -x "$bench" ] && [ -f "$bench" ] || die "there is no program $bench: build it, or say where it is"
command -v valgrind >/dev/null || die "valgrind is needed"
queries=3200 # 100 batches and one
answered=3232
for kind in $(seq 0 99); do
    out=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect=answer_batch "$bench" --queries "$queries" --kind "$kind" "$@" 2>&1) || {
        [ "$kind" != 0 ] || die "$bench fails: $out"
        break
    }
    what=$(grep ' million/s$' <<<"$out" | sed 's/  .*//') || break # no such kind
    count=$(sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' <<<"$out")
    printf '%-28s %6d instructions\n' "$what" $((count / answered))
done
