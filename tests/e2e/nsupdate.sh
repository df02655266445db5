# UPDATE as nsupdate sends it: an instance registers, renews, changes, says goodbye; records
# that belong to no service; who may not; and what outlives kill -9.
. "$SOURCE/tests/e2e/lib.sh"
/usr/bin/python3 -c 'import dns.update' 2>/dev/null || skip_test "python3-dnspython is not installed"

secret=aHVzaGh1c2hodXNoaHVzaA==
configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  keys: tsig.yaml
YAML
cat >"$work/tsig.yaml" <<YAML
keys:
  - {name: deploy.example, secret: $secret}
  - {name: acme.example, algorithm: hmac-sha512, secret: $secret}
  - {name: idle.example, secret: $secret}
YAML
chmod 600 "$work/tsig.yaml"
sed -i 's|file: disc.local.zone}|file: disc.local.zone, update: [{key: deploy.example, names: ["hello-svc.disc.local", "*.hello-svc.disc.local"]}, {key: acme.example, names: ["_acme-challenge.*"], types: [TXT]}], update_lease: {min: 1, max: 86400}}|' \
    "$work/discd.yaml"
start

instances() {
    curl -sf "$url/v1/status" |
        python3 -c "import json,sys; print(json.load(sys.stdin)['instances'])"
}

# change EXPECTED [OPTION...]: the commands of standard input by nsupdate; the rcode's name,
# NOERROR when it went well.
change() {
    local expected=$1 got=0 said
    shift
    said=$( (printf 'server 127.0.0.1 %s\nzone disc.local\n' "$dns" && cat && echo send) |
        timeout 60 nsupdate "$@" 2>&1) || got=$?
    case $said in
    *failed:*) said=${said##*failed: } ;;
    '') said=NOERROR ;;
    esac
    has "the update's result ($got)" "$expected*" "$said"
}

deploy=(-y "hmac-sha256:deploy.example:$secret")
acme=(-y "hmac-sha512:acme.example:$secret")
register='update add hello-svc.disc.local 30 SRV 0 30 8080 web1.hello-svc.disc.local.
update add web1.hello-svc.disc.local 30 A 10.0.0.7
update add web1.hello-svc.disc.local 30 TXT "version=1.4"'

# ---- an instance
change NOERROR "${deploy[@]}" <<<"$register"
same "the service" "0 30 8080 web1.hello-svc.disc.local." "$(q SRV hello-svc.disc.local)"
same "by protocol" "0 30 8080 web1.hello-svc.disc.local." "$(q SRV _hello-svc._tcp.disc.local)"
same "its address" "10.0.0.7" "$(q A hello-svc.disc.local)"
same "its metadata" '"version=1.4"' "$(q TXT web1.hello-svc.disc.local)"
same "instances" 1 "$(instances)"

before=$(serial)
change NOERROR "${deploy[@]}" <<<"$register"
same "a renewal takes no serial" "$before" "$(serial)"

change NOERROR "${deploy[@]}" <<<'update delete web1.hello-svc.disc.local A
update add web1.hello-svc.disc.local 30 A 10.0.0.8'
same "another address" "10.0.0.8" "$(q A hello-svc.disc.local)"
change NOERROR -v "${deploy[@]}" <<<"${register//web1/web2}"
same "two by now" 2 "$(instances)"
change NOERROR "${deploy[@]}" <<<'update delete web2.hello-svc.disc.local'
same "goodbye" "0 30 8080 web1.hello-svc.disc.local." "$(q SRV hello-svc.disc.local)"

