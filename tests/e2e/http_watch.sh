# Watching with curl: long polls and event streams of the real server, over a restart, and when
# it stops.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start
ok 'reg svc=web inst=one port=8080 addr=10.0.0.7 lease=300'

# index_of PATH: what X-Disc-Index says.
index_of() {
    curl -sS --max-time 10 -D - -o /dev/null "$url$1" | tr -d '\r' | sed -n 's/^X-Disc-Index: //p'
}
# watch NAME CURL-ARGUMENT...: in the background, its output in $work/NAME, its process in $watcher.
watch() {
    local name=$1
    shift
    : >"$work/$name"
    curl -sSN --max-time 110 -o "$work/$name" -w '%{http_code}\n' "$@" >"$work/$name.status" \
        2>"$work/$name.err" &
    watcher=$!
    started+=("$watcher")
}
leave() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    forget "$1"
}
# ---- long polls
before=$(index_of /v1/services/web)
watch poll "$url/v1/services/web?index=$before&wait=50s"
poll=$watcher
watch list "$url/v1/services?index=$(index_of /v1/services)&wait=50s"
list=$watcher
watch unknown "$url/v1/services/late?wait=50s"
unknown=$watcher
ok 'reg svc=web inst=two port=8080 addr=10.0.0.8 lease=300'
wait "$poll" "$list"
forget "$poll"
forget "$list"
same "the poll's status" 200 "$(cat "$work/poll.status")"
has "the poll" '*"id":"two"*' "$(cat "$work/poll")"
has "the list" '*"name":"web","instances":2*' "$(cat "$work/list")"
same "nobody knows it yet" "" "$(cat "$work/unknown.status")"
ok 'reg svc=late inst=one port=1 addr=10.0.0.9 lease=300'
wait "$unknown"
forget "$unknown"
has "it came" '*"name":"late"*' "$(cat "$work/unknown")"
same "nothing new" 304 "$(curl -sS -o /dev/null -w '%{http_code}' \
    "$url/v1/services/web?index=$(index_of /v1/services/web)&wait=20ms")"

# ---- event streams
stream=(-H 'Accept: text/event-stream')
watch events "${stream[@]}" "$url/v1/services/web"
events=$watcher
watch all "${stream[@]}" "$url/v1/services"
all=$watcher
eventually grep -q '^event: state' "$work/events"
eventually grep -q '^event: state' "$work/all"
ok 'del svc=web inst=one'
eventually grep -q '"gone":\[{"id":"one","why":"deregistered"}\]' "$work/events"
eventually grep -q '^event: change' "$work/all"
last=$(sed -n 's/^id: //p' "$work/events" | tail -n 1)
leave "$events"
ok 'upd svc=web inst=two w=7'
watch resumed "${stream[@]}" -H "Last-Event-ID: $last" "$url/v1/services/web"
resumed=$watcher
eventually grep -q '"weight":7' "$work/resumed"
same "no state again" 0 "$(grep -c '^event: state' "$work/resumed" || true)"
leave "$resumed"
last=$(sed -n 's/^id: //p' "$work/resumed" | tail -n 1)

# ---- the server stops while some watch, and another one goes on from its store
watch held "$url/v1/services/web?index=$(index_of /v1/services/web)&wait=50s"
held=$watcher
stop
wait "$held" "$all" 2>/dev/null || true
forget "$held"
forget "$all"
start
watch again "${stream[@]}" -H "Last-Event-ID: $last" "$url/v1/services/web"
again=$watcher
eventually grep -q '^event: state' "$work/again"
has "the state of the new run" '*"known":true*"id":"two"*' "$(cat "$work/again")"
[ "$(sed -n 's/^id: //p' "$work/again")" -gt "$last" ] || die "the index went back"
leave "$again"
stop
