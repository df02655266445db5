"""Starts discd in a folder of its own, on free ports, and speaks disc/1 to it."""

import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from talk import Failure, Transport

HERE = os.path.dirname(os.path.abspath(__file__))
START = 60   # seconds until it must be ready
PAUSE = 0.02  # between two looks at a condition


def eventually(what, condition, seconds=60):
    """Looks again until the condition holds; its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"in {seconds} s: {what}")
        time.sleep(PAUSE)


LIBC = ctypes.CDLL(None)


def die_with_us():
    """In the child: no daemon is left behind, however this program ends."""
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Daemon:
    def __init__(self, program, config, files=()):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix="disc-conform-")
        os.chmod(self.folder, 0o755)
        for file in os.listdir(os.path.join(HERE, "zones")):
            shutil.copy(os.path.join(HERE, "zones", file), self.folder)
        for name, text in files:
            self.write(name, text, 0o600)
        self.write("discd.yaml", config, 0o644)
        self.process = None

    def write(self, name, text, mode):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            os.chmod(path, mode)
            f.write(text)

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "ab")
        env = {k: v for k, v in os.environ.items()
               if k not in ("DISC_SERVER", "DISC_HTTP", "POD_IP", "NOTIFY_SOCKET")}
        self.process = subprocess.Popen(
            [self.program, "-c", os.path.join(self.folder, "discd.yaml")],
            stdout=subprocess.PIPE, stderr=self.log, env=env, preexec_fn=die_with_us)
        found, _, _ = select.select([self.process.stdout], [], [], START)
        line = self.process.stdout.readline().decode() if found else ""
        if not line.startswith("ready "):
            self.end()
            raise Failure(f"discd does not start: {self.read_log()}")
        self.ready = dict(word.split("=", 1) for word in line.split()[1:])

    def read_log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            return f.read()

    def port(self, purpose, family):
        """The port of the first address of this family, None = it has none."""
        for address in self.ready[purpose].split(","):
            if address.startswith("[") == (family == socket.AF_INET6):
                return int(address.rsplit(":", 1)[1])
        return None

    def transports(self):
        found = []
        for address, digit, family in (("127.0.0.1", "4", socket.AF_INET),
                                       ("::1", "6", socket.AF_INET6)):
            port = self.port("dns", family)
            if port:
                found += [Transport(kind + digit, address, port) for kind in ("udp", "tcp")]
        return found

    def transport(self, name, source=None):
        for t in self.transports():
            if t.name == name:
                t.source = source
                return t
        raise Failure(f"there is no {name}")

    def say(self, request):
        """disc/1 REQUEST, and the reply."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(30)
            s.connect(("127.0.0.1", self.port("registration", socket.AF_INET)))
            s.send(f"disc/1 {request}\n".encode())
            return s.recv(2048).decode().strip()

    def ok(self, request):
        reply = self.say(request)
        if not reply.startswith("disc/1 ok"):
            raise Failure(f"'{request}' is answered '{reply}'")
        return reply

    def end(self, how=signal.SIGTERM):
        """Its exit status."""
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        watch = threading.Timer(60, self.process.kill)
        watch.start()
        code = self.process.wait()
        watch.cancel()
        self.process.stdout.close()
        self.process = None
        self.log.close()
        return code

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
