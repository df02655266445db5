# Started as root with a user to become: root is given up for good, and everything that
# needs the data folder and the configuration goes on working.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip_test "needs root"
# The leak check at the end traces the process, which nobody may do to this one.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
configure <<'YAML'
user: nobody
log: {audit: audit.log}
YAML
chmod -R a+rX "$work"
start

uid=$(id -u nobody) gid=$(id -g nobody)
same uids "Uid: $uid $uid $uid $uid" "$(grep ^Uid "/proc/$pid/status" | tr -s '\t ' ' ')"
same gids "Gid: $gid $gid $gid $gid" "$(grep ^Gid "/proc/$pid/status" | tr -s '\t ' ' ')"
for set in CapEff CapPrm CapInh CapAmb; do
    same $set 0000000000000000 "$(sed -n "s/^$set:[[:space:]]*//p" "/proc/$pid/status")"
done
for task in /proc/"$pid"/task/*/status; do
    same "uid of every thread" "$uid" "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "$task")"
done
same "groups" '' "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$pid/status" | tr -d ' ' | sed "s/$gid//")"

same "the folder is the user's" "nobody 700" "$(stat -c '%U %a' "$work/data")"
same "its files too" "nobody nobody" "$(stat -c '%U' "$work/data/registry.mdb" "$work/data/lock" | tr '\n' ' ' | sed 's/ $//')"

ok 'reg svc=web inst=1 port=1 addr=10.0.0.1'
same "the audit log is the user's" "nobody 640" "$(stat -c '%U %a' "$work/audit.log")"
same "a line in it" 1 "$(grep -c what=registered "$work/audit.log")"
mv "$work/audit.log" "$work/audit.log.1"
install -o nobody -g "$gid" -m 640 /dev/null "$work/audit.log" # as logrotate does
echo 'fixed IN A 10.9.9.9' >>"$work/disc.local.zone"
kill -HUP "$pid"
eventually visible fixed.disc.local A
ok 'reg svc=web inst=2 port=1 addr=10.0.0.2'
same "a line in the new one" 1 "$(grep -c what=registered "$work/audit.log")"
ok 'del svc=web inst=2'
# Its files can be written: a second start as the user itself.
last=$(serial)
stop
start
[ "$(serial)" -gt "$last" ] || die "the serial went back"
same "stored by the user" 10.0.0.1 "$(q A web.disc.local)"
stop
same "errors" 0 "$(logged 'error:')"

configure <<'YAML'
user: nobody-of-this-name
YAML
status 71 timeout 20 "$discd" -c "$work/discd.yaml"
has "which user" '*nobody-of-this-name*' "$err"
