# discctl over the HTTP API, as an operator and a script use it: filters, overrides, watch,
# register --wait, export and import. (https: discctl_https.sh.)
. "$(dirname "$0")/lib.sh"
configure </dev/null
sed -i 's|file: disc.local.zone}|file: disc.local.zone, transfer: [{from: 127.0.0.1}]}|' "$work/discd.yaml"
start

# ctl STATUS WORD...: its output is in $out and $err.
ctl() {
    status "$1" "$discctl" "${@:2}" --http "$url"
}
field() {
    python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
one_line() {
    tr -s ' \n' ' '
}

ok 'reg lease=300 svc=web inst=one port=8080,grpc:9090/tcp w=30 ver=1.4.2 zone=eu1 m.team=blue addr=10.0.0.7'
ok 'reg lease=300 svc=web inst=two port=8081 st=draining zone=us1 addr=10.0.0.8'
ok 'reg lease=300 svc=api inst=one port=1 addr=10.0.0.9'
ok 'reg lease=300 svc=api-v2 inst=one port=1 addr=10.0.0.9'

# ---- list, show: filters and pages
ctl 0 list --match api --json
same "list --match" "['api', 'api-v2']" "$(field '[s["name"] for s in j["services"]]' <<<"$out")"
ctl 0 list --match nothing
same "nothing matches" 'no services' "$out"
ctl 0 show web --where zone:eu1 --json
same "show --where" "['one']" "$(field '[i["id"] for i in j["instances"]]' <<<"$out")"
ctl 0 show web --where zone:eu1 --where team:blue --where version:1.4.2 --json
same "several" "['one']" "$(field '[i["id"] for i in j["instances"]]' <<<"$out")"
ctl 0 show web --where zone:eu1 --where zone:us1 --json
same "both" '[]' "$(field '[i["id"] for i in j["instances"]]' <<<"$out")"
ctl 0 show web --status draining --json
same "show --status" "['two']" "$(field '[i["id"] for i in j["instances"]]' <<<"$out")"
ctl 0 show web --live --json
same "show --live" "['one']" "$(field '[i["id"] for i in j["instances"]]' <<<"$out")"
ctl 1 show web --status nonsense
ctl 1 show nobody
for verb in list export 'watch --once' 'watch web --once'; do
    # shellcheck disable=SC2086
    ctl 1 $verb --ns nope
    has "$verb: no such namespace" '*no* namespace*' "$err"
done
ctl 2 show web --where nocolon
ctl 2 show web --where a:1 --where b:1 --where c:1 --where d:1 --where e:1
seq 1 1203 | while read -r n; do
    echo "--instance n$n --port 80 --addr 10.1.$((n / 256)).$((n % 256)) big"
done >"$work/many"
"$discctl" agent --file "$work/many" --server "127.0.0.1:$registration" >"$work/agent" 2>&1 &
agent=$!
started+=("$agent")
all_there() {
    [ "$("$discctl" list --match big --json --http "$url" | field 'sum(s["instances"] for s in j["services"])')" = 1203 ]
}
eventually all_there
ctl 0 show big --json
same "all pages" 1203 "$(field 'len({i["id"] for i in j["instances"]})' <<<"$out")"

# ---- what others wrote: as it is, but for what would steer the terminal
ok 'reg lease=300 svc=odd inst=one port=1 addr=10.0.0.9 m.city=Z%C3%BCrich m.turned=a%E2%80%AEb m.c1=a%C2%9Bb'
curl -sSf --max-time 10 -X PUT -H 'Content-Type: application/json' -o "$work/body" \
    -d '{"addresses": ["10.0.0.9"], "ports": [80], "metadata": {"~00": "inner"}}' "$url/v1/services/odd/instances/two"
status 0 env LC_ALL=C.UTF-8 "$discctl" show odd --http "$url"
has "UTF-8" '*city=Zürich*' "$out"
has "controls" '*c1=a??b*' "$out"
[[ $out != *inner* ]] || die "shows what others keep there for themselves"
has "direction" '*turned=a???b*' "$out"
ok 'del svc=odd inst=one'
ok 'del svc=odd inst=two'

# ---- drain, undrain, weight
ctl 0 drain web one
same "says so" 'web/one: drained: it is in no answer any more' "$out"
gone web.disc.local SRV || die "a drained instance is in the answer"
ctl 0 show web --where zone:eu1 --json
same drained "['draining', {'drain': True}]" "$(field '[j["instances"][0][k] for k in ("status", "override")]' <<<"$out")"
ctl 0 drain web one --json
field 'j' <<<"$out" >"$work/answer"
ctl 0 undrain web one
eventually visible web.disc.local SRV
ctl 0 weight web one 7
has "weight 7" '*SRV 0 7 8080*' "$(records web.disc.local SRV)"
ctl 0 weight web one 0
has "weight 0" '*SRV 0 0 8080*' "$(records web.disc.local SRV)"
ctl 0 weight web one --clear
has "its own" '*SRV 0 30 8080*' "$(records web.disc.local SRV)"
ctl 1 drain web nobody
has "drain: words" 'discctl: *404*' "$err"
ctl 0 drain web nobody --force
ok 'reg svc=web inst=nobody port=1 addr=10.0.0.7'
has "drained before it came" '*_pending_*' "$("$discctl" show web --status draining --json --http "$url" |
    field '"_pending_" if "nobody" in [i["id"] for i in j["instances"]] else "none"')"
