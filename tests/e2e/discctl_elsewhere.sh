# register --wait from another host: the server also serves DNS on its own loopback, and on a
# network that the client has no way to. Two network namespaces with a cable between them.
. "$(dirname "$0")/namespace.sh"
needs ip

unshare --net sleep 300 &
elsewhere=$!
started+=("$elsewhere")
apart() {
    [ "$(readlink "/proc/$elsewhere/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}
eventually apart
there() {
    nsenter -t "$elsewhere" -n "$@"
}
ip link add cable type veth peer name cable netns "$elsewhere" || skip_test "no veth here"
ip addr add 10.9.9.1/24 dev cable
ip addr add 192.0.2.1/32 dev lo
ip link set cable up
there ip addr add 10.9.9.2/24 dev cable
there ip link set cable up
there ip link set lo up

configure <<'YAML'
dns: {listen: ["127.0.0.1:6300", "192.0.2.1:6300", "10.9.9.1:6300"]}
registration: {listen: ["10.9.9.1:5310"], sources: [{from: 10.9.9.0/24, auth: open}]}
http: {listen: ["10.9.9.1:5380"], cleartext: true, token_file: token}
YAML
echo correct-horse-battery-staple >"$work/token"
chmod 600 "$work/token"
start

status 0 there "$discctl" register w2 --port 80 --wait 10 --lease 60 --server 10.9.9.1:5310 \
    --http http://10.9.9.1:5380 --token-file "$work/token"

# Only on its loopback: then at the port of that, where the API is.
stop
sed -i 's/^dns:.*/dns: {listen: ["127.0.0.1:6300"]}/' "$work/discd.yaml"
start
status 3 there "$discctl" register w3 --port 80 --wait 0.5 --lease 60 --server 10.9.9.1:5310 \
    --http http://10.9.9.1:5380 --token-file "$work/token"
has "who was asked" '*at 10.9.9.1 port 6300*' "$err"

# On all addresses: at the one which the API is asked at.
stop
sed -i 's/^dns:.*/dns: {listen: ["0.0.0.0:6300"]}/' "$work/discd.yaml"
start
status 0 there "$discctl" register w4 --port 80 --wait 10 --lease 60 --server 10.9.9.1:5310 \
    --http http://10.9.9.1:5380 --token-file "$work/token"
