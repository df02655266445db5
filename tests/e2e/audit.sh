# The audit log: one line for each deed, over each way in; key reloads; rotation; a flood is
# limited and says so.
. "$(dirname "$0")/lib.sh"
secret() {
    head -c 32 /dev/urandom | base64 -w0
}
secret >"$work/secret"
chmod 600 "$work/secret"
keys() { # ID...
    local id
    echo "keys:"
    for id in deploy "$@"; do
        echo "  - {id: $id, secret: \"$(cat "$work/secret")\", grants: [{services: [\"default/*\"]}]}"
    done
}
(umask 077 && keys blue >"$work/keys.yaml" && echo 'correct-horse-battery' >"$work/admin.token" &&
    echo "keys: [{name: sec.example, secret: $(cat "$work/secret")}]" >"$work/tsig.yaml")
configure <<'YAML'
dns: {listen: ["127.0.0.1:0"], keys: tsig.yaml}
registration:
  listen: ["127.0.0.1:0"]
  keys: keys.yaml
  protected: ["default/vault"]
http: {listen: ["127.0.0.1:0"], writes: token, token_file: admin.token}
log: {level: error, audit: audit.log}
YAML
start
log=$work/audit.log
stamp='20[0-9][0-9]-*T*.*Z audit '

# audited WHAT: the newest line of that kind.
audited() {
    grep " what=$1 " "$log" | tail -n 1
}
count() {
    grep -cs " what=$1 " "$log" || true
}
ctl() {
    status "$1" "$discctl" --http "$url" --timeout 5 "${@:2}"
}
token=(--token-file "$work/admin.token")
# write STATUS METHOD PATH [BODY]: over HTTP with the token.
write() {
    local got
    got=$(curl -s -o "$work/body" -w '%{http_code}' -X "$2" "$url$3" ${4:+-d "$4"} \
        -H 'Authorization: Bearer correct-horse-battery' -H 'Content-Type: application/json')
    [[ $got == $1 ]] || die "$2 $3: expected $1, got $got: $(cat "$work/body")"
}

same "its mode" 640 "$(stat -c %a "$log")"
same "nothing yet" '' "$(cat "$log")"

# ---- disc/1
ok 'reg svc=web inst=1 port=1 addr=10.0.0.1,2001:db8::1 lease=30'
has registered "${stamp}what=registered ns=default service=web instance=1 who=local from=127.0.0.1 \
addr=10.0.0.1,2001:db8::1 lease=30" "$(audited registered)"
ok 'reg svc=web inst=1 port=1 addr=10.0.0.1,2001:db8::1 lease=30'
ok 'ren svc=web inst=1'
ok 'upd svc=web inst=1 w=7'
same "no deed" 1 "$(wc -l <"$log")"
ok 'reg svc=web inst=1 port=1 addr=10.0.0.2'
has moved "${stamp}what=moved ns=default service=web instance=1 who=local from=127.0.0.1 \
addr=10.0.0.2 lease=300" "$(audited moved)"
ok 'del svc=web inst=1'
has deregistered "${stamp}what=deregistered ns=default service=web instance=1 who=local \
from=127.0.0.1 addr=10.0.0.2" "$(audited deregistered)"
has "refused" 'disc/1 err * c=403 *' "$(say 'reg svc=vault inst=1 port=1 addr=10.0.0.1')"
has denied "${stamp}what=denied ns=default service=vault who=local from=127.0.0.1 why=protected" \
    "$(audited denied)"
status 0 "$discctl" --server "127.0.0.1:$registration" register vault --instance k --port 1 \
    --addr 10.0.0.1 --key deploy --secret-file "$work/secret"
has "by key" "${stamp}what=registered ns=default service=vault instance=k who=key:deploy \
from=127.0.0.1 addr=10.0.0.1 lease=300" "$(audited registered)"

# ---- guard, stale, taken over
write 200 POST /v1/guard '{"mode": "on"}'
has "guard, by whom" "${stamp}what=guard who=token:admin from=127.0.0.1 set=*on* over=http" \
    "$(grep ' what=guard who=' "$log")"
