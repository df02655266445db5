"""What must be there before anything is measured: programs, a build, cores."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
PROGRAMS = {"nsd": "/usr/sbin/nsd", "knot": "/usr/sbin/knotd", "gdnsd": "/usr/sbin/gdnsd"}


OURS = ("discd", "beside", "echo")
TARGETS = ["discd", "discctl", "discbench", "bench_echo"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def missing(names):
    """`names`: of servers, and of other programs."""
    wanted = [PROGRAMS.get(n, n) for n in names if n not in OURS]
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


def parser_of(about):
    """Its help is what stands at the head of the script."""
    return argparse.ArgumentParser(description=about, formatter_class=Help)


class Help(argparse.RawDescriptionHelpFormatter):
    """As it is written, and options with what holds when they are not given."""

    def _get_help_string(self, action):
        known = action.default is None or action.default is False or action.default is True
        named = "[" in action.help or action.default is argparse.SUPPRESS
        return action.help if known or named else action.help + " [%(default)s]"


def common_options(parser):
    """The options that all of the scripts have."""
    parser.add_argument("build", nargs="?", default=os.path.join(CHECKOUT, "build"),
                        help="build folder [build]")
    parser.add_argument("--as-built", action="store_true", help="do not build anything first")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    parser.add_argument("--data", metavar="FOLDER",
                        help="where servers store, in a folder of their own [the temporary one]")


def core_options(parser):
    parser.add_argument("--server-cpu", type=int, help="core of the server [the first]")
    parser.add_argument("--load-cpu", type=int, help="core of the load [the last]")


def realtime_option(parser):
    parser.add_argument("--realtime", action="store_true",
                        help="servers and load go before all other programs (root)")


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_orderly(*_):
    """Once: what is being stopped is not interrupted by a second signal."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit("stopped")


@contextlib.contextmanager
def workplace(chosen, names, name):
    """Installs and builds what is needed, and gives (build folder, folder to work in); the latter
    is removed at the end, whatever ends it."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop_orderly)
    sys.stdout.reconfigure(line_buffering=True)
    install(names)
    built = build(chosen.build, chosen.as_built)
    if getattr(chosen, "realtime", False):
        go_first()
    with tempfile.TemporaryDirectory(prefix="disc-%s-" % name, dir=chosen.data) as folder:
        yield built, folder


def go_first():
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        raise SystemExit("--realtime: the right to it is missing (be root)") from None


def quietly(command):
    """What it prints is only worth reading when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(done.stdout.decode(errors="replace")[-4000:])


def build(folder, as_built=False):
    """The build folder with discd, discctl, discbench and the echo in it, made up to date."""
    folder = os.path.abspath(folder)
    if as_built:
        for name in ("discd", "discbench"):
            if not os.access(os.path.join(folder, name), os.X_OK):
                raise SystemExit("%s is not there: build it first" % os.path.join(folder, name))
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
    for core in (server, load):
        if core not in usable:
            raise SystemExit("there is no core %d here, but %s" % (
                core, " ".join(map(str, usable))))
    if server == load:
        say("warning: server and load share core %d: figures mean little" % server)
    return {server}, {load}


def write_json(path, what):
    if path:
        with open(path, "w") as out:
            json.dump(what, out, indent=1)


def machine():
    model = ""
    with open("/proc/cpuinfo") as info:
        model = next((line.partition(":")[2].strip() for line in info
                      if line.startswith("model name")), os.uname().machine)
    return "%d cores %s, Linux %s, load average %.2f" % (
        os.cpu_count(), model, os.uname().release, os.getloadavg()[0])