# ---- prerequisites
change YXDOMAIN "${deploy[@]}" <<<"prereq nxdomain web1.hello-svc.disc.local
${register//web1/web3}"
change NXRRSET "${deploy[@]}" <<<"prereq yxrrset web1.hello-svc.disc.local A 10.0.0.7
${register//web1/web3}"
change NOERROR "${deploy[@]}" <<<"prereq yxrrset web1.hello-svc.disc.local A 10.0.0.8
update add web1.hello-svc.disc.local 30 AAAA 2001:db8::8"
same "both families" "2001:db8::8" "$(q AAAA web1.hello-svc.disc.local)"

# ---- records of no service
change NOERROR "${acme[@]}" <<<'update add _acme-challenge.hello-svc.disc.local 60 TXT "token-1"'
same "the challenge" '"token-1"' "$(q TXT _acme-challenge.hello-svc.disc.local)"
change NOERROR "${acme[@]}" <<<'update add _acme-challenge.www.disc.local 60 TXT "token-2"'

# ---- who may not, and nothing has changed
before=$(serial)
change REFUSED <<<"${register//web1/web9}"
change REFUSED "${acme[@]}" <<<'update add _acme-challenge.www.disc.local 60 CAA 0 issue "ca.example"'
change REFUSED "${deploy[@]}" <<<'update add www.disc.local 60 A 10.0.0.9'
change REFUSED "${deploy[@]}" <<<"${register//web1/web9}
update add www.disc.local 60 A 10.0.0.9"
change REFUSED -y "hmac-sha256:idle.example:$secret" <<<"${register//web1/web9}"
change '*NOTAUTH*' -y "hmac-sha256:nobody.example:$secret" <<<"${register//web1/web9}"
change '*NOTAUTH*' -y "hmac-sha256:deploy.example:aGVsbG9oZWxsb2hlbGxvaA==" \
    <<<"${register//web1/web9}"
same "nothing has changed" "$before 1" "$(serial) $(instances)"

# ---- the wrong time, a lease, the same bytes twice: said with other words than nsupdate has
/usr/bin/python3 - "$dns" "$secret" <<'PYTHON'
import socket, sys, time
import dns.edns, dns.message, dns.name, dns.query, dns.rcode, dns.tsig, dns.tsigkeyring, dns.update
port, secret = int(sys.argv[1]), sys.argv[2]
ring = dns.tsigkeyring.from_text({"deploy.example.": ("hmac-sha256", secret)})
I = "web4.hello-svc"

def update():
    u = dns.update.Update("disc.local", keyring=ring, keyalgorithm="hmac-sha256")
    u.add("hello-svc", 30, "SRV", "0 1 80 %s.disc.local." % I)
    u.add(I, 30, "A", "10.0.0.9")
    return u

def ask(wire):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(10)
    s.sendto(wire, ("127.0.0.1", port))
    return s.recv(4096)

real = time.time
time.time = lambda: real() - 3600
wire = update().to_wire()
time.time = real
answer = ask(wire)
assert answer[3] & 15 == dns.rcode.NOTAUTH, answer
assert b"web4" not in ask(dns.message.make_query("hello-svc.disc.local", "SRV").to_wire())

u = update()
u.use_edns(0, options=[dns.edns.GenericOption(2, (1).to_bytes(4, "big"))])
wire = u.to_wire()
first = dns.message.from_wire(ask(wire), keyring=ring, request_mac=u.mac)
assert first.rcode() == dns.rcode.NOERROR, first
assert [(int(o.otype), o.to_wire()) for o in first.options] == [(2, b"\0\0\0\1")], first
again = dns.message.from_wire(ask(wire), keyring=ring, request_mac=u.mac)
assert again.rcode() == dns.rcode.NOERROR, again
PYTHON
alone() {
    [ "$(instances)" = 1 ]
}
eventually alone # its lease of a second is over, and it was not renewed by the copy

# ---- what operators see of it
same "refusals in the log" 1 "$(logged 'update of disc.local refused to 127.0.0.1, no key: updates have to be signed')"
same "who has no grant" 1 "$(logged 'update of disc.local refused to 127.0.0.1, key idle.example: ')"
"$discctl" --http "$url" records >"$work/records"
has "plain records" '*NAME *TTL*TYPE*DATA*KEY*' "$(head -1 "$work/records")"
has "one of them" '*_acme-challenge.hello-svc.disc.local. *TXT*"token-1"*acme.example*' \
    "$(cat "$work/records")"
same "likewise for programs" '"token-1" acme.example' "$("$discctl" --http "$url" --json records |
    python3 -c 'import json, sys; print(*[r["data"] + " " + r["key"] for r in json.load(sys.stdin)["records"] if r["name"].startswith("_acme-challenge.hello-svc.")])')"

# ---- kill -9
stop KILL "$pid" 137
start
same "the service, afterwards" "0 30 8080 web1.hello-svc.disc.local." "$(q SRV hello-svc.disc.local)"
same "its address, afterwards" "10.0.0.8" "$(q A hello-svc.disc.local)"
same "the challenge, afterwards" '"token-1"' "$(q TXT _acme-challenge.hello-svc.disc.local)"
change NOERROR "${acme[@]}" <<<'update delete _acme-challenge.hello-svc.disc.local TXT'
change NOERROR "${deploy[@]}" <<<'update delete hello-svc.disc.local SRV'
stop KILL "$pid" 137
start
same "deleted, afterwards" "" "$(q TXT _acme-challenge.hello-svc.disc.local)"
same "kept, afterwards" '"token-2"' "$(q TXT _acme-challenge.www.disc.local)"
same "nobody is left" "0 " "$(instances) $(q SRV hello-svc.disc.local)"
