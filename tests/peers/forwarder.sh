# What every resolver that forwards disc.local has to hand through. Sourced; the script
# then starts its resolver on 127.0.0.1 port 53 and calls `passes NAME`.
. "${BASH_SOURCE[0]%/*}/../e2e/namespace.sh"

# Short TTLs, so that a change is seen at once.
serve() {
    configure </dev/null
    sed -i 's/file: disc.local.zone}/file: disc.local.zone, ttl: 1, negative_ttl: 1}/' \
        "$work/discd.yaml"
    start
    upstream=$dns
    ok 'reg svc=hello-svc inst=one port=8080 w=30 addr=10.0.0.7 ver=1.4.2'
    ok 'reg svc=hello-svc inst=two port=8081 w=60 addr=10.0.0.8'
    local i
    for ((i = 1; i <= 100; i++)); do
        ok "reg svc=large inst=i$i port=$i addr=10.1.0.$i"
    done
}

# through WORD...: dig at the resolver, everything.
through() {
    dig -p 53 @127.0.0.1 +tries=2 +time=20 +nocookie "$@"
}
code() {
    through "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}
sees() {
    [ "$(q "${@:2}")" = "$1" ]
}

# passes NAME: everything that the zone has comes through that resolver.
passes() {
    dns=53 address=127.0.0.1
    eventually answers 53 127.0.0.1 hello-svc.disc.local
    same "$1: SRV" '0 30 8080 one.hello-svc.disc.local.
0 60 8081 two.hello-svc.disc.local.' "$(q SRV hello-svc.disc.local)"
    same "$1: SRV by RFC 2782" '0 30 8080 one.hello-svc.disc.local.
0 60 8081 two.hello-svc.disc.local.' "$(q SRV _hello-svc._tcp.disc.local)"
    same "$1: A" $'10.0.0.7\n10.0.0.8' "$(q A hello-svc.disc.local)"
    same "$1: TXT" '"version=1.4.2"' "$(q TXT one.hello-svc.disc.local)"
    same "$1: SOA" 1 "$(q SOA disc.local | wc -l)"
    same "$1: no such type" NOERROR "$(code AAAA one.hello-svc.disc.local)"
    same "$1: no such type" '' "$(q AAAA one.hello-svc.disc.local)"
    same "$1: an empty non-terminal" NOERROR "$(code A _tcp.disc.local)"
    same "$1: no such name" NXDOMAIN "$(code A nobody.disc.local)"
    same "$1: no such instance" NXDOMAIN "$(code A three.hello-svc.disc.local)"
    same "$1: over TCP" $'10.0.0.7\n10.0.0.8' "$(q +tcp A hello-svc.disc.local)"
    local mixed
    mixed=$(through HeLLo-SVC.dIsC.lOcAl A)
    has "$1: the question's case" '*;HeLLo-SVC.dIsC.lOcAl.*IN*A*' "$mixed"
    has "$1: and its answer" '*10.0.0.7*' "$mixed"

    # More than fits into a datagram: the resolver asks again over TCP, and so does dig.
    same "$1: a large set" 100 "$(q SRV large.disc.local | wc -l)"
    has "$1: cut short over UDP" '*flags: qr*tc*' "$(through +ignore +bufsize=512 SRV large.disc.local)"
    same "$1: a large set of addresses" 100 "$(q A large.disc.local | wc -l)"

    # A change is seen when the TTL is over: a goodbye, a newcomer, a name that was denied.
    ok 'del svc=hello-svc inst=two'
    eventually sees 10.0.0.7 A hello-svc.disc.local
    ok 'reg svc=hello-svc inst=three port=8082 w=60 addr=10.0.0.9'
    eventually sees $'10.0.0.7\n10.0.0.9' A hello-svc.disc.local
    eventually sees 10.0.0.9 A three.hello-svc.disc.local
    ok 'reg svc=nobody inst=one port=1 addr=10.0.0.1'
    eventually sees 10.0.0.1 A nobody.disc.local
    ok 'del svc=nobody inst=one'
    eventually sees '' A nobody.disc.local
    same "$1: known, with nobody up" NOERROR "$(code A nobody.disc.local)"
}

# The lines that discctl prints for that resolver.
recipe() {
    local report
    report=$("$discctl" doctor disc.local --for "$1" --json --http "$url" --root "$work" \
        --timeout 20 || true) # there are problems: nobody listens on port 53 yet
    /usr/bin/python3 -c 'import json, sys
print("\n".join(json.loads(sys.argv[1])["recipes"][0]["lines"]))' "$report"
}
