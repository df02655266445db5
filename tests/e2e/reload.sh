# SIGHUP: a good configuration comes into force, a bad one changes nothing, registrations
# stay. The serial of the zone grows and never goes back, not even over kill -9.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start
more_logged() {
    [ "$(logged "$1")" -gt "$2" ]
}
reloaded() {
    local before
    before=$(logged "$1")
    kill -HUP "$pid"
    eventually more_logged "$1" "$before"
}
grown() {
    local now
    now=$(serial)
    [ "$now" -gt "$last" ] || die "the serial went from $last to $now"
    last=$now
}

last=$(serial)
ok 'reg svc=web inst=1 port=1 addr=10.0.0.1 lease=300'
grown
ok 'upd svc=web inst=1 w=7'
grown
ok 'ren svc=web inst=1'
same "a heartbeat changes no zone" "$last" "$(serial)"

# ---- good: another zone, another TTL, a static name
cp "$work/discd.yaml" "$work/good.yaml"
sed -i 's|^  - {name: disc.local.*|  - {name: disc.local, namespace: default, file: disc.local.zone, ttl: 77}\
  - {name: disc.internal, namespace: default}|' "$work/discd.yaml"
echo 'fixed IN A 10.9.9.9' >>"$work/disc.local.zone"
reloaded 'reloaded'
same "new TTL" 'web.disc.local. 77 IN A 10.0.0.1' "$(records web.disc.local A)"
has "new zone" 'web.disc.internal. * IN A 10.0.0.1' "$(records web.disc.internal A)"
same "new static name" 10.9.9.9 "$(q A fixed.disc.local)"
grown
ok 'ren svc=web inst=1'
has "a static name is taken" 'disc/1 err * c=409 why=name*' "$(say 'reg svc=fixed port=1')"

# ---- bad: a key that does not exist; a zone file that is none
echo 'colour: blue' >>"$work/discd.yaml"
reloaded 'the old configuration stays in force'
has "where it is wrong" '*discd.yaml:*:*colour*' "$(tail -n 2 "$work/log")"
same "still there" 'web.disc.internal. 5 IN A 10.0.0.1' "$(records web.disc.internal A)"
sed -i '/^colour/d' "$work/discd.yaml"
cp "$work/disc.local.zone" "$work/good.zone"
echo 'broken IN A 10.9.9' >>"$work/disc.local.zone"
reloaded 'the old configuration stays in force'
has "where it is wrong" '*disc.local.zone:*' "$(tail -n 2 "$work/log")"
same "still there" 10.9.9.9 "$(q A fixed.disc.local)"
cp "$work/good.zone" "$work/disc.local.zone"

# ---- back, and twice in a row
cp "$work/good.yaml" "$work/discd.yaml"
reloaded 'reloaded'
same "the other zone is gone" 'rcode 5' "$(rcode disc.internal SOA | cut -d' ' -f1,2)"
same "registered all the time" 10.0.0.1 "$(q A web.disc.local)"
reloaded 'reloaded'
ok 'upd svc=web inst=1 w=8'
grown

# ---- a service that became a static name is hidden, and comes back
echo 'web IN A 10.8.8.8' >>"$work/disc.local.zone"
reloaded 'reloaded'
same "the static one answers" 10.8.8.8 "$(q A web.disc.local)"
ok 'ren svc=web inst=1'
has "nobody new" 'disc/1 err * c=409 why=name*' "$(say 'reg svc=web inst=new port=1 addr=10.0.0.9')"
cp "$work/good.zone" "$work/disc.local.zone"
reloaded 'reloaded'
same "the service is back" 10.0.0.1 "$(q A web.disc.local)"
grown

# ---- what a reload cannot change is compared with what is in force, not with the last file
changed='listen addresses changed; restart discd'
cp "$work/discd.yaml" "$work/good.yaml"
sed -i 's|^http: .*|http: {listen: ["127.0.0.1:0", "[::1]:0"]}|' "$work/discd.yaml"
reloaded 'reloaded'
same "another address" 1 "$(logged "$changed")"
reloaded 'reloaded'
same "still another one" 2 "$(logged "$changed")"
cp "$work/good.yaml" "$work/discd.yaml"
reloaded 'reloaded'
same "what is bound" 2 "$(logged "$changed")"

# ---- over restart and crash
stop
start
grown
ok 'reg svc=web inst=1 port=1 addr=10.0.0.1'
grown
stop KILL "$pid" 137
start
grown
stop