ok 'del svc=web inst=nobody'
ctl 0 undrain web nobody
ctl 1 undrain nobody nobody
ctl 1 undrain web nobody
has "nothing to lift" '*no web/nobody*' "$err"
ctl 1 weight web nope --clear
ctl 0 undrain web one
ctl 1 weight web nobody 5
for verb in drain undrain; do
    ctl 2 $verb web
    ctl 2 $verb
    ctl 2 $verb web one more
done
ctl 1 weight nobody one 5
ctl 2 weight web one 70000
has "not a surplus word" "*a weight is a whole number from 0 to 65535, not '70000'*" "$err"

# ---- overrides, also of what is not there
ctl 0 weight web one 11
ctl 0 drain web ghost --force
ctl 0 overrides
has "overrides" '*REGISTERED OVERRIDE*default web ghost no drain*default web one yes weight=11*' "$(one_line <<<"$out") "
ctl 0 overrides --ns default --json
same "overrides --json" "['ghost', 'one']" "$(field '[o["instance"] for o in j["overrides"]]' <<<"$out")"
ctl 0 weight web one --clear
ctl 1 overrides --ns nope
for words in 'web one' 'web one -1' 'web one 65536' 'web one 1.5' 'web one 5 6' 'web one 5 --clear' 'web'; do
    # shellcheck disable=SC2086
    ctl 2 weight $words
done

# ---- completion
. "$SOURCE/tools/discctl.bash"
discctl() {
    DISC_HTTP=$url "$discctl" "$@"
}
# completes EXPECTED WORD...
completes() {
    COMP_WORDS=(discctl "${@:2}") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _discctl
    same "completion of ${*:2}" "$1" "${COMPREPLY[*]}"
}
completes 'drain' dr
completes 'watch weight' w
completes '--dry-run' import --d
completes 'api api-v2' show ap
completes 'one' drain web on
completes 'auto' guard a
completes '' list x
unset -f discctl

# ---- guard, status
ctl 0 guard on
has "guard on" 'guard on, set by hand*' "$out"
ctl 0 guard auto
ctl 0 guard --json
same "guard --json" auto "$(field 'j["mode"]' <<<"$out")"
ctl 0 status
has "by status" '*by_status.up*by_status.draining*' "$(one_line <<<"$out")"
has "who watches" '*registration.subscriptions.subscribers 0 *http.watchers 0 *' "$(one_line <<<"$out") "
ctl 0 status --json
same "status --json" 1207 "$(field 'sum(j["by_status"].values())' <<<"$out")"

# ---- watch
watch() {
    : >"$work/watched"
    "$discctl" watch "$@" --http "$url" >>"$work/watched" 2>"$work/watch.err" &
    watcher=$!
    started+=("$watcher")
}
seen() {
    grep -qx -- "$1" "$work/watched"
}
ctl 0 watch web --once
same "watch --once" '= one up weight=30 addr=10.0.0.7 port=8080,grpc:9090
= two draining weight=100 addr=10.0.0.8 port=8081' "$(sort <<<"$out")"
ctl 0 watch api --once --json
same "watch --once --json" "state api True ['one']" \
    "$(field 'j["event"], j["name"], j["known"], [i["id"] for i in j["instances"]]' <<<"$out" | tr -d "()',[]" | awk "{print \$1, \$2, \$3, \"['\" \$4 \"']\"}")"
