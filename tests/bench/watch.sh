#!/bin/bash
# Runs bench_watch against a server of its own, as many as it has modes.
#
#     BUILD=build SOURCE=. tests/bench/watch.sh [MODE...]
. "${SOURCE:?the checkout}/tests/e2e/lib.sh"
[ $# -gt 0 ] || set -- streams spread polls hold slow
for mode in "$@"; do
    configure <<'YAML'
data_dir: ""
YAML
    sed -i '0,/^data_dir: data$/{/^data_dir: data$/d}' "$work/discd.yaml"
    start
    "$BUILD/tests/bench_watch" "$mode" "$http" "$registration" "$pid"
    stop
done
