"""Asking the daemon: one transport object for each of UDP and TCP over IPv4 and IPv6.
Whatever comes back is read twice, and what holds for every answer is checked here."""

import socket
import struct

import dns.message

import wire
from wire import AA, AD, CD, QR, RA, RD, TC, Z, Reply

PATIENCE = 30  # seconds for an answer that must come


class Failure(Exception):
    """What was expected, and what came."""


def expect(condition, expected, got=""):
    if not condition:
        raise Failure(f"expected {expected}, got {got!r}" if got != "" else f"expected {expected}")


def same(what, expected, got):
    if expected != got:
        raise Failure(f"{what}: expected {expected!r}, got {got!r}")


class Closed(Exception):
    """The server closed the connection."""


def second_reader(reply):
    """dnspython must find nothing to complain of either. It does not know all opcodes, and
    signatures are checked elsewhere (tsig.py); an UPDATE of no zone it cannot read."""
    data = reply.bytes
    if reply.opcode not in (wire.QUERY, wire.NOTIFY, wire.UPDATE) or not reply.question:
        return
    if reply.opcode == wire.UPDATE and reply.question[-4:-2] != struct.pack("!H", wire.SOA):
        return
    if reply.tsig:
        count = struct.pack("!H", reply.counts[3] - 1)
        data = data[:10] + count + data[12:reply.tsig.at]
    try:
        dns.message.from_wire(data, xfr=True, one_rr_per_rrset=True)
    except Exception as e:
        raise Failure(f"dnspython cannot read it: {type(e).__name__} {e}")


def read(data, asked):
    """The answer to the message `asked`, with what must hold for each."""
    try:
        reply = Reply(data)
        for section in reply.sections:
            for r in section:
                r.value()
    except wire.Malformed as e:
        raise Failure(f"a malformed answer: {e}")
    second_reader(reply)
    ident, flags = struct.unpack_from("!HH", asked)
    same("the ID", ident, reply.id)
    same("the opcode", flags >> 11 & 15, reply.opcode)
    same("QR, RA, Z and AD", QR, reply.flags & (QR | RA | Z | AD))
    if reply.opt:
        same("the version of EDNS", 0, reply.edns_version)
        same("flags of OPT but for DO", 0, reply.edns_flags & 0x7FFF)
    ttls = {}
    for r in reply.answer + reply.authority + reply.additional:
        if r.type not in (wire.RRSIG, wire.SOA):
            first = ttls.setdefault((r.owner, r.type), r.ttl)
            same(f"the TTLs of {r.owner} {r.type}", first, r.ttl)
    if reply.question:
        expect(asked[12:].startswith(reply.question), "the question byte for byte",
               reply.question.hex())
    return reply


class Transport:
    """Where and how to ask. `last` keeps what a failure prints."""

    def __init__(self, name, address, port, source=None):
        self.name, self.address, self.port, self.source = name, address, port, source
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.tcp = name.startswith("tcp")
        self.last = (b"", b"")

    def open(self):
        kind = socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM
        s = socket.socket(self.family, kind)
        s.settimeout(PATIENCE)
        if self.source:
            s.bind((self.source, 0))
        s.connect((self.address, self.port))
        return s

    def send(self, s, data):
        self.last = (data, b"")
        s.sendall(struct.pack("!H", len(data)) + data if self.tcp else data)

    def receive(self, s):
        try:
            data = self.receive_stream(s) if self.tcp else s.recv(65535)
        except socket.timeout:
            raise Failure("no answer")
        except ConnectionResetError:
            raise Closed()
        self.last = (self.last[0], data)
        return data

    def receive_stream(self, s):
        size = struct.unpack("!H", receive_exactly(s, 2))[0]
        return receive_exactly(s, size)

    def exchange(self, data):
        with self.open() as s:
            self.send(s, data)
            return self.receive(s)

    def ask(self, data):
        """One message, and the answer to it, read."""
        try:
            raw = self.exchange(data)
        except Closed:
            raise Failure("an answer, but the connection was closed")
        if not self.tcp:
            expect(len(raw) <= udp_room(data), f"at most {udp_room(data)} bytes", len(raw))
        return read(raw, data)

    def silent(self, data, after):
        """No answer to `data`: the next thing that comes is the answer to `after`, sent
        behind it from the same port; TCP may close instead."""
        with self.open() as s:
            self.send(s, data)
            try:
                if self.tcp:
                    s.sendall(struct.pack("!H", len(after)) + after)
                else:
                    s.send(after)
                raw = self.receive(s)
            except (Closed, BrokenPipeError):
                expect(self.tcp, "an answer to the second message")
                return
        same("the ID of the next answer", after[:2], raw[:2])


def receive_exactly(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(size - len(data))
        if not more:
            raise Closed()
        data += more
    return data


def udp_room(data):
    """What the asker takes, as far as its OPT can be found: the last 1232 otherwise."""
    at = data.rfind(b"\0\0\x29", 12)
    if at < 0:
        return 512
    return max(512, struct.unpack_from("!H", data, at + 3)[0]) if at + 5 <= len(data) else 512


def status(reply, rcode, authoritative=None):
    """The RCODE, and AA when it matters."""
    same("RCODE", rcode, reply.rcode)
    if authoritative is not None:
        same("AA", authoritative, reply.has(AA))


def empty(reply):
    same("records", [[], [], []],
         [[r.key() for r in s] for s in (reply.answer, reply.authority, reply.additional)])


def header_only(reply, rcode):
    """An error with nothing but its header, and OPT where the asker had one."""
    status(reply, rcode, False)
    same("QDCOUNT", 0, reply.counts[0])
    empty(reply)
    same("TC", False, reply.has(TC))


def negative(reply, rcode, zone, ttl):
    """Nothing there, said as RFC 2308 says it."""
    status(reply, rcode, True)
    same("the last answers", [], [r.key() for r in reply.answer if r.type != wire.CNAME
                                  and r.type != wire.DNAME])
    same("types in authority", [wire.SOA], [r.type for r in reply.authority])
    soa = reply.authority[0]
    same("the SOA's owner", zone.rstrip(".") + ".", soa.owner)
    same("the SOA's TTL and MINIMUM", (ttl, ttl), (soa.ttl, soa.value()[6]))


def copied(asked, reply):
    """RD and CD as asked, TC not."""
    flags = struct.unpack_from("!H", asked, 2)[0]
    same("RD and CD", flags & (RD | CD), reply.flags & (RD | CD))
