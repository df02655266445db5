"""A few questions of our own: is the server up, and does it answer right?"""

import socket
import struct
import time

from parts.data import ZONE

TYPES = {"A": 1, "NS": 2, "SOA": 6, "SRV": 33}
NXDOMAIN = 3
OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"  # EDNS, 4096 bytes


def query(name, type_name, number):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
    return (struct.pack("!6H", number, 0, 1, 0, 0, 1) + labels + b"\0"
            + struct.pack("!HH", TYPES[type_name], 1) + OPT)


def read_name(data, at):
    labels, end = [], None
    while data[at]:
        if data[at] >= 0xc0:
            end = end or at + 2
            at = struct.unpack_from("!H", data, at)[0] & 0x3fff
        else:
            labels.append(data[at + 1:at + 1 + data[at]].decode().lower())
            at += 1 + data[at]
    return ".".join(labels), end or at + 1


def read_rdata(data, at, size, rtype):
    if rtype == TYPES["A"]:
        return socket.inet_ntoa(data[at:at + size])
    if rtype == TYPES["SRV"]:
        return struct.unpack_from("!3H", data, at) + (read_name(data, at + 6)[0],)
    return None  # not compared


class Answer:
    def __init__(self, data):
        _, flags, questions, *counts = struct.unpack_from("!6H", data)
        self.rcode, self.authoritative = flags & 15, bool(flags & 0x400)
        self.truncated, self.size, self.sections = bool(flags & 0x200), len(data), []
        self.added = counts[1], max(counts[2] - 1, 0)  # authority; additional but EDNS
        at = 12
        for _ in range(questions):
            at = read_name(data, at)[1] + 4
        for count in counts:
            at = self.read_section(data, at, count)

    def read_section(self, data, at, count):
        records = []
        for _ in range(count):
            owner, at = read_name(data, at)
            rtype, _, ttl, size = struct.unpack_from("!HHIH", data, at)
            if rtype in (TYPES["A"], TYPES["SRV"], TYPES["SOA"]):
                records.append((owner, rtype, ttl, read_rdata(data, at + 10, size, rtype)))
            at += 10 + size
        self.sections.append(sorted(records, key=repr))
        return at

    def content(self):
        """What all servers must agree on."""
        return self.rcode, self.authoritative, self.truncated, self.sections[0], [
            r[:2] for r in self.sections[1]] if self.rcode else None

    def additional(self):
        return self.sections[2]


def ask(port, name, type_name, seconds=1.0):
    """None: no answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.connect(("127.0.0.1", port))
        try:
            s.send(query(name, type_name, 4711))
            return Answer(s.recv(65535))
        except OSError:
            return None


def ask_again(port, name, type_name, tries=20):
    """As `ask`, with patience: a busy machine may lose a datagram, or take its time."""
    for _ in range(tries):
        answer = ask(port, name, type_name)
        if answer:
            return answer
    return None


def wait_for(port, name, type_name, is_right, alive, limit):
    """Seconds until the answer is right."""
    start = time.monotonic()
    while time.monotonic() - start < limit:
        answer = ask(port, name, type_name, 0.2)
        if answer and is_right(answer):
            return time.monotonic() - start
        if answer and answer.truncated:
            raise SystemExit("%s %s does not fit in an answer: ask for fewer instances" % (
                name, type_name))
        if not alive():
            break
        time.sleep(0.002)
    raise SystemExit("port %d: no right answer for %s %s" % (port, name, type_name))


def samples(data):
    """Questions whose answers are compared before anything is measured."""
    for n in sorted({0, data.services // 3, data.services // 2, data.services - 1}):
        yield data.service(n), "SRV"
        yield data.service(n), "A"
        yield data.target(n, 0), "A"
        yield data.target(n, data.instances - 1), "A"
        yield data.target(n, data.instances), "A"
        yield "x%d.%s" % (n, ZONE), "A"
