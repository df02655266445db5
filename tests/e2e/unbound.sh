# Unbound with a stub-zone for disc.local, as the README has it, and glibc through it.
. "$(dirname "$0")/namespace.sh"
needs unbound
configure </dev/null
start
ok 'reg svc=hello-svc inst=one port=8080 w=30 addr=10.0.0.7,2001:db8::7'
ok 'reg svc=hello-svc inst=two port=8081 w=60 addr=10.0.0.8'

# The block of the README, with the port in use; what surrounds it is only for the test.
awk '/^ *stub-zone:/ { print; inside = 1; next } inside && /^ *$/ { exit } inside' \
    "$SOURCE/README.md" | sed "s/^      //; s/@5300/@$dns/" >"$work/stub.conf"
[ -s "$work/stub.conf" ] || die "README.md has no stub-zone"
cat >"$work/unbound.conf" <<CONF
server:
    interface: 127.0.0.1@53
    username: ""
    chroot: ""
    directory: "$work"
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    num-threads: 1
    module-config: "validator iterator"
    do-not-query-localhost: no
    domain-insecure: "disc.local"
    local-zone: "disc.local." nodefault
remote-control:
    control-enable: no
CONF
cat "$work/stub.conf" >>"$work/unbound.conf"
daemon unbound -c "$work/unbound.conf"
resolver 'nameserver 127.0.0.1'

eventually answers 53 127.0.0.1 hello-svc.disc.local
same "glibc through Unbound" '10.0.0.7 10.0.0.8 2001:db8::7' "$(hosts hello-svc.disc.local)"
same "one instance" '10.0.0.8' "$(hosts two.hello-svc.disc.local)"
dns=53
same SRV '0 30 8080 one.hello-svc.disc.local.
0 60 8081 two.hello-svc.disc.local.' "$(q SRV hello-svc.disc.local)"
same "over TCP" '0 30 8080 one.hello-svc.disc.local.
0 60 8081 two.hello-svc.disc.local.' "$(q +tcp SRV _hello-svc._tcp.disc.local)"
status 2 getent ahosts nobody.disc.local
status 2 getent ahosts three.hello-svc.disc.local

# A goodbye is seen as soon as the TTL is over.
ok 'del svc=hello-svc inst=two'
only_one() {
    [ "$(hosts hello-svc.disc.local)" = '10.0.0.7 2001:db8::7' ]
}
eventually only_one
kill -TERM "$daemon"
wait "$daemon" || true
forget "$daemon"
stop
