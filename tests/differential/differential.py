"""differential.py COUNT SEED: so many random zones, each asked of discd, NSD and Knot."""

import collections
import os
import random
import shutil
import sys
import tempfile

import asking
import kinds
import servers
import zones

BATCH = 250
QUESTIONS = 24  # of a zone
SHOWN = int(os.environ.get("SHOWN", "20"))  # differences that are printed


class Tally:
    def __init__(self):
        self.questions = self.zones = self.unexplained = 0
        self.equal = collections.Counter()
        self.kinds = collections.Counter()


def report(tally, zone, question, ours, other, theirs):
    tally.unexplained += 1
    if tally.unexplained > SHOWN:
        return
    print("---- %s of %s: %s %s" % (other, zone.name, question[0], question[1]))
    print("discd: " + (ours.text() if ours else "silent"))
    print("%s: %s" % (other, theirs.text() if theirs else "silent"))
    if os.environ.get("VERBOSE"):
        print(zone.text() + (zone.child.text() if zone.child else ""))


def compare(tally, names, zone, question, ours, others):
    for name, theirs in others.items():
        if ours and theirs and ours.key() == theirs.key():
            tally.equal[name] += 1
            continue
        kind = None
        if ours and theirs:
            kind = kinds.explain(kinds.Case(names, question, name, ours, theirs))
        if kind:
            tally.kinds[(kind, name)] += 1
        else:
            report(tally, zone, question, ours, name, theirs)


def run_batch(tally, rng, count, folder):
    made = [zones.make_zone(rng, i) for i in range(count)]
    served = [z for zone in made for z in (zone, zone.child) if z]
    names = {zone.name for zone in served}
    running = []
    try:
        for kind in (servers.Discd, servers.Nsd, servers.Knot):
            running.append(kind(folder, served))
        for server in running:
            server.wait(asking.answers_soa(served[-1].name))
        plan = []
        for zone in made:
            for question in zones.make_questions(rng, zone, QUESTIONS):
                if asking.is_name(question[0]):
                    plan.append((zone, question))
        outcomes = [asking.ask_all(server.port, [q for _, q in plan]) for server in running]
    finally:
        for server in running:
            server.stop()
    for (zone, question), ours, nsd, knot in zip(plan, *outcomes):
        compare(tally, names, zone, question, ours, {"nsd": nsd, "knot": knot})
    tally.zones += count
    tally.questions += len(plan)


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    tally = Tally()
    for start in range(0, count, BATCH):
        folder = tempfile.mkdtemp(prefix="disc-differential-")
        try:
            rng = random.Random("%d/%d" % (seed, start))
            run_batch(tally, rng, min(BATCH, count - start), folder)
        finally:
            shutil.rmtree(folder)
    print("seed %d: %d zones, %d questions" % (seed, tally.zones, tally.questions))
    for name in ("nsd", "knot"):
        print("%s: %d equal" % (name, tally.equal[name]))
    for (kind, name), n in sorted(tally.kinds.items()):
        print("  %5d  %-5s %s" % (n, name, kind))
    print("%d unexplained" % tally.unexplained)
    sys.exit(1 if tally.unexplained or not tally.questions else 0)


main()
