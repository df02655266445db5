# The HTTP API by curl, and discctl's reading verbs on top of it.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start
ok 'reg svc=web inst=one port=8080,grpc:9090 w=30 ver=1.4.2 zone=eu1-a m.team=blue addr=10.0.0.7'
ok 'reg svc=web inst=two port=8081 w=70 st=draining addr=10.0.0.8'
ok 'reg svc=api inst=one port=1 addr=10.0.0.9'

# get PATH [CURL-OPTION...]: the body, its status in front.
get() {
    local path=$1
    shift
    curl -sS --max-time 10 -w '\n%{http_code}' "$@" "$url$path" >"$work/body" ||
        die "curl $path ended with $?"
    echo "$(tail -n 1 "$work/body")"
    sed '$d' "$work/body"
}
# field EXPRESSION: of the JSON on standard input, as Python sees it in j.
field() {
    python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
body() {
    get "$@" | sed 1d
}

# ---- status
has status '200*' "$(get /v1/status)"
same version "$("$discd" -V | cut -d' ' -f2)" "$(body /v1/status | field 'j["version"]')"
same "listens there" "['127.0.0.1:$dns']" "$(body /v1/status | field 'j["dns"]["listen"]')"
before=$(body /v1/status | field 'j["dns"]["udp_queries"]')
q A web.disc.local >"$work/answer"
q +tcp A web.disc.local >"$work/answer"
same "one more by UDP" $((before + 1)) "$(body /v1/status | field 'j["dns"]["udp_queries"]')"
same "one by TCP" 1 "$(body /v1/status | field 'j["dns"]["tcp_queries"]')"
same "three accepted" 3 "$(body /v1/status | field 'j["registration"]["outcomes"]["ok"]')"
same "verbs" 3 "$(body /v1/status | field 'j["registration"]["verbs"]["reg"]')"

# ---- services
same services "[('api', 1, 1), ('web', 2, 1)]" "$(body /v1/services |
    field 'sorted((s["name"], s["instances"], s["live"]) for s in j["services"])')"
same "by pieces" "['api']" "$(body '/v1/services?limit=1' | field '[s["name"] for s in j["services"]]')"
same "one service" "[('one', 'up', True, 30), ('two', 'draining', False, 70)]" \
    "$(body /v1/services/web |
        field 'sorted((i["id"], i["status"], i["live"], i["weight"]) for i in j["instances"])')"
same "ports" "[('', 8080, 'tcp'), ('grpc', 9090, 'tcp')]" "$(body /v1/services/web |
    field '[(p["name"], p["number"], p["protocol"]) for i in j["instances"] if i["id"] == "one" for p in i["ports"]]')"
has "an unknown one" '404*' "$(get /v1/services/nobody)"
has "problem document" '*application/problem+json*' \
    "$(curl -sS -o "$work/body" -w '%{content_type}' "$url/v1/services/nobody")"
has explain '200*' "$(get '/v1/explain?name=web.disc.local&type=A')"
has "explains the draining one" '*two*draining*' "$(body '/v1/explain?name=web.disc.local&type=A' | tr '\n' ' ')"
has "no type" '400*' "$(get '/v1/explain?name=web.disc.local')"

# ---- who may come in
has "another Host" '421*' "$(get /v1/status -H 'Host: evil.example')"
has "localhost" '200*' "$(get /v1/status -H "Host: localhost:$http")"
has "no Host" '4[02]*' "$(get /v1/status -H 'Host:')"
has "no such path" '404*' "$(get /v1/nothing)"
has "wrong method" '405*' "$(get /v1/status -X DELETE)"
long=$(head -c 9000 /dev/zero | tr '\0' x)
code=$(curl -s --max-time 10 -o "$work/body" -w '%{http_code}' -H "X-Long: $long" "$url/v1/status" || true)
has "header beyond its limit" '[04][0-9]*' "$code"
has "still there" '200*' "$(get /v1/status)"

# ---- discctl
ctl() {
    status "$1" "$discctl" --http "$url" "${@:2}"
}
ctl 0 list
has list '*NAMESPACE*SERVICE*default*api*1*default*web*2*1*' "$(tr '\n' ' ' <<<"$out")"
ctl 0 list --json
same "list --json" "['api', 'web']" "$(field 'sorted(s["name"] for s in j["services"])' <<<"$out")"
ctl 0 show web
has show '*INSTANCE*one*up*30*10.0.0.7*8080,grpc:9090*1.4.2*two*draining*70*' "$(tr '\n' ' ' <<<"$out")"
ctl 0 show web --json
same "show --json" web "$(field 'j["name"]' <<<"$out")"
ctl 1 show nobody
[ -n "$err" ] || die "no words for an unknown service"
ctl 0 explain web.disc.local SRV
has explain '*one*' "$out"
ctl 0 explain web.disc.local SRV --json
field 'j' <<<"$out" >"$work/answer"
ctl 0 explain web.disc.local A --client 192.0.2.1
ctl 1 explain web.disc.local NONSENSE
ctl 0 status
has status '*version*' "$out"
ctl 0 status --json
same "status --json" "$("$discd" -V | cut -d' ' -f2)" "$(field 'j["version"]' <<<"$out")"
ctl 2 show
ctl 2 list --nonsense
ctl 2 nonsense
stop
ctl 3 status
has "nobody there" '*discctl:*' "$err"