guard_audited() {
    grep -q " what=guard state=$1 mode=$2 " "$log"
}
eventually guard_audited on on
ok 'reg svc=old inst=1 port=1 addr=10.0.0.3 lease=1'
is_stale() {
    curl -sf "$url/v1/status" | grep -q '"stale": *1'
}
eventually is_stale
status 0 "$discctl" --server "127.0.0.1:$registration" register old --instance 1 --port 1 \
    --addr 10.0.0.4 --lease 1 --key deploy --secret-file "$work/secret"
has "taken over" "${stamp}what=taken-over ns=default service=old instance=1 who=key:deploy \
before=local from=127.0.0.1 addr=10.0.0.4 lease=1" "$(audited taken-over)"

# ---- evictions
write 200 POST /v1/guard '{"mode": "off"}'
eventually guard_audited off off
evicted_by_time() {
    grep -q ' what=evicted .*why=expired' "$log"
}
eventually evicted_by_time
has evicted "${stamp}what=evicted ns=default service=old instance=1 owner=key:deploy why=expired" \
    "$(audited evicted)"
ok 'reg svc=web inst=2 port=1 addr=10.0.0.5'
write 200 POST /v1/evict '{"service": "web", "instance": "2", "force": true}'
evicted_by_hand() {
    grep -q ' what=evicted .*why=operator' "$log"
}
eventually evicted_by_hand
has "by hand" "${stamp}what=evicted ns=default service=web instance=2 who=token:admin \
from=127.0.0.1 why=operator did=\"evicted 1, force\" over=http" "$(audited evicted)"

# ---- overrides, and instances over HTTP
ok 'reg svc=web inst=3 port=1 addr=10.0.0.6'
write 20? PUT /v1/services/web/instances/3/override '{"drain": true}'
has override "${stamp}what=override ns=default service=web instance=3 who=token:admin \
from=127.0.0.1 set=*drain* over=http" "$(audited override)"
write 201 PUT /v1/services/web/instances/h '{"addresses": ["10.0.0.9"], "ports": [80]}'
has "over HTTP" "${stamp}what=registered ns=default service=web instance=h who=token:admin \
from=127.0.0.1 addr=10.0.0.9 lease=*" "$(audited registered)"

got=$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url/v1/services/web/instances/h" \
    -H 'Authorization: Bearer wrong-horse-battery')
same "a wrong token" 401 "$got"
has "denied over HTTP" "${stamp}what=denied who=local from=127.0.0.1 \
why=\"401 wrong token, for /v1/services/web/instances/h\" over=http" "$(audited denied)"
got=$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url/v1/services/web/instances/h" \
    -H 'X-Forwarded-For: 192.0.2.1')
same "no token" 401 "$got"
has "denied for want of one" "*why=\"401 no token, for /v1/services/web/instances/h\" over=http" \
    "$(audited denied)"
got=$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/services/none")
same "not found" 404 "$got"
same "is no denial" 3 "$(count denied)"
write 204 DELETE /v1/services/web/instances/h
has "goodbye over HTTP" "${stamp}what=deregistered ns=default service=web instance=h \
who=token:admin from=127.0.0.1 addr=10.0.0.9" "$(audited deregistered)"

# ---- keys
same "no reload yet" 0 "$(count keys)"
(umask 077 && keys green >"$work/keys.yaml")
reload() {
    local before
    before=$(count keys)
    kill -HUP "$pid"
    reloaded() {
        [ "$(count keys)" = $((before + 3)) ]
    }
    eventually reloaded
}
reload
has "disc keys" "${stamp}what=keys kind=disc file=$work/keys.yaml keys=2 added=green removed=blue" \
    "$(grep ' what=keys kind=disc ' "$log")"
has "TSIG keys" "${stamp}what=keys kind=tsig file=$work/tsig.yaml keys=1" \
    "$(grep ' what=keys kind=tsig ' "$log")"
