# nginx that looks its upstream up again at each request: registrations and goodbyes reach
# it within a TTL.
. "${0%/*}/../e2e/namespace.sh"
needs nginx
configure <<'YAML'
dns: {listen: ["127.0.0.1:0", "[::1]:0"]}
YAML
sed -i 's/file: disc.local.zone}/file: disc.local.zone, ttl: 1, negative_ttl: 1}/' "$work/discd.yaml"
start

# Backends on one port of several addresses; each says who it is.
cat >"$work/backend.py" <<'PY'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.server.server_address[0].encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer((sys.argv[1], 8080), Handler).serve_forever()
PY
for n in 1 2 3; do
    daemon /usr/bin/python3 "$work/backend.py" "127.0.1.$n"
done
mkdir "$work/logs"
cat >"$work/nginx.conf" <<CONF
daemon off;
master_process off;
user root;
pid $work/nginx.pid;
error_log $work/log.nginx info;
events { }
http {
    access_log off;
    client_body_temp_path $work/logs;
    proxy_temp_path $work/logs;
    fastcgi_temp_path $work/logs;
    uwsgi_temp_path $work/logs;
    scgi_temp_path $work/logs;
    server {
        listen 127.0.0.1:80;
        resolver 127.0.0.1:$dns valid=1s ipv6=off;
        location / {
            set \$u hello-svc.disc.local;
            proxy_pass http://\$u:8080;
        }
    }
}
CONF
daemon nginx -p "$work" -c "$work/nginx.conf"

get() {
    curl -s -o "$work/body" -w '%{http_code}' http://127.0.0.1/ 2>/dev/null || true
}
# Who answered, of 20 requests, in one line.
crowd() {
    local i
    for ((i = 0; i < 20; i++)); do
        get >"$work/code"
        case $(cat "$work/code") in 200) cat "$work/body" ;; *) cat "$work/code" && echo ;; esac
    done | sort -u | tr '\n' ' '
}
crowd_is() {
    [ "$(crowd)" = "$*" ]
}
up() {
    [ "$(get)" != 000 ]
}
eventually up
same "nobody is registered" 502 "$(get)"
ok 'reg svc=hello-svc inst=one port=8080 addr=127.0.1.1'
eventually crowd_is '127.0.1.1 '
ok 'reg svc=hello-svc inst=two port=8080 addr=127.0.1.2'
ok 'reg svc=hello-svc inst=three port=8080 addr=127.0.1.3'
eventually crowd_is '127.0.1.1 127.0.1.2 127.0.1.3 '
ok 'del svc=hello-svc inst=one'
eventually crowd_is '127.0.1.2 127.0.1.3 '
ok 'del svc=hello-svc inst=two'
eventually crowd_is '127.0.1.3 '
ok 'del svc=hello-svc inst=three'
eventually crowd_is '502 '
stop
