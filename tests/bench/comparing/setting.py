"""What must be there before anything is measured: programs, a build, cores."""

import os
import shutil
import signal
import subprocess
import sys

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
PROGRAMS = {"nsd": "/usr/sbin/nsd", "knot": "/usr/sbin/knotd", "gdnsd": "/usr/sbin/gdnsd"}


TARGETS = ["discd", "discctl", "discbench", "bench_echo"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def missing(names):
    wanted = [PROGRAMS[n] for n in names if n in PROGRAMS] + ["dnsperf"]
    return [p for p in wanted if not shutil.which(p)]


def install(names):
    """From Debian, without starting their services."""
    lacking = missing(names)
    if not lacking:
        return
    say("not here: %s; installing with apt" % " ".join(lacking))
    subprocess.run(["bash", "-c", ". tools/setup.sh; setup_packages bench"], cwd=CHECKOUT,
                   check=False)
    lacking = missing(names)
    if lacking:
        raise SystemExit("still missing: %s" % " ".join(lacking))


def common_options(parser):
    """The options that all of the scripts have."""
    parser.add_argument("build", nargs="?", default=os.path.join(CHECKOUT, "build"),
                        help="build folder [build]")
    parser.add_argument("--as-built", action="store_true", help="do not build anything first")
    parser.add_argument("--realtime", action="store_true",
                        help="servers and load go before all other programs (root)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")


def begin(chosen, names):
    """Installs, builds, and sees to an orderly end. Returns the build folder."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    install(names)
    folder = build(chosen.build, chosen.as_built)
    if chosen.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    return folder


def quietly(command):
    """What it prints is only worth reading when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(done.stdout.decode(errors="replace")[-4000:])


def build(folder, as_built=False):
    """The build folder with discd, discctl, discbench and the echo in it, made up to date."""
    folder = os.path.abspath(folder)
    if as_built:
        return folder
    if not os.path.exists(os.path.join(folder, "CMakeCache.txt")):
        say("building a Release in %s" % folder)
        quietly(["cmake", "-S", CHECKOUT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release"])
    quietly(["cmake", "--build", folder, "--parallel", "2", "--target"] + TARGETS)
    kind = build_type(folder)
    if kind != "Release":
        say("warning: %s is a %s build, not Release" % (folder, kind or "nameless"))
    return folder


def build_type(folder):
    with open(os.path.join(folder, "CMakeCache.txt")) as cache:
        lines = cache.read().splitlines()
    values = dict(line.partition("=")[::2] for line in lines if "=" in line)
    sanitizer = values.get("SANITIZER:STRING", "")
    return values.get("CMAKE_BUILD_TYPE:STRING", "") + (sanitizer and " sanitizer") or ""


def cores(server, load):
    """The core of the server and the core of the load; both the same on a single core."""
    usable = sorted(os.sched_getaffinity(0))
    server = usable[0] if server is None else server
    load = usable[-1] if load is None else load
    if server == load:
        say("warning: server and load share core %d: figures mean little" % server)
    return {server}, {load}


def machine():
    model = ""
    with open("/proc/cpuinfo") as info:
        model = next((line.partition(":")[2].strip() for line in info
                      if line.startswith("model name")), os.uname().machine)
    return "%d cores %s, Linux %s, load average %.2f" % (
        os.cpu_count(), model, os.uname().release, os.getloadavg()[0])
