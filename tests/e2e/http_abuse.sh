# Wrong hosts, tokens and sites, oversized requests, and a thousand clients that drip theirs:
# the right status, nothing changed, and nobody else notices.
. "$(dirname "$0")/lib.sh"
[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 2500 ] || skip_test "too few open files"
printf '%s\n' 0123456789abcdef0123456789abcdef >"$work/admin.token"
chmod 600 "$work/admin.token"
configure <<'YAML'
http: {listen: ["127.0.0.1:0"], writes: token, token_file: admin.token}
YAML
ulimit -Sn 512 # more is what the server takes by itself
start
ulimit -Sn "$(ulimit -Hn)"
ok 'reg svc=other inst=one port=1 addr=10.1.0.1 lease=300'
timeout 100 python3 "$SOURCE/tests/e2e/http_abuse.py" "$http" "$registration" "$dns" \
    "$(cat "$work/admin.token")" || die "http_abuse.py"
same "nothing expired" 0 "$(logged "why=expired\|expired and kept")"
stop
