# Unbound with a stub zone, validating everything else and scrambling the case of names.
. "$(dirname "$0")/forwarder.sh"
needs unbound
serve
recipe unbound >"$work/disc.conf"
grep -q stub-addr "$work/disc.conf" || die "discctl has no lines for Unbound"
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
    use-caps-for-id: yes
    private-address: 10.0.0.0/8
remote-control:
    control-enable: no
include: "$work/disc.conf"
CONF
daemon unbound -c "$work/unbound.conf"
passes Unbound
stop
