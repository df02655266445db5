"""What is served and asked: N services with M instances each, the same for every server."""

import os
import random

ZONE = "disc.local"
TTL, NEGATIVE_TTL = 5, 2
QUERY_LINES = 100000


class Data:
    def __init__(self, services, instances):
        self.services, self.instances = services, instances

    def service(self, n):
        return "s%d.%s" % (n, ZONE)

    def target(self, n, k):
        return "i%d.%s" % (k, self.service(n))

    def address(self, n, k):
        i = n * self.instances + k
        return "10.%d.%d.%d" % (i >> 16 & 255, i >> 8 & 255, i & 255)

    def port(self, k):
        return 8000 + k

    def weight(self, k):
        return 10 * (1 + k % 3)

    # ---- for static servers -----------------------------------------------------------

    def static_part(self):
        return ("$ORIGIN %s.\n$TTL %d\n@ SOA ns hostmaster 1 60 10 86400 %d\n@ NS ns\n"
                "ns A 127.0.0.1\n" % (ZONE, TTL, NEGATIVE_TTL))

    def service_part(self, n):
        lines = []
        for k in range(self.instances):
            lines.append("s%d SRV 0 %d %d i%d.s%d\n" % (n, self.weight(k), self.port(k), k, n))
            lines.append("s%d A %s\n" % (n, self.address(n, k)))
            lines.append("i%d.s%d A %s\n" % (k, n, self.address(n, k)))
        return "".join(lines)

    def write_zone(self, path):
        with open(path, "w") as out:
            out.write(self.static_part())
            for n in range(self.services):
                out.write(self.service_part(n))

    # ---- for discd -------------------------------------------------------------------

    def registrations(self, lease):
        """Requests of disc/1 without their id."""
        for n in range(self.services):
            for k in range(self.instances):
                yield ("reg svc=s%d inst=i%d addr=%s port=%d w=%d lease=%d"
                       % (n, k, self.address(n, k), self.port(k), self.weight(k), lease))

    # ---- queries ---------------------------------------------------------------------

    def question(self, kind, random_state):
        n = random_state.randrange(self.services)
        if kind == "srv":
            return self.service(n), "SRV"
        if kind == "a":
            return self.target(n, random_state.randrange(self.instances)), "A"
        if kind == "a_all":
            return self.service(n), "A"
        return "x%d.%s" % (n, ZONE), "A"

    def sample(self, kind):
        return self.question(kind, random.Random(2))

    def write_queries(self, folder, kind):
        path = os.path.join(folder, kind + ".queries")
        state = random.Random(1)
        with open(path, "w") as out:
            for _ in range(QUERY_LINES):
                out.write("%s %s\n" % self.question(kind, state))
        return path


KINDS = {  # as they are called in tables
    "srv": "SRV of a service",
    "a": "A of an instance",
    "a_all": "A of a service",
    "nxdomain": "NXDOMAIN",
}


def code_of(kind):
    """The only response code that is right."""
    return "NXDOMAIN" if kind == "nxdomain" else "NOERROR"
