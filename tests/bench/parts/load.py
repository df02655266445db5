"""Queries by dnsperf, and what they cost the server."""

import re
import subprocess

from parts.process import Usage

OUTSTANDING = 200
CLIENTS = 1
BUFFER_KB = 4096  # or answers are lost on their way in


class Run:
    """One measurement. CPU times in seconds of the server."""

    def __init__(self, text, usage):
        self.sent = self.number(text, r"Queries sent:\s+(\d+)")
        self.completed = self.number(text, r"Queries completed:\s+(\d+)")
        self.lost = self.number(text, r"Queries lost:\s+(\d+)")
        self.seconds = self.number(text, r"Run time \(s\):\s+([\d.]+)", float)
        self.size = self.number(text, r"Average packet size:.*response (\d+)")
        self.codes = dict(re.findall(r"(\w+) (\d+) \(", self.line(text, "Response codes:")))
        self.latency_us = self.number(text, r"Average Latency \(s\):\s+([\d.]+)", float) * 1e6
        self.usage = usage

    @staticmethod
    def line(text, head):
        return next((row for row in text.splitlines() if head in row), "")

    @staticmethod
    def number(text, pattern, kind=int):
        found = re.search(pattern, text)
        if not found:
            raise SystemExit("dnsperf says something unexpected:\n" + text)
        return kind(found.group(1))

    def expect(self, who, code):
        """What was answered otherwise must not count as fast."""
        others = {c: n for c, n in self.codes.items() if c != code}
        if others or not self.completed:
            raise SystemExit("%s answered %s where %s is right" % (
                who, " ".join("%s %s" % pair for pair in others.items()) or "nothing", code))

    def figures(self, user_share=None):
        """`user_share`: of the CPU time, if it is known better than by timer ticks."""
        def per_query(seconds):
            return seconds / self.completed * 1e6 if self.completed else 0.0
        total, ticks = per_query(self.usage.total), per_query(self.usage.user)
        user = ticks if user_share is None else total * user_share
        return {
            "user_us": user,
            "user_by_ticks_us": ticks,
            "system_us": total - user,
            "total_us": total,
            "queries_per_s": self.completed / self.seconds,
            "busy": self.usage.total / self.seconds,
            "lost": self.lost,
            "size": self.size,
        }


def dnsperf(port, queries, cpus, seconds, threads=1, clients=CLIENTS, outstanding=OUTSTANDING,
            times=None, rate=None):
    """The command; EDNS with 4096 bytes as resolvers do. `rate`: queries a second, at most."""
    limit = ["-n", str(times)] if times else ["-l", "%g" % seconds]
    limit += ["-Q", "%d" % rate] if rate else []
    return ["taskset", "-c", ",".join(str(c) for c in sorted(cpus)), "dnsperf", "-s", "127.0.0.1",
            "-p", str(port), "-d", queries, "-e", "-t", "2",
            "-b", str(BUFFER_KB), "-c", str(clients),
            "-T", str(threads), "-q", str(outstanding)] + limit


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise SystemExit("dnsperf failed:\n" + text)
    return text


def measure(pid, port, queries, cpus, seconds, **more):
    """After a warm-up of a fifth of the time."""
    run(dnsperf(port, queries, cpus, max(seconds / 5, 0.2), **more))
    before = Usage.of(pid)
    text = run(dnsperf(port, queries, cpus, seconds, **more))
    return Run(text, Usage.of(pid).since(before))
