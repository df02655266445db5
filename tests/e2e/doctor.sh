# discctl doctor: made-up machines below --root, resolvers that misbehave on port 53, and
# the real files of a namespace.
. "$(dirname "$0")/namespace.sh"
python=$(command -v python3) || skip_test "python3 is not installed"
"$python" -c '' 2>/dev/null || python=/usr/bin/python3

configure <<'YAML'
dns: {listen: ["127.0.0.1:5300", "127.0.0.9:53"]}
http: {listen: ["127.0.0.1:5380"]}
registration: {listen: ["127.0.0.1:5310"]}
YAML
sed -i 's/^lease:/  - {name: disc.internal, namespace: default}\n  - {name: 10.in-addr.arpa, namespace: "", reverse: disc.local}\n&/' \
    "$work/discd.yaml"
start

# machine NAME RESOLV.CONF-LINE...: a root of its own; its files are made by the caller.
machine() {
    root=$work/$1
    shift
    mkdir -p "$root/etc" "$root/proc/net"
    printf '%s\n' "$@" >"$root/etc/resolv.conf"
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
}

# fake ADDRESS MODE [PORT]: ends with unfake
fake() {
    [ -e "$work/fake" ] || mkfifo "$work/fake"
    "$python" "$SOURCE/tests/e2e/fake_resolver.py" "$@" >"$work/fake" 2>>"$work/log.fake" &
    fakes+=("$!")
    started+=("$!")
    local word
    read -rt 30 word <"$work/fake" || die "the false resolver does not start"
}
fakes=()
unfake() {
    local p
    for p in "${fakes[@]}"; do
        kill -KILL "$p"
        wait "$p" 2>/dev/null || true
        forget "$p"
    done
    fakes=()
}

# doctor STATUS [WORD...]: its output is in $out; found CHECK STATE GLOB looks into it. Only who
# says nothing is waited for in vain: not as long then.
patience=20
doctor() {
    local expected=$1
    shift
    status "$expected" "$discctl" doctor --root "$root" --timeout $patience "$@"
    same "on stderr" '' "$err"
}
found() {
    grep -E -- "^$1 " <<<"$out" | grep -qE -- " $2 +$3" ||
        die "not found: $1: $2: $3 in"$'\n'"$out"
}
says() {
    grep -qF -- "$1" <<<"$out" || die "not said: $1 in"$'\n'"$out"
}
quiet_about() {
    ! grep -qF -- "$1" <<<"$out" || die "said: $1 in"$'\n'"$out"
}

# ---- all well ----------------------------------------------------------------------

machine well 'nameserver 127.0.0.9'
doctor 0 disc.local
says 'all well'
found discd ok "runs at http://127.0.0.1:5380, DNS at .*127.0.0.1:5300"
found server ok '127.0.0.1:5300 answers for the zone'
found resolver ok '127.0.0.9 finds the zone'
found systemd-resolved 'not applicable' 'is not asked'
found nsswitch ok 'hosts are asked of dns'
found nss-mdns 'not applicable' 'is not asked before dns'
found name ok 'names under .local belong to multicast DNS'
quiet_about 'What to do'
doctor 0 disc.local. --for dnsmasq
says 'server=/disc.local/127.0.0.1#5300'
# Without a name: the zones of the server, but not the reverse ones.
doctor 0
found discd ok 'runs at .*, serves disc.local, disc.internal, 10.in-addr.arpa'
found 'server +disc.local' ok '127.0.0.9:53 answers'
found 'server +disc.internal' ok '127.0.0.9:53 answers'
! grep -q 'server *10.in-addr' <<<"$out" || die "reverse zones are not asked for: $out"

# The real files of this namespace, and who really listens.
resolver 'nameserver 127.0.0.9'
status 0 "$discctl" doctor disc.local
found 'port 53' ok "discd \\($pid\\) listens"
found 'port 5310' ok "discd \\($pid\\) listens"

# ---- a zone that is not served -----------------------------------------------------

doctor 1 elsewhere.example
found server problem '127.0.0.1:5300 does not serve the zone: REFUSED'
found server problem '127.0.0.9:53 does not serve the zone: REFUSED'
same "the same advice once" 1 "$(grep -c 'server elsewhere.example: add the zone' <<<"$out")"
found resolver problem '127.0.0.9 does not know the zone: REFUSED'
quiet_about 'names under .local'
says 'nameserver 127.0.0.1'

