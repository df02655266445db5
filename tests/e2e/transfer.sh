# Zone transfers: who may have the zone, whole and in differences, signed; and that a slow
# secondary holds up nobody, costs little and is closed.
. "$SOURCE/tests/e2e/lib.sh"

secret=aHVzaGh1c2hodXNoaHVzaA==
configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  workers: 2
  keys: tsig.yaml
  tcp: {message_timeout: 6}
YAML
cat >"$work/tsig.yaml" <<YAML
keys:
  - {name: sec.example, secret: $secret}
  - {name: other.example, algorithm: hmac-sha512, secret: $secret}
YAML
chmod 600 "$work/tsig.yaml"
sed -i 's|file: disc.local.zone}|file: disc.local.zone, transfer: [{key: sec.example}, {from: 127.0.0.2}]}|' \
    "$work/discd.yaml"
start

# Registers the instances i$1 ... i$2 of the service `web`.
register() {
    python3 - "$registration" "$1" "$2" <<'PYTHON'
import socket, sys
port, first, last = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
s.connect(("127.0.0.1", port))
numbers = list(range(first, last + 1))
while numbers: # so many at a time: they are stored together
    some, numbers = numbers[:250], numbers[250:]
    for n in some:
        s.send(b"disc/1 reg svc=web port=80 addr=10.1.%d.%d lease=300" % (n >> 8, n & 255))
    for n in some:
        answer = s.recv(2000)
        assert b" ok" in answer, answer
PYTHON
}

ask() {
    dig +time=30 +tries=1 -p "$dns" @127.0.0.1 "$@"
}

signed() {
    ask -y "hmac-sha256:sec.example:$secret" "$@"
}

transfers() {
    curl -sf "$url/v1/status" |
        python3 -c "import json,sys; print(json.load(sys.stdin)['dns']['transfers']['$1'])"
}

# ---- who
has "without the key" '*Transfer failed*' "$(ask AXFR disc.local)"
has "with another key" '*Transfer failed*' \
    "$(ask -y "hmac-sha512:other.example:$secret" AXFR disc.local)"
has "with a wrong secret" '*Transfer failed*' \
    "$(ask -y "hmac-sha256:sec.example:aGVsbG9oZWxsb2hlbGxvaA==" AXFR disc.local 2>&1)"
same "refusals are counted" 2 "$(transfers refused)"
same "one without a key in the log" 1 \
    "$(logged 'transfer of disc.local refused to 127.0.0.1, no key: no transfers for this asker')"
same "one of another key in the log" 1 \
    "$(logged 'transfer of disc.local refused to 127.0.0.1, key other.example: no transfers')"
same "a wrong secret in the log" 1 "$(logged 'signature refused to 127.0.0.1, key sec.example: BADSIG')"
has "by address" '*XFR size*' "$(ask -b 127.0.0.2 AXFR disc.local)"
signed +noall +answer AXFR disc.local >"$work/small"
same "first and last are the SOA" "$(head -1 "$work/small")" "$(tail -1 "$work/small")"
grep -q $'ns.disc.local.\t' "$work/small" || die "the static name is not in the transfer"

same "which begins a line of the log" 1 \
    "$(logged 'transfer of disc.local to 127.0.0.2, no key: AXFR, serial ')"

# ---- differences
serial=$(ask +short SOA disc.local | cut -d' ' -f3)
register 1 1
signed +noall +answer IXFR="$serial" disc.local >"$work/diff"
same "one difference: four SOA records" 4 "$(grep -c SOA "$work/diff")"
grep -q '^10-1-0-1-80.web.disc.local.*IN.*A.*10.1.0.1$' "$work/diff" || die "i1 is not in the difference: $(cat "$work/diff")"
! grep -q '^ns.disc.local' "$work/diff" || die "the difference is the whole zone"
new=$(ask +short SOA disc.local | cut -d' ' -f3)
same "its line of the log" 1 \
    "$(logged "transfer of disc.local to 127.0.0.1, key sec.example: IXFR from serial $serial to $new")"
same "nothing new: one SOA" 1 "$(signed +noall +answer IXFR="$new" disc.local | grep -c SOA)"
has "an unknown serial: the whole zone" '*ns.disc.local*' \
    "$(signed +noall +answer IXFR=1 disc.local)"

