# Clients of the Go registry's API, and of bilibili's dialect of it: what they register is found
# by DNS and in /v1, what others register is found by them, and a restart loses none of it.
. "$(dirname "$0")/lib.sh"
configure <<'YAML'
registration:
  listen: ["127.0.0.1:0"]
  sources:
    - {from: 127.0.0.0/8, auth: open}
YAML
start

# api COMMAND [NAME=VALUE...]
api() {
    python3 "$SOURCE/tests/e2e/goapi.py" "$url" "$@"
}
instances='sorted((i["hostname"], i["status"], i["addrs"]) for i in data["instances"])'

# ---- the Go registry's API
same "not there yet" 404 "$(api renew env=default appid=user.rpc hostname=Web_1)"
same register 200 "$(api register env=default appid=user.rpc hostname=Web_1 status=1 version=v1 \
    addrs=http://10.0.0.7:8080,grpc://10.0.0.7:9090)"
same register 200 "$(api register env=default appid=user.rpc hostname=web-2 status=1 \
    addrs=10.0.0.8:8080)"
same fetch "200
[('Web_1', 1, ['http://10.0.0.7:8080', 'grpc://10.0.0.7:9090']), ('web-2', 1, ['10.0.0.8:8080'])]" \
    "$(api fetch env=default appid=user.rpc status=1 show="$instances")"
same "by DNS" "10.0.0.7
10.0.0.8" "$(q +short A user.rpc.disc.local | sort)"
same "a named port" "9090" "$(q +short SRV _grpc._tcp.user.rpc.disc.local | cut -d' ' -f3)"
same "its texts are no business of the DNS" '"version=v1"' \
    "$(q +short TXT "$(q +short SRV _grpc._tcp.user.rpc.disc.local | cut -d' ' -f4)")"
same "in /v1" 2 "$(curl -sS "$url/v1/services/user.rpc" |
    python3 -c 'import json, sys; print(len(json.load(sys.stdin)["instances"]))')"
same renew 200 "$(api renew env=default appid=user.rpc hostname=Web_1)"

latest=$(api fetch env=default appid=user.rpc status=1 show='data["latest_timestamp"]' | tail -1)
same "nothing changed" 304 "$(api fetch env=default appid=user.rpc status=1 latest_timestamp="$latest")"
same "does not receive" 200 "$(api register env=default appid=user.rpc hostname=web-2 status=2 \
    addrs=10.0.0.8:8080)"
same "not by DNS" 10.0.0.7 "$(q +short A user.rpc.disc.local)"
same "changed" 200 "$(api fetch env=default appid=user.rpc status=1 latest_timestamp="$latest")"
same "status 2" "200
[('web-2', 2, ['10.0.0.8:8080'])]" "$(api fetch env=default appid=user.rpc status=2 show="$instances")"
same "an older version" 409 "$(api register env=default appid=user.rpc hostname=Web_1 status=1 \
    dirty_timestamp=1600000000000000000)"
same "unknown env" 400 "$(api register env=nowhere appid=user.rpc hostname=a status=1)"
has "in words" '*no zone serves env*nowhere*' "$(api raw path=/api/register \
    body='{"env":"nowhere","appid":"a","hostname":"b","status":1}')"
same "bad status" 400 "$(api register env=default appid=user.rpc hostname=a status=3)"
same "no JSON" '{"code":400,"message":"code: 400, error info: request param error"}' \
    "$(api raw path=/api/renew body=nonsense)"
same nodes "200
['http://127.0.0.1:$http']" "$(api nodes env=default show='data["instances"][0]["addrs"]')"

# ---- what others registered, and a restart
ok 'reg svc=udp-svc inst=one port=http:80,9090 addr=10.0.0.9'
same "registered by UDP" "200
[('one', 1, ['http://10.0.0.9:80', 'tcp://10.0.0.9:9090'])]" \
    "$(api fetch env=default appid=udp-svc status=1 show="$instances")"
before=$(api fetchall show='sorted((a, i["hostname"], i["addrs"], i["version"], i["status"],
    i["reg_timestamp"]) for a in data for i in data[a])')
kill -KILL "$pid"
wait "$pid" || true
forget "$pid"
start
same "after kill -9" "$before" "$(api fetchall show='sorted((a, i["hostname"], i["addrs"],
    i["version"], i["status"], i["reg_timestamp"]) for a in data for i in data[a])')"
same "its client goes on" 200 "$(api renew env=default appid=user.rpc hostname=Web_1)"
has "a later time than ever before" 200* "$(api fetch env=default appid=user.rpc status=1 \
    latest_timestamp="$latest")"
same cancel 200 "$(api cancel env=default appid=user.rpc hostname=Web_1)"
same "is gone" '' "$(q +short A user.rpc.disc.local)"
kill -KILL "$pid"
wait "$pid" || true
forget "$pid"
start
same "stays gone" 404 "$(api renew env=default appid=user.rpc hostname=Web_1)"
same "stays" 200 "$(api renew env=default appid=user.rpc hostname=web-2)"

# ---- bilibili's dialect
form='zone=sh001&region=sh&env=default&appid=main.web&hostname=h1'
zones='{z: [(i["hostname"], i["addrs"], i["metadata"]) for i in data["instances"][z]]
    for z in data["instances"]}'
same register 0 "$(api form path=/discovery/register form="$form&status=1&version=1&addrs=http%3A%2F%2F10.0.0.3%3A80&metadata=%7B%22weight%22%3A%2220%22%7D")"
same fetch "0
{'sh001': [('h1', ['http://10.0.0.3:80'], {'weight': '20'})]}" \
    "$(api get path='/discovery/fetch?env=default&appid=main.web&status=1' show="$zones")"
has "the weight in DNS" '0 20 80 *' "$(q +short SRV main.web.disc.local)"
same "by the other API" "200
[('h1', 1, ['http://10.0.0.3:80'])]" "$(api fetch env=default appid=main.web status=1 show="$instances")"
same "itself" "0
http://127.0.0.1:$http" "$(api get \
    path='/discovery/polls?env=default&hostname=h1&appid=infra.discovery&latest_timestamp=0' \
    show='data["infra.discovery"]["instances"][""][0]["addrs"][0]')"
latest=$(api get path='/discovery/poll?env=default&hostname=h1&appid=main.web&latest_timestamp=0' \
    show='data["latest_timestamp"]' | tail -1)
api get path="/discovery/polls?env=default&hostname=h1&appid=main.web&latest_timestamp=$latest" \
    show='len(data["main.web"]["instances"]["sh001"])' >"$work/poll" &
poll=$!
started+=("$poll")
same set 0 "$(api form path=/discovery/set form="$form&status=2")"
wait "$poll"
forget "$poll"
same "the poll ended with the change" "0
0" "$(cat "$work/poll")"
same "out of DNS" '' "$(q +short A main.web.disc.local)"
same renew 0 "$(api form path=/discovery/renew form="$form")"
same cancel 0 "$(api form path=/discovery/cancel form="$form")"
same "unknown now" -404 "$(api form path=/discovery/renew form="$form")"
