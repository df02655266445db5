# discctl over https://: whom it trusts, whose name it wants, and that everything works
# through it; the server with http.tls on an address that is not loopback.
. "$(dirname "$0")/namespace.sh"
needs openssl
ip address add 10.9.0.1/32 dev lo

# certificate NAME SUBJECT-ALTERNATIVE-NAME DAYS: signed by our own authority.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=our authority' \
    -keyout "$work/ca.key" -out "$work/ca.pem" 2>"$work/openssl" || die "$(cat "$work/openssl")"
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.csr" 2>"$work/openssl" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 10 \
            -extfile <(echo "subjectAltName=$2") -out "$work/$1.pem" 2>"$work/openssl" ||
        die "$(cat "$work/openssl")"
}
certificate right 'IP:10.9.0.1,DNS:disc.example'
certificate wrong 'IP:10.9.0.2,DNS:other.example'
echo 'correct-horse-battery-staple' >"$work/admin.token"
chmod 600 "$work/admin.token" "$work"/*.key
serve() {
    configure <<YAML
http:
  listen: ["10.9.0.1:0"]
  hosts: [disc.example]
  token_file: admin.token
  tls: {certificate: $1.pem, key: $1.key}
YAML
    start
    url=https://10.9.0.1:$http
}
ctl() {
    status "$1" "$discctl" "${@:2}" --http "$url"
}

serve right
ok 'reg svc=web inst=one port=8080 addr=10.0.0.7 lease=300'
ctl 3 list
has "nobody is trusted without being named" '*is not trusted*--ca*' "$err"
ctl 0 list --ca "$work/ca.pem"
has list '*web*1*' "$(tr '\n' ' ' <<<"$out")"
ctl 0 watch web --once --ca "$work/ca.pem"
has watch '= one up *' "$out"
ctl 3 watch web --once
has "watch: not trusted" '*is not trusted*' "$err"
ctl 1 drain web one --ca "$work/ca.pem"
has "the token is wanted" '*401*--token-file*' "$err"
ctl 0 drain web one --ca "$work/ca.pem" --token-file "$work/admin.token"
gone web.disc.local SRV || die "it is not drained"
ctl 0 undrain web one --ca "$work/ca.pem" --token-file "$work/admin.token"
for n in $(seq 2 60); do
    echo "{\"service\":\"web\",\"id\":\"n$n\",\"addresses\":[\"10.0.0.$n\"],\"ports\":[80],\"lease\":300}"
done >"$work/some"
ctl 1 import "$work/some" --ca "$work/ca.pem"
same "not without the token" 59 "$(grep -c 'line [0-9]*: 401' <<<"$err")"
ctl 0 import "$work/some" --ca "$work/ca.pem" --token-file "$work/admin.token"
same imported 'added 59, there already 0, newer on the server 0, failed 0' "$out"
ctl 0 export --ca "$work/ca.pem"
same exported 60 "$(wc -l <<<"$out")"
ctl 2 list --ca /nonexistent/file
# A name, by way of the name service switch.
echo '10.9.0.1 disc.example other.example' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
status 0 "$discctl" list --ca "$work/ca.pem" --http "https://disc.example:$http"
status 3 "$discctl" list --ca "$work/ca.pem" --http "https://other.example:$http"
has "another name" '*is not trusted*' "$err"
# Plain HTTP at that port is no answer, nor is https at one of plain HTTP.
status 3 "$discctl" list --http "http://10.9.0.1:$http"
stop

serve wrong
ctl 3 list --ca "$work/ca.pem"
has "another address" '*is not trusted*' "$err"
stop