ctl 0 watch --once
has "all services" '*= default/web instances=2 live=1*' "$(sort <<<"$out")"
ctl 1 watch nobody --once
has "no such service" '*nobody*' "$err"
ctl 1 watch 'no..body' --once
watch web
eventually seen '= one up weight=30 addr=10.0.0.7 port=8080,grpc:9090'
ok 'reg svc=web inst=three port=8083 addr=10.0.0.3'
eventually seen '+ three up weight=100 addr=10.0.0.3 port=8083'
ok 'upd svc=web inst=three w=5'
eventually seen '~ three up weight=5 addr=10.0.0.3 port=8083'
ctl 0 drain web three
eventually seen '~ three draining weight=5 addr=10.0.0.3 port=8083'
ok 'del svc=web inst=three'
eventually seen '- three deregistered'
# The server goes away and comes back on the same port: only what is new is printed.
lines=$(wc -l <"$work/watched")
stop
sed -i "s/^http:.*/http: {listen: [\"127.0.0.1:$http\"]}/; s/^registration:.*/registration: {listen: [\"127.0.0.1:$registration\"]}/" "$work/discd.yaml"
eventually grep -q 'connecting again' "$work/watch.err"
start
ok 'reg lease=300 svc=web inst=four port=8084 addr=10.0.0.4'
eventually seen '+ four up weight=100 addr=10.0.0.4 port=8084'
same "and nothing else" $((lines + 1)) "$(wc -l <"$work/watched")"
same "lost once, and back" '1 1' "$(grep -c 'lost http' "$work/watch.err") $(grep -c 'connected again' "$work/watch.err")"
stop TERM "$watcher" 143
watch --json
services_seen() {
    [ -s "$work/watched" ]
}
eventually services_seen
ok 'reg lease=300 svc=newcomer inst=a port=1 addr=10.0.0.4'
newcomer_seen() {
    python3 - "$work/watched" <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events[0]["event"] == "state"
sys.exit(not any(e["event"] == "change" and "newcomer" in [s["name"] for s in e["services"]] for e in events[1:]))
PY
}
eventually newcomer_seen
stop TERM "$watcher" 143

# ---- register --wait
reg() {
    status "$1" "$discctl" register "${@:2}" --lease 300 --http "$url" --server "127.0.0.1:$registration"
}
reg 0 waited --port 80 --instance w1 --addr 10.0.0.5 --wait
visible w1.waited.disc.local A || die "DNS does not show it"
reg 0 waited --wait 5 --port 80 --instance w2 --addr 10.0.0.6 --status starting
reg 0 --wait=5 waited --port 80 --instance w3 --addr 10.0.0.6 --status down
reg 0 waited --wait 5 --port - --instance w4 --addr 10.0.0.6
reg 0 big --wait 20 --port 80 --instance late --addr 10.0.0.6
reg 2 waited --port 80 --wait=nonsense
for wrong in 0 nonsense; do
    reg 2 waited --port 80 --wait "$wrong"
    has "--wait $wrong" "*--wait wants a number*not '$wrong'*" "$err"
done
status 2 env -u DISC_HTTP "$discctl" register waited --port 80 --wait --server 192.0.2.1:5310
has "whose DNS" '*give --http https://192.0.2.1:PORT, too*' "$err"
ctl 0 drain waited w6 --force
reg 3 waited --port 80 --instance w6 --addr 10.0.0.6 --wait 0.2
has "why, and who was asked" '*DNS does not show waited/w6 after 0.2 s at 127.0.0.1 port *: an operator overrules it, its status is draining*' "$err"
# Nobody shows what lies in no zone: DNS is asked at a server that does not know it.
cat >"$work/elsewhere.py" <<'PY'
# An HTTP API whose status lists a DNS address at which nobody answers.
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"dns": {"listen": ["127.0.0.1:1"], "zone_list": [{"name": "disc.local", "namespace": "default"}]}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
mkfifo "$work/elsewhere"
python3 "$work/elsewhere.py" >"$work/elsewhere" &
started+=("$!")
read -rt 30 port <"$work/elsewhere"
status 3 "$discctl" register waited --port 80 --instance w5 --wait 0.2 \
    --http "http://127.0.0.1:$port" --server "127.0.0.1:$registration"
has "says what is missing" '*DNS does not show waited/w5*' "$err"

