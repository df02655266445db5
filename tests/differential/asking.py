"""Questions out, answers in, and what is compared of them."""

import random
import select
import socket
import struct

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rdataclass

WINDOW = 48
PATIENCE = 2.0  # seconds without any answer before what is missing is asked again


class Outcome:
    """rcode, AA, and the sections as sets of (owner, type, TTL, data), in lower case."""

    def __init__(self, wire):
        m = dns.message.from_wire(wire, ignore_trailing=False)
        self.rcode = m.rcode()
        self.aa = bool(m.flags & dns.flags.AA)
        self.tc = bool(m.flags & dns.flags.TC)
        self.answer = self.records(m.answer)
        self.authority = self.records(m.authority)
        self.additional = self.records(m.additional)

    @staticmethod
    def records(section):
        return frozenset((str(s.name).lower(), dns.rdatatype.to_text(s.rdtype), s.ttl, data(s, r))
                         for s in section for r in s)

    def key(self):
        return (self.rcode, self.aa, self.answer, self.authority)

    def text(self):
        lines = ["rcode %d aa %d" % (self.rcode, self.aa)]
        for title, section in (("answer", self.answer), ("authority", self.authority)):
            lines += ["  %s: %s %d %s %s" % (title, o, ttl, t, d)
                      for o, t, ttl, d in sorted(section)]
        return "\n".join(lines)


def data(rrset, record):
    """A serial is each server's own."""
    if rrset.rdtype == dns.rdatatype.SOA:
        record = record.replace(serial=0)
    return record.to_text().lower()


def make_query(name, rtype, ident):
    number = dns.rdatatype.from_text(rtype)
    wire = dns.name.from_text(name).to_wire()
    dnssec_ok = 0x8000 if ident % 2 else 0
    opt = b"\0" + struct.pack("!HHIH", 41, 4096, dnssec_ok, 0)
    return struct.pack("!6H", ident, 0, 1, 0, 0, 1) + wire + struct.pack("!HH", number, 1) + opt


def is_name(name):
    try:
        dns.name.from_text(name)
        return True
    except Exception:
        return False


def ask_tcp(port, query):
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(struct.pack("!H", len(query)) + query)
        want = struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0]
        return s.recv(want, socket.MSG_WAITALL)


def ask_all(port, questions):
    """The outcome of each question, in order; None = never answered."""
    queries = [make_query(name, rtype, i) for i, (name, rtype) in enumerate(questions)]
    replies = [None] * len(queries)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for _ in range(3):
            ask_missing(s, queries, replies)
    outcomes = []
    for query, reply in zip(queries, replies):
        outcome = Outcome(reply) if reply else None
        if outcome and outcome.tc:
            outcome = Outcome(ask_tcp(port, query))
        outcomes.append(outcome)
    return outcomes


def ask_missing(s, queries, replies):
    todo = [i for i, r in enumerate(replies) if r is None]
    flying = 0
    for i in todo:
        s.send(queries[i])
        flying += 1
        if flying == WINDOW:
            flying -= receive(s, replies, WINDOW // 2, flying)
    receive(s, replies, flying, flying)


def receive(s, replies, least, flying):
    got = 0
    while got < least:
        if not select.select([s], [], [], PATIENCE)[0]:
            return flying
        reply = s.recv(65535)
        ident = struct.unpack("!H", reply[:2])[0]
        if replies[ident] is None:
            replies[ident] = reply
        got += 1
    return got


def answers_soa(name):
    """A probe: does the server at the port have the zone?"""
    def probe(port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.connect(("127.0.0.1", port))
            try:
                s.send(make_query(name, "SOA", random.randrange(65536)))
                reply = s.recv(65535)
            except OSError:
                return False
        return reply[3] & 15 == 0 and reply[7] == 1
    return probe
