#!/usr/bin/env bash
# Fuzzes every target (or the named ones) for SECONDS, two at a time, under Address+UB.
#
#   tests/fuzz/run.sh SECONDS [NAME...]
#
# Build, found inputs and logs lie outside the repository, in $FUZZ_DIR or
# ${TMPDIR:-/tmp}/disc-fuzz; crashing inputs are named at the end. Exit 1 if there are any.
set -euo pipefail
seconds=${1:?usage: run.sh SECONDS [NAME...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
work=${FUZZ_DIR:-${TMPDIR:-/tmp}/disc-fuzz}
mkdir -p "$work"

compiler=$(command -v clang-14 || command -v clang) || {
    echo "run.sh: clang is missing (apt-get install clang-14)" >&2
    exit 2
}
{
    cmake -S "$here/../.." -B "$work/build" -DCMAKE_C_COMPILER="$compiler" \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSANITIZER=address -DBUILD_FUZZERS=ON
    cmake --build "$work/build" --target fuzzers -j"$(nproc)"
} > "$work/build.log" 2>&1 || {
    tail -30 "$work/build.log" >&2
    echo "run.sh: the build failed, see $work/build.log" >&2
    exit 2
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for source in "$here"/fuzz_*.c; do
        name=$(basename "$source" .c)
        names+=("${name#fuzz_}")
    done
fi

fuzz() { # NAME
    local found=$work/found/$1 crashes=$work/crashes/$1 status=0
    local seeds=$here/corpus/$1
    mkdir -p "$found" "$crashes"
    [ -d "$seeds" ] || seeds=
    # A dictionary beside the target is used where there is one.
    local options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192
        -print_final_stats=1 -artifact_prefix="$crashes/")
    [ -f "$here/$1.dict" ] && options+=(-dict="$here/$1.dict")
    "$work/build/tests/fuzz_$1" "${options[@]}" "$found" ${seeds:+"$seeds"} \
        > "$work/$1.log" 2>&1 || status=$?
    echo $status > "$work/$1.status"
}

rm -f "$work"/*.status
running=0
for name in "${names[@]}"; do
    if [ $running -ge 2 ]; then
        wait -n
        running=$((running - 1))
    fi
    fuzz "$name" &
    running=$((running + 1))
done
wait

failed=0
printf '%-8s %8s %12s %8s  %s\n' target seconds runs found result
for name in "${names[@]}"; do
    runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$work/$name.log")
    found=$(find "$work/found/$name" -type f | wc -l)
    result=clean
    if [ "$(cat "$work/$name.status" 2> /dev/null)" != 0 ]; then
        result="FAILED, see $work/$name.log"
        failed=1
    fi
    printf '%-8s %8s %12s %8s  %s\n' "$name" "$seconds" "${runs:--}" "$found" "$result"
done
[ $failed -eq 0 ] || find "$work/crashes" -type f -newer "$work/build.log" | sed 's/^/  input: /'
exit $failed
