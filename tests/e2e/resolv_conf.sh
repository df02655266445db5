# discd on port 53 as the first nameserver of resolv.conf, another server as the second:
# what is not ours is answered with REFUSED, at which glibc asks the next one.
. "$(dirname "$0")/namespace.sh"
needs dnsmasq
configure <<'YAML'
dns: {listen: ["127.0.0.1:53", "[::1]:53"]}
YAML
start
same "on port 53" 53 "$dns"
ok 'reg svc=hello-svc inst=one port=8080 addr=10.0.0.7,2001:db8::7'
daemon dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --no-daemon \
    --pid-file= --user=root --bind-interfaces --except-interface=none --listen-address=127.0.0.2 \
    --port=53 --address=/elsewhere.example/192.0.2.53 --host-record=here.example,192.0.2.1
eventually answers 53 127.0.0.2 here.example

resolver 'nameserver 127.0.0.1' 'nameserver 127.0.0.2'
same "ours" '10.0.0.7 2001:db8::7' "$(hosts hello-svc.disc.local)"
same "the other server's" 192.0.2.1 "$(hosts here.example)"
has "because we refuse it" 'rcode 5*' "$(rcode here.example A)"
status 2 getent ahosts nobody.disc.local
ok 'del svc=hello-svc inst=one'
status 2 getent ahosts hello-svc.disc.local

resolver 'nameserver ::1' 'nameserver 127.0.0.2'
ok 'reg svc=hello-svc inst=one port=8080 addr=10.0.0.9'
same "ours over IPv6" 10.0.0.9 "$(hosts hello-svc.disc.local)"
same "the other server's" 192.0.2.1 "$(hosts here.example)"

# A set that needs TCP: glibc falls back by itself.
for ((i = 1; i <= 120; i++)); do
    ok "reg svc=large inst=i$i port=1 addr=10.1.0.$i"
done
same "all of a large set" 120 "$(hosts large.disc.local | wc -w)"
stop
