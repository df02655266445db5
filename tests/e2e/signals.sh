# Signals stop it in order; the service manager is told what goes on.
. "$(dirname "$0")/lib.sh"
configure </dev/null

for signal in TERM INT; do
    start
    ok 'reg svc=a inst=1 port=1 addr=10.0.0.1'
    stop $signal
done
same "it said so twice" 2 "$(logged stopping)"

# A manager: every datagram is a line; at its socket in the file system.
python3 - "$work/notify" >"$work/told" <<'PY' &
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
while True:
    words = s.recv(4096).decode().split("\n")
    print(" ".join(words), flush=True)
    if words == ["STOPPING=1"]:
        break
PY
manager=$!
started+=("$manager")
eventually test -S "$work/notify"
export NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=100000
start
kill -HUP "$pid"
eventually grep -q RELOADING "$work/told"
eventually grep -q WATCHDOG=1 "$work/told"
stop TERM
wait "$manager"
forget "$manager"
has "what the manager was told" 'READY=1 RELOADING=1 MONOTONIC_USEC=[0-9]* READY=1 STOPPING=1 ' \
    "$(grep -v WATCHDOG "$work/told" | tr '\n' ' ')"
