"""DNS messages as bytes: built piece by piece, so that anything malformed can be built
too, and read strictly, so that nothing malformed passes. On purpose independent of the
daemon and of any library; every answer is read by dnspython as well (see talk.py)."""

import struct

A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, AAAA, SRV = 1, 2, 5, 6, 12, 13, 15, 16, 28, 33
DNAME, OPT, DS, RRSIG, SVCB, HTTPS, NXNAME = 39, 41, 43, 46, 64, 65, 128
TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY = 249, 250, 251, 252, 253, 254, 255
SIG = 24
IN, CH, HS, NONE, CLASS_ANY = 1, 3, 4, 254, 255

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE = 6, 7, 8, 9, 10
BADVERS, BADSIG, BADKEY, BADTIME, BADTRUNC, BADCOOKIE = 16, 16, 17, 18, 22, 23

QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO = 0, 1, 2, 4, 5, 6
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10
DO = 0x8000

LEASE, NSID, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING, EDE = 2, 3, 8, 9, 10, 11, 12, 15


# ---- writing -----------------------------------------------------------------------------


def labels(text):
    """The labels of a name in text; no escapes: odd labels are given as a list."""
    if isinstance(text, (list, tuple)):
        return [p if isinstance(p, bytes) else p.encode() for p in text]
    return [p.encode() for p in text.rstrip(".").split(".") if p]


def name(text):
    if isinstance(text, bytes):
        return text
    return b"".join(bytes([len(p)]) + p for p in labels(text)) + b"\0"


def question(qname, qtype, qclass=IN):
    return name(qname) + struct.pack("!HH", qtype, qclass)


def record(owner, rtype, ttl, rdata, rclass=IN):
    return name(owner) + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def opt(size=1232, options=b"", flags=0, version=0, rcode=0, owner=b"\0"):
    return owner + struct.pack("!HHBBHH", OPT, size, rcode, version, flags, len(options)) + options


def ecs(address, source, scope=0, family=1):
    return option(ECS, struct.pack("!HBB", family, source, scope) + address)


def message(qd=(), an=(), ns=(), ar=(), id=0x1234, flags=0, opcode=QUERY, counts=None, tail=b""):
    sections = [[s] if isinstance(s, bytes) else list(s) for s in (qd, an, ns, ar)]
    counts = counts or [len(s) for s in sections]
    head = struct.pack("!HHHHHH", id, flags | opcode << 11, *counts)
    return head + b"".join(b"".join(s) for s in sections) + tail


def query(qname, qtype, qclass=IN, edns=None, **more):
    """An ordinary question; `edns`: an OPT record, or True for a plain one."""
    if edns is True:
        edns = opt()
    ar = list(more.pop("ar", ())) + ([edns] if edns else [])
    return message(question(qname, qtype, qclass), ar=ar, **more)


def update(zone, changes=(), conditions=(), zone_type=SOA, zone_class=IN, ar=(), **more):
    return message(question(zone, zone_type, zone_class), conditions, changes, ar, opcode=UPDATE,
                   **more)


def text_rdata(*strings):
    return b"".join(bytes([len(s)]) + s for s in (p.encode() for p in strings))


def srv_rdata(priority, weight, port, target):
    return struct.pack("!HHH", priority, weight, port) + name(target)


def soa_rdata(mname, rname, *numbers):
    return name(mname) + name(rname) + struct.pack("!5I", *numbers)


# ---- reading -----------------------------------------------------------------------------


