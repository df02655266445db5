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

# One socket listens and goes on accepting; the port of the other is closed again.
mkfifo "$work/ports"
python3 - >"$work/ports" <<'PY' &
import socket
free = socket.create_server(("127.0.0.1", 0))
open_ = socket.create_server(("127.0.0.1", 0))
closed = free.getsockname()[1]
free.close()
print(open_.getsockname()[1], closed, flush=True)
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

ok "reg svc=asked inst=alive addr=127.0.0.1 port=$open lease=2"
ok "reg svc=asked inst=dead addr=127.0.0.1 port=$closed lease=300"
ok "reg svc=asked inst=far addr=192.0.2.1 port=$open lease=2"
ok "reg svc=plain inst=silent addr=127.0.0.1 port=$open lease=2"
same "all are there" "alive dead far " "$(instances asked)"

eventually are plain ""
eventually are asked "alive dead "
eventually probes alive 3 # more than two leases later
same "who accepts stays, who is not late yet too" "alive dead " "$(instances asked)"
probes skipped 1 || die "an address outside the networks was asked"
ok "reg svc=asked inst=dead addr=127.0.0.1 port=$closed lease=2"
eventually are asked "alive "
probes refused 1 || die "evicted, but not because of a refusal"
stop
