#!/bin/bash
# run.sh COUNT [SEED]: random static zones, asked of discd, NSD and Knot: rcode, AA, answer and
# authority are the same, or differ in one of the ways that kinds.py lists.
#
#   BUILD=build tests/differential/run.sh 5000
#
# Exits 77 where a server or the Python library is missing. SHOWN=N prints that many
# differences, VERBOSE=1 their zones too.
set -eu
count=${1:?usage: run.sh COUNT [SEED]}
seed=${2:-1}
here=$(cd "$(dirname "$0")" && pwd)
BUILD=$(cd "${BUILD:-$here/../../build}" && pwd)
export BUILD
for program in /usr/sbin/nsd /usr/sbin/knotd; do
    [ -x "$program" ] || { echo "skipped: $program is not installed"; exit 77; }
done
/usr/bin/python3 -c 'import dns.message' 2>/dev/null ||
    { echo "skipped: python3-dnspython is not installed"; exit 77; }
exec /usr/bin/python3 -B "$here/differential.py" "$count" "$seed"
