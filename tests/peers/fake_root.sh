# A name space of our own for tools that begin at the root: NSD serves `.` on 127.0.0.1 and
# `local.` on 127.0.0.2, discd is both ns1 (127.0.0.3, fd00::3) and ns2 (127.0.0.4, fd00::4)
# of disc.local. Sourced; $work/hints is for the tool.
. "${BASH_SOURCE[0]%/*}/../e2e/namespace.sh"
needs nsd

# serve_zone NAME ADDRESS: with NSD, the zone from standard input
serve_zone() {
    local folder=$work/nsd-$2
    mkdir -p "$folder"
    cat >"$folder/zone"
    cat >"$folder/nsd.conf" <<CONF
server:
    ip-address: $2
    port: 53
    username: ""
    chroot: ""
    zonesdir: "$folder"
    xfrdfile: "$folder/xfrd.state"
    zonelistfile: "$folder/zone.list"
    database: ""
    pidfile: ""
    xfrdir: "$folder"
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "$1"
    zonefile: zone
CONF
    daemon nsd -d -c "$folder/nsd.conf"
}

serve_tree() {
    ip address add 127.0.0.2/8 dev lo
    ip address add fd00::3/128 dev lo nodad
    ip address add fd00::4/128 dev lo nodad
    serve_zone . 127.0.0.1 <<'ZONE'
$TTL 86400
. IN SOA a.root-servers.net. hostmaster.root-servers.net. 1 14400 3600 1209600 3600
. IN NS a.root-servers.net.
a.root-servers.net. IN A 127.0.0.1
local. IN NS ns.local.
ns.local. IN A 127.0.0.2
ZONE
    serve_zone local 127.0.0.2 <<'ZONE'
$TTL 86400
@ IN SOA ns hostmaster 1 14400 3600 1209600 3600
@ IN NS ns
ns IN A 127.0.0.2
disc IN NS ns1.disc
disc IN NS ns2.disc
ns1.disc IN A 127.0.0.3
ns2.disc IN A 127.0.0.4
ns1.disc IN AAAA fd00::3
ns2.disc IN AAAA fd00::4
ZONE
    printf '%s\n' '. 86400 IN NS a.root-servers.net.' 'a.root-servers.net. 86400 IN A 127.0.0.1' \
        >"$work/hints"
    configure <<'YAML'
dns: {listen: ["127.0.0.3:53", "127.0.0.4:53", "[fd00::3]:53", "[fd00::4]:53"]}
YAML
    cat >"$work/disc.local.zone" <<'ZONE'
$TTL 3600
@       IN SOA  ns1.disc.local. hostmaster.disc.local. 1 14400 3600 1209600 3600
        IN NS   ns1.disc.local.
        IN NS   ns2.disc.local.
        IN MX   10 mail.disc.local.
ns1     IN A    127.0.0.3
ns2     IN A    127.0.0.4
ns1     IN AAAA fd00::3
ns2     IN AAAA fd00::4
mail    IN A    10.0.0.25
www     IN CNAME hello-svc.disc.local.
*.any   IN A    10.0.0.26
ZONE
    start
    ok 'reg svc=hello-svc inst=one port=8080 w=30 addr=10.0.0.7,2001:db8::7 ver=1.4.2' 127.0.0.1
    ok 'reg svc=hello-svc inst=two port=8081 w=60 addr=10.0.0.8' 127.0.0.1
    eventually answers 53 127.0.0.2 ns.local
    eventually answers 53 127.0.0.1 a.root-servers.net
}
