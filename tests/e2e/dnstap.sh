# dnstap: what is asked and answered reaches a reader on a unix socket, which may come late,
# or a file; and nobody waits for it.
. "$SOURCE/tests/e2e/lib.sh"
command -v fstrm_capture >/dev/null && command -v dnstap-ldns >/dev/null ||
    skip_test "fstrm_capture or dnstap-ldns is not installed"

capture() {
    fstrm_capture -t protobuf:dnstap.Dnstap -u "$work/tap.sock" -w "$1" >/dev/null 2>&1 &
    reader=$!
    started+=("$reader")
}

# The frames that were captured, once the reader has ended.
end_capture() {
    kill -TERM "$reader"
    wait "$reader" 2>/dev/null || true
    forget "$reader"
    dnstap-ldns -y -r "$1" >"$work/frames"
}

frames() {
    grep -c -- "$1" "$work/frames" || true
}

tap_count() {
    curl -sf "$url/v1/status" | python3 -c "import json,sys; print(json.load(sys.stdin)['dns']['dnstap']['$1'])"
}

ask() {
    dig +time=20 +tries=1 +noall +comments "$@" -p "$dns" @127.0.0.1 >"$work/dig"
}

# What went to a reader that is there: asked again until its file says so (frames that are
# sent before it is connected are lost, as they should be).
arrived() {
    ask ns.disc.local A
    [ "$(stat -c %s "$1")" -gt 500 ]
}

configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  workers: 2
  server_id: tap-test
  dnstap: {socket: tap.sock}
YAML
start
same "no reader: a line of the log" 1 "$(logged 'dnstap: no reader at .*/tap.sock yet: No such file')"
ask ns.disc.local A # nobody reads: answered all the same
has "an answer without a reader" '*NOERROR*' "$(cat "$work/dig")"
capture "$work/tap1"
eventually [ -e "$work/tap1" ]
eventually arrived "$work/tap1"
ask +tcp nothing.disc.local AAAA
eventually eval '[ "$(tap_count queries)" -gt 2 ] && ask +tcp nothing.disc.local AAAA &&
    grep -aq nothing "$work/tap1"'
stop
end_capture "$work/tap1"
[ "$(frames 'type: AUTH_QUERY')" -gt 0 ] || die "no query in the capture"
[ "$(frames 'type: AUTH_RESPONSE')" -gt 0 ] || die "no response in the capture"
[ "$(frames 'socket_protocol: TCP')" -gt 0 ] || die "nothing over TCP in the capture"
[ "$(frames 'socket_protocol: UDP')" -gt 0 ] || die "nothing over UDP in the capture"
[ "$(frames 'identity: "tap-test"')" -gt 0 ] || die "no identity in the capture"
[ "$(frames 'version: "discd ')" -gt 0 ] || die "no version in the capture"
[ "$(frames 'query_address: "127.0.0.1"\|query_address: 127.0.0.1')" -gt 0 ] || die "no asker in the capture"
grep -q 'rcode: NXDOMAIN' "$work/frames" || die "no NXDOMAIN in the capture"

# A reader that takes the connection and then nothing holds up nobody, not even the end.
rm -f "$work/tap.sock"
python3 - "$work" <<'PYTHON' &
import os, socket, struct, sys, time
work = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind(work + "/tap.sock")
listener.listen()
open(work + "/listening", "w").close()
while True:
    tap, _ = listener.accept()
    head = tap.recv(8, socket.MSG_WAITALL)
    if len(head) == 8:
        break
tap.recv(struct.unpack(">II", head)[1], socket.MSG_WAITALL)
kind = b"protobuf:dnstap.Dnstap"
accept = struct.pack(">III", 1, 1, len(kind)) + kind
tap.sendall(struct.pack(">II", 0, len(accept)) + accept)
open(work + "/accepted", "w").close()
time.sleep(3600)
PYTHON
sleeper=$!
started+=("$sleeper")
eventually [ -e "$work/listening" ]
start
same "a reader: no such line" 1 "$(logged 'dnstap: no reader at ')"
eventually [ -e "$work/accepted" ]
dropped() {
    python3 - "$dns" <<'PYTHON'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
for i in range(3000):
    s.sendto(i.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0\2ns\4disc\5local\0\0\1\0\1",
             ("127.0.0.1", int(sys.argv[1])))
    s.recv(512)
PYTHON
    [ "$(tap_count dropped)" -gt 0 ]
}
eventually dropped
begin=$SECONDS
stop
[ $((SECONDS - begin)) -lt 30 ] || die "the end took $((SECONDS - begin)) s"
same "what is lost is said" 1 "$(logged 'dnstap: the reader takes nothing')"
kill -KILL "$sleeper"
wait "$sleeper" 2>/dev/null || true
forget "$sleeper"

# A file, and responses only.
configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  workers: 1
  dnstap: {file: tap2, messages: [response]}
YAML
start
ask ns.disc.local A
ask +tcp ns.disc.local A
same "responses counted" 2 "$(tap_count responses)"
same "queries counted" 0 "$(tap_count queries)"
same "dropped" 0 "$(tap_count dropped)"
stop
dnstap-ldns -y -r "$work/tap2" >"$work/frames"
same "responses in the file" 2 "$(frames 'type: AUTH_RESPONSE')"
same "queries in the file" 0 "$(frames 'type: AUTH_QUERY')"

# A file that cannot be written is said before anything is served.
configure <<YAML
dns:
  listen: ["127.0.0.1:0"]
  dnstap: {file: no/such/folder/tap}
YAML
status 71 "$discd" -c "$work/discd.yaml"
has "the reason" '*dnstap: */no/such/folder/tap cannot be written: No such file*' "$err"
has "nothing more" '*cannot be written: No such file or directory' "$err"
status 78 "$discd" -t -c "$work/discd.yaml"
has "a test says it too" '*dnstap: */no/such/folder/tap cannot be there: No such file*' "$err"
