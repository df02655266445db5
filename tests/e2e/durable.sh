# What was acknowledged is there after kill -9, served at once and with one full lease; a
# disk that takes nothing more stops registrations, and nothing else.
. "$(dirname "$0")/lib.sh"

# store EXPRESSION: of the store's part of the status, as Python sees it in s.
store() {
    curl -sS --max-time 10 "$url/v1/status" |
        python3 -c 'import json, sys; s = json.load(sys.stdin)["store"]; print(eval(sys.argv[1]))' "$1"
}
store_is() {
    [ "$(store 's["state"]')" = "$1" ]
}
# instance SERVICE ID EXPRESSION: of one instance, as Python sees it in i.
instance() {
    curl -sS --max-time 10 "$url/v1/services/$1" | python3 -c '
import json, sys
i = [i for i in json.load(sys.stdin)["instances"] if i["id"] == sys.argv[1]][0]
print(eval(sys.argv[2]))' "$2" "$3"
}
crash() {
    stop KILL "$pid" 137
}

# ---- an instance, a changed one, one of a group, one that left
configure </dev/null
start
same mode "disk ok" "$(store 's["mode"] + " " + s["state"]')"
has "the reply" 'disc/1 ok * dur=disk' "$(say 'reg svc=web inst=a port=8080 w=30 lease=20 addr=10.0.0.1 m.team=blue')"
ok 'reg svc=web inst=b port=8080 addr=10.0.0.2 rev=50'
has "the reply to upd" 'disc/1 ok * dur=disk' "$(say 'upd svc=web inst=a w=77 ver=2')"
has "the reply to del" 'disc/1 ok * dur=disk' "$(say 'del svc=web inst=b')"
ok 'reg svc=web inst=c port=8080 addr=10.0.0.3 grp=node7'
ok 'reg svc=idle inst=x port=1 addr=10.0.0.4'
ok 'del svc=idle inst=x'
before=$(serial) rev=$(instance web a 'i["rev"]')
crash
began=${EPOCHREALTIME/./}
start
same "in DNS at once" $'10.0.0.1\n10.0.0.3' "$(q A web.disc.local)"
same "as changed" '0 77 8080 a.web.disc.local.' "$(q SRV web.disc.local | grep a.web)"
same "metadata" '"version=2" "team=blue"' "$(q TXT a.web.disc.local)"
has "known, nobody up" 'rcode 0 aa*' "$(rcode idle.disc.local A)"
[ "$(serial)" -gt "$before" ] || die "the serial went back"
same "lease and revision" "20 $rev" "$(instance web a '"%d %d" % (i["lease"], i["rev"])')"
left=$(instance web a 'i["expires_in_ms"]')
passed=$(((${EPOCHREALTIME/./} - began) / 1000))
[ "$left" -le 20000 ] && [ $((left + passed)) -ge 20000 ] ||
    die "no full lease: $left ms, $passed ms after the crash"
same "restored" "2 0" "$(store '"%d %d" % (s["restored"]["instances"], s["damaged"])')"
[ "$(logged 'restored 2 instances, 2 services, 0 overrides, 0 plain records in ')" = 1 ] || die "the log does not say what was restored"
same "discctl shows it" a "$("$discctl" --http "$url" --json show web |
    python3 -c 'import json, sys; print(sorted(i["id"] for i in json.load(sys.stdin)["instances"])[0])')"

# ---- renewals go on; who left stays away, also for those who are late
has "its renewal" 'disc/1 ok *' "$(say 'ren svc=web inst=a')"
has "the group's" 'disc/1 ok *' "$(say 'ren grp=node7')"
has "what left is gone" 'disc/1 err * c=404 *' "$(say 'ren svc=web inst=b')"
has "an older registration" 'disc/1 err * c=409 why=stale *' "$(say 'reg svc=web inst=b port=8080 addr=10.0.0.2 rev=50')"
has "a repetition" 'disc/1 ok * dur=disk' "$(say 'reg svc=web inst=a port=8080 w=77 ver=2 lease=20 addr=10.0.0.1 m.team=blue')"
crash
start
same "still gone" $'10.0.0.1\n10.0.0.3' "$(q A web.disc.local)"
# ---- a group that leaves in several turns has left for good once that is said
for n in $(seq 150); do
    ok "reg svc=herd inst=h$n port=1 addr=10.1.0.1 grp=herd"
done
has "the goodbye of many" 'disc/1 ok * cnt=150 dur=disk' "$(say 'del grp=herd')"
crash
start
has "none of them is back" 'rcode 0 aa*' "$(rcode herd.disc.local A)"
same "nor stored" "2 0" "$(store '"%d %d" % (s["restored"]["instances"], s["damaged"])')"
ok 'reg svc=web inst=b port=8080 addr=10.0.0.2 rev=51'
stop
start
same "after an orderly stop" $'10.0.0.1\n10.0.0.2\n10.0.0.3' "$(q A web.disc.local)"

