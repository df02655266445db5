# dnsmasq that forwards disc.local, by the line of the README.
. "$(dirname "$0")/namespace.sh"
needs dnsmasq
configure </dev/null
start
ok 'reg svc=hello-svc inst=one port=8080 w=30 addr=10.0.0.7'
line=$(grep -o 'server=/disc.local/127.0.0.1#5300' "$SOURCE/README.md") ||
    die "README.md has no line for dnsmasq"
printf '%s\n' "${line/5300/$dns}" >"$work/dnsmasq.conf"
daemon dnsmasq --keep-in-foreground --conf-file="$work/dnsmasq.conf" --no-resolv --no-hosts \
    --no-daemon --pid-file= --user=root --bind-interfaces --listen-address=127.0.0.1 --port=53
resolver 'nameserver 127.0.0.1'
eventually answers 53 127.0.0.1 hello-svc.disc.local
same "glibc through dnsmasq" 10.0.0.7 "$(hosts hello-svc.disc.local)"
dns=53
same SRV '0 30 8080 one.hello-svc.disc.local.' "$(q SRV hello-svc.disc.local)"
dig -p 53 @127.0.0.1 HeLLo-SVC.disc.local SRV | grep -q '^HeLLo-SVC\.disc\.local\.' ||
    die "the case of the question is lost on the way"
status 2 getent ahosts nobody.disc.local
stop
