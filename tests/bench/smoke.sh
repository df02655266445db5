#!/bin/bash
# compare, million and workers with next to nothing to do: they run, agree, and print what
# they promise. BUILD and SOURCE come from ctest. No figure is judged.
set -euo pipefail
: "${BUILD:?the build folder}" "${SOURCE:?the checkout}"
for program in dnsperf nsd knotd gdnsd; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || {
        echo "skipped: $program is not installed" >&2
        exit 77
    }
done
work=$(mktemp -d /tmp/disc-bench-XXXXXX)
trap 'rm -rf "$work"' EXIT

die() {
    echo "FAILED: $*" >&2
    exit 1
}

"$SOURCE/tests/bench/compare" "$BUILD" --as-built --services 5 --instances 3 --rounds 1 --kinds srv,nxdomain \
    --seconds 0.3 --json "$work/compare.json" >"$work/compare"
python3 - "$work/compare.json" <<'PYTHON' || die "compare: $(cat "$work/compare")"
import json, sys
found = json.load(open(sys.argv[1]))["medians"]
assert list(found) == ["discd", "nsd", "knot", "gdnsd", "echo"], list(found)
for name, of in found.items():
    assert list(of["kinds"]) == ["srv", "nxdomain"], (name, list(of["kinds"]))
    for kind, figures in of["kinds"].items():
        assert figures["queries_per_s"] > 100 and figures["total_us"] > 0.1, (name, kind, figures)
    assert of["memory"]["anon"] > 10000, (name, of["memory"])
assert found["discd"]["load"]["registered"] == 15 and found["discd"]["load"]["restart"] > 0
PYTHON

# Something may be lost or late where tests run beside it, which it says at its end: then again.
for ((tries = 1; ; tries++)); do
    ! "$SOURCE/tests/bench/million" "$BUILD" --as-built --services 20 --instances 3 --rate 100 \
        --lease 12 --seconds 5 --json "$work/million.json" >"$work/million" 2>&1 || break
    [ "$tries" -lt 20 ] && grep -q '^million: ' "$work/million" ||
        die "million, try $tries: $(cat "$work/million")"
done
echo "million: $tries tries"
python3 - "$work/million.json" <<'PYTHON' || die "million: $(cat "$work/million")"
import json, sys
found = json.load(open(sys.argv[1]))
assert found["registered"]["instances"] == 60 and found["registered"]["services"] == 20
assert found["restarted"]["wrong_answers"] == 0
assert list(found["heartbeats"]["codes"]) == ["NOERROR"]
PYTHON

# Wrong command lines end at once; what cannot be answered is said.
for options in "--only srv" "--kinds nsd" "--rounds 0" "--cases 5"; do
    status=0
    # shellcheck disable=SC2086
    "$SOURCE/tests/bench/compare" "$BUILD" --as-built $options >"$work/wrong" 2>&1 || status=$?
    [ "$status" = 2 ] || die "compare $options: $(cat "$work/wrong")"
done
"$SOURCE/tests/bench/compare" "$BUILD" --as-built --services 2 --instances 300 --only discd \
    >"$work/wrong" 2>&1 && die "300 instances fit in an answer"
grep -q 'does not fit in an answer' "$work/wrong" || die "too many instances: $(cat "$work/wrong")"

"$SOURCE/tests/bench/workers" "$BUILD" --as-built --most 2 --services 5 --rounds 1 \
    --seconds 0.3 >"$work/workers"
grep -q '^2  ' "$work/workers" || die "workers: $(cat "$work/workers")"
