#!/bin/bash
# Branch coverage of what reads and writes messages from the network: query parser, answer
# writer, signatures, UPDATE. Builds with gcov in a folder of its own (default: a temporary
# one), runs the unit tests of dns, and prints each branch that no test takes. A branch that
# cannot be taken is named, with its reason, in unreached.txt; any other one is a failure.
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
# Without optimization, so that a branch in the text is a branch in the program.
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="--coverage -O0" >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
rm -f "$build.log"
targets=()
for test in tests/unit/dns/test_*.c; do
    targets+=("unit_dns_$(basename "$test" .c)")
done
ninja -C "$build" "${targets[@]}" >/dev/null
find "$build" -name '*.gcda' -delete
ctest --test-dir "$build" -R '^unit/dns/' -j"$(nproc)" >"$build/tests.log" 2>&1 ||
    { tail -20 "$build/tests.log" >&2; exit 1; }
python3 tests/coverage/branches.py "$build" tests/coverage/unreached.txt
