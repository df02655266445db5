"""Random static zones and the questions that try them out.

All that is decided here comes from one random.Random, so that a seed names a zone. The
zones keep to what discd, NSD and Knot all load: no data below a DNAME, an alias alone at
its name, glue where it is needed.
"""

LABELS = ["a", "b", "c", "d", "e", "ns", "www", "A-b", "_s", "_tcp", "x\\.y", "\\000z"]
TTL = 60
LONG = "l" * 60


class Zone:
    """Records as (owner labels below the apex, type, text); the apex is ()."""

    def __init__(self, name):
        self.name = name
        self.records = {}
        self.child = None

    def types(self, owner):
        return {t for t, _ in self.records.get(owner, [])}

    def add(self, owner, rtype, text):
        key = tuple(label.lower() for label in owner)
        entries = self.records.setdefault(key, [])
        if (rtype, text) not in entries:
            entries.append((rtype, text))

    def covered(self, owner, types=("NS", "DNAME")):
        """Does a delegation or DNAME stand strictly above the name?"""
        for i in range(1, len(owner) + 1):
            above = owner[i:]
            here = self.types(above)
            if ("DNAME" in here and "DNAME" in types) or (above and "NS" in here and "NS" in types):
                return above
        return None

    def has_below(self, owner):
        return any(len(o) > len(owner) and o[len(o) - len(owner):] == owner for o in self.records)

    def full(self, owner):
        return ".".join(list(owner) + [self.name]) + "."

    def text(self):
        lines = ["$TTL %d" % TTL,
                 "@ SOA ns.%s host.%s 1 3600 600 86400 %d" % (self.full(()), self.full(()), TTL)]
        for owner, entries in self.records.items():
            for rtype, text in entries:
                lines.append("%s %d IN %s %s" % (self.full(owner), TTL, rtype, text))
        return "\n".join(lines) + "\n"


