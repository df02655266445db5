# Writing over HTTP with curl: what is acknowledged is in DNS and on disk, also when the server
# is killed or stopped meanwhile. With tests/fault's shim inside discd for a slow disk.
. "$(dirname "$0")/namespace.sh"
ip addr add 192.0.2.5/32 dev lo
echo token-of-these-tests >"$work/admin.token"
chmod 600 "$work/admin.token"
configure <<YAML
registration:
  listen: ["127.0.0.1:0", "192.0.2.5:0"]
  advertise_local: 192.0.2.5
  sources: [{from: 127.0.0.0/8, auth: open}, {from: 192.0.2.5/32, auth: open}]
http:
  listen: ["127.0.0.1:0", "192.0.2.5:0"]
  token_file: admin.token
  cleartext: true
YAML
shim=$BUILD/tests/libfault.so page=$work/page real=$discd
fault() {
    "$BUILD/tests/fault_ctl" "$page" "$@" || die "fault_ctl $*"
}
cat >"$work/with_shim" <<SH
#!/bin/sh
export LD_PRELOAD='$shim' FAULT_FILE='$page' ASAN_OPTIONS=verify_asan_link_order=0:\$ASAN_OPTIONS
exec '$discd' "\$@"
SH
chmod +x "$work/with_shim"
fault new
begin() {
    discd=$work/with_shim
    start
    discd=$real
    outside=${ready##*,192.0.2.5:} outside=http://192.0.2.5:${outside%% *}
}
begin
fault arm

# send METHOD PATH [BODY [CURL-OPTION...]]: the status is in $code, the body in $out.
send() {
    local method=$1 path=$2 data=${3:-}
    shift 2
    [ $# = 0 ] || shift
    code=$(curl -sS --max-time 60 -o "$work/body" -D "$work/head" -w '%{http_code}' -X "$method" \
        -H 'Content-Type: application/json' -d "$data" "$@" "${base:-$url}$path") ||
        die "curl $method $path ended with $?"
    out=$(cat "$work/body")
}
# expect STATUS METHOD PATH ...
expect() {
    local status=$1
    shift
    send "$@"
    same "$1 $2" "$status" "$code"
}
field() {
    python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
one=/v1/services/web/instances/one
body='{"addresses": ["10.0.0.7"], "ports": [8080], "weight": 30, "metadata": {"team": "<b>"}}'

# ---- the life of an instance: DNS shows each step when the reply is there
expect 201 PUT $one "$body"
same "found at once" '0 30 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
has "where it is" "*Location: $one*" "$(cat "$work/head")"
same "is on disk" disk "$(field 'j["durability"]' <<<"$out")"
same "owner" local "$(field 'j["owner"]' <<<"$out")"
expect 200 PUT $one "$body"
expect 200 POST $one/renew
same "renew after" 90000 "$(field 'j["renew_ms"]' <<<"$out")"
has "renewed by UDP too" 'disc/1 ok*' "$(say 'ren svc=web inst=one')"
expect 200 PATCH $one '{"weight": 31, "metadata": {"team": null, "a": "1"}}'
same "changed" '0 31 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
same "metadata" "{'a': '1'}" "$(curl -sS "$url$one" | field 'j["metadata"]')"
expect 200 PUT $one/override '{"weight": 5}'
same "the operator's" '0 5 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
expect 200 PUT $one "$body"
same "survives a registration" '0 5 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
ok 'reg svc=web inst=one port=8080 w=30 addr=10.0.0.7'
same "over UDP too" '0 5 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
expect 200 PATCH $one/override '{"drain": true}'
same "drained" '' "$(q SRV web.disc.local)"
expect 204 DELETE $one/override
same "undrained" '0 30 8080 one.web.disc.local.' "$(q SRV web.disc.local)"
expect 204 DELETE $one
same "withdrawn at once" '' "$(q A web.disc.local)"
expect 404 POST $one/renew

# ---- who
expect 201 POST /v1/services/web/instances '{"ports": [8081]}'
same "the address that others reach" "['192.0.2.5']" "$(field 'j["addresses"]' <<<"$out")"
same "the id" 192-0-2-5-8081 "$(field 'j["id"]' <<<"$out")"
token=(-H 'Authorization: Bearer token-of-these-tests')
base=$outside
expect 401 PUT $one "$body"
expect 401 PUT $one "$body" -H 'Authorization: Bearer wrong'
expect 401 DELETE /v1/services/web/instances/192-0-2-5-8081
expect 403 DELETE /v1/services/web/instances/192-0-2-5-8081 '' "${token[@]}"
expect 201 POST /v1/services/web/instances '{"ports": [8082]}' "${token[@]}"
same "the sender's address" "['192.0.2.5']" "$(field 'j["addresses"]' <<<"$out")"
expect 201 PUT $one "$body" "${token[@]}"
same "any address with the token" "['10.0.0.7']" "$(field 'j["addresses"]' <<<"$out")"
same "its owner" token:admin "$(field 'j["owner"]' <<<"$out")"
base=
# A wrong token is none of this machine's rights, either; a write without a body needs no type.
expect 401 PUT $one "$body" -H 'Authorization: Bearer wrong'
expect 401 GET /v1/services '' -H 'Authorization: Bearer wrong'
has "its words" '*the token is not the admin token*' "$out"
expect 403 PUT $one "$body"
expect 200 PUT $one "$body" "${token[@]}"
expect 204 DELETE $one '' "${token[@]}"

expect 200 GET /v1/status ''
grep -Eq '"commit_ms_max":[0-9]+\.[0-9]{1,3},' <<<"$out" || die "three digits at most: $out"

# ---- in somebody else's name, as from a backup: that one's heartbeats are accepted
# renew INSTANCE ADDRESS: by UDP from that address to itself.
renew() {
    python3 - "$(sed -E "s/.*registration=([^ ]*,)?$2:([0-9]+).*/\2/" <<<"$ready")" "$@" <<'PY'
import re, socket, sys
port, instance, address = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind((address, 0))
s.connect((address, int(port)))
def say(more=""):
    s.send(f"disc/1 ren svc=owned inst={instance}{more}\n".encode())
    return s.recv(2048).decode()
reply = say()
if " chal " in reply:
    reply = say(" ck=" + re.search(r"\bck=(\S+)", reply)[1])
print(reply.strip())
PY
}
owned=/v1/services/owned/instances
for owner in local addr:192.0.2.5 key:deploy; do
    expect 201 PUT $owned/${owner%%:*} "{\"addresses\": [\"10.0.3.1\"], \"ports\": [1], \"owner\": \"$owner\"}" "${token[@]}"
    same "whose it is" "$owner" "$(field 'j["owner"]' <<<"$out")"
done
has "local's own" 'disc/1 ok*' "$(renew local 127.0.0.1)"
has "not another's" 'disc/1 err * c=403 *' "$(renew local 192.0.2.5)"
has "the address's own" 'disc/1 ok*' "$(renew addr 192.0.2.5)"
has "not local's" 'disc/1 err * c=403 *' "$(renew addr 127.0.0.1)"
has "the key's, and nobody's without it" 'disc/1 err * c=403 *' "$(renew key 127.0.0.1)"
expect 403 PUT $owned/local "$body" "${token[@]}"
expect 422 PUT $owned/nobody '{"ports": [1], "owner": "nobody"}'
has "words" '*owner*: expected whose it is to be*' "$out"
expect 422 PUT $owned/nobody '{"addresses": ["10.0.3.1"]}'
has "words" '*ports*missing*' "$out"
[ "$(logged ' audit what=registered ns=default service=owned instance=addr who=token:admin owner=addr:192.0.2.5 from=127.0.0.1 ')" = 1 ] ||
    die "the audit log does not say who asked for whom"

# ---- a disk that takes its time: the reply waits for it, nothing else does
fault delay sync 3600000 # until it is cleared
send PUT /v1/services/slow/instances/a "$body" &
slow=$!
eventually eval '[ "$(q A slow.disc.local)" = 10.0.0.7 ]'
has "heartbeats go on" 'disc/1 ok*' "$(say 'ren svc=web inst=192-0-2-5-8081')"
same "reads go on" 200 "$(curl -sS -o /dev/null -w '%{http_code}' "$url/v1/services/slow")"
kill -0 $slow 2>/dev/null || die "the reply did not wait for the disk"
fault clear sync
wait $slow || die "curl ended with $?"

# ---- stopped while writes are under way: stored, and answered
fault delay sync 1500
for n in 1 2 3; do
    curl -sS --max-time 60 -o /dev/null -w "%{http_code}\n" -X PUT -H 'Content-Type: application/json' \
        -d "{\"addresses\": [\"10.0.1.$n\"], \"ports\": []}" "$url/v1/services/last/instances/i$n" >"$work/code$n" &
    writes[n]=$!
done
eventually eval '[ "$(q A last.disc.local | wc -l)" = 3 ]'
stop
for n in 1 2 3; do
    wait "${writes[n]}" || die "curl ended with $?: a reply was lost"
    same "answered while stopping" 201 "$(cat "$work/code$n")"
done
fault clear sync
begin
same "all are there" 3 "$(q A last.disc.local | wc -l)"

# ---- killed after the reply: nothing is lost
for n in 1 2 3; do
    expect 201 PUT "/v1/services/kept/instances/i$n" "{\"addresses\": [\"10.0.2.$n\"], \"ports\": [], \"weight\": $n}"
    expect 200 PUT "/v1/services/kept/instances/i$n/override" '{"weight": 77}'
    expect 204 DELETE "/v1/services/last/instances/i$n"
done
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
forget "$pid"
begin
same "registered" 3 "$(q A kept.disc.local | wc -l)"
same "overridden" '[77, 77, 77]' "$(curl -sS "$url/v1/services/kept" | field '[i["weight"] for i in j["instances"]]')"
same "withdrawn" '' "$(q A last.disc.local)"
stop