# ---- resolvers ---------------------------------------------------------------------

for mode in nxdomain:NXDOMAIN refused:REFUSED servfail:SERVFAIL silent:'no answer' \
    garbage:'no answer' empty:'NOERROR without such a record'; do
    fake 127.0.0.2 "${mode%%:*}"
    [[ $mode != *'no answer' ]] || patience=2
    machine "${mode%%:*}" 'nameserver 127.0.0.2'
    doctor 1 disc.local
    found resolver problem "127.0.0.2 does not know the zone: ${mode#*:}"
    says '1 problem. What to do:'
    # glibc goes on to the next nameserver at a failure, but takes a denial for true.
    machine "${mode%%:*}-first" 'nameserver 127.0.0.2' 'nameserver 127.0.0.9'
    case $mode in
    refused:* | servfail:*)
        doctor 0 disc.local
        found resolver ok "127.0.0.2 says ${mode#*:}, at which the next"
        ;;
    silent:* | garbage:*)
        doctor 1 disc.local
        found resolver problem '127.0.0.2: no answer, which makes every name slow'
        ;;
    *)
        doctor 1 disc.local
        found resolver problem '127.0.0.2 does not know the zone'
        found resolver ok '127.0.0.9 finds the zone'
        ;;
    esac
    machine "${mode%%:*}-second" 'nameserver 127.0.0.9' 'nameserver 127.0.0.2'
    doctor 0 disc.local
    found resolver ok "127.0.0.2 says ${mode#*:}, but is asked only when those before it fail"
    unfake
    patience=20
done

fake 127.0.0.2 invent
machine invent 'nameserver 127.0.0.2'
doctor 1 disc.local
found resolver problem '127.0.0.2 answers discctl-probe-[0-9a-f]{8}.disc.local, which nobody'
unfake

# Whatever comes back, it is looked at without harm.
fake 127.0.0.2 mutate
machine mutate 'nameserver 127.0.0.2'
for ((i = 0; i < 20; i++)); do
    code=0
    "$discctl" doctor disc.local --root "$root" --timeout 0.2 >"$work/mutated" 2>&1 || code=$?
    [ $code -le 1 ] || die "exit status $code: $(cat "$work/mutated")"
    grep -q '^resolver .*127\.0\.0\.2' "$work/mutated" || die "$(cat "$work/mutated")"
done
unfake

machine nobody 'nameserver 127.0.0.2'
doctor 1 disc.local
found resolver problem '127.0.0.2 does not know the zone: nobody listens there'

fake ::1 forward "$dns"
machine ipv6 'nameserver ::1'
doctor 0 disc.local
found resolver ok '::1 finds the zone'
unfake

# No resolv.conf: port 53 of 127.0.0.1.
machine none
rm "$root/etc/resolv.conf"
doctor 1 disc.local
found resolv.conf ok 'there is no /etc/resolv.conf: programs ask 127.0.0.1'
found resolver problem '127.0.0.1 does not know the zone: nobody listens there'
says 'nameserver 127.0.0.1'

# ---- systemd-resolved --------------------------------------------------------------

# As it really is: a link, with a folder of its own.
resolved_machine() {
    machine "$1"
    mkdir -p "$root/run/systemd/resolve" "$root/etc/systemd/resolved.conf.d"
    echo 'nameserver 127.0.0.53' >"$root/run/systemd/resolve/stub-resolv.conf"
    ln -sf "${2:-../run/systemd/resolve/stub-resolv.conf}" "$root/etc/resolv.conf"
}
fake 127.0.0.53 servfail
resolved_machine unrouted
doctor 1 disc.local
found systemd-resolved problem 'sends names under .local to no DNS server without a routing'
found resolver problem '127.0.0.53 does not know the zone: SERVFAIL'
says '/etc/systemd/resolved.conf.d/discd.conf'
says '[Resolve]'
says 'DNS=127.0.0.1:5300'
says 'Domains=~disc.local'
quiet_about 'stub-zone'
doctor 1 disc.internal
found systemd-resolved problem 'has no routing domain for the zone'
# An absolute link stays inside the root.
resolved_machine absolute /run/systemd/resolve/stub-resolv.conf
doctor 1 disc.local
found resolv.conf ok 'programs ask 127.0.0.53 \(systemd-resolved\)'

