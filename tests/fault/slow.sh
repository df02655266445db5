# A disk that takes 2 s for each sync holds up nothing but what must wait for it, see
# fault_slow.c; and something that waited would be noticed.
. "$(dirname "$0")/lib.sh"
mkdir "$work/right" "$work/wrong"
"$BUILD/tests/fault_slow" --discd "$discd" --shim "$shim" --dir "$work/right"
status 1 "$BUILD/tests/fault_slow" --discd "$discd" --shim "$shim" --dir "$work/wrong" --wrong
has "what it finds" '*something waits for the disk*' "$err"
