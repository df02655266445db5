"""Where a server spends its time: perf's samples while queries come, most frequent first.
The machine needs no hardware counters for it (-e cpu-clock), but perf and the right to use it."""

import os
import shutil
import subprocess

from parts import load

FREQUENCY = 4000  # samples per second
LINES = 60


def is_possible():
    return shutil.which("perf") is not None


def samples_of(record):
    done = subprocess.run(["perf", "report", "-i", record, "--stdio", "--no-children",
                           "--sort", "symbol,dso", "--percent-limit", "0.2"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    lines = done.stdout.decode(errors="replace").splitlines()
    return [line.rstrip(" -") for line in lines if "%" in line and not line.startswith("#")][:LINES]


def take(server, kind, queries, cpus, seconds, folder):
    """Writes FOLDER/SERVER-KIND.txt."""
    record = os.path.join(folder, "perf.data")
    recorder = subprocess.Popen(
        ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", record, "-p",
         str(server.process.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        load.run(load.dnsperf(server.port, queries, cpus, seconds))
    finally:
        recorder.send_signal(2)
        recorder.wait()
    with open(os.path.join(folder, "%s-%s.txt" % (server.name, kind)), "w") as out:
        out.write("\n".join(samples_of(record)) + "\n")
    os.unlink(record)