# Domains that do not help, and such that do.
for domains in '' '~other.local' 'xdisc.local' '~.' 'disc.local.example'; do
    printf '[Resolve]\nDNS=127.0.0.1:5300\nDomains=%s\n' "$domains" \
        >"$root/etc/systemd/resolved.conf.d/a.conf"
    doctor 1 disc.local
    found systemd-resolved problem 'sends names under .local'
done
for domains in '~disc.local' 'one.example ~DISC.local.' '~local'; do
    printf '[Resolve]\nDNS=127.0.0.1:5300\n  Domains=%s\n' "$domains" \
        >"$root/etc/systemd/resolved.conf.d/a.conf"
    doctor 1 disc.local
    found systemd-resolved problem 'the domain .* routes the zone, yet it is not found'
done
# An empty one takes back those before.
printf '[Resolve]\nDomains=\n' >"$root/etc/systemd/resolved.conf.d/b.conf"
doctor 1 disc.local
found systemd-resolved problem 'sends names under .local'
unfake
fake 127.0.0.53 forward "$dns"
doctor 0 disc.local
found systemd-resolved ok 'finds the zone'
unfake

# ---- nsswitch and nss-mdns ---------------------------------------------------------

machine mdns 'nameserver 127.0.0.9'
switch() {
    printf '# hosts: nothing\npasswd: files\nhosts: %s\n' "$1" >"$root/etc/nsswitch.conf"
}
switch 'files mdns4_minimal [NOTFOUND=return] dns'
doctor 0 disc.local
found nss-mdns ok 'mdns4_minimal claims only names of two labels: web.disc.local is left to dns'
says 'addresses at disc.local itself are not'
doctor 1 local
found nss-mdns problem 'mdns4_minimal claims names of two labels under .local, such as web.local'
switch 'files mdns4 [NOTFOUND = return] dns  # full'
doctor 0 disc.local
printf '# all\n.local.\n' >"$root/etc/mdns.allow"
doctor 1 disc.local
found nss-mdns problem 'mdns4 claims every name under .local, as /etc/mdns.allow says'
says 'take .local and * out of /etc/mdns.allow'
switch 'files mdns_minimal [NOTFOUND=return] dns mdns'
doctor 0 disc.local # the minimal one does not read mdns.allow
switch 'files mdns4_minimal dns'
doctor 0 disc.local
found nss-mdns ok 'mdns4_minimal does not end the search'
switch 'files dns mdns4'
doctor 0 disc.local
found nss-mdns 'not applicable' 'is not asked before dns'
switch 'files'
doctor 1 disc.local
found nsswitch problem 'programs do not ask DNS for hosts'
switch 'files resolve [!UNAVAIL=return]'
doctor 1 disc.local # systemd-resolved does not run there
found nsswitch problem 'programs do not ask DNS for hosts'
rm "$root/etc/nsswitch.conf"
doctor 0 disc.local
found nsswitch ok 'no line for hosts'

# ---- ports -------------------------------------------------------------------------

# listening FILE HEX-ADDRESS:PORT STATE INODE: a line as the kernel writes it
listening() {
    [ -e "$root/proc/net/$1" ] || echo '  sl  local_address rem_address   st' >"$root/proc/net/$1"
    echo "  9: $2 00000000:0000 $3 00000000:00000000 00:00000000 00000000     0        0 $4 2 0" \
        >>"$root/proc/net/$1"
}
# process PID NAME INODE
process() {
    mkdir -p "$root/proc/$1/fd"
    echo "$2" >"$root/proc/$1/comm"
    ln -s "socket:[$3]" "$root/proc/$1/fd/3"
}
machine ports 'nameserver 127.0.0.2'
listening udp 0100007F:14BE 07 901
listening tcp 0100007F:1504 01 902                         # connected, not listening
listening tcp6 00000000000000000000000001000000:14B4 0A 903 # not to be seen whose
listening udp 0200007F:0035 07 904
process 77 intruder 901
process 78 unbound 904
doctor 1 disc.local --http http://127.0.0.1:1
found discd problem 'does not answer at http://127.0.0.1:1'
found 'port 5310' problem 'is taken by intruder \(77\), and discd does not answer'
found 'port 5300' problem 'is taken by a process that is not to be seen from here'
found 'port 5380' 'not applicable' 'nobody listens'
found 'port 53' ok 'unbound \(78\) listens'
says 'stub-addr: 127.0.0.1@5300' # because it is asked
quiet_about 'resolved.conf.d'
doctor 1 disc.local # discd does answer: they are its own
found 'port 5310' ok 'intruder \(77\) listens'

