#!/usr/bin/env bash
# kill9.sh [ROUNDS] [--instances K] [--seed S]: kill -9 at random moments under a load of
# registrations, changes and goodbyes; see fault_kill9.c. Then, that a lost or an old
# store would have been noticed.
. "$(dirname "$0")/lib.sh"
rounds=20
case ${1:-} in
[0-9]*)
    rounds=$1
    shift
    ;;
esac
mkdir "$work/kill9" "$work/wipe" "$work/old"
"$BUILD/tests/fault_kill9" --discd "$discd" --dir "$work/kill9" --rounds "$rounds" "$@"
for tamper in wipe old; do
    status 1 "$BUILD/tests/fault_kill9" --discd "$discd" --dir "$work/$tamper" --rounds 3 \
        --tamper $tamper
    has "what it counts" '*acknowledged changes*' "$out"
    [[ $out != *' 0 lost'* ]] || die "not noticed: $out"
done
[[ $out != *' 0 back'* ]] || die "not noticed: $out"
