# Response rate limiting: what is too much from one network is dropped or truncated, whoever
# shows a cookie or comes over TCP is not limited, and log_only only counts.
. "$SOURCE/tests/e2e/lib.sh"

# flood COUNT NAME [cookie|all]: "ANSWERED TRUNCATED SILENT" of so many questions over UDP, with a
# cookie; all = each has to be answered, and is waited for.
flood() {
    python3 - "$dns" "$@" <<'PYTHON'
import select, socket, struct, sys
port, count, text, cookie = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
name = b"".join(bytes([len(l)]) + l.encode() for l in text.split(".")) + b"\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", port))

def ask(number, option=b""):
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, len(option)) + option if option else b""
    s.send(struct.pack(">HHHHHH", number, 0, 1, 0, 0, 1 if opt else 0) + name +
           struct.pack(">HH", 1, 1) + opt)

option, patience = b"", 10 if cookie else 0.5
if cookie == ["cookie"]: # the server's answer to a new client has one
    ask(0, struct.pack(">HH", 10, 8) + b"discdisc")
    s.settimeout(30)
    answer = s.recv(4096)
    at = answer.index(struct.pack(">HH", 10, 24))
    option = answer[at:at + 28]
answered = truncated = 0
for i in range(1, count + 1): # each is served before the next: nothing is lost in a buffer
    ask(i, option)
    tick = select.select([s], [], [], 0.02)[0]
    if tick:
        answer = s.recv(4096)
        if answer[2] & 2:
            truncated += 1
        else:
            answered += 1
while answered + truncated < count and select.select([s], [], [], patience)[0]: # stragglers
    answer = s.recv(4096)
    if answer[2] & 2:
        truncated += 1
    else:
        answered += 1
print(answered, truncated, count - answered - truncated)
PYTHON
}

counted() {
    curl -sf "$url/v1/status" |
        python3 -c "import json,sys; print(json.load(sys.stdin)['dns']['rrl']['$1'])"
}

limits() { # LIMITS...: the daemon with these
    configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  workers: 1
  rrl: {$*}
YAML
    start
}

# ---- every second of what is too much is truncated
limits 'responses: 5, slip: 2, exempt: [], watched: []'
read -r answered truncated silent <<<"$(flood 60 ns.disc.local)"
[ "$answered" -ge 1 ] && [ "$answered" -le 30 ] || die "$answered of 60 were answered"
[ "$truncated" -ge 10 ] || die "$truncated of 60 were truncated"
[ "$silent" -ge 10 ] || die "$silent of 60 were dropped"
[ "$(counted dropped)" -ge 10 ] && [ "$(counted slipped)" -ge 10 ] || die "that was not counted"
has "TCP is not limited" '*NOERROR*' "$(dig +tcp -p "$dns" @127.0.0.1 ns.disc.local)"
same "who shows a cookie" "60 0 0" "$(flood 60 ns.disc.local cookie)"
stop

# ---- names that do not exist have a limit of their own
limits 'responses: 1000, nxdomains: 5, slip: 0, exempt: [], watched: []'
read -r answered truncated silent <<<"$(flood 60 nothing.disc.local)"
[ "$answered" -le 30 ] && [ "$truncated" = 0 ] && [ "$silent" -ge 30 ] ||
    die "of 60 names that do not exist: $answered $truncated $silent"
same "others are answered" "20 0 0" "$(flood 20 ns.disc.local all)"
stop

# ---- exempt, log_only, watched
limits 'responses: 5'
same "loopback is exempt" "60 0 0" "$(flood 60 ns.disc.local all)"
stop
limits 'responses: 5, exempt: [], log_only: true'
same "log_only answers" "60 0 0" "$(flood 60 ns.disc.local all)"
[ "$(counted logged)" -ge 10 ] || die "log_only did not count"
same "and drops nothing" 0 "$(counted dropped)"
stop
limits 'responses: 5, exempt: [], watched: [127.0.0.0/8]'
same "watched networks are answered" "60 0 0" "$(flood 60 ns.disc.local all)"
[ "$(counted logged)" -ge 10 ] || die "watched networks were not counted"
stop
