#!/usr/bin/env python3
"""The behaviour checklist against the real daemon.

  run.py [--list] [ID...]

BUILD names the folder with discd. Every case runs on each of its transports, also when
others failed; the last line sums up. --list prints the cases and starts nothing; with
IDs only their cases run."""

import os
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True  # no __pycache__ in the checkout
sys.stdout.reconfigure(line_buffering=True)  # what failed is told, even if this is killed later

import cases
from talk import Failure
from wire import Malformed


def short(data):
    text = data.hex()
    return text if len(text) <= 1200 else text[:1200] + f"... ({len(data)} bytes)"


def attempt(case, transport, world):
    """Whether it held; prints why not."""
    try:
        case.run(transport, world)
        return True
    except (Failure, Malformed) as e:
        reason = str(e)
    except Exception:
        reason = traceback.format_exc()
    print(f"FAILED {' '.join(case.ids)} ({case.name}) {case.daemon} {transport.name}: {reason}")
    asked, got = transport.last
    if asked:
        print(f"  asked {short(asked)}\n  got   {short(got) or 'nothing'}")
    return False


def run(world, wanted):
    done = failed = 0
    bad = set()
    for case in cases.CASES:
        if wanted and not wanted & set(case.ids):
            continue
        for transport in world.transports[case.daemon]:
            if transport.name not in case.transports:
                continue
            transport.last = (b"", b"")
            start = time.monotonic()
            done += 1
            if not attempt(case, transport, world):
                failed += 1
                bad.update(case.ids)
            took = time.monotonic() - start
            if took > 3 and "VERBOSE" in os.environ:
                print(f"slow: {case.name} {transport.name} {took:.1f} s")
    return done, failed, bad


def main():
    cases.load()
    if "--list" in sys.argv:
        for case in cases.CASES:
            for i in case.ids:
                print(i, case.name, ",".join(case.transports))
        return 0
    from world import World
    wanted = set(sys.argv[1:])
    start = time.monotonic()
    world = World(os.path.join(os.environ["BUILD"], "discd"))
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("stopped"))
    done = failed = 0
    bad, ended_badly = set(), []
    try:
        world.start()
        done, failed, bad = run(world, wanted)
    finally:
        ended_badly = world.end()
    for code, log in ended_badly:
        print(f"a daemon ended with {code}:\n{log[-4000:]}")
    print(f"{done} runs, {failed} failed, {time.monotonic() - start:.1f} s"
          + (f"; failed: {' '.join(sorted(bad))}" if bad else ""))
    return 1 if failed or ended_badly or not done else 0


sys.exit(main())
