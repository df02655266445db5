# Silent instances of a service with `probe: true` are asked by a TCP connection: who
# accepts stays though it never renews, who refuses goes before its lease is over; those of
# other services, and addresses outside `probe.networks`, are not asked.
. "$(dirname "$0")/lib.sh"
configure <<'YAML'
probe: {networks: [127.0.0.0/8]}
YAML
sed -i 's/file: disc.local.zone}/file: disc.local.zone, services: {"asked*": {probe: true}}}/' \
    "$work/discd.yaml"
start

# One socket listens and goes on accepting; the other only holds its port, where nobody listens.
mkfifo "$work/ports"
python3 - >"$work/ports" <<'PY' &
import socket
closed = socket.socket()
closed.bind(("127.0.0.1", 0))
open_ = socket.create_server(("127.0.0.1", 0))
print(open_.getsockname()[1], closed.getsockname()[1], flush=True)
while True:
    open_.accept()[0].close()
PY
started+=("$!")
read -rt 30 open closed <"$work/ports"

instances() { # SERVICE: its SRV targets
    q SRV "$1.disc.local" | sed '/^$/d; s/.* //; s/\..*//' | sort | tr '\n' ' '
}
are() {
    [ "$(instances "$1")" = "$2" ]
}
probes() { # NAME NUMBER: at least so many
    [ "$(curl -fs "$url/v1/status" | python3 -c \
        'import json, sys; print(json.load(sys.stdin)["probe"][sys.argv[1]] >= int(sys.argv[2]))' \
        "$1" "$2")" = True ]
}

for lease in 300 2; do
    ok "reg svc=asked inst=alive addr=127.0.0.1 port=$open lease=$lease"
    ok "reg svc=asked inst=dead addr=127.0.0.1 port=$closed lease=300"
    ok "reg svc=asked inst=far addr=192.0.2.1 port=$open lease=$lease"
    ok "reg svc=plain inst=silent addr=127.0.0.1 port=$open lease=$lease"
    [ $lease = 2 ] || same "all are there" "alive dead far " "$(instances asked)"
done

eventually are plain ""
eventually are asked "alive dead "
eventually probes alive 3 # more than two leases later
same "who accepts stays, who is not late yet too" "alive dead " "$(instances asked)"
probes skipped 1 || die "an address outside the networks was asked"
ok "reg svc=asked inst=dead addr=127.0.0.1 port=$closed lease=2"
eventually are asked "alive "
probes refused 1 || die "evicted, but not because of a refusal"
stop
