# BIND, NSD and Knot as secondaries of the live zone, signed by TSIG and told by NOTIFY:
# through cycles of registrations and evictions each holds what discd serves, by IXFR alone.
#
#   secondaries.sh [CYCLES]       100 unless told otherwise; 1000 takes two minutes
. "${0%/*}/../e2e/namespace.sh"
cycles=${1:-100}
needs named
needs nsd
needs knotd
secret=$(head -c 32 /dev/urandom | base64)
cat >"$work/keys.yaml" <<YAML
keys:
  - {name: xfr, algorithm: hmac-sha256, secret: "$secret"}
YAML
chmod 600 "$work/keys.yaml"
configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  keys: keys.yaml
YAML
sed -i 's/default: 30,/default: 300,/; s/file: disc.local.zone}/file: disc.local.zone, transfer: [{from: 127.0.0.0\/8, key: xfr}], notify: [{to: "127.0.0.2:53", key: xfr}, {to: "127.0.0.3:53", key: xfr}, {to: "127.0.0.4:53", key: xfr}]}/' \
    "$work/discd.yaml"
start

# More records of one type than BIND takes unless it is told.
for ((i = 1; i <= 150; i++)); do
    ok "reg svc=large inst=i$i port=$i w=$i addr=10.1.0.$i ver=1.$i"
done
ok 'reg svc=hello-svc inst=one port=8080 w=30 addr=10.0.0.7,2001:db8::7'

# ---- the three ---------------------------------------------------------------------

ip address add 127.0.0.2/8 dev lo # BIND listens only on addresses of an interface
mkdir "$work/bind" "$work/nsd" "$work/knot"
cat >"$work/bind/named.conf" <<CONF
options {
    directory "$work/bind";
    pid-file none;
    lock-file none;
    session-keyfile none;
    listen-on port 53 { 127.0.0.2; };
    listen-on-v6 { none; };
    recursion no;
    dnssec-validation no;
    allow-transfer { any; };
    notify no;
    max-records-per-type 0;   // 9.18 refuses more than 100 otherwise
    max-ixfr-ratio unlimited;
};
logging {
    channel transfers { file "$work/log.bind-transfers"; severity debug 3; };
    channel others { file "$work/log.bind"; severity info; };
    category xfer-in { transfers; };
    category default { others; };
};
controls { };
key xfr { algorithm hmac-sha256; secret "$secret"; };
zone "disc.local" {
    type secondary;
    primaries { 127.0.0.1 port $dns key xfr; };
    file "disc.local.zone";
    masterfile-format text;
};
CONF
cat >"$work/nsd/nsd.conf" <<CONF
server:
    ip-address: 127.0.0.3
    port: 53
    username: ""
    chroot: ""
    zonesdir: "$work/nsd"
    xfrdfile: "$work/nsd/xfrd.state"
    zonelistfile: "$work/nsd/zone.list"
    database: ""
    pidfile: ""
    xfrdir: "$work/nsd"
    verbosity: 3
    server-count: 1
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
key:
    name: xfr
    algorithm: hmac-sha256
    secret: "$secret"
zone:
    name: disc.local
    zonefile: disc.local.zone
    request-xfr: 127.0.0.1@$dns xfr
    allow-notify: 127.0.0.1 xfr
    provide-xfr: 127.0.0.0/8 NOKEY
CONF
cat >"$work/knot/knot.conf" <<CONF
server:
    listen: 127.0.0.4@53
    rundir: "$work/knot"
database:
    storage: "$work/knot"
log:
  - target: stderr
    any: debug
key:
  - id: xfr
    algorithm: hmac-sha256
    secret: "$secret"
remote:
  - id: discd
    address: 127.0.0.1@$dns
    key: xfr
acl:
  - id: told
    address: 127.0.0.1
    key: xfr
    action: notify
  - id: read
    address: 127.0.0.0/8
    action: transfer
zone:
  - domain: disc.local
    storage: "$work/knot"
    master: discd
    acl: [told, read]
CONF
daemon named -f -c "$work/bind/named.conf"
daemon nsd -d -c "$work/nsd/nsd.conf"
daemon knotd -c "$work/knot/knot.conf"
names=(BIND NSD Knot)
addresses=(127.0.0.2 127.0.0.3 127.0.0.4)

# ---- what each holds ---------------------------------------------------------------

