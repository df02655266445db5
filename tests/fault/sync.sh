# Every acknowledgement leaves after the sync that it promises, see fault_sync.c; and a
# discd whose syncs do nothing would be caught.
. "$(dirname "$0")/lib.sh"
mkdir "$work/right" "$work/wrong"
"$BUILD/tests/fault_sync" --discd "$discd" --shim "$shim" --dir "$work/right"
status 1 "$BUILD/tests/fault_sync" --discd "$discd" --shim "$shim" --dir "$work/wrong" --hide
has "what it finds" '*acknowledgements of changes, 0 commits: *the first: sent before*' "$out"
[[ $out != *': 0 left too early'* ]] || die "not noticed: $out"
