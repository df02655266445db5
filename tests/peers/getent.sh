# glibc's own resolver with discd on port 53: search domains, IPv6, and TCP for what does not
# fit into a datagram.
. "${0%/*}/../e2e/namespace.sh"
configure <<'YAML'
dns: {listen: ["127.0.0.1:53", "[::1]:53"]}
YAML
start
ok 'reg svc=hello-svc inst=one port=8080 addr=10.0.0.7,2001:db8::7'
ok 'reg svc=hello-svc inst=two port=8081 addr=10.0.0.8'
ok 'reg svc=user.rpc inst=one port=8082 addr=10.0.0.9'
for ((i = 1; i <= 150; i++)); do
    ok "reg svc=large inst=i$i port=1 addr=10.1.0.$i"
done
counter() {
    curl -s "$url/v1/status" | /usr/bin/python3 -c \
        'import json, sys; print(json.load(sys.stdin)["dns"]["'"$1"'"])'
}
# Not by getent: it asks for one family only where the machine has an address of it.
of_family() {
    /usr/bin/python3 -c 'import socket, sys
family = getattr(socket, sys.argv[1])
print(*sorted(a[4][0] for a in socket.getaddrinfo(sys.argv[2], None, family, socket.SOCK_STREAM)))' "$@"
}

for server in 127.0.0.1 ::1; do
    resolver "nameserver $server" 'search disc.local'
    same "the whole name" '10.0.0.7 10.0.0.8 2001:db8::7' "$(hosts hello-svc.disc.local)"
    same "by the search domain" '10.0.0.7 10.0.0.8 2001:db8::7' "$(hosts hello-svc)"
    same "an instance" '10.0.0.7 2001:db8::7' "$(hosts one.hello-svc)"
    same "a service of two labels" '10.0.0.9' "$(hosts user.rpc)"
    same "an instance of it" '10.0.0.9' "$(hosts one.user.rpc)"
    same "IPv6 alone" '2001:db8::7' "$(of_family AF_INET6 hello-svc.disc.local)"
    same "IPv4 alone" '10.0.0.7 10.0.0.8' "$(of_family AF_INET hello-svc.disc.local)"
    same "another case" '10.0.0.7 10.0.0.8 2001:db8::7' "$(hosts HELLO-SVC.Disc.Local)"
    status 2 getent ahosts nobody.disc.local
    status 2 getent ahosts nobody
    before=$(counter tcp_queries)
    same "a large set, over TCP" 150 "$(hosts large.disc.local | wc -w)"
    [ "$(counter tcp_queries)" -gt "$before" ] || die "nobody came over TCP"
    # The same with EDNS: 1200 bytes, as glibc offers, and still TCP.
    resolver "nameserver $server" 'options edns0'
    same "with EDNS" 150 "$(hosts large.disc.local | wc -w)"
    same "with EDNS" '10.0.0.7 10.0.0.8 2001:db8::7' "$(hosts hello-svc.disc.local)"
    resolver "nameserver $server" 'options use-vc'
    same "only TCP" '10.0.0.7 10.0.0.8 2001:db8::7' "$(hosts hello-svc.disc.local)"
done
ok 'del svc=hello-svc inst=one'
resolver 'nameserver 127.0.0.1'
same "after a goodbye" 10.0.0.8 "$(hosts hello-svc.disc.local)"
ok 'del svc=hello-svc inst=two'
status 2 getent ahosts hello-svc.disc.local
stop
