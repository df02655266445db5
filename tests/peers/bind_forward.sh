# BIND that forwards disc.local and validates everything else.
. "$(dirname "$0")/forwarder.sh"
needs named
serve
recipe bind | sed '/^options/d; /^\/\//d' >"$work/zone.conf"
grep -q forwarders "$work/zone.conf" || die "discctl has no lines for BIND"
cat >"$work/named.conf" <<CONF
options {
    directory "$work";
    pid-file none;
    lock-file none;
    session-keyfile none;
    listen-on port 53 { 127.0.0.1; };
    listen-on-v6 { none; };
    recursion yes;
    dnssec-validation auto;
    validate-except { "disc.local"; };
};
controls { };
include "$work/zone.conf";
CONF
daemon named -g -c "$work/named.conf"
passes BIND
stop
