"""The servers as processes of ours on free ports of 127.0.0.1, one worker each."""

import os
import secrets
import shutil
import subprocess
import sys
import time

from parts import asking, process, registering, setting
from parts.data import NEGATIVE_TTL, TTL, ZONE

sys.path.append(os.path.join(setting.CHECKOUT, "tests", "support"))

from ports import free_port

START_LIMIT = 300  # seconds
LEASE = 86400      # nothing expires while queries are measured

# It ends with us, even if we are killed.
TIED = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


class Server:
    """Started with start(), which returns when the last service is answered right, or with
    load(), which also fills it where that is not the same; stop() in any case."""

    name = ""
    before = []  # words of a command in front of the server's

    def __init__(self, folder, data, cpus, build):
        self.folder = os.path.join(folder, self.name)
        self.data, self.cpus, self.build = data, cpus, build
        self.process = None
        os.makedirs(self.folder, exist_ok=True)
        self.log = open(os.path.join(self.folder, "log"), "a+")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w") as out:
            out.write(text)

    def spawn(self, **more):
        cpus = ",".join(str(c) for c in sorted(self.cpus))
        self.process = subprocess.Popen(TIED + self.before + ["taskset", "-c", cpus]
                                        + self.command(), cwd=self.folder, stderr=self.log,
                                        stdin=subprocess.DEVNULL, start_new_session=True,
                                        **{"stdout": self.log, **more})
        if self.before:
            process.put_first(self.process.pid)

    def alive(self):
        return self.process.poll() is None

    def start(self):
        """Seconds from the start to the first right answer."""
        return self.start_until(self.wait_until_right)

    def start_until(self, wait):
        begin = time.monotonic()
        self.port = free_port()
        self.configure()
        self.spawn()
        wait()
        return time.monotonic() - begin

    def wait_until_right(self):
        data = self.data
        try:
            asking.wait_for(self.port, data.service(data.services - 1), "SRV",
                            lambda a: len(a.sections[0]) == data.instances, self.alive,
                            START_LIMIT)
        except SystemExit as problem:
            words = "%s: %s\n%s" % (self.name, problem, self.last_words())
            raise SystemExit(words.rstrip()) from None
        process.pin(self.process.pid, self.cpus)

    def last_words(self):
        self.log.seek(0)
        lines = [line for line in self.log.read().splitlines() if " audit what=" not in line]
        return "\n".join(lines)[-2000:]

    def load(self):
        return {"load": self.start()}

    def prepare(self, kind):
        """Called before queries of a kind are measured. True: it is configured anew."""
        return False

    def stop(self):
        if self.process and self.alive():
            members = process.family(self.process.pid)[1:]
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            process.wait_for_end(members)
        self.process = None

    def close(self):
        self.stop()
        self.log.close()


class Static(Server):
    """Serves a zone file, written once."""

    zone_file = "zone"

    def start(self):
        path = self.path(self.zone_file)
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.data.write_zone(path)
        return super().start()


class Nsd(Static):
    """Addresses of SRV targets come only with minimal-responses: no, which adds the zone's NS and
    its address to every other answer, too; so the other kinds are asked of one that says yes."""

    name = "nsd"
    minimal = "no"

    def prepare(self, kind):
        wanted = "no" if kind == "srv" else "yes"
        if wanted == self.minimal:
            return False
        self.stop()
        self.minimal = wanted
        self.start()
        return True

    def load(self):
        self.minimal = "no"
        return super().load()

    def configure(self):
        self.write("nsd.conf", """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/pid"
  xfrdfile: "{folder}/xfrd"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/list"
  minimal-responses: {minimal}
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  zonefile: "zone"
""".format(port=self.port, folder=self.folder, zone=ZONE, minimal=self.minimal))

    def command(self):
        return ["/usr/sbin/nsd", "-d", "-c", self.path("nsd.conf")]


class Knot(Static):
    name = "knot"

    def configure(self):
        self.write("knot.conf", """server:
    listen: 127.0.0.1@{port}
    rundir: "{folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
control:
    listen: "{folder}/sock"
database:
    storage: "{folder}"
log:
  - target: stderr
    any: error
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
  - domain: "{zone}"
    file: "{folder}/zone"
""".format(port=self.port, folder=self.folder, zone=ZONE))

    def command(self):
        return ["/usr/sbin/knotd", "-c", self.path("knot.conf")]


