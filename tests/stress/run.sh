#!/usr/bin/env bash
# Runs the threads against each other for at least SECONDS under the thread sanitizer.
#
#   tests/stress/run.sh [SECONDS]
#
# The program is bounded by rounds, so that it is the same each time: this script repeats
# it with more workers. The build lies in $STRESS_DIR or ${TMPDIR:-/tmp}/disc-stress.
set -euo pipefail
seconds=${1:-60}
here=$(cd "$(dirname "$0")" && pwd)
work=${STRESS_DIR:-${TMPDIR:-/tmp}/disc-stress}
mkdir -p "$work"

{
    cmake -S "$here/../.." -B "$work/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSANITIZER=thread
    cmake --build "$work/build" --target stress_tsan -j"$(nproc)"
} > "$work/build.log" 2>&1 || {
    tail -30 "$work/build.log" >&2
    exit 2
}

export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1 second_deadlock_stack=1}
end=$((SECONDS + seconds))
runs=0
while [ $SECONDS -lt $end ]; do
    "$work/build/tests/stress_tsan" 2000 $((2 + runs % 3))
    runs=$((runs + 1))
done
echo "clean: $runs runs in $SECONDS s"
