# dnsviz over disc.local, names and services in it: no errors and no warnings.
. "${0%/*}/fake_root.sh"
needs dnsviz
serve_tree
servers="ns1.disc.local=127.0.0.3:53,ns1.disc.local=[fd00::3]:53"
servers+=",ns2.disc.local=127.0.0.4:53,ns2.disc.local=[fd00::4]:53"

names="disc.local hello-svc.disc.local _hello-svc._tcp.disc.local one.hello-svc.disc.local
    www.disc.local some.any.disc.local ns1.disc.local nobody.disc.local _tcp.disc.local"

# Asks both servers at all their addresses.
# shellcheck disable=SC2086
dnsviz probe -A -x "disc.local+:$servers" -R A,AAAA,SRV,TXT,SOA,NS,MX -o "$work/probe.json" \
    $names 2>"$work/log.dnsviz" || die "dnsviz cannot ask: $(cat "$work/log.dnsviz")"
dnsviz grok -l info -o "$work/grok.json" <"$work/probe.json" 2>>"$work/log.dnsviz" ||
    die "dnsviz makes nothing of it: $(cat "$work/log.dnsviz")"
cat >"$work/wrong.py" <<'PY'
import json, sys

found = []
def walk(value, where):
    if isinstance(value, dict):
        for key, below in value.items():
            if key in ("errors", "warnings"):
                found.extend((where, e.get("code"), e.get("description")) for e in below)
            walk(below, where + [key])
    elif isinstance(value, list):
        for below in value:
            walk(below, where)

report = json.load(open(sys.argv[1]))
for name in sys.argv[2:]:
    servers = json.dumps(report[name + "."]["queries"])
    for address in ("127.0.0.3", "127.0.0.4", "fd00::3", "fd00::4"):
        assert address in servers, f"{name} was not asked of {address}"
walk(report, [])
print(*found, sep="\n", end="")
PY
# shellcheck disable=SC2086
same "what dnsviz finds wrong" '' "$(/usr/bin/python3 "$work/wrong.py" "$work/grok.json" $names)"
stop