class Malformed(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Malformed(what)


def read_name(data, at):
    """Labels and where the name ends; pointers only backwards, to names."""
    parts, end, before, size = [], None, at, 1
    while True:
        need(at < len(data), "a name runs out of the message")
        n = data[at]
        if n >= 0xC0:
            need(at + 1 < len(data), "a pointer runs out of the message")
            to = (n & 0x3F) << 8 | data[at + 1]
            end = end or at + 2
            need(12 <= to < before, "a pointer that does not lead backwards")
            at = before = to
            continue
        need(n < 64, "a label of an unknown kind")
        need(at + 1 + n <= len(data), "a label runs out of the message")
        if n == 0:
            return parts, end or at + 1
        size += n + 1
        need(size <= 255, "a name of more than 255 octets")
        parts.append(data[at + 1:at + 1 + n])
        at += n + 1


def show(parts):
    """A name as text, in lower case, with final dot; odd bytes as \\DDD."""
    if not parts:
        return "."
    text = ""
    for part in parts:
        for c in part.lower():
            ok = 0x21 <= c <= 0x7E and c not in b".\\"
            text += chr(c) if ok else "\\%03d" % c
        text += "."
    return text


class Record:
    def __init__(self, section, data, at):
        self.section, self.message, self.at = section, data, at
        self.labels, at = read_name(data, at)
        need(at + 10 <= len(data), "a record runs out of the message")
        self.type, self.rclass, self.ttl, size = struct.unpack_from("!HHIH", data, at)
        self.rdata_at, self.end = at + 10, at + 10 + size
        need(self.end <= len(data), "RDATA runs out of the message")
        self.rdata = data[self.rdata_at:self.end]
        self.owner = show(self.labels)

    def name_at(self, skip=0):
        """The name in the RDATA, `skip` bytes in, and the offset behind it in the RDATA."""
        parts, end = read_name(self.message, self.rdata_at + skip)
        need(end <= self.end, "a name runs out of its RDATA")
        return show(parts), end - self.rdata_at

    def value(self):
        """The RDATA in a comparable form, free of compression."""
        if self.type in (NS, CNAME, PTR, DNAME):
            target, end = self.name_at()
            need(end == len(self.rdata), "bytes behind the name in RDATA")
            return target
        if self.type == SOA:
            mname, at = self.name_at()
            rname, at = self.name_at(at)
            need(at + 20 == len(self.rdata), "an SOA of the wrong size")
            return (mname, rname) + struct.unpack_from("!5I", self.rdata, at)
        if self.type == MX:
            return struct.unpack_from("!H", self.rdata) + (self.name_at(2)[0],)
        if self.type == SRV:
            target, end = self.name_at(6)
            need(end == len(self.rdata), "bytes behind the target of an SRV")
            return struct.unpack_from("!HHH", self.rdata) + (target,)
        if self.type == TXT:
            return strings(self.rdata)
        if self.type == A:
            need(len(self.rdata) == 4, "an A record of the wrong size")
            return ".".join(str(b) for b in self.rdata)
        return self.rdata

    def key(self):
        return (self.owner, self.type, self.value())


def strings(rdata):
    found, at = [], 0
    need(rdata, "an empty TXT record")
    while at < len(rdata):
        need(at + 1 + rdata[at] <= len(rdata), "a string runs out of its RDATA")
        found.append(rdata[at + 1:at + 1 + rdata[at]])
        at += 1 + rdata[at]
    return tuple(found)


class Reply:
    """A message read strictly. Sections as lists of records; the OPT record apart."""

    def __init__(self, data):
        need(len(data) >= 12, "less than a header")
        self.bytes = data
        self.id, self.flags = struct.unpack_from("!HH", data)
        self.counts = struct.unpack_from("!4H", data, 4)
        self.opcode, self.rcode = self.flags >> 11 & 15, self.flags & 15
        need(self.counts[0] <= 1, "more than one question")
        self.question, at = None, 12
        if self.counts[0]:
            parts, at = read_name(data, at)
            need(at + 4 <= len(data), "the question runs out of the message")
            at += 4
            self.question = data[12:at]
        self.sections = [[], [], []]
        for section in range(3):
            for _ in range(self.counts[section + 1]):
                r = Record(section, data, at)
                self.sections[section].append(r)
                at = r.end
        need(at == len(data), "bytes behind the last record")
        self.take_opt()

    def take_opt(self):
        self.opt, self.options = None, []
        wrong = [r for s in self.sections[:2] for r in s if r.type == OPT]
        need(not wrong, "OPT in a wrong section")
        opts = [r for r in self.sections[2] if r.type == OPT]
        need(len(opts) < 2, "two OPT records")
        if not opts:
            return
        self.opt = opts[0]
        self.sections[2].remove(self.opt)
        need(self.opt.labels == [], "the owner of OPT is not the root")
        self.rcode |= self.opt.ttl >> 24 << 4
        self.edns_version, self.edns_flags = self.opt.ttl >> 16 & 255, self.opt.ttl & 0xFFFF
        data, at = self.opt.rdata, 0
        while at < len(data):
            need(at + 4 <= len(data), "an option's head runs out of OPT")
            code, size = struct.unpack_from("!HH", data, at)
            need(at + 4 + size <= len(data), "an option runs out of OPT")
            self.options.append((code, data[at + 4:at + 4 + size]))
            at += 4 + size

    @property
    def answer(self):
        return self.sections[0]

    @property
    def authority(self):
        return self.sections[1]

    @property
    def additional(self):
        return [r for r in self.sections[2] if r.type != TSIG]

    @property
    def tsig(self):
        found = [r for r in self.sections[2] if r.type == TSIG]
        return found[0] if found else None

    def option(self, code):
        found = [data for c, data in self.options if c == code]
        return found[0] if found else None

    def ede(self):
        """Codes of all Extended DNS Errors."""
        return [struct.unpack_from("!H", d)[0] for c, d in self.options if c == EDE]

    def values(self, rtype=None, section=0):
        return sorted(r.value() for r in self.sections[section]
                      if rtype is None or r.type == rtype)

    def has(self, flag):
        return bool(self.flags & flag)