# ---- export and import
ctl 0 drain api one
ctl 0 weight web one 9
ok 'reg svc=web inst=odd port=1 addr=10.0.0.77 grp=g1 ttl=60 lease=77 m.weight=12 m.quote=%22%C3%A4 rev=18446744073709551615'
curl -sS --max-time 10 -X PUT -H 'Content-Type: application/json' -o "$work/body" \
    -d '{"addresses": ["10.0.0.78"], "ports": [80], "lease": null}' "$url/v1/services/web/instances/forever"
ctl 0 export "$work/all"
has "says what" 'exported 12?? instances of ? services and ? overrides of instances that are not registered to *' "$out"
instances=$(grep -c '"addresses"' "$work/all")
[ ! -e "$work/all.part" ] || die "it left something behind"
ctl 0 export
same "to stdout" "$(sort "$work/all")" "$(sort <<<"$out")"
same "a JSON object a line" "$(wc -l <"$work/all")" "$(python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)
print(len(set(open(sys.argv[1]))))' "$work/all")"
ctl 2 export /nonexistent/folder/file
ctl 2 import /nonexistent/file
ctl 2 import a b

zone() {
    dig -p "$dns" @127.0.0.1 +tcp +noall +answer +onesoa AXFR disc.local | grep -v SOA | tr -s '\t ' ' ' |
        sed 's/ [0-9]* IN / IN /' | sort
}
zone >"$work/zone.before"
[ "$(wc -l <"$work/zone.before")" -gt 2000 ] || die "a small zone"
ctl 0 import "$work/all"
has "the same again" "added 0, there already $instances, newer on the server 0, failed 0, overrides of instances to come 2" "$out"
stop TERM "$agent"
# A fresh server.
stop
rm -rf "$work/data"
start
ctl 0 import --dry-run "$work/all"
same "dry" "would add $instances, there already 0, newer on the server 0, failed 0, overrides of instances to come 2" "$out"
ctl 0 list --json
same "nothing was done" '[]' "$(field 'j["services"]' <<<"$out")"
status 0 "$discctl" import --json --http "$url" <"$work/all"
same "imported" "[$instances, 0, 0, 0]" \
    "$(field '[j[k] for k in ("added", "known", "newer", "failed")]' <<<"$out")"
zone >"$work/zone.after"
cmp "$work/zone.before" "$work/zone.after" || die "another zone: $(diff "$work/zone.before" "$work/zone.after" | head)"
ctl 0 export "$work/again"
same "exported again" "$(sort "$work/all" | sha256sum)" "$(sort "$work/again" | sha256sum)"
ctl 0 show web --json
same "permanent stays so" '[None]' "$(field '[i["lease"] for i in j["instances"] if i["id"] == "forever"]' <<<"$out")"
same "leases as they were" '[77]' "$(field '[i["lease"] for i in j["instances"] if i["id"] == "odd"]' <<<"$out")"
same "overrides too" "[{'weight': 9}]" "$(field '[i["override"] for i in j["instances"] if i["id"] == "one"]' <<<"$out")"

# What is wrong is named by its line, the rest is done.
cat >"$work/some" <<'JSON'
{"service": "some", "id": "good", "addresses": ["10.0.0.1"], "ports": [80]}
nonsense
{"service": "some", "addresses": ["10.0.0.1"], "ports": []}

{"service": "some", "id": "bad", "addresses": ["300.0.0.1"], "ports": []}
{"service": "some", "id": "old", "addresses": ["10.0.0.1"], "ports": [], "rev": 1}
["service"]
{"namespace": "elsewhere", "service": "some", "id": "x", "addresses": ["10.0.0.1"], "ports": []}
JSON
ok 'reg svc=some inst=old port=1 addr=10.0.0.1 rev=1000'
ctl 1 import "$work/some"
same "what was done" 'added 1, there already 0, newer on the server 1, failed 5' "$out"
same "which lines" '2 3 5 7 8' "$(grep -o 'line [0-9]*' <<<"$err" | cut -d' ' -f2 | sort -n | tr '\n' ' ' | sed 's/ $//')"
visible good.some.disc.local A || die "the good one is not there"
stop
for verb in 'watch web' 'drain web one' 'weight web one 1' export 'watch --once'; do
    # shellcheck disable=SC2086
    ctl 3 $verb
    [ -n "$err" ] || die "$verb: no words"
done
for verb in status 'watch --once'; do
    # shellcheck disable=SC2086
    status 3 "$discctl" $verb --http http://no-such-host.invalid:5380
    has "$verb: no such host" "*there is no host 'no-such-host.invalid'*" "$err"
done
ctl 3 import "$work/some"