serial_at() { # ADDRESS PORT
    dig -p "$2" "@$1" +short +tries=1 +time=2 SOA disc.local 2>/dev/null |
        sed '/^;/d' | cut -d' ' -f3
}
in_step() {
    local want address
    want=$(serial_at 127.0.0.1 "$dns")
    for address in "${addresses[@]}"; do
        [ "$(serial_at "$address" 53)" = "$want" ] || return 1
    done
}
# zone_at ADDRESS PORT [WORD...]: sorted, one record a line, one SOA
zone_at() {
    dig -p "$2" "@$1" +noall +answer +onesoa +time=10 "${@:3}" AXFR disc.local |
        tr -s '\t ' ' ' | sed '/^;/d; /^$/d' | LC_ALL=C sort
}
asked=0 # whole zones that we took ourselves from discd
compare() {
    local i
    asked=$((asked + 1))
    eventually gone silent.disc.local A
    eventually in_step
    zone_at 127.0.0.1 "$dns" -y "hmac-sha256:xfr:$secret" >"$work/zone.discd"
    [ "$(wc -l <"$work/zone.discd")" -gt 450 ] || die "this is no zone: $(cat "$work/zone.discd")"
    for i in 0 1 2; do
        zone_at "${addresses[i]}" 53 >"$work/zone.secondary"
        diff -u "$work/zone.discd" "$work/zone.secondary" >"$work/difference" ||
            die "${names[i]} holds another zone: $(cat "$work/difference")"
    done
}
# As a second opinion, where it is installed.
compare_by_ldns() {
    local address
    command -v ldns-compare-zones >/dev/null || return 0
    for address in "${addresses[@]}"; do
        zone_at "$address" 53 >"$work/zone.secondary"
        ldns-compare-zones -e "$work/zone.discd" "$work/zone.secondary" >/dev/null ||
            die "ldns-compare-zones finds a difference at $address"
    done
}

# NSD logs only sizes: what is half as large as the zone, or larger, is a whole one.
nsd_transfers() { # smaller|larger
    awk -v half="$half" -v want="$1" '/received update to serial .* bytes in/ {
        for (i = 2; i <= NF; i++)
            if ($i == "bytes")
                n += ($(i - 1) >= half) == (want == "larger")
    } END { print n + 0 }' "$work/log.nsd"
}
# How often each took the whole zone, and differences, from their logs.
whole_zones() {
    case $1 in
    BIND) grep -c 'got nonincremental response' "$work/log.bind-transfers" || true ;;
    NSD) nsd_transfers larger ;;
    Knot) grep -c 'AXFR, incoming, .*finished' "$work/log.knotd" || true ;;
    esac
}
differences() {
    case $1 in
    BIND) grep -c 'got incremental response' "$work/log.bind-transfers" || true ;;
    NSD) nsd_transfers smaller ;;
    Knot) grep -c 'IXFR, incoming, .*finished' "$work/log.knotd" || true ;;
    esac
}

compare
compare_by_ldns
half=$(dig -p "$dns" @127.0.0.1 -y "hmac-sha256:xfr:$secret" AXFR disc.local |
    sed -n 's/.*XFR size:.*bytes \([0-9]*\)).*/\1/p')
half=$((half / 2)) asked=$((asked + 1))

# ---- cycles ------------------------------------------------------------------------

for ((n = 1; n <= cycles; n++)); do
    ok "reg svc=hello-svc inst=c$n port=$n w=$n addr=10.2.$((n / 250)).$((n % 250 + 1)) ver=$n"
    ok "upd svc=large inst=i$((n % 150 + 1)) w=$n"
    case $((n % 4)) in
    0) ok "reg svc=new-$n inst=one port=1 addr=10.3.0.1" ;;
    1) status 0 "$discctl" evict hello-svc "c$n" --force --http "$url" ;;
    2) ok "del svc=hello-svc inst=c$n" ;;
    3) [ $n = 3 ] || ok "del svc=hello-svc inst=c$((n - 3))" ;;
    esac
    if [ $((n % 40)) = 20 ]; then # one that falls silent; evictions are paced
        ok "reg svc=silent inst=c$n port=1 addr=10.3.0.2 lease=1"
    fi
    if [ $((n % 10)) = 0 ]; then
        eventually in_step
    fi
    if [ $((n % 50)) = 0 ]; then
        compare
    fi
done
compare
compare_by_ldns
for name in "${names[@]}"; do
    [ "$(differences $name)" -ge $((cycles / 10)) ] ||
        die "$name took only $(differences $name) differences"
done
for name in "${names[@]}"; do
    same "whole zones that $name took" 1 "$(whole_zones "$name")"
done
transfers() {
    curl -s "$url/v1/status" | /usr/bin/python3 -c \
        'import json, sys; print(json.load(sys.stdin)["dns"]["transfers"][sys.argv[1]])' "$1"
}
same "whole zones that discd gave" $((3 + asked)) "$(transfers axfr)"
[ "$(transfers ixfr)" -ge $((3 * cycles / 10)) ] || die "differences: $(transfers ixfr)"

# ---- without discd -----------------------------------------------------------------

stop
for address in "${addresses[@]}"; do
    same "$address goes on" 150 "$(dig "@$address" +short SRV large.disc.local | grep -c large)"
    same "$address goes on" 10.0.0.7 "$(dig "@$address" +short A one.hello-svc.disc.local | grep -v '^;')"
done