echo 'another-horse-battery' >"$work/admin.token"
secret >"$work/secret"
keys green >"$work/keys.yaml"
mv "$log" "$log.1"
reload
has "another token" "${stamp}what=keys kind=token file=$work/admin.token keys=1 changed=admin" \
    "$(grep ' what=keys kind=token ' "$log")"
has "other secrets" "${stamp}what=keys kind=disc file=$work/keys.yaml keys=2 changed=deploy,green" \
    "$(grep ' what=keys kind=disc ' "$log")"
same "no secret" 0 "$(cat "$log" "$log.1" | grep -c -e horse -e "$(cat "$work/secret")" || true)"

# ---- rotated: the old file is not written any more, not even after a bad configuration
ok 'reg svc=new inst=1 port=1 addr=10.0.0.1'
same "in the new one" 1 "$(count registered)"
same "not in the old one" 0 "$(grep -c 'service=new' "$log.1" || true)"
cp "$work/discd.yaml" "$work/good.yaml"
echo 'colour: blue' >>"$work/discd.yaml"
mv "$log" "$log.2"
kill -HUP "$pid"
new_file() {
    [ -e "$log" ]
}
eventually new_file
ok 'del svc=new inst=1'
same "in the newest one" 1 "$(count deregistered)"
mv "$work/good.yaml" "$work/discd.yaml"

# ---- a flood
left_out() {
    curl -sf "$url/v1/status" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["audit"]["left_out"]["denied"])'
}
exec {flood}<>"/dev/udp/127.0.0.1/$registration"
flooded() {
    local i
    for ((i = 0; i < 300; i++)); do
        printf 'disc/1 reg svc=vault inst=%d port=1 addr=10.0.0.1\n' "$i" >&"$flood"
    done
    [ "$(left_out)" -gt 0 ]
}
eventually flooded
exec {flood}>&-
[ "$(count denied)" -lt 2500 ] || die "$(count denied) lines"
told() {
    say 'reg svc=vault inst=1 port=1 addr=10.0.0.1' >"$work/reply"
    grep -q ' what=denied .* why=protected left_out=[1-9]' "$log"
}
eventually told

# ---- to stderr, whatever the level; off
before=$(logged ' audit what=')
same "not on stderr so far" 0 "$before"
sed -i 's/audit: audit.log/audit: stderr/' "$work/discd.yaml"
kill -HUP "$pid"
on_stderr() {
    [ "$(logged ' audit what=keys')" = 3 ]
}
eventually on_stderr
ok 'reg svc=web inst=4 port=1 addr=10.0.0.1'
same "on stderr" 1 "$(logged "Z audit what=registered ns=default service=web instance=4 ")"
stop
sed -i 's/audit: stderr/audit: off/' "$work/discd.yaml"
start
ok 'reg svc=web inst=5 port=1 addr=10.0.0.1'
same "off" 0 "$(logged 'instance=5')"
stop

# ---- a file that cannot be had is a start-up error
sed -i 's|audit: off|audit: none/audit.log|' "$work/discd.yaml"
status 71 timeout 30 "$discd" -c "$work/discd.yaml"
has "why not" '*log.audit: *none/audit.log cannot be opened: *' "$err"
status 78 "$discd" -t -c "$work/discd.yaml"
has "said before" '*log.audit: *none/audit.log cannot be there: *' "$err"
sed -i 's|audit: none/audit.log|audit: ../|' "$work/discd.yaml"
status 78 "$discd" -t -c "$work/discd.yaml"
for word in false no None; do
    sed -i "s|audit: [^}]*|audit: $word|" "$work/discd.yaml"
    status 0 "$discd" -t -c "$work/discd.yaml"
    start
    ok 'reg svc=web inst=6 port=1 addr=10.0.0.1'
    same "$word is off" 0 "$(logged 'instance=6')"
    stop
    [ ! -e "$work/$word" ] || die "a file $word"
done
