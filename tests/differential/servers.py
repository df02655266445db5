"""discd, NSD and Knot as processes of ours on free ports of the loopback."""

import os
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from ports import free_port

START_LIMIT = 60  # seconds


class Server:
    name = ""

    def __init__(self, folder, zones):
        self.folder = os.path.join(folder, self.name)
        os.mkdir(self.folder)
        self.files = []
        for i, zone in enumerate(zones):
            path = os.path.join(self.folder, "%d.zone" % i)
            with open(path, "w") as out:
                out.write(zone.text())
            self.files.append((zone.name, path))
        self.port = free_port()
        self.configure()
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as out:
            out.write(text)

    def wait(self, probe):
        """Until it answers for the last zone."""
        end = time.monotonic() + START_LIMIT
        while not probe(self.port):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                self.log.seek(0)
                raise SystemExit("%s does not serve:\n%s" % (self.name, self.log.read()[-2000:]))
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Discd(Server):
    name = "discd"

    def configure(self):
        zones = "".join('  - {name: "%s", namespace: "", file: "%s", ttl: 60, negative_ttl: 60}\n'
                        % (name.replace("\\", "\\\\"), path) for name, path in self.files)
        self.write("discd.yaml", 'data_dir: ""\nzones:\n%s' % zones +
                   'dns: {listen: ["127.0.0.1:%d"], workers: 1}\n' % self.port +
                   'registration: {listen: ["127.0.0.1:0"]}\nhttp: {listen: ["127.0.0.1:0"]}\n')

    def command(self):
        return [os.path.join(os.environ["BUILD"], "discd"), "-c", "discd.yaml"]


class Nsd(Server):
    name = "nsd"

    def configure(self):
        zones = "".join('zone:\n  name: "%s"\n  zonefile: "%s"\n' % each for each in self.files)
        self.write("nsd.conf", """server:
  ip-address: 127.0.0.1@%d
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "%s"
  database: ""
  pidfile: "%s/pid"
  xfrdfile: "%s/xfrd"
  xfrdir: "%s"
  zonelistfile: "%s/list"
  minimal-responses: yes
  round-robin: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
%s""" % ((self.port,) + (self.folder,) * 5 + (zones,)))

    def command(self):
        return ["/usr/sbin/nsd", "-d", "-c", "nsd.conf"]


class Knot(Server):
    name = "knot"

    def configure(self):
        zones = "".join('  - domain: "%s"\n    file: "%s"\n'
                        % (name.replace("\\", "\\\\"), path) for name, path in self.files)
        self.write("knot.conf", """server:
    listen: 127.0.0.1@%d
    rundir: "%s"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
control:
    listen: "%s/sock"
database:
    storage: "%s"
log:
  - target: stderr
    any: error
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
%s""" % (self.port, self.folder, self.folder, self.folder, zones))

    def command(self):
        return ["/usr/sbin/knotd", "-c", "knot.conf"]
