"""discbench as the load: started on its core, read as JSON, and not left behind."""

import json
import os
import subprocess

from parts import process, servers
from parts.data import ZONE

NO_REGISTRATION = ("query",)
DNS = ("query", "visible")
SPEAKING = (0, 1)  # exit statuses with figures; what was refused or lost is among them


class Bench:
    """Used with `with`. `cpus`: of discbench. `before`: words of a command in front of it."""

    def __init__(self, server, cpus, before=()):
        self.server, self.cpus, self.before = server, cpus, list(before)
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for bench in self.running:
            if bench.poll() is None:
                bench.kill()
                bench.wait()
            bench.stdout.close()

    def command(self, mode, *words):
        command = [os.path.join(self.server.build, "discbench"), mode, "--json", "--server-pid",
                   str(self.server.process.pid)]
        if mode not in NO_REGISTRATION:
            command += ["--server", "127.0.0.1:%d" % self.server.registration]
        if mode in DNS:
            command += ["--dns", "127.0.0.1:%d" % self.server.port, "--zone", ZONE]
        return command + [str(word) for word in words]

    def beside(self, mode, *words):
        """Started, and not waited for: `outcome` does."""
        cpus = ",".join(map(str, sorted(self.cpus)))
        bench = subprocess.Popen(servers.TIED + self.before + ["taskset", "-c", cpus]
                                 + self.command(mode, *words), text=True, stdout=subprocess.PIPE,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        self.running.append(bench)
        if self.before:
            process.put_first(bench.pid)
        return bench

    def outcome(self, bench):
        found = bench.communicate()[0]
        self.running.remove(bench)
        if bench.returncode not in SPEAKING or not found.strip():
            raise SystemExit("discbench failed with status %d" % bench.returncode)
        return json.loads(found)

    def run(self, mode, *words):
        return self.outcome(self.beside(mode, *words))
