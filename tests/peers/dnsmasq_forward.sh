# dnsmasq that forwards disc.local, with its protection against rebinding.
. "$(dirname "$0")/forwarder.sh"
needs dnsmasq
serve
recipe dnsmasq >"$work/dnsmasq.conf"
grep -q '^server=' "$work/dnsmasq.conf" || die "discctl has no lines for dnsmasq"
daemon dnsmasq --keep-in-foreground --conf-file="$work/dnsmasq.conf" --no-resolv --no-hosts \
    --no-daemon --pid-file= --user=root --bind-interfaces --listen-address=127.0.0.1 --port=53 \
    --stop-dns-rebind
passes dnsmasq
stop
