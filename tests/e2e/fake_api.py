# An HTTP API as discctl may meet it: one that is busy, one that cannot store, an older one. Logs
# each write ("PUT path body") to the file it is given; prints its port.
import http.server
import json
import sys
import threading

BUSY = "/v1/services/s/instances/busy?ns=default"    # says 429 five times
READONLY = "/v1/services/s/instances/readonly?ns=default"
KNOWN = {"id": "known", "addresses": ["10.0.0.1"], "ports": [], "live": False, "stale": True,
         "namespace": "default", "service": "s", "owner": "addr:10.0.0.1", "weight": 100}
OVERRIDES = {"overrides": [
    {"namespace": "default", "service": "s", "instance": "known", "registered": True,
     "override": {"drain": True}},
    {"namespace": "default", "service": "s", "instance": "ghost", "registered": False,
     "override": {"weight": 7}},
    {"namespace": "other", "service": "s", "instance": "ghost", "registered": False,
     "override": {"weight": 8}}], "next": None}
lock = threading.Lock()
busy = 5


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.startswith("/v1/overrides"):
            self.answer(200, OVERRIDES)
        elif self.path.startswith("/v1/services?") or self.path == "/v1/services":
            self.answer(200, {"services": [{"namespace": "default", "name": "s"}], "next": None})
        elif self.path.startswith("/v1/services/s?"):
            self.answer(200, {"instances": [KNOWN], "next": None})
        elif "/known" in self.path:
            self.answer(200, KNOWN)
        else:
            self.answer(404, {"detail": "no such instance"})

    def do_PUT(self):
        global busy
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with lock:
            with open(sys.argv[1], "a") as log:
                print("PUT", self.path, body, file=log)
            later = self.path == BUSY and busy > 0
            busy -= later
        if later:
            self.answer(429, {"detail": "too many writes"}, Retry_After="1")
        elif self.path == READONLY:
            self.answer(503, {"title": "Service Unavailable", "detail": "the disk fails"})
        elif "owner" in json.loads(body) and "/old" in self.path:
            self.answer(422, {"detail": '"owner" is not the instance\'s to say: leave it out'})
        elif "owner" in json.loads(body) and "/others" in self.path:
            self.answer(403, {"detail": '"owner": only the holder of the admin token may register for others'})
        else:
            self.answer(200 if "/override" in self.path else 201, {})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