# Nobody on port 53, but a configuration that will be used.
machine configured 'nameserver 127.0.0.2'
mkdir -p "$root/etc/bind"
touch "$root/etc/bind/named.conf"
doctor 1 disc.local
says 'forwarders { 127.0.0.1 port 5300; };'
# Not when the resolver is another machine.
machine remote 'nameserver 198.51.100.1'
mkdir -p "$root/etc/bind"
touch "$root/etc/bind/named.conf"
doctor 1 disc.local
quiet_about 'forwarders'

# ---- recipes, JSON, usage ----------------------------------------------------------

machine last 'nameserver 127.0.0.9'
for pair in 'resolved|Domains=~disc.local' 'unbound|  stub-addr: 127.0.0.1@5300' \
    'bind|  forwarders { 127.0.0.1 port 5300; };' 'dnsmasq|server=/disc.local/127.0.0.1#5300' \
    "knot-resolver|policy.add(policy.suffix(policy.STUB('127.0.0.1@5300'), policy.todnames({'disc.local'})))" \
    'coredns|    forward . 127.0.0.1:5300' 'glibc|nameserver 127.0.0.1'; do
    doctor 0 disc.local --for "${pair%%|*}"
    says "    ${pair#*|}"
done
doctor 0 disc.local --json
"$python" - "$out" <<'PY'
import json, sys
report = json.loads(sys.argv[1])
assert report["ok"] is True and report["problems"] == 0 and report["recipes"] == []
assert {c["state"] for c in report["checks"]} == {"ok", "not applicable"}
PY
doctor 1 elsewhere.example --json --for unbound
"$python" - "$out" <<'PY'
import json, sys
report = json.loads(sys.argv[1])
bad = [c for c in report["checks"] if c["state"] == "problem"]
assert not report["ok"] and report["problems"] == len(bad) == 3, bad
assert all(c["todo"] and c["zone"] == "elsewhere.example" for c in bad)
(recipe,) = report["recipes"]
assert recipe["for"] == "unbound" and '  name: "elsewhere.example"' in recipe["lines"]
PY
status 2 "$discctl" doctor --for nothing
has "which" '*wants resolved, unbound,*' "$err"
for name in 'a b' '' '"' '..' 'x..y' "$(printf 'x%.0s' {1..300})"; do
    status 2 "$discctl" doctor "$name"
done
stop

# A server on another machine: its ports are not looked for here, and where it listens on
# all addresses the lines name the one that it was asked at.
ip address add 192.0.2.1/32 dev lo
printf '%s\n' 0123456789abcdef0123456789abcdef >"$work/admin.token"
chmod 600 "$work/admin.token"
configure <<'YAML'
dns: {listen: ["0.0.0.0:5300"]}
http: {listen: ["192.0.2.1:5380"], token_file: admin.token, cleartext: true}
YAML
start
machine remote-server 'nameserver 198.51.100.1'
doctor 1 disc.local --http http://192.0.2.1:5380 --token-file "$work/admin.token" --for unbound
found server ok '192.0.2.1:5300 answers for the zone'
says '  stub-addr: 192.0.2.1@5300'
quiet_about do-not-query-localhost
quiet_about 'port 5300'
stop

# Files that hold anything.
machine anything
head -c 5000 /dev/urandom | tr -d '\0' >"$root/etc/resolv.conf"
printf 'nameserver \xff\xfe\nnameserver 127.0.0.1%%lo\nnameserver x\nnameserver\n' >>"$root/etc/resolv.conf"
cp "$root/etc/resolv.conf" "$root/etc/nsswitch.conf"
printf '\nhosts: \xff [ [x dns' >>"$root/etc/nsswitch.conf"
cp "$root/etc/resolv.conf" "$root/proc/net/udp"
doctor 1 disc.local --json
"$python" -c 'import json, sys; json.loads(sys.argv[1])' "$out"
ln -sf loop "$root/etc/loop"
ln -sf loop "$root/etc/resolv.conf"
doctor 1 disc.local
found resolv.conf ok 'there is no /etc/resolv.conf'

# Without discd the defaults are looked for.
machine last 'nameserver 127.0.0.9'
doctor 1
found server problem '127.0.0.1:5300 does not serve the zone: nobody listens there'
