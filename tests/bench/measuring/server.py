"""A discd of its own on one core, and discbench against it from another one."""

import json
import os
import shutil
import subprocess
import tempfile

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
ZONE = "disc.local"
NO_REGISTRATION = ("query",)
DNS = ("query", "visible")

CONFIG = """
data_dir: data
zones:
  - {{name: {zone}, namespace: default, file: {source}/zones/disc.local.zone}}
lease: {{default: 300, min: 1, max: 86400}}
dns: {{listen: ["127.0.0.1:0"], workers: {workers}}}
registration: {{listen: ["127.0.0.1:0"], keys: keys.yaml}}
http: {{listen: ["127.0.0.1:0"]}}
log: {{level: error}}
"""

KEYS = """
keys:
  - id: bench
    secret: "{secret}"
    grants:
      - {{services: ["default/*"], verbs: [reg, ren, upd, del, get]}}
"""


def started(core, first, command, **more):
    """A process on this core. `first`: it comes before other programs (as far as the scheduler
    goes by nice values, of processes and of sessions), its threads among themselves as ever."""
    nice = ["nice", "-n", "-20"] if first else []
    process = subprocess.Popen(nice + ["taskset", "-c", str(core)] + command, text=True,
                               stdout=subprocess.PIPE, start_new_session=first, **more)
    if first:
        try:
            with open("/proc/%d/autogroup" % process.pid, "w") as group:
                group.write("-20")
        except OSError:
            pass  # the kernel does not know sessions
    return process


class Server:
    """Used with `with`: it is stopped and its folder removed at the end."""

    def __init__(self, options):
        self.build, self.load_core, self.core = options.build, options.load_core, options.core
        self.workers, self.first, self.process = options.workers, options.first, None
        self.folder = tempfile.mkdtemp(prefix="disc-bench-", dir=options.data)

    def __enter__(self):
        os.chmod(self.folder, 0o700)
        secret = subprocess.run(["head", "-c", "24", "/dev/urandom"], stdout=subprocess.PIPE,
                                check=True).stdout.hex()  # hexadecimal is base64, too
        self.write("secret", secret)
        self.write("keys.yaml", KEYS.format(secret=secret))
        self.write("discd.yaml", CONFIG.format(zone=ZONE, source=SOURCE, workers=self.workers))
        command = [os.path.join(self.build, "discd"), "-c", self.path("discd.yaml")]
        with open(self.path("log"), "w") as log:
            self.process = started(self.core, self.first, command, stderr=log)
        ready = self.process.stdout.readline().split()
        if not ready or ready[0] != "ready":
            with open(self.path("log")) as log:
                print(log.read())
            self.__exit__()
            raise SystemExit("discd does not become ready")
        ports = dict(word.split("=", 1) for word in ready[1:])
        self.dns, self.registration = ports["dns"], ports["registration"]
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(text)

    def keyed(self):
        return ["--key", "bench", "--secret-file", self.path("secret")]

    def command(self, mode, *words):
        command = [os.path.join(self.build, "discbench"), mode, "--json", "--server-pid",
                   str(self.process.pid)]
        if mode not in NO_REGISTRATION:
            command += ["--server", self.registration]
        if mode in DNS:
            command += ["--dns", self.dns, "--zone", ZONE]
        return command + [str(word) for word in words]

    def bench(self, mode, *words):
        """What discbench found. Refusals (1) are in it; anything else ends all."""
        process = self.beside(mode, *words)
        found = process.communicate()[0]
        if process.returncode not in (0, 1) or not found:
            raise SystemExit("discbench %s ended with %d" % (mode, process.returncode))
        return json.loads(found)

    def beside(self, mode, *words):
        """Started, and not waited for."""
        return started(self.load_core, self.first, self.command(mode, *words))
