"""The register of cases. A case is a function (transport, world) with the ids of the
checklist that it shows; it runs once for each of its transports and raises Failure."""

import importlib

CASES = []

UDP, TCP = ("udp4", "udp6"), ("tcp4", "tcp6")
ALL = UDP + TCP
ONCE = ("udp4",)


class Case:
    def __init__(self, ids, transports, daemon, run):
        self.ids, self.transports, self.daemon, self.run = ids, transports, daemon, run
        self.name = run.__name__


def case(ids, transports=ALL, daemon="main"):
    def enter(run):
        CASES.append(Case(ids.split(), transports, daemon, run))
        return run

    return enter


# What waits begins first.
PARTS = ("tcp", "message", "malformed", "lookup", "service", "browse", "edns", "cookie", "limits",
         "tsig", "update", "transfer", "last")


def load():
    """All cases, in the order in which they run."""
    for part in PARTS:
        importlib.import_module("cases_" + part)
    return CASES
