# A full disk while discd runs: what cannot be stored is refused, all else goes on; with
# room again it recovers by itself and everything is stored. And a disk that is full at the
# start.
. "$(dirname "$0")/../e2e/namespace.sh"
mkdir -m 700 "$work/data"
mount -t tmpfs -o size=400k,mode=700 none "$work/data"
configure </dev/null
start
fill_disk() {
    dd if=/dev/zero of="$work/data/ballast" bs=4k status=none 2>"$work/dd" || true
}
# Registers ever more until that is refused; counts the good ones.
long=$(printf 'x%.0s' {1..180})
add() {
    reply=$(say "reg svc=more inst=n$1 port=1 addr=10.1.0.1 m.a=$long m.b=$long m.c=$long")
}
has "stored" 'disc/1 ok * dur=disk*' "$(say 'reg svc=web inst=one port=1 addr=10.0.0.1')"
has "stored" 'disc/1 ok * dur=disk*' "$(say 'reg svc=web inst=two port=1 addr=10.0.0.2')"
fill_disk
for ((good = 0; good < 1000; good++)); do
    add $good
    [[ $reply == 'disc/1 ok '*' dur=disk'* ]] || break
done
has "the first that cannot be stored" 'disc/1 err * c=503 why=disk*' "$reply"
has "another one" 'disc/1 err * c=503 why=@(disk|readonly)*' \
    "$(say 'reg svc=web inst=three port=1 addr=10.0.0.3')"
eventually eval '[ "$(in_status state)" = "\"full\"" ] || [ "$(in_status state)" != "\"ok\"" ]'
has "heartbeats go on" 'disc/1 ok *' "$(say 'ren svc=web inst=one')"
same "DNS goes on" '10.0.0.1 10.0.0.2' "$(q A web.disc.local | tr '\n' ' ' | sed 's/ $//')"
say 'del svc=web inst=two' >"$work/del"
same "a goodbye applies" 10.0.0.1 "$(q A web.disc.local)"
[ "$(logged 'make room')" -gt 0 ] || die "the log does not say what to do"
[ "$(wc -l <"$work/log")" -lt 30 ] || die "the log grows without bound"

rm "$work/data/ballast"
stored() {
    [[ $(say 'reg svc=web inst=late port=1 addr=10.0.0.9') == 'disc/1 ok '*' dur=disk'* ]]
}
eventually stored
eventually eval '[ "$(in_status state)" = "\"ok\"" ]'
same "nothing waits" 0 "$(in_status queued)"
stop KILL "$pid" 137
start
same "all that was acknowledged, and the goodbye" '10.0.0.1 10.0.0.9' \
    "$(q A web.disc.local | tr '\n' ' ' | sed 's/ $//')"
for ((n = 0; n < good; n++)); do
    visible "n$n.more.disc.local" A || die "n$n was acknowledged and is lost"
done
visible "n$good.more.disc.local" A || die "what was kept when it could not be stored is lost"

# ---- full at the start: what is stored is served
stop
fill_disk
start
same "served" '10.0.0.1 10.0.0.9' "$(q A web.disc.local | tr '\n' ' ' | sed 's/ $//')"
has "heartbeats" 'disc/1 ok *' "$(say 'ren svc=web inst=one')"
rm "$work/data/ballast"
eventually stored
stop
umount "$work/data"