class Gdnsd(Static):
    name = "gdnsd"
    zone_file = os.path.join("zones", ZONE)

    def configure(self):
        self.write("config", "options => {\n  listen => 127.0.0.1:%d\n  udp_threads => 1\n"
                   "  tcp_threads => 1\n  min_ttl => 1\n  run_dir => \"%s\"\n  state_dir => \"%s\"\n}\n"
                   % (self.port, self.path("run"), self.path("state")))

    def command(self):
        return ["/usr/sbin/gdnsd", "-c", self.folder, "start"]


KEYS = """
keys:
  - id: bench
    secret: "{secret}"
    grants:
      - {{services: ["default/*"], verbs: [reg, ren, upd, del, get]}}
"""


class Discd(Server):
    """Its data folder stays from start to start; forget() empties it."""

    name = "discd"
    workers = 1
    lease = LEASE
    keyed = False  # signed requests are taken, too

    def configure(self):
        self.write("zone", self.data.static_part())
        if self.keyed:
            self.write_keys()
        self.write("discd.yaml", """data_dir: data
zones:
  - {{name: {zone}, namespace: default, file: zone, ttl: {ttl}, negative_ttl: {negative}}}
dns: {{listen: ["127.0.0.1:{port}"], workers: {workers}}}
registration: {{listen: ["127.0.0.1:0"]{keys}}}
http: {{listen: ["127.0.0.1:0"]}}
lease: {{default: 30, min: 1, max: {lease}}}
limits: {{service_instances: 100000, instances: 4000000}}
log: {{level: warn}}
""".format(zone=ZONE, ttl=TTL, negative=NEGATIVE_TTL, port=self.port, workers=self.workers,
           lease=LEASE, keys=", keys: keys.yaml" if self.keyed else ""))

    def write_keys(self):
        secret = secrets.token_hex(24)  # hexadecimal is base64, too
        os.chmod(self.folder, 0o700)
        self.write("secret", secret)
        self.write("keys.yaml", KEYS.format(secret=secret))
        for name in ("secret", "keys.yaml"):
            os.chmod(self.path(name), 0o600)

    def signing(self):
        """Options of discbench."""
        return ["--key", "bench", "--secret-file", self.path("secret")]

    def command(self):
        return [os.path.join(self.build, "discd"), "-c", self.path("discd.yaml")]

    def spawn(self, **more):
        super().spawn(stdout=subprocess.PIPE)

    def wait_until_ready(self):
        line = self.process.stdout.readline().decode()
        if not line.startswith("ready "):
            raise SystemExit("discd does not become ready\n" + self.last_words())
        places = dict(word.split("=") for word in line.split()[1:])
        self.registration = int(places["registration"].rpartition(":")[2])
        self.http = int(places["http"].rpartition(":")[2])
        process.pin(self.process.pid, self.cpus)

    def start_empty(self):
        """With whatever it has stored. Seconds until it is ready."""
        return self.start_until(self.wait_until_ready)

    def wait_until_right(self):
        self.wait_until_ready()
        super().wait_until_right()

    def load(self):
        self.forget()
        self.start_empty()
        count, seconds = registering.register(self.registration,
                                              self.data.registrations(self.lease))
        super().wait_until_right()
        return {"load": seconds, "registered": count}

    def forget(self):
        folder = self.path("data")
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))

    def restart(self):
        self.stop()
        return self.start()

    def stop(self):
        pipe = self.process.stdout if self.process else None
        super().stop()
        if pipe:
            pipe.close()

    def stored_bytes(self):
        folder = self.path("data")
        return sum(os.stat(os.path.join(folder, n)).st_blocks * 512 for n in os.listdir(folder))


class Beside(Discd):
    """Another build of discd, for before and after."""

    name = "beside"


class Echo(Server):
    """Not a DNS server: the kernel's share. Its replies are as large as discd's."""

    name = "echo"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sizes = {}
        self.kind = "srv"

    def command(self):
        return [os.path.join(self.build, "tests", "bench_echo"), str(self.port),
                str(self.sizes.get(self.kind, 628))]

    def configure(self):
        pass

    def wait_until_right(self):
        asking.wait_for(self.port, ZONE, "SOA", lambda a: True, self.alive, START_LIMIT)

    def prepare(self, kind):
        self.stop()
        self.kind = kind
        self.start()
        return False


ALL = {s.name: s for s in (Discd, Beside, Nsd, Knot, Gdnsd, Echo)}
