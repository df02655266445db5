# The guard against mass eviction, from outside: most hosts fall silent, nothing is
# withdrawn, the live one is preferred; then the operator decides otherwise.
. "$(dirname "$0")/lib.sh"
configure <<'YAML'
http: {listen: ["127.0.0.1:0"], writes: token, token_file: admin.token}
YAML
(umask 077 && echo 'correct-horse-battery' >"$work/admin.token")
start

ctl() {
    status "$1" "$discctl" --http "$url" --timeout 5 "${@:2}"
}
token=(--token-file "$work/admin.token")
# Names that a loopback sender registers with different addresses are different hosts.
# Each waits for the disk: those before it are renewed meanwhile. What was never renewed says
# nothing about its host.
register_all() {
    local i j
    for i in 1 2 3 4 5 6; do
        ok "reg svc=web inst=w$i port=80 addr=10.0.0.$i zone=rack$((i > 1)) lease=4"
        for ((j = 1; j <= i; j++)); do
            ok "ren svc=web inst=w$j"
        done
    done
}
# field EXPRESSION: of what discctl said last, as Python sees it in j.
field() {
    python3 -c 'import json, sys; j = json.loads(sys.argv[2]); print(eval(sys.argv[1]))' "$1" "$out"
}
# Is that so, while all (w1) go on renewing?
with_all() {
    local i
    for i in 1 2 3 4 5 6; do
        ok "ren svc=web inst=w$i"
    done
    "$@"
}
with_w1() {
    ok 'ren svc=web inst=w1'
    "$@"
}
guard_is() { # on, watching
    ctl 0 guard
    [[ $out == "guard $1"* ]]
}
status_is() { # NAME NUMBER
    ctl 0 status --json
    [[ $out == *"\"$1\": $2,"* ]]
}
# Addresses of the service; priorities of its SRV records.
addresses() {
    q A web.disc.local | tr '\n' ' '
}
priorities() {
    q SRV web.disc.local | cut -d' ' -f1 | sort -n | tr '\n' ' '
}
is() {
    [ "$("$1")" = "$2" ]
}

# ---- all is well
register_all
eventually with_all guard_is watching
eventually with_all is addresses '10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 '
eventually with_all is priorities '0 0 0 0 0 0 '
with_all ctl 0 guard
has "in words" 'guard watching: ? of 6 hosts are late*goes on above 2*' "$out"

# ---- five of six fall silent
eventually with_w1 guard_is on
eventually with_w1 status_is stale 5
eventually with_w1 is priorities '0 32768 32768 32768 32768 32768 '
eventually with_w1 is addresses '10.0.0.1 '
has "an extended error says so" '*EDE: 3 *' \
    "$(dig -p "$dns" @127.0.0.1 +tries=1 +time=20 SRV web.disc.local | tr '\n' ' ')"
with_w1 ctl 0 guard
has "in words" 'guard on, since 20*: 5 of 6 hosts are late*kept as stale*5 instances are stale*' \
    "$(tr '\n' ' ' <<<"$out")"
has "its zone" '*rack1*yes*' "$(tr '\n' ' ' <<<"$out")"
with_w1 ctl 0 guard --json
same "as JSON" "('auto', 6, 5, 5, ['rack1'])" "$(field \
    '(j["mode"], j["hosts"], j["late_hosts"], j["stale"], [z["zone"] for z in j["zones"] if z["on"]])')"
with_w1 ctl 0 status
has "status in words" '*guard *on, since 20*store *disk*' "$(tr '\n' ' ' <<<"$out")"
with_w1 ctl 0 list
has "the list counts them" '*STALE*default*web*6*1*5*' "$(tr '\n' ' ' <<<"$out")"
with_w1 ctl 0 show web
has "marked" '*5 of them stale*w1*up *w2*up (stale)*' "$(tr '\n' ' ' <<<"$out")"

# ---- who comes back is live again
ok 'ren svc=web inst=w6'
eventually with_w1 is addresses '10.0.0.1 10.0.0.6 '

# ---- by hand, and not without a word
ctl 1 evict --force
has "the token" '*401*--token-file*' "$err"
ctl 1 evict "${token[@]}"
has "the guard is on" '*409*guard*is on since*--force*' "$err"
ctl 1 evict web w2 "${token[@]}"
has "for one too" '*409*guard*is on since*' "$err"
with_w1 ctl 1 evict web w1 "${token[@]}"
has "that one is alive" '*409*alive*' "$err"
ctl 1 evict nobody "${token[@]}"
has "unknown" '*404*no such service*' "$err"
ctl 0 evict web w2 --force "${token[@]}"
same "one" 'evicted 1 instance' "$out"
ctl 0 evict --force --json "${token[@]}"
has "the others" '*"evicted": [34]*' "$out"
eventually with_w1 status_is instances 1
eventually with_w1 is priorities '0 '

# ---- switched off, the silent ones go
register_all
eventually with_w1 guard_is on
eventually with_w1 status_is stale 5
ctl 1 guard off
has "not without the token" '*401*' "$err"
ctl 0 guard off "${token[@]}"
has "by hand" 'guard off, set by hand*' "$out"
eventually with_w1 status_is instances 1
eventually with_w1 is addresses '10.0.0.1 '
[ "$(logged 'by hand: the guard set to off')" = 1 ] || die "the log does not say it"

# ---- switched on, even the last one stays
ctl 0 guard on "${token[@]}"
has "by hand" 'guard on, set by hand*' "$out"
eventually status_is stale 1
eventually is addresses '10.0.0.1 ' # with nobody else it is the answer
ctl 0 guard auto "${token[@]}"

ctl 2 guard open
ctl 2 evict --ns default
ctl 2 evict web w1 w2
stop
ctl 3 guard
ctl 3 evict --force "${token[@]}"
