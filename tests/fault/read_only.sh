# Disks that may not be written: from some moment on while discd runs (by the shim, as a
# kernel remounts a broken disk whoever has files open there), and from the start.
. "$(dirname "$0")/../e2e/namespace.sh"
mkdir -m 700 "$work/data"
mount -t tmpfs -o size=4m,mode=700 none "$work/data"
configure </dev/null
start_with_shim
has "stored" 'disc/1 ok * dur=disk*' "$(say 'reg svc=web inst=one port=1 addr=10.0.0.1')"
has "stored" 'disc/1 ok * dur=disk*' "$(say 'reg svc=web inst=two port=1 addr=10.0.0.2')"

# ---- while it runs
fault fail write EROFS 1 -
fault fail sync EROFS 1 -
has "cannot be stored" 'disc/1 err * c=503 why=@(disk|readonly)*' \
    "$(say 'reg svc=web inst=three port=1 addr=10.0.0.3')"
has "nor another" 'disc/1 err * c=503 why=@(disk|readonly)*' \
    "$(say 'reg svc=web inst=four port=1 addr=10.0.0.4')"
has "heartbeats go on" 'disc/1 ok *' "$(say 'ren svc=web inst=one')"
visible one.web.disc.local A || die "DNS does not go on"
say 'del svc=web inst=two' >"$work/del"
gone two.web.disc.local A || die "a goodbye does not apply"
fault clear write
fault clear sync
stored() {
    [[ $(say 'reg svc=web inst=five port=1 addr=10.0.0.5') == 'disc/1 ok '*' dur=disk'* ]]
}
eventually stored
stop KILL "$pid" 137
start
for id in one five; do
    visible $id.web.disc.local A || die "$id is lost"
done
gone two.web.disc.local A || die "the goodbye is lost"
stop

# ---- from the start
mount -o remount,ro "$work/data"
start
visible one.web.disc.local A || die "what is stored is not served"
has "refused" 'disc/1 err * c=503 why=@(disk|readonly)*' \
    "$(say 'reg svc=web inst=six port=1 addr=10.0.0.6')"
has "heartbeats" 'disc/1 ok *' "$(say 'ren svc=web inst=one')"
say 'del svc=web inst=five' >"$work/del"
gone five.web.disc.local A || die "a goodbye does not apply"
[ "$(logged 'read-only')" -gt 0 ] || die "the log does not say why"
stop
mount -o remount,rw "$work/data"
start
visible five.web.disc.local A || die "what a read-only disk could not forget should be back"
ok 'reg svc=web inst=six port=1 addr=10.0.0.6'
stop
umount "$work/data"
