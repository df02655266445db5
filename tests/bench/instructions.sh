#!/bin/bash
# instructions.sh [BENCH_RESPOND] [OPTIONS OF IT]: instructions per query of each kind, counted
# by valgrind; the same on every run, however busy the machine is.
set -eu -o pipefail
bench=${1:-tests/bench_respond}
shift || true
queries=3200 # 100 batches and one
answered=3232
for kind in $(seq 0 99); do
    out=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect=answer_batch "$bench" --queries "$queries" --kind "$kind" "$@" 2>&1)
    what=$(grep ' million/s$' <<<"$out" | sed 's/  .*//') || break # no such kind
    count=$(sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' <<<"$out")
    printf '%-28s %6d instructions\n' "$what" $((count / answered))
done
