# The scripts of tests/bench that measure registration, briefly: they run to their end and print
# their rows; stopped by a signal they leave nothing behind. What they print is never judged here.
. "$(dirname "$0")/lib.sh"
command -v taskset >/dev/null || skip_test "taskset is needed"
options=("$BUILD" --as-built --data "$work" --rounds 1 --seconds 0.2 --instances 300 --services 30)
status 0 "$SOURCE/tests/bench/registration" "${options[@]}" --seen 300 --beats 2000
has "its rows" '*reg, stored*ren, keyed*ren, group of 10 *churn*right in DNS*DNS at full rate*' "$out"
status 0 "$SOURCE/tests/bench/changes" "${options[@]}" --cases 50:100 --queries 500
has "its rows" '*of 50 instances, 100 changes/s*others*quiet*changing*ratio*the service*' "$out"

# ---- stopped: neither a server nor a folder stays
ours() {
    local folders=("$work"/disc-*)
    [ -e "${folders[0]}" ]
}
for signal in INT TERM HUP; do
    rm -f "$work/stopped"
    # Scripts start what is in the background with SIGINT ignored: not so here.
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$SOURCE/tests/bench/registration" "${options[@]}" --seconds 60 \
        >"$work/stopped" 2>&1 &
    started+=("$!")
    eventually grep -qs "^round 1: ren\$" "$work/stopped"
    stop "$signal" "$!" 1
    has "its last word" '*stopped' "$(cat "$work/stopped")"
    ! ours || die "a folder stayed after SIG$signal"
    ! pgrep -f "discd -c $work/disc-" >/dev/null || die "a server stayed after SIG$signal"
done
