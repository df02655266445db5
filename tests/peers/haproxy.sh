# HAProxy's server-template over _hello-svc._tcp.disc.local with 60 instances: weights,
# draining, goodbyes, and an instance whose agent is killed; asked over UDP with large
# datagrams, and over TCP.
. "${0%/*}/../e2e/namespace.sh"
needs haproxy
needs socat
configure <<'YAML'
dns:
  listen: ["127.0.0.1:0"]
  udp_sizes: [{from: 127.0.0.0/8, size: 8192}]
YAML
sed -i 's/file: disc.local.zone}/file: disc.local.zone, ttl: 1, negative_ttl: 1, srv_weight_scale: 256}/' \
    "$work/discd.yaml"
start
for ((i = 1; i <= 60; i++)); do
    ok "reg svc=hello-svc inst=i$i port=$((9000 + i)) w=$i addr=127.0.1.$i"
done

# balance NAME SERVER: HAProxy with one backend that finds its servers at SERVER.
balance() {
    name=$1 sock=$work/$1.sock
    cat >"$work/$1.cfg" <<CONF
global
    stats socket $sock level admin
    maxconn 100
defaults
    mode tcp
    timeout connect 1s
    timeout client 10s
    timeout server 10s
resolvers disc
    nameserver disc $2
    accepted_payload_size 8192
    resolve_retries 3
    timeout resolve 200ms
    timeout retry 200ms
    hold valid 200ms
    hold obsolete 0s
backend hello
    server-template s 70 _hello-svc._tcp.disc.local resolvers disc resolve-prefer ipv4 resolve-opts allow-dup-ip init-addr none
CONF
    daemon haproxy -f "$work/$1.cfg" -db
}

# Each server that has an address: "address port weight", of `show servers state`.
servers() {
    echo "show servers state hello" | socat -t 5 - "UNIX-CONNECT:$sock" 2>/dev/null |
        awk '$2 == "hello" && $5 != "-" && $5 != "0.0.0.0" && $6 == 2 { print $5, $19, $8 }' |
        sort -V
}
counts() {
    [ "$(servers | wc -l)" = "$1" ]
}
shows() {
    servers | grep -qx "$1"
}
hides() {
    ! servers | grep -q "^$1 "
}

# follow NAME: what happens to instances happens to its servers.
follow() {
    eventually counts 60
    same "$1: addresses, ports and weights as registered" \
        "$(for ((i = 1; i <= 60; i++)); do echo "127.0.1.$i $((9000 + i)) $i"; done | sort -V)" \
        "$(servers)"

    # Another weight, and the greatest that HAProxy has.
    ok 'reg svc=hello-svc inst=i7 port=9007 w=200 addr=127.0.1.7'
    eventually shows '127.0.1.7 9007 200'
    ok 'reg svc=hello-svc inst=i7 port=9007 w=255 addr=127.0.1.7'
    eventually shows '127.0.1.7 9007 255'
    ok 'reg svc=hello-svc inst=i7 port=9007 w=7 addr=127.0.1.7'
    eventually shows '127.0.1.7 9007 7'

    # Weight 0 takes the traffic away, and leaves the server.
    ok 'reg svc=hello-svc inst=i8 port=9008 w=0 addr=127.0.1.8'
    eventually shows '127.0.1.8 9008 0'
    ok 'reg svc=hello-svc inst=i8 port=9008 w=8 addr=127.0.1.8'
    eventually shows '127.0.1.8 9008 8'

    # Draining instances leave the answers, and their server.
    status 0 "$discctl" register hello-svc --server "127.0.0.1:$registration" --instance i9 \
        --port 9009 --weight 9 --addr 127.0.1.9 --status draining
    eventually hides 127.0.1.9
    ok 'reg svc=hello-svc inst=i9 port=9009 w=9 addr=127.0.1.9'
    eventually shows '127.0.1.9 9009 9'

    # A goodbye, and a newcomer in its place.
    ok 'del svc=hello-svc inst=i10'
    eventually hides 127.0.1.10
    counts 59 || die "$1: $(servers | wc -l) servers after one goodbye"
    ok 'reg svc=hello-svc inst=i10 port=9010 w=10 addr=127.0.1.10'
    eventually shows '127.0.1.10 9010 10'

    # An instance whose agent is killed falls silent, and is evicted.
    "$discctl" agent hello-svc --server "127.0.0.1:$registration" --instance kept --port 9100 \
        --weight 100 --addr 127.0.1.100 --lease 1 >>"$work/log.agent" 2>&1 &
    local agent=$!
    started+=("$agent")
    eventually shows '127.0.1.100 9100 100'
    stop KILL "$agent" 137
    eventually hides 127.0.1.100
    counts 60 || die "$1: $(servers | wc -l) servers after the eviction"
    stop TERM "$daemon" 143
}
balance udp "127.0.0.1:$dns"
follow "over UDP"
balance tcp "tcp@127.0.0.1:$dns"
follow "over TCP"

# With small datagrams HAProxy takes what it gets, and does not ask again over TCP.
sed -i 's/size: 8192/size: 1232/' "$work/discd.yaml"
kill -HUP "$pid"
cut_short() {
    dig -p "$dns" @127.0.0.1 +ignore +bufsize=8192 SRV _hello-svc._tcp.disc.local |
        grep -q '^;; flags: qr aa tc'
}
eventually cut_short
balance small "127.0.0.1:$dns"
some() {
    [ -n "$(servers)" ]
}
eventually some
[ "$(servers | wc -l)" -lt 60 ] || die "HAProxy has learned to ask again: say so in the README"
stop TERM "$daemon" 143
stop
