"""The daemons that the cases ask, and what is registered with them.

  main     everything: static zones, services, transfers, UPDATE, cookies, identities
  small    nothing that is not needed, narrow limits of TCP, ANY in full, on all addresses
  limited  as small, with low rates
"""

import base64
import socket

from daemon import Daemon, eventually
from wire import query, SRV

STATIC, DISC, GROW, REVERSE = "static.example", "disc.example", "grow.example", "1.10.in-addr.arpa"
STATIC_NEGATIVE, DISC_NEGATIVE = 7, 2
NSID, VERSION, SERVER_ID = b"conform-1", "disc conform", "node-7.example"
COOKIE_SECRETS = ("e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962")

ALGORITHMS = ("sha1", "sha224", "sha256", "sha384", "sha512")
SECRETS = {f"{a}.key": (f"hmac-{a}", (a * 16).encode()[:40]) for a in ALGORITHMS}
SECRETS["change.key"] = ("hmac-sha256", b"the key that may change everything")
SECRETS["narrow.key"] = ("hmac-sha256", b"the key that may change a little..")

MAIN = """
data_dir: data
zones:
  - {{name: static.example, namespace: "", file: static.example.zone, negative_ttl: 7}}
  - name: disc.example
    file: disc.example.zone
    transfer: [{{key: sha256.key}}, {{key: sha1.key}}, {{key: sha224.key}}, {{key: sha384.key}},
               {{key: sha512.key}}, {{from: 192.0.2.0/24, key: narrow.key}}]
    services:
      kept: {{floor: 1}}
      nobody: {{permanent: true}}
  - name: grow.example
    namespace: grow
    file: grow.example.zone
    transfer: [{{from: 127.0.0.1}}, {{from: "::1"}}]
    notify: [{{to: "127.0.0.1:{notify}", key: sha256.key}}]
    update:
      - {{key: change.key}}
      - {{key: narrow.key, names: ["*.narrow.grow.example"], types: [TXT]}}
    update_lease: {{min: 1, max: 3600}}
  - {{name: 1.10.in-addr.arpa, namespace: "", reverse: disc.example}}
lease: {{default: 300, min: 1, max: 300}}
dns:
  listen: ["127.0.0.1:0", "[::1]:0"]
  workers: 2
  keys: tsig.yaml
  cookie_secrets: cookies.yaml
  nsid: "conform-1"
  version: "disc conform"
  server_id: "node-7.example"
  ecs_from: [127.0.0.1, "::1"]
  places: [{{from: 198.51.100.0/24, zone: near}}, {{from: "2001:db8:51::/48", zone: near}}]
registration: {{listen: ["127.0.0.1:0"]}}
http: {{listen: ["127.0.0.1:0"]}}
"""

SMALL = """
data_dir: ""
zones:
  - {name: static.example, namespace: "", file: static.example.zone, negative_ttl: 7}
  - {name: disc.example, file: disc.example.zone}
lease: {default: 300, min: 1, max: 300}
dns:
  listen: ["0.0.0.0:0", "[::]:0"]
  workers: 1
  cookies: false
  any: full
  udp_max_size: 8192
  tcp: {connections: 8, connections_per_ip: 1000, idle: 1, message_timeout: 1, pipeline: 10}
registration: {listen: ["127.0.0.1:0"]}
http: {listen: ["127.0.0.1:0"]}
"""

LIMITED = """
data_dir: ""
zones:
  - {name: static.example, namespace: "", file: static.example.zone, negative_ttl: 7}
dns:
  listen: ["127.0.0.1:0", "[::1]:0"]
  workers: 1
  cookie_secrets: cookies.yaml
  rrl: {responses: 5, nxdomains: 5, errors: 5, slip: 2, exempt: [127.77.0.0/16],
        watched: [127.66.0.0/16]}
registration: {listen: ["127.0.0.1:0"]}
http: {listen: ["127.0.0.1:0"]}
"""

REGISTERED = [
    "svc=web inst=i1 addr=10.1.0.1,[2001:db8::1:1] port=8080 w=10 m.build=42 ver=1.4.2",
    "svc=web inst=i2 addr=10.1.0.2 port=8080 w=20 prio=1",
    "svc=web inst=i3 addr=10.1.0.3 port=8080,metrics:9100 w=30",
    "svc=pair inst=p1 addr=10.1.1.1 port=8001",
    "svc=pair inst=p2 addr=10.1.1.1 port=8002",
    "svc=turn inst=t1 addr=10.1.2.1 port=80",
    "svc=turn inst=t2 addr=10.1.2.2 port=80",
    "svc=turn inst=t3 addr=10.1.2.3 port=80",
    "svc=leaving inst=l1 addr=10.1.3.1 port=80",
    "svc=leaving inst=l2 addr=10.1.3.2 port=80 st=draining",
    "svc=secure inst=s1 addr=10.1.4.1,[2001:db8::4:1] port=https:8443 m.alpn=h2",
    "svc=lookup inst=u1 addr=10.1.5.1 port=53/udp",
    "svc=placed inst=n1 addr=10.1.16.1 port=80 zone=near",
    "svc=placed inst=f1 addr=10.1.16.2 port=80 zone=far",
    "ns=grow svc=api inst=a1 addr=10.9.0.1 port=80",
]
MANY = 60


def tsig_file():
    lines = ["keys:"]
    for name, (algorithm, secret) in SECRETS.items():
        lines.append(f"  - {{name: {name}, algorithm: {algorithm}, "
                     f"secret: \"{base64.b64encode(secret).decode()}\"}}")
    return "\n".join(lines) + "\n"


def cookie_file():
    return "secrets: [" + ", ".join(f'"{s}"' for s in COOKIE_SECRETS) + "]\n"


class World:
    def __init__(self, program):
        self.program = program
        self.secondary = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.secondary.bind(("127.0.0.1", 0))
        self.secondary.settimeout(30)
        files = [("tsig.yaml", tsig_file()), ("cookies.yaml", cookie_file())]
        main = MAIN.format(notify=self.secondary.getsockname()[1])
        self.daemons = {"main": Daemon(program, main, files),
                        "small": Daemon(program, SMALL),
                        "limited": Daemon(program, LIMITED, files)}
        self.all = list(self.daemons.values())
        self.bulk = False  # 700 more instances, see cases_transfer

    def start(self):
        for daemon in self.all:
            daemon.start()
        self.main, self.small, self.limited = self.daemons.values()
        self.transports = {name: d.transports() for name, d in self.daemons.items()}
        self.populate()

    def another(self, config, files=()):
        """One more daemon, for one case."""
        daemon = Daemon(self.program, config, files)
        self.all.append(daemon)
        daemon.start()
        return daemon

    def populate(self):
        for request in REGISTERED:
            self.main.ok("reg " + request)
        for daemon in (self.main, self.small):
            for i in range(1, MANY + 1):
                daemon.ok(f"reg svc=many inst=i{i:02} addr=10.1.9.{i} port=80 w=10")
        for service in ("past", "nobody"):
            self.main.ok(f"reg svc={service} inst=x1 addr=10.1.6.1 port=80")
            self.main.ok(f"del svc={service} inst=x1")
        t = self.main.transport("udp4")
        eventually("the services are in DNS",
                   lambda: len(t.ask(query(f"web.{DISC}", SRV)).answer) == 3)

    def end(self):
        """Stops all; those that did not end well."""
        bad = []
        for daemon in self.all:
            code = daemon.end()
            if code:
                bad.append((code, daemon.read_log()))
            daemon.remove()
        self.secondary.close()
        return bad
