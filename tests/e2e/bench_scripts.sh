# The scripts of tests/bench that measure registration, briefly: they run to their end and print
# their rows. What they print is never judged here.
. "$(dirname "$0")/lib.sh"
command -v taskset >/dev/null || skip_test "taskset is needed"
options=(--build "$BUILD" --data "$work" --rounds 1 --seconds 0.2 --instances 300 --services 30)
status 0 "$SOURCE/tests/bench/registration" "${options[@]}" --seen 300 --beats 2000
has "its rows" '*reg, stored*ren, keyed*ren, group of 10 *churn*right in DNS*DNS at full rate*' "$out"
status 0 "$SOURCE/tests/bench/changes" "${options[@]}" --cases 50:100 --queries 500
has "its rows" '*of 50 instances, 100 changes/s*others*quiet*changing*ratio*the service*' "$out"
