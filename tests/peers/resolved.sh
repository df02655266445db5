# The real systemd-resolved without and with the drop-in that discctl doctor prints. Runs
# only where its program is: /lib/systemd/systemd-resolved or what $RESOLVED names (such as
# one out of `apt-get download systemd-resolved; dpkg -x`), because installing the package
# would take over the machine's own resolv.conf.
. "${0%/*}/../e2e/namespace.sh"
program=${RESOLVED:-/lib/systemd/systemd-resolved}
[ -x "$program" ] || skip_test "there is no $program"
configure </dev/null
start
ok 'reg svc=hello-svc inst=one port=8080 addr=10.0.0.7'

# It asks nobody unless a link is up.
ip tuntap add dev link0 mode tap 2>/dev/null || skip_test "no network link can be made here"
daemon /usr/bin/python3 -c 'import fcntl, signal, struct
link = open("/dev/net/tun", "rb+", buffering=0)
fcntl.ioctl(link, 0x400454ca, struct.pack("16sH22x", b"link0", 0x1002))
signal.pause()'
ip link set link0 up
ip address add 192.0.2.77/24 dev link0
carrier() {
    ip -br link show link0 | grep -q LOWER_UP
}
eventually carrier

# Its folders, its user, and no system bus.
mount -t tmpfs none /run
mount -t tmpfs none /etc/systemd
mkdir -p /run/systemd/resolve /etc/systemd/resolved.conf.d
for file in passwd group; do
    grep -v '^systemd-resolve:' "/etc/$file" >"$work/$file"
done
echo 'systemd-resolve:x:993:993::/:/usr/sbin/nologin' >>"$work/passwd"
echo 'systemd-resolve:x:993:' >>"$work/group"
mount --bind "$work/passwd" /etc/passwd
mount --bind "$work/group" /etc/group
chown 993:993 /run/systemd/resolve
resolver 'nameserver 127.0.0.53'
resolved() {
    SYSTEMD_LOG_TARGET=console daemon "$program"
    eventually listens
}
listens() {
    dig @127.0.0.53 +tries=1 +time=1 localhost A >/dev/null 2>&1
}
doctor() {
    "$discctl" doctor disc.local --http "$url" --timeout 10 "$@"
}

resolved
status 2 getent ahosts hello-svc.disc.local
status 1 doctor
has "why" '*systemd-resolved disc.local problem *Domains=~disc.local*' "$(tr -s ' ' <<<"$out")"
awk '/^ +\[Resolve\]/, /^$/' <<<"$out" | sed 's/^ *//' >/etc/systemd/resolved.conf.d/discd.conf
grep -q '^Domains=' /etc/systemd/resolved.conf.d/discd.conf || die "no lines to add: $out"
stop TERM "$daemon"

resolved
same "with the drop-in" 10.0.0.7 "$(hosts hello-svc.disc.local)"
status 0 doctor
has "that is well" '*systemd-resolved disc.local ok*finds the zone*' "$(tr -s ' ' <<<"$out")"
ok 'del svc=hello-svc inst=one'
eventually gone hello-svc.disc.local A
stop TERM "$daemon"
stop
