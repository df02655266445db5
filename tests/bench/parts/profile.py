"""Where a server spends its time: perf's samples while queries come. The machine needs no
hardware counters for it (-e cpu-clock), but perf and the right to look into the kernel."""

import contextlib
import os
import shutil
import signal
import subprocess

from parts import load, process

FREQUENCY = 4999  # samples a second; a prime, so that they do not keep step with timers
LINES = 60
ENOUGH = 300      # samples, to tell user from system time


def is_possible():
    if not shutil.which("perf"):
        return False
    try:
        with open("/proc/sys/kernel/perf_event_paranoid") as level:
            return os.geteuid() == 0 or int(level.read()) <= 1
    except OSError:
        return False


@contextlib.contextmanager
def recording(pid, record):
    """Of all threads and descendants that it has by now, into the file `record`."""
    pids = ",".join(str(member) for member in process.family(pid))
    recorder = subprocess.Popen(
        ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", record, "-p", pids],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait()


def lines_of(*command):
    done = subprocess.run(["perf", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode(errors="replace").splitlines()


def user_share(pid, folder, command):
    """Which part of the server's CPU time is user time while `command` loads it; None where
    that is not to be known."""
    if not is_possible():
        return None
    record = os.path.join(folder, "perf.data")
    with recording(pid, record):
        load.run(command)
    modes = [line.strip() for line in lines_of("script", "-i", record, "-F", "misc")]
    if os.path.exists(record):
        os.unlink(record)
    user, system = modes.count("U"), modes.count("K")
    return user / (user + system) if system and user + system >= ENOUGH else None


def take(server, kind, command, folder):
    """Writes FOLDER/SERVER-KIND.txt, most frequent first."""
    record = os.path.join(folder, "perf.data")
    with recording(server.process.pid, record):
        load.run(command)
    found = lines_of("report", "-i", record, "--stdio", "--no-children", "--sort", "symbol,dso",
                     "--percent-limit", "0.2")
    lines = [line.rstrip(" -") for line in found if "%" in line and not line.startswith("#")]
    with open(os.path.join(folder, "%s-%s.txt" % (server.name, kind)), "w") as out:
        out.write("\n".join(lines[:LINES]) + "\n")
    os.unlink(record)
