# TLS on the addresses beyond loopback: certificates, versions, clients that dawdle or speak
# something else, another certificate on SIGHUP.
. "$(dirname "$0")/namespace.sh"
command -v openssl >/dev/null || skip_test "no openssl"
ip link set lo up
ip address add 192.0.2.1/32 dev lo

# certify NAME: a new certificate that is its own root, and its key.
certify() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -sha256 \
        -subj "/CN=$1" -addext 'subjectAltName=IP:192.0.2.1' -keyout "$work/$1.key" \
        -out "$work/$1.pem" 2>"$work/openssl" || die "openssl: $(cat "$work/openssl")"
    chmod 600 "$work/$1.key"
}
certify first
certify second
printf '%s\n' 0123456789abcdef0123456789abcdef >"$work/admin.token"
chmod 600 "$work/admin.token"
use() {
    cp -p "$work/$1.pem" "$work/tls.pem"
    cp -p "$work/$1.key" "$work/tls.key"
}
use first
configure <<'YAML'
http:
  listen: ["192.0.2.1:0", "127.0.0.1:0"]
  token_file: admin.token
  tls: {certificate: tls.pem, key: tls.key}
YAML
start
port=$http
plain=${ready##*http=} plain=${plain%% *} plain=http://${plain##*,}
ok 'reg svc=web inst=one port=8080 addr=10.0.0.7'

# get [CURL-OPTION...] URL: the status, or curl's exit status.
get() {
    curl -sS --max-time 60 -o "$work/body" -w '%{http_code}' "$@" 2>"$work/err" || echo "curl:$?"
}

# ---- the end of the certificate is near: said at the start, by -t and in the metrics
ends=$(date -u -d "$(openssl x509 -in "$work/first.pem" -noout -enddate | cut -d= -f2)" +%s)
has "the start warns" "*http.tls: the certificate expires on $(date -u -d "@$ends" '+%Y-%m-%d %H:%M') UTC: renew it*" \
    "$(cat "$work/log")"
has "-t warns" '*http.tls: the certificate expires on *good*' "$("$discd" -t -c "$work/discd.yaml" 2>&1)"
same "the metric" "$ends" "$(curl -sS "$plain/metrics" |
    sed -n 's/^discd_http_certificate_expiry_timestamp_seconds //p')"

# ---- versions and names
same "by TLS" 200 "$(get --cacert "$work/first.pem" "https://192.0.2.1:$port/v1/status")"
same "TLS 1.2" 200 "$(get --tls-max 1.2 --cacert "$work/first.pem" "https://192.0.2.1:$port/v1/status")"
same "the wrong root" '000curl:60' "$(get --cacert "$work/second.pem" "https://192.0.2.1:$port/v1/status")"
same "loopback without" 200 "$(get "$plain/v1/status")"
same "no cleartext there" '000curl:52' "$(get "http://192.0.2.1:$port/v1/status")"
same "another host" 421 "$(get --cacert "$work/first.pem" -H 'Host: evil.example' "https://192.0.2.1:$port/v1/status")"
same "two in one connection" '200200' "$(get --cacert "$work/first.pem" \
    "https://192.0.2.1:$port/v1/status" -o /dev/null "https://192.0.2.1:$port/v1/services")"
for old in -tls1 -tls1_1; do
    openssl s_client "$old" -cipher 'ALL:@SECLEVEL=0' -connect "192.0.2.1:$port" \
        </dev/null >"$work/s_client" 2>&1 && die "$old was spoken"
done
openssl s_client -tls1_3 -alpn 'h2,http/1.1' -connect "192.0.2.1:$port" </dev/null \
    >"$work/s_client" 2>&1 || die "no TLS 1.3: $(cat "$work/s_client")"
has "the protocol" '*ALPN protocol: http/1.1*' "$(cat "$work/s_client")"

# ---- writing needs the token, and is done
json=(-H 'Content-Type: application/json' --cacert "$work/first.pem")
same "without token" 401 "$(get "${json[@]}" -d '{"mode": "on"}' "https://192.0.2.1:$port/v1/guard")"
same "with token" 200 "$(get "${json[@]}" -d '{"mode": "on"}' \
    -H "Authorization: Bearer $(cat "$work/admin.token")" "https://192.0.2.1:$port/v1/guard")"

# ---- what is no token is no guess
same "another scheme" "$(printf '200%.0s' {1..100})" "$(get --cacert "$work/first.pem" \
    -u user:wrong "https://192.0.2.1:$port/v1/status#[1-100]")"

# ---- who guesses tokens is soon told nothing more, wherever it tries; the right one is good
# In one run of curl: so many come sooner than what was guessed is forgotten.
guesses=$(get --cacert "$work/first.pem" -H 'Authorization: Bearer wrong' \
    "https://192.0.2.1:$port/v1/status#[1-100]")
has "wrong tokens" '*429*' "$guesses"
same "the first were told so" 401 "${guesses:0:3}"
same "the right one" 200 "$(get --cacert "$work/first.pem" \
    -H "Authorization: Bearer $(cat "$work/admin.token")" "https://192.0.2.1:$port/v1/status")"
