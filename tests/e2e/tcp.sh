# DNS over TCP in all the ways clients use it.
. "$(dirname "$0")/lib.sh"
serve() { # SECONDS of patience with who is idle
    configure <<YAML
dns: {listen: ["127.0.0.1:0"], tcp: {idle: $1, connections_per_ip: 2}}
YAML
    start
}
serve 1
ok 'reg svc=web inst=1 port=1 addr=10.0.0.1'
probe() {
    "$BUILD/tests/e2e_tcp_probe" 127.0.0.1 "$dns" web.disc.local "$1" || die "tcp_probe $1"
}

same idle $'answers 1 in order\nclosed' "$(probe idle)"
stop
serve 60 # nobody is cut off who is only slow
same pipeline 'answers 50 in order' "$(probe pipeline)"
same bytes 'answers 1 in order' "$(probe bytes)"
same half $'answers 5 in order\nclosed' "$(probe half)"
same short closed "$(probe short)"
same garbage $'rcode 1\nanswers 1 in order' "$(probe garbage)"
same many 'answers 100' "$(probe many)"

same "one connection, two questions" $'10.0.0.1\n0 100 1 1.web.disc.local.' \
    "$(dig -p "$dns" @127.0.0.1 +tcp +keepopen +short web.disc.local A web.disc.local SRV | grep -v '^;')"

# What does not fit in UDP comes whole over TCP.
for ((i = 0; i < 60; i++)); do
    echo "disc/1 reg svc=big inst=i$i port=80 addr=10.1.0.$i" >"/dev/udp/127.0.0.1/$registration"
done
ok 'reg svc=big inst=last port=80 addr=10.1.0.200'
has "cut" 'rcode 0 aa tc*' "$(rcode -b 512 big.disc.local A)"
same "whole" 61 "$(records -t big.disc.local A | wc -l)"
same "dig falls back" 61 "$(q +bufsize=512 A big.disc.local | wc -l)"
for ((i = 0; i < 20; i++)); do
    records -b 512 big.disc.local A >"$work/sample"
    [ -s "$work/sample" ] || die "an empty sample"
done
stop
