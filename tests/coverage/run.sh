#!/bin/bash
# Branch coverage of what reads and writes messages from the network: query parser, answer
# writer, signatures, UPDATE. Builds the unit tests of dns, and what they need alone, with
# gcov in a folder of its own (default: a temporary one), runs them, and prints each branch
# that no test takes. A branch that cannot be taken is named, with its reason, in
# unreached.txt; any other one is a failure. Half a minute of two processors; ctest does not
# run it, whoever changes those files does.
#
#     tests/coverage/run.sh [BUILD-FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
source=$PWD
build=${1:-}
if [ -z "$build" ]; then
    build=$(mktemp -d /tmp/disc-coverage-XXXXXX)
    trap 'rm -rf "$build"' EXIT
fi
mkdir -p "$build"

# Runs quietly: what it says is shown when it fails.
quietly() {
    "$@" >"$build/coverage.log" 2>&1 || { tail -20 "$build/coverage.log" >&2; exit 1; }
}

# Without optimization, so that a branch in the text is a branch in the program.
quietly cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="--coverage -O0"
targets=()
for test in tests/unit/dns/test_*.c; do
    targets+=("unit_dns_$(basename "$test" .c)")
done
quietly ninja -C "$build" "${targets[@]}"
find "$build" -name '*.gcda' -delete
quietly ctest --test-dir "$build" -R '^unit/dns/' -j"$(nproc)" --output-on-failure
python3 tests/coverage/branches.py "$build" tests/coverage/unreached.txt
