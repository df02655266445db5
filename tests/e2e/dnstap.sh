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
    dig +time=5 +tries=1 +noall +comments "$@" -p "$dns" @127.0.0.1 >"$work/dig"
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
