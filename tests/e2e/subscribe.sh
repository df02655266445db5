# Subscriptions over UDP: what is registered is pushed; a restart of discd is found out and
# the whole state comes anew; large states and changes; keyed.
. "$SOURCE/tests/e2e/lib.sh"

# follow NAME SERVICE [KEY SECRET]: a subscriber that writes to $work/NAME.
follow() {
    : >"$work/$1"
    python3 "$SOURCE/tests/e2e/subscriber.py" "$registration" "$2" "$work/$1" "${@:3}" &
    started+=("$!")
}

# sees NAME GLOB: the last line that it wrote, without epoch and number.
sees() {
    # shellcheck disable=SC2053
    [[ $(tail -1 "$work/$1" | cut -d' ' -f3-) == $2 ]]
}

counted() {
    curl -sf "$url/v1/status" |
        python3 -c "import json,sys; print(json.load(sys.stdin)['registration']['subscriptions']['$1'])"
}

# register_many SERVICE FROM TO
register_many() {
    python3 - "$registration" "$@" <<'PYTHON'
import socket, sys
port, service, first, last = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", port))
s.settimeout(5)
for n in range(first, last):
    for _ in range(5):
        s.send(b"disc/1 reg svc=%s inst=i%03d addr=10.1.0.%d port=80 lease=300\n" %
               (service.encode(), n, n % 256))
        try:
            assert s.recv(2048).startswith(b"disc/1 ok "), n
            break
        except TimeoutError:
            pass
PYTHON
}

configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  sources: [{from: 127.0.0.1, auth: open}]
  keys: keys.yaml
  subscriptions: 5
YAML
cat >"$work/keys.yaml" <<'YAML'
keys:
  - id: watcher
    secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
    grants: [{verbs: [sub], services: ["default/*"]}]
YAML
chmod 600 "$work/keys.yaml"
start
has "hello" '*f=*,sub *' "$(say hello)"
same "without a cookie" "disc/1 chal ck" "$(say 'sub svc=web cid=c tok=0123456789abcdef' | cut -d= -f1)"
same "acknowledged by nobody" "disc/1 err" \
    "$(say 'ack sub=1 tok=0123456789abcdef seq=1' | cut -d' ' -f1-2)"

follow plain web
follow keyed web watcher 0123456789abcdef0123456789abcdef
eventually sees plain 'fullunknown: '
eventually sees keyed 'fullunknown: '
same "subscribers" 2 "$(counted subscribers)"

say 'reg svc=web inst=a addr=10.0.0.7 port=http:8080 zone=z1 lease=300' >"$work/reply"
for who in plain keyed; do
    eventually sees $who 'delta: a: a=10.0.0.7 p=http:8080 w=100 q=0 s=up z=z1'
done
say 'upd svc=web inst=a st=draining w=7' >"$work/reply"
eventually sees plain 'delta: a: a=10.0.0.7 p=http:8080 w=7 q=0 s=draining z=z1'
say 'reg svc=web inst=b addr=10.0.0.8 port=80 lease=300' >"$work/reply"
eventually sees plain 'delta: a b'
say 'del svc=web inst=a' >"$work/reply"
eventually sees plain 'delta: b: a=10.0.0.8 p=80 w=100 q=0 s=up'
eventually sees keyed 'delta: b: a=10.0.0.8 p=80 w=100 q=0 s=up'

# A hundred and more at once: more than a datagram holds, together at the end.
register_many web 0 150
all=$(printf ' i%03d' $(seq 0 149))
eventually sees plain "*: b$all"
eventually sees keyed "*: b$all"
follow late web
eventually sees late "full: b$all"
[ "$(counted pushes)" -gt 10 ] || die "few pushes: $(counted pushes)"

# Another process on the same port: the cookie is dead, the subscriptions are gone.
before=$(tail -1 "$work/plain" | cut -d' ' -f1)
seq_before=$(tail -1 "$work/plain" | cut -d' ' -f2)
stop
python3 - "$work/discd.yaml" "$registration" <<'PYTHON'
import re, sys
text = open(sys.argv[1]).read()
head, tail = text.split("registration:", 1)
open(sys.argv[1], "w").write(
    head + "registration:" + tail.replace("127.0.0.1:0", "127.0.0.1:" + sys.argv[2], 1))
PYTHON
start
for who in plain keyed late; do
    eventually sees $who "full: b$all"
    is_anew() { [ "$(tail -1 "$work/$who" | cut -d' ' -f1)" != "$before" ]; }
    eventually is_anew
    sees $who "full: b$all" || die "$who has another list after the restart: $(tail -1 "$work/$who")"
done
[ "$(tail -1 "$work/plain" | cut -d' ' -f2)" -gt "$seq_before" ] || die "the number went back"
say 'del svc=web inst=b' >"$work/reply"
eventually sees keyed "delta:$all"
same "subscribers after the restart" 3 "$(counted subscribers)"
same "nobody fell behind" 0 "$(counted lagging)"

# The limit, and room again.
follow four web
follow five web
eventually sees five "full:$all"
follow six web
is_full() { curl -sf "$url/v1/status" | grep -q '"full": *[1-9]'; }
eventually is_full
same "at the limit" 5 "$(counted subscribers)"
same "the sixth" "" "$(cat "$work/six")"
stop
