# Everything over IPv6.
. "$(dirname "$0")/lib.sh"
[ -e /proc/net/if_inet6 ] && grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 ||
    skip_test "this machine has no ::1"
configure <<'YAML'
dns: {listen: ["[::1]:0"]}
registration: {listen: ["[::1]:0"]}
http: {listen: ["[::1]:0"]}
YAML
start
has "ready line" 'ready dns=\[::1\]:* registration=\[::1\]:* http=\[::1\]:*' "$ready"
address=::1 url=http://[::1]:$http

ok 'reg svc=web inst=six port=8080 addr=2001:db8::7,10.0.0.7 w=5'
same AAAA 2001:db8::7 "$(q AAAA web.disc.local)"
same A 10.0.0.7 "$(q A web.disc.local)"
same SRV '0 5 8080 six.web.disc.local.' "$(q +tcp SRV web.disc.local)"
has additional '*additional six.web.disc.local. 5 IN AAAA 2001:db8::7*' "$(ask web.disc.local SRV)"
has "derived name" 'disc/1 ok *inst=*-9090*' "$(say 'reg svc=derived addr=10.0.0.1 port=9090')"
has "derived name of v6" 'disc/1 ok *inst=h???????????? *' \
    "$(say 'reg svc=derived addr=2001:db8::1 port=9090')"
curl -fsS "$url/v1/services/web" | grep -q 2001:db8::7 || die "HTTP does not show the address"

status 0 "$discctl" --server "[::1]:$registration" register web --instance tool --port 1 --addr 2001:db8::8
same "by discctl" $'2001:db8::7\n2001:db8::8' "$(q AAAA web.disc.local)"
status 0 "$discctl" --http "$url" show web
has "discctl show" '*2001:db8::8*' "$out"
status 0 "$discctl" --server "[::1]:$registration" deregister web --instance tool
same "deregistered" 2001:db8::7 "$(q AAAA web.disc.local)"

ok 'del svc=web inst=six'
same "gone" '' "$(q AAAA web.disc.local)"
stop
