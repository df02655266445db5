# What the README promises first: registered by a line of shell, found by dig at once,
# gone at once after the goodbye, and gone by itself after a missed lease.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start

# ---- the three shell ways
echo 'disc/1 reg svc=shell inst=udp port=1 addr=10.0.0.1' >"/dev/udp/127.0.0.1/$registration"
eventually visible udp.shell.disc.local A
# They wait so long for the reply, and a busy machine may take longer: then again.
netcat() {
    [[ $(echo 'disc/1 reg svc=shell inst=nc port=2 addr=10.0.0.2' |
        nc -u -w1 127.0.0.1 "$registration") == 'disc/1 ok '*' inst=nc '* ]]
}
socats() {
    [[ $(echo 'disc/1 reg svc=shell inst=socat port=3 addr=10.0.0.3' |
        socat -t0.3 - "udp:127.0.0.1:$registration") == 'disc/1 ok '*' inst=socat '* ]]
}
eventually netcat
eventually socats
same "all three" $'10.0.0.1\n10.0.0.2\n10.0.0.3' "$(q A shell.disc.local)"

# ---- without names and addresses: derived, and idempotent
reply=$(say 'reg svc=plain port=8080')
has "derived instance" 'disc/1 ok * inst=*-8080 addr=* lease=300 ren=* rev=* dur=*' "$reply"
ok 'reg svc=plain port=8080'
same "one record" 1 "$(records plain.disc.local SRV | wc -l)"

# ---- everything that can be asked, right after the reply
ok 'reg svc=hello-svc inst=one port=8080,grpc:9090 w=30 ver=v2 m.team=blue addr=10.0.0.7'
begin=${EPOCHREALTIME/./}
srv=$(q SRV hello-svc.disc.local)
end=${EPOCHREALTIME/./}
echo "dig saw it $(((end - begin) / 1000)) ms after the reply, start of dig included"
same SRV '0 30 8080 one.hello-svc.disc.local.' "$srv"
same A 10.0.0.7 "$(q A hello-svc.disc.local)"
same AAAA '' "$(q AAAA hello-svc.disc.local)"
same TXT '"version=v2" "team=blue"' "$(q TXT hello-svc.disc.local)"
same +tcp '0 30 8080 one.hello-svc.disc.local.' "$(q +tcp SRV hello-svc.disc.local)"
same RFC2782 '0 30 8080 one.hello-svc.disc.local.' "$(q SRV _hello-svc._tcp.disc.local)"
same "named port" '0 30 9090 one.hello-svc.disc.local.' "$(q SRV _grpc._tcp.hello-svc.disc.local)"
same selector 10.0.0.7 "$(q A v2.version.hello-svc.disc.local)"
same "no such version" '' "$(q A v3.version.hello-svc.disc.local)"
same instance 10.0.0.7 "$(q A one.hello-svc.disc.local)"
dig -p "$dns" @127.0.0.1 HELLO-svc.Disc.Local SRV | grep -q '^HELLO-svc\.Disc\.Local\.' ||
    die "the answer is not in the asker's case"

# ---- all weights as registered
ok 'reg svc=hello-svc inst=two port=8081 w=10 addr=10.0.0.8'
ok 'reg svc=hello-svc inst=three port=8082 w=60 addr=10.0.0.9'
same weights '0 10 8081 two.hello-svc.disc.local.
0 30 8080 one.hello-svc.disc.local.
0 60 8082 three.hello-svc.disc.local.' "$(q SRV hello-svc.disc.local)"
same "all addresses" $'10.0.0.7\n10.0.0.8\n10.0.0.9' "$(q A hello-svc.disc.local)"

# ---- status
ok 'upd svc=hello-svc inst=two st=draining'
same "without the draining" $'10.0.0.7\n10.0.0.9' "$(q A hello-svc.disc.local)"
same "which answers by its own name" 10.0.0.8 "$(q A two.hello-svc.disc.local)"

# ---- gone with the reply to del
ok 'del svc=hello-svc inst=three'
same "after del" 10.0.0.7 "$(q A hello-svc.disc.local)"
ok 'del svc=hello-svc inst=one'
ok 'del svc=hello-svc inst=two'
has "known, nobody up" 'rcode 0 aa*' "$(rcode hello-svc.disc.local SRV)"
same "nobody up" '' "$(records hello-svc.disc.local SRV)"
has "nobody up: SOA" '*authority disc.local. 2 IN SOA *' "$(ask hello-svc.disc.local SRV)"
has "never known" 'rcode 3 aa*' "$(rcode nobody.disc.local SRV)"
has "not ours" 'rcode 5*' "$(rcode example.org A)"
has "renewing what is gone" 'disc/1 err * c=404 why=gone *' "$(say 'ren svc=hello-svc inst=one')"

# ---- gone by a missed lease; a renewed one stays
ok 'reg svc=lease inst=missed port=1 addr=10.0.0.1'
ok 'reg svc=lease inst=kept port=1 addr=10.0.0.2'
same "both" $'10.0.0.1\n10.0.0.2' "$(q A lease.disc.local)"
ok 'reg svc=lease inst=missed port=1 lease=1 addr=10.0.0.1' # once both were seen
eventually gone missed.lease.disc.local A
same "the other one" 10.0.0.2 "$(q A lease.disc.local)"
stop