# ---- many messages, each checked by dig
register 2 3000
count_large() {
    grep -cP '^10-1-[-\d]+-80\.web\.disc\.local\.\s+\d+\s+IN\s+A\s' "$work/large" || true
}
# A large service that only grows is published at a bounded pace.
all_there() {
    signed AXFR disc.local >"$work/large"
    [ "$(count_large)" = 3000 ]
}
eventually all_there
has "a large zone" '*XFR size*messages*' "$(grep 'XFR size' "$work/large")"
[ "$(sed -n 's/.*messages \([0-9]*\),.*/\1/p' "$work/large")" -gt 10 ] || die "few messages"
! grep -q 'TSIG could not be validated\|expected a TSIG' "$work/large" || die "signatures are wrong"

# ---- a slow reader: others, and other messages on its own connection, are answered; it is
# closed when it takes nothing for the message time
python3 - "$dns" <<'PYTHON'
import select, socket, struct, sys
port = int(sys.argv[1])

def name(text):
    return b"".join(bytes([len(l)]) + l.encode() for l in text.split(".")) + b"\0"

def query(number, text, type):
    m = struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + name(text) + struct.pack(">HH", type, 1)
    return struct.pack(">H", len(m)) + m

def connect():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind(("127.0.0.2", 0))
    s.settimeout(20)
    s.connect(("127.0.0.1", port))
    return s

def take(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            return None
        data += more
    return data

def message(s):
    size = take(s, 2)
    return take(s, struct.unpack(">H", size)[0]) if size else None

# A transfer and ten questions in one write.
s = connect()
s.sendall(query(1, "disc.local", 252) + b"".join(query(100 + i, "ns.disc.local", 1) for i in range(10)))
seen, behind = [], 0
while behind < 6:
    m = message(s)
    assert m, "closed too early"
    number = struct.unpack(">H", m[:2])[0]
    if number != 1:
        seen.append(number)
    elif len(seen) == 10:
        behind += 1
assert sorted(seen) == list(range(100, 110)), seen
s.close()

# Stalled: another connection is served meanwhile, then it is closed.
slow = connect()
slow.sendall(query(1, "disc.local", 252))
assert message(slow)
other = connect()
for i in range(20):
    other.sendall(query(i, "ns.disc.local", 1))
    assert struct.unpack(">H", message(other)[:2])[0] == i
other.close()
poll = select.poll()
poll.register(slow, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
assert poll.poll(30000), "a stalled transfer is not closed"
slow.close()
PYTHON
eventually eval '[ "$(transfers under_way)" = 0 ]'

# ---- so many at a time
python3 - "$dns" "$url" <<'PYTHON'
import json, socket, struct, sys, urllib.request
port, url = int(sys.argv[1]), sys.argv[2]
body = b"\x04disc\x05local\0" + struct.pack(">HH", 252, 1)
held, refused = [], None
for i in range(40):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind(("127.0.0.2", 0))
    s.settimeout(20)
    s.connect(("127.0.0.1", port))
    m = struct.pack(">HHHHHH", i, 0, 1, 0, 0, 0) + body
    s.sendall(struct.pack(">H", len(m)) + m)
    head = s.recv(14)
    rcode = head[5] & 15
    held.append(s)
    if rcode:
        refused = (i, rcode)
        break
assert refused == (32, 2), refused
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM) # one message takes no place
u.bind(("127.0.0.2", 0))
u.settimeout(20)
u.sendto(struct.pack(">HHHHHH", 9, 0, 1, 0, 1, 0) + body[:-4] + struct.pack(">HH", 251, 1) +
         b"\xc0\x0c" + struct.pack(">HHIH", 6, 1, 0, 22) + b"\0\0" + struct.pack(">5I", 1, 1, 1, 1, 1),
         ("127.0.0.1", port))
assert u.recv(4096)[3] & 15 == 0
PYTHON
eventually eval '[ "$(transfers under_way)" = 0 ]'
[ "$(transfers refused)" -ge 1 ] || die "the refusal was not counted"

# ---- a reload in between, and the end
signed +noall +answer IXFR=1 disc.local | wc -l >"$work/before"
kill -HUP "$pid"
eventually eval '[ "$(logged reloaded)" = 1 ]'
signed +noall +answer IXFR=1 disc.local | wc -l >"$work/after"
same "as long after a reload" "$(cat "$work/before")" "$(cat "$work/after")"
stop
