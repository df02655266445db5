# NOTIFY: secondaries hear of changes soon, not too often, again while they do not answer, and
# signed where they have a key.
. "$SOURCE/tests/e2e/lib.sh"
/usr/bin/python3 -c 'import dns.message' 2>/dev/null || skip_test "python3-dnspython is not installed"

secret=aHVzaGh1c2hodXNoaHVzaA==

# A secondary on a free port: writes one line for each message; answers unless it is `mute`.
cat >"$work/secondary.py" <<'PYTHON'
import dns.flags, dns.message, dns.opcode, dns.rdatatype, dns.tsigkeyring, socket, sys
secret, mute, out = sys.argv[1], sys.argv[2] == "mute", sys.argv[3]
keyring = dns.tsigkeyring.from_text({"sec.example.": secret})
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    data, who = s.recvfrom(4096)
    m = dns.message.from_wire(data, keyring=keyring)
    assert m.opcode() == dns.opcode.NOTIFY and m.flags & dns.flags.AA, m
    assert m.question[0].rdtype == dns.rdatatype.SOA, m
    serial = m.answer[0][0].serial if m.answer else 0
    with open(out, "a") as f:
        print(m.id, serial, "signed" if m.had_tsig else "plain", file=f)
    if not mute:
        s.sendto(dns.message.make_response(m).to_wire(), who)
PYTHON

# secondary NAME mute|answers: its port in $port
secondary() {
    : >"$work/$1"
    [ -e "$work/port" ] || mkfifo "$work/port"
    /usr/bin/python3 "$work/secondary.py" "$secret" "$2" "$work/$1" >"$work/port" &
    started+=("$!")
    read -rt 30 port <"$work/port" || die "the secondary does not start"
}

counted() {
    curl -sf "$url/v1/status" |
        python3 -c "import json,sys; print(json.load(sys.stdin)['dns']['notify']['$1'])"
}

# heard NAME N: it has heard at least N messages.
heard() {
    [ "$(wc -l <"$work/$1")" -ge "$2" ]
}

knows_newest() {
    [ "$(tail -1 "$work/$1" | cut -d' ' -f2)" = "$(dig +short -p "$dns" @127.0.0.1 SOA disc.local | cut -d' ' -f3)" ]
}

secondary good answers
good=$port
secondary mute mute
mute=$port
configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  keys: tsig.yaml
YAML
echo "keys: [{name: sec.example, secret: $secret}]" >"$work/tsig.yaml"
chmod 600 "$work/tsig.yaml"
sed -i "s|file: disc.local.zone}|file: disc.local.zone, notify: [{to: \"127.0.0.1:$good\", key: sec.example}, {to: \"127.0.0.1:$mute\"}]}|" \
    "$work/discd.yaml"
start

# At the start once; who does not answer hears it again with the same number.
eventually heard good 1
eventually heard mute 2
same "the same question again" "$(sed -n 1p "$work/mute")" "$(sed -n 2p "$work/mute")"
has "signed with the key" '* signed' "$(head -1 "$work/good")"
has "without a key" '* plain' "$(head -1 "$work/mute")"
eventually eval '[ "$(counted answered)" -ge 1 ]'
before=$(wc -l <"$work/good")
eventually heard mute $(($(wc -l <"$work/mute") + 1))
same "who has answered is left alone" "$before" "$(wc -l <"$work/good")"
[ "$(counted retried)" -ge 1 ] || die "no repetition was counted"

# Many changes become few messages, one in a second; the last of them has the newest serial.
before=$(wc -l <"$work/good") began=$SECONDS
for i in $(seq 1 40); do
    ok "reg svc=web inst=i$i port=80 addr=10.0.0.$i"
done
eventually knows_newest good
eventually knows_newest mute
some=$(($(wc -l <"$work/good") - before))
[ $some -le $((SECONDS - began + 5)) ] || die "40 changes became $some messages in $((SECONDS - began)) s"

# A reload tells everybody once more.
before=$(wc -l <"$work/good")
kill -HUP "$pid"
eventually heard good $((before + 1))
stop
