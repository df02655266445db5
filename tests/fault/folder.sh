# The folder of the stored data: somebody else's, another discd's, gone.
. "$(dirname "$0")/lib.sh"
configure </dev/null
start
ok 'reg svc=web inst=one port=1 addr=10.0.0.1'

# ---- a second discd on the same folder
first=$pid
refusal "$work/data" 'in use by another discd'
visible one.web.disc.local A || die "the first one suffers"
ok 'reg svc=web inst=two port=1 addr=10.0.0.2'
stop TERM "$first"
start
visible two.web.disc.local A || die "two is lost"
stop

# ---- the folder is not there and cannot be made
sed -i 's|^data_dir: .*|data_dir: /proc/nowhere/data|' "$work/discd.yaml"
refusal /proc/nowhere/data
sed -i 's|^data_dir: .*|data_dir: data|' "$work/discd.yaml"

# ---- a file in its place
mv "$work/data" "$work/kept"
echo x >"$work/data"
refusal "$work/data"
rm "$work/data"
mv "$work/kept" "$work/data"

# ---- gone while it runs: what was promised to be on disk must be there after a restart
start
rm -rf "$work/data"
has "DNS goes on" 10.0.0.1 "$(q A one.web.disc.local)"
has "heartbeats go on" 'disc/1 ok *' "$(say 'ren svc=web inst=one')"
reply=$(say 'reg svc=web inst=three port=1 addr=10.0.0.3')
stop KILL "$pid" 137
start
case $reply in
'disc/1 ok '*' dur=disk'*)
    visible three.web.disc.local A || die "acknowledged as on disk, but the folder was gone"
    ;;
*) has "refused" 'disc/1 err * c=503 *' "$reply" ;;
esac
stop

# ---- another user's
[ "$(id -u)" = 0 ] || skip_test "the rest needs root"
command -v setpriv >/dev/null || skip_test "the rest needs setpriv"
chmod -R a+rX "$work"
chmod 700 "$work/data"
cat >"$work/as_nobody" <<SH
#!/bin/sh
export ASAN_OPTIONS=detect_leaks=0:\$ASAN_OPTIONS
exec setpriv --reuid nobody --regid nogroup --clear-groups '$BUILD/discd' "\$@"
SH
chmod 755 "$work/as_nobody"
ls -ld "$BUILD" >/dev/null
setpriv --reuid nobody --regid nogroup --clear-groups test -x "$BUILD/discd" ||
    skip_test "nobody may not run $BUILD/discd"
discd=$work/as_nobody
refusal "$work/data" 'chown -R'
# Exactly what it says.
command=${err##*say: }
command=${command%%$'\n'*}
eval "$command"
start
same "its user" "$(id -u nobody)" "$(stat -c %u "/proc/$pid")"
ok 'reg svc=web inst=four port=1 addr=10.0.0.4'
stop
# A file of another user inside.
chown root "$work/data/registry.mdb"
refusal registry.mdb 'chown -R'
command=${err##*say: }
command=${command%%$'\n'*}
eval "$command"
start
visible four.web.disc.local A || die "four is lost"
stop