# ---- who does not come back is withdrawn after that lease, not before
ok 'reg svc=short inst=one port=1 lease=4 addr=10.0.1.1'
crash
began=${EPOCHREALTIME/./}
start
same "at once" 10.0.1.1 "$(q A short.disc.local)"
eventually gone short.disc.local A
lasted=$(((${EPOCHREALTIME/./} - began) / 1000))
[ $lasted -ge 4000 ] || die "withdrawn after $lasted ms"
stop

# ---- a client that shows cookies is asked for a new one, once, and told nothing else
configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  sources:
    - {from: 127.0.0.0/8, auth: cookie}
YAML
cookie_of() {
    local reply
    reply=$(say "$1")
    has "a challenge" 'disc/1 chal *ck=*' "$reply"
    echo "${reply##*ck=}"
}
start
cookie=$(cookie_of 'hello')
ok "reg svc=web inst=k port=1 addr=10.0.0.9 ck=$cookie"
crash
start
fresh=$(cookie_of "ren svc=web inst=k ck=$cookie")
has "then it is renewed" 'disc/1 ok *' "$(say "ren svc=web inst=k ck=$fresh")"
stop

# ---- a disk that takes nothing more
configure </dev/null
file=$work/data/registry.mdb
limit() {
    prlimit --pid "$pid" --fsize="$1:"
}
start
ok 'reg svc=full inst=a port=1 addr=10.0.2.1'
ok 'reg svc=full inst=b port=1 addr=10.0.2.2'
limit "$(stat -c %s "$file")"
text=$(printf 'm.k%d=%0150d ' 1 0 2 0 3 0 4 0 5 0 6 0)
for ((i = 0; i < 500; i++)); do
    reply=$(say "reg svc=many inst=i$i port=1 addr=10.0.3.1 $text")
    [[ $reply == 'disc/1 ok'* ]] || break
done
has "not stored" 'disc/1 err *c=503 why=disk wait=*' "$reply"
stored=$i
store_is failing || die "the status does not say so"
has "why" '*cannot write*' "$(store 's["error"]')"
has "nothing new" 'disc/1 err *c=503 why=readonly wait=*' "$(say 'reg svc=many inst=new port=1 addr=10.0.3.1')"
has "the same again" 'disc/1 err *c=503 why=disk wait=*' "$(say "reg svc=many inst=i$stored port=1 addr=10.0.3.1 $text")"
has "heartbeats" 'disc/1 ok *' "$(say 'ren svc=full inst=a')"
same "DNS" $'10.0.2.1\n10.0.2.2' "$(q A full.disc.local)"
has "a goodbye is not stored" 'disc/1 err *c=503 why=disk wait=*' "$(say 'del svc=full inst=b')"
same "but in force" 10.0.2.1 "$(q A full.disc.local)"
[ "$(logged 'changes cannot be stored')" = 1 ] || die "the log does not say so, or often"
limit unlimited
eventually store_is ok
[ "$(logged 'changes are stored again')" = 1 ] || die "the log does not say that it works again"
has "done and stored" 'disc/1 err *c=404 *' "$(say 'del svc=full inst=b')"
ok "reg svc=many inst=i$stored port=1 addr=10.0.3.1 $text"
ok 'reg svc=many inst=new port=1 addr=10.0.3.1'
crash
start
same "what was stored in the end" 10.0.2.1 "$(q A full.disc.local)"
same "all that was acknowledged" $((stored + 2)) \
    "$(curl -sS "$url/v1/services/many" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["instances"]))')"
stop

# ---- the same disk at the start: read-only, and then not
start_full() {
    # Ignored by discd too, but not by what a sanitizer does before main().
    (trap '' XFSZ && ulimit -S -f 0 && exec "$discd" -c "$work/discd.yaml") \
        >"$work/ready" 2> >(cat >>"$work/log") &
    pid=$!
    started+=("$pid")
    read -rt 30 ready <"$work/ready" || die "discd does not become ready"
    dns=$(port_of dns) registration=$(port_of registration) http=$(port_of http)
    url=http://127.0.0.1:$http
}
start_full
same "DNS" 10.0.2.1 "$(q A full.disc.local)"
has "heartbeats" 'disc/1 ok *' "$(say 'ren svc=full inst=a')"
has "nothing new" 'disc/1 err *c=503 why=readonly wait=*' "$(say 'reg svc=late inst=a port=1 addr=10.0.4.1')"
store_is failing || die "the status does not say so"
[ "$(logged 'error: nothing can be stored')" = 1 ] || die "the log does not say so"
limit unlimited
eventually store_is ok
ok 'reg svc=late inst=a port=1 addr=10.0.4.1'
crash
start
same "stored again" 10.0.4.1 "$(q A late.disc.local)"
stop

# ---- memory only
configure </dev/null
sed -i 's/^data_dir:.*/data_dir: ""/' "$work/discd.yaml"
start
has "the reply" 'disc/1 ok * dur=mem' "$(say 'reg svc=web inst=a port=8080 addr=10.0.0.1')"
same "said in the status" memory "$(store 's["mode"]')"
[ "$(logged 'memory only: nothing is stored')" = 1 ] || die "not said in the log"
stop