same "without one" 200 "$(get --cacert "$work/first.pem" "https://192.0.2.1:$port/v1/status")"

# ---- watching by TLS
curl -sSN --max-time 110 --cacert "$work/first.pem" -H 'Accept: text/event-stream' \
    "https://192.0.2.1:$port/v1/services/web" >"$work/events" 2>"$work/err" &
watcher=$!
started+=("$watcher")
eventually grep -q '^event: state' "$work/events"
ok 'reg svc=web inst=two port=8080 addr=10.0.0.8'
eventually grep -q '"id":"two"' "$work/events"
index=$(curl -sS -D - -o "$work/body" "$plain/v1/services/web" | tr -d '\r' |
    sed -n 's/^X-Disc-Index: //p')
curl -sS --max-time 110 --cacert "$work/first.pem" -o "$work/polled" \
    "https://192.0.2.1:$port/v1/services/web?index=$index&wait=30s" &
poll=$!
started+=("$poll")
ok 'reg svc=web inst=three port=8080 addr=10.0.0.9'
wait "$poll" || die "the long poll failed"
forget "$poll"
has "polled" '*"id":"three"*' "$(cat "$work/polled")"
# Both kinds of watchers are forgotten when they go.
watchers() {
    [ "$(curl -sS --max-time 10 "$plain/metrics" | sed -n 's/^discd_http_watchers //p')" = "$1" ]
}
curl -sS --max-time 110 --cacert "$work/first.pem" -o "$work/polled" \
    "https://192.0.2.1:$port/v1/services/unknown?wait=5m" &
poll=$!
started+=("$poll")
eventually watchers 2
kill "$watcher" "$poll"
wait "$watcher" "$poll" 2>/dev/null || true
forget "$watcher"
forget "$poll"
eventually watchers 0

# ---- what is no handshake, and one that does not end
python3 - 192.0.2.1 "$port" <<'PY'
import os, socket, ssl, sys
where = (sys.argv[1], int(sys.argv[2]))
def dial():
    s = socket.create_connection(where)
    s.settimeout(60)
    return s
def ends(s):
    try:
        while s.recv(65536):
            pass
    except (ConnectionError, ssl.SSLError): # but no time-out
        pass
# Not TLS at all: closed at once.
for bytes in (b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'\0' * 5000, b'\x16\x03\x01\xff\xff' + b'x' * 100,
              os.urandom(3000)):
    s = dial()
    try:
        s.sendall(bytes)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass                            # it is closed already
    ends(s)
# A handshake that goes byte by byte, and one that stops in the middle, are cut off by the
# deadline of a request; so is one that is never begun.
hello = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
hello.check_hostname, hello.verify_mode = False, ssl.CERT_NONE
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
try:
    hello.wrap_bio(incoming, outgoing).do_handshake()
except ssl.SSLWantReadError:
    pass
first = outgoing.read()
silent, half = dial(), dial()
half.sendall(first[:len(first) // 2])
idle = dial()
idle = hello.wrap_socket(idle)          # a handshake, and no request
ends(silent), ends(half), ends(idle)
# More at once than handshakes are begun in one go: all have their turn.
many = [dial() for _ in range(60)]
for n, s in enumerate(many):
    many[n] = hello.wrap_socket(s)
    many[n].sendall(b'GET /v1/status HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n')
for s in many:
    if not s.recv(65536).startswith(b'HTTP/1.1 200 '):
        sys.exit('one of many handshakes was lost')
PY
same "it goes on" 200 "$(get --cacert "$work/first.pem" "https://192.0.2.1:$port/v1/status")"

# ---- another certificate
use second
kill -HUP "$pid"
eventually grep -q reloaded "$work/log"
same "the reload warns, too" 2 "$(logged 'http.tls: the certificate expires on')"
same "the new one" 200 "$(get --cacert "$work/second.pem" "https://192.0.2.1:$port/v1/status")"
same "the old one" '000curl:60' "$(get --cacert "$work/first.pem" "https://192.0.2.1:$port/v1/status")"
cp -p "$work/first.key" "$work/tls.key" # which does not fit
kill -HUP "$pid"
eventually grep -q 'the key is not that of the certificate' "$work/log"
same "the last good one" 200 "$(get --cacert "$work/second.pem" "https://192.0.2.1:$port/v1/status")"
stop

# ---- start-up errors
status 78 "$discd" -c "$work/discd.yaml"
has "place" '*discd.yaml:*: cannot use *tls.key: the key is not that of the certificate*' "$err"
sed -i '/^  tls:/d' "$work/discd.yaml"
status 78 "$discd" -c "$work/discd.yaml"
has "place" '*discd.yaml:6:12: 192.0.2.1:0 is not on loopback, expected http.tls to be set*' "$err"
sed -i '/^  token_file:/d' "$work/discd.yaml"
status 78 "$discd" -c "$work/discd.yaml"
has "place" '*discd.yaml:6:12: 192.0.2.1:0 is not on loopback, expected http.token_file*' "$err"