class Maker:
    def __init__(self, rng, number):
        self.rng = rng
        self.zone = Zone("z%d.test" % number)
        self.number = number

    def label(self):
        return self.rng.choice(LABELS)

    def owner(self, wildcard=True):
        depth = self.rng.choice([1, 1, 1, 2, 2, 3])
        labels = [self.label() for _ in range(depth)]
        if wildcard and self.rng.random() < 0.18:
            labels[self.rng.randrange(depth)] = "*"
        return tuple(label.lower() for label in labels)

    def known(self):
        return self.rng.choice(list(self.zone.records) or [()])

    def target(self):
        """A name for an alias or a host: mostly in the zone, there or not."""
        roll = self.rng.random()
        if roll < 0.45:
            return self.zone.full(self.known())
        if roll < 0.75:
            return self.zone.full(self.owner(wildcard=False))
        if roll < 0.85:
            return self.zone.full((self.label(),) + self.known())
        if roll < 0.92 and self.number > 0:
            return "%s.z%d.test." % (self.label(), self.rng.randrange(self.number))
        return "host.example."

    def address(self):
        return "192.0.2.%d" % self.rng.randrange(1, 255)

    def plain(self, owner):
        r = self.rng
        rtype = r.choice(["A", "A", "AAAA", "TXT", "MX", "SRV", "TYPE65280", "PTR", "CAA"])
        text = {"A": self.address,
                "AAAA": lambda: "2001:db8::%x" % r.randrange(1, 65535),
                "TXT": lambda: '"t%d"' % r.randrange(9),
                "MX": lambda: "%d %s" % (r.randrange(9), self.target()),
                "SRV": lambda: "0 %d 80 %s" % (r.randrange(9), self.target()),
                "TYPE65280": lambda: "\\# 3 0a%04x" % r.randrange(65536),
                "PTR": self.target,
                "CAA": lambda: '0 issue "ca%d"' % r.randrange(9)}[rtype]
        for _ in range(r.choice([1, 1, 2])):
            self.zone.add(owner, rtype, text())

    def free(self, owner):
        z = self.zone
        return owner not in z.records and not z.covered(owner)

    def cname(self):
        owner = self.owner()
        if self.free(owner):
            self.zone.add(owner, "CNAME", self.target())

    def dname(self):
        owner = self.owner(wildcard=False)
        if not self.free(owner) or self.zone.has_below(owner):
            return
        target = self.target()
        if self.rng.random() < 0.15:
            target = "%s.%s.%s.%s" % (LONG, LONG, LONG, target)
        self.zone.add(owner, "DNAME", target)
        if self.rng.random() < 0.3:
            self.zone.add(owner, "TXT", '"beside"')

    def delegation(self):
        r, z = self.rng, self.zone
        owner = self.owner(wildcard=False)
        if not self.free(owner):
            return
        for _ in range(r.choice([1, 2, 2, 3])):
            roll = r.random()
            if roll < 0.5:
                server = (self.label().lower(),) + owner
                if "CNAME" in z.types(server) or z.covered(server, ("DNAME",)):
                    continue
                z.add(server, "A", self.address())
                if r.random() < 0.3:
                    z.add(server, "AAAA", "2001:db8::53")
                z.add(owner, "NS", z.full(server))
            elif roll < 0.7 and "ns" not in owner:
                z.add(owner, "NS", z.full(("ns",)))
            else:
                z.add(owner, "NS", "ns%d.example." % r.randrange(9))
        if "NS" in z.types(owner) and r.random() < 0.3:
            z.add(owner, "DS", "1 13 2 " + "%064x" % r.randrange(1 << 255))
        if "NS" in z.types(owner) and r.random() < 0.25:
            hidden = (self.label().lower(),) + owner
            if "CNAME" not in z.types(hidden) and not z.covered(hidden, ("DNAME",)):
                z.add(hidden, "TXT", '"occluded"')

    def some_plain(self):
        owner = self.owner()
        if not self.zone.covered(owner) and not self.zone.types(owner) & {"CNAME", "NS", "DNAME"}:
            self.plain(owner)

    def nested(self):
        """A zone of its own below, delegated here and served too."""
        owner = tuple(self.rng.choice("abcde") for _ in range(self.rng.choice([1, 1, 2])))
        z = self.zone
        if not self.free(owner) or z.has_below(owner) or ("ns",) == owner[-1:]:
            return
        child = Maker(self.rng, self.number)
        child.zone.name = z.full(owner)[:-1]
        child.fill(self.rng.randrange(2, 8), nest=False)
        server = ("nsc",) + owner
        z.add(owner, "NS", z.full(server))
        z.add(server, "A", "192.0.2.53")
        child.zone.add(("nsc",), "A", "192.0.2.53")
        if self.rng.random() < 0.3:
            z.add(owner, "DS", "1 13 2 " + "ab" * 32)
        z.child = child.zone

    def fill(self, count, nest=True):
        z = self.zone
        z.add((), "NS", z.full(("ns",)))
        z.add(("ns",), "A", "192.0.2.1")
        if self.rng.random() < 0.3:
            self.plain(())
        steps = [self.some_plain] * 5 + [self.cname] * 3 + [self.dname, self.delegation] * 2
        for _ in range(count):
            self.rng.choice(steps)()
        if nest and self.rng.random() < 0.2:
            self.nested()
        return z


def make_zone(rng, number):
    return Maker(rng, number).fill(rng.randrange(4, 26))


# ---- questions ---------------------------------------------------------------------------

TYPES = ["A", "A", "A", "AAAA", "TXT", "CNAME", "MX", "NS", "DS", "DNAME", "SRV", "SOA",
         "TYPE65280", "TYPE666", "ANY"]


def random_case(rng, text):
    return "".join(c.upper() if rng.random() < 0.2 and c != "\\" else c for c in text)


def question_name(rng, zone):
    names = list(zone.records)
    owner = rng.choice(names)
    roll = rng.random()
    if roll < 0.35:
        picked = owner
    elif roll < 0.6:
        picked = (rng.choice(LABELS),) + owner
    elif roll < 0.68:
        picked = (rng.choice(LABELS), rng.choice(LABELS)) + owner
    elif roll < 0.78:
        picked = owner[1:]
    elif roll < 0.86:
        picked = (rng.choice(LABELS),) + owner[1:]
    elif roll < 0.9:
        picked = ("*",) + owner[1:]
    elif roll < 0.93:
        picked = (LONG, LONG) + owner
    else:
        picked = tuple(rng.choice(LABELS) for _ in range(rng.choice([1, 2])))
    return random_case(rng, zone.full(picked))


def make_questions(rng, zone, count):
    asked = set()
    for _ in range(count):
        of = zone.child if zone.child and rng.random() < 0.4 else zone
        asked.add((question_name(rng, of), rng.choice(TYPES)))
    return sorted(asked)
