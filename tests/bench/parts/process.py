"""What the kernel accounts to a server: CPU time, memory. A server is a process with all of
its threads and descendants."""

import os
import signal
import time

TICK = 1.0 / os.sysconf("SC_CLK_TCK")


def stat_fields(path):
    """The fields of a stat file from the third on (the second, a name, may hold anything)."""
    with open(path) as file:
        return file.read().rpartition(")")[2].split()


def parents():
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = int(stat_fields("/proc/%s/stat" % entry)[1])
            except (OSError, IndexError):
                pass  # it has just ended
    return found


def family(pid):
    """The process and its descendants."""
    of = parents()
    members = [pid]
    for member in members:
        members.extend(child for child, parent in of.items() if parent == member)
    return members


def wait_for_end(pids, patience=5):
    """Of descendants, whose parent was told to stop."""
    end = time.monotonic() + patience
    left = list(pids)
    while left and time.monotonic() < end:
        time.sleep(0.01)
        left = [p for p in left if os.path.exists("/proc/%d" % p)]
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def threads(pid):
    for member in family(pid):
        try:
            for thread in os.listdir("/proc/%d/task" % member):
                yield member, int(thread)
        except OSError:
            pass


def pin(pid, cpus):
    """All threads, whatever they chose themselves."""
    for _, thread in threads(pid):
        try:
            os.sched_setaffinity(thread, cpus)
        except OSError:
            pass


def put_first(pid):
    """Its session comes before others, where the kernel knows sessions (autogroup)."""
    try:
        with open("/proc/%d/autogroup" % pid, "w") as group:
            group.write("-20")
    except OSError:
        pass


def schedule_as_usual(pid):
    """All threads, and what this process starts from now on: no longer before others."""
    for thread in [0] + [thread for _, thread in threads(pid)]:
        os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def thread_cpu(member, thread):
    """user s, system s by sampled ticks, total s by the scheduler's own clock."""
    base = "/proc/%d/task/%d/" % (member, thread)
    fields = stat_fields(base + "stat")
    user, system = int(fields[11]) * TICK, int(fields[12]) * TICK
    try:
        with open(base + "schedstat") as file:
            total = int(file.read().split()[0]) / 1e9
    except OSError:  # a kernel without it; or the thread has just ended: then stat was its last
        total = user + system
    return user, system, total


class Usage:
    """CPU seconds of a server so far. The total is exact to the nanosecond; how it splits
    into user and system time is what timer ticks found, as for time(1)."""

    def __init__(self, user=0.0, system=0.0, total=0.0):
        self.user, self.system, self.total = user, system, total

    @staticmethod
    def of(pid):
        sums = Usage()
        for member, thread in threads(pid):
            try:
                user, system, total = thread_cpu(member, thread)
            except (OSError, IndexError):
                continue
            sums.user += user
            sums.system += system
            sums.total += total
        return sums

    def since(self, before):
        ticks = Usage(self.user - before.user, self.system - before.system)
        total = self.total - before.total
        share = ticks.user / (ticks.user + ticks.system) if ticks.user + ticks.system else 0
        return Usage(total * share, total * (1 - share), total)


def memory_field(pid, file, key):
    try:
        with open("/proc/%d/%s" % (pid, file)) as lines:
            for line in lines:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def memory(pid):
    """Bytes: RssAnon summed over the processes; the same with shared pages divided among
    their users; and what is mapped from files."""
    members = family(pid)
    return {
        "anon": sum(memory_field(p, "status", "RssAnon") for p in members),
        "anon_shared": sum(memory_field(p, "smaps_rollup", "Pss_Anon") for p in members),
        "file": sum(memory_field(p, "status", "RssFile") for p in members),
        "processes": len(members),
    }
