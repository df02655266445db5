"""What remains of the matrix of malformed messages: OPT, TSIG and SIG records where they
do not belong."""

import random
import struct

from cases import case
from cases_message import WWW, is_www
from talk import empty, expect, header_only, read, same, status
from wire import (A, ANY, BADKEY, CLASS_ANY, FORMERR, IXFR, NOTAUTH, REFUSED, SIG, SOA, SRV, TSIG,
                  UPDATE, Reply, message, name, opt, option, query, question, record)
from world import DISC, GROW, STATIC

FUTURE = struct.pack("!HIH", 0, 2_000_000_000, 300)  # a Time Signed, and a fudge


def tsig_record(key="nobody.key", mac=bytes(32), algorithm="hmac-sha256", ident=0x1234):
    rdata = (name(algorithm) + FUTURE + struct.pack("!H", len(mac)) + mac
             + struct.pack("!HHH", ident, 0, 0))
    return record(key, TSIG, 0, rdata, CLASS_ANY)


@case("E9 MP10")
def opt_where_it_must_not_be(t, w):
    for bad in (dict(ar=[opt(), opt()]), dict(an=[opt()]), dict(ns=[opt()]),
                dict(ar=[opt(owner=b"\1x\0")]), dict(ar=[opt(owner=b"\xc0\x0c")]),
                dict(ar=[opt(options=struct.pack("!HH", 100, 5) + b"1234")]),
                dict(ar=[opt(options=b"123")]), dict(ar=[opt(options=option(100, b"1") + b"\0")])):
        header_only(t.ask(message(question(WWW, A), **bad)), FORMERR)


@case("MP14")
def unknown_key(t, w):
    reply = t.ask(query(WWW, A, ar=[tsig_record()]))
    status(reply, NOTAUTH, False)
    same("QDCOUNT", 1, reply.counts[0])
    empty(reply)
    expect(reply.tsig, "a TSIG record")
    same("the key's name", name("nobody.key"), name(reply.tsig.labels))
    end = reply.tsig.rdata[-6:]
    same("the error", BADKEY, struct.unpack("!HHH", end)[1])


@case("MP15 G5")
def tsig_not_last(t, w):
    sha256 = tsig_record("sha256.key")
    for ar in ([sha256, opt()], [sha256, record("x.test", A, 5, bytes(4))], [sha256, sha256],
               [tsig_record(), opt()]):
        header_only(t.ask(query(WWW, A, ar=ar)), FORMERR)
    header_only(t.ask(message(question(WWW, A), an=[sha256])), FORMERR)
    header_only(t.ask(message(question(WWW, A), ns=[sha256])), FORMERR)


@case("MP16")
def sig0_is_not_supported(t, w):
    rdata = (struct.pack("!HBBIIIH", 0, 13, 0, 0, 2_000_000_000, 1_000_000_000, 7)
             + name("key.example") + bytes(64))
    is_www(t.ask(query(WWW, A, ar=[record("", SIG, 0, rdata, CLASS_ANY)])))


def mutated(rand, seeds):
    """One of the seeds with some bytes changed, cut off or put in."""
    data = bytearray(rand.choice(seeds))
    for _ in range(rand.randint(1, 6)):
        at = rand.randrange(len(data))
        how = rand.randrange(4)
        if how == 0:
            data[at] ^= 1 << rand.randrange(8)
        elif how == 1:
            data[at] = rand.choice((0, 1, 0x3F, 0xC0, 0xFF))
        elif how == 2 and len(data) > 13:
            del data[at:at + rand.randint(1, 4)]
        else:
            data[at:at] = rand.randbytes(rand.randint(1, 4))
    return bytes(data)


@case("H16 H18")
def anything_at_all(t, w):
    """After 400 messages that are nearly right the next good one is answered."""
    rand = random.Random(20261121)
    seeds = [query(WWW, A, edns=opt(options=option(10, bytes(24)) + option(8, bytes(4)))),
             query(f"web.{DISC}", SRV, ar=[tsig_record("sha256.key")]),
             message(question(STATIC, IXFR), ns=[record(STATIC, SOA, 0, bytes(22))]),
             message(question(GROW, SOA), ns=[record(f"x.{GROW}", A, 5, bytes(4))], opcode=UPDATE)]
    good = query(WWW, A, id=0x7777)
    for _ in range(20):
        with t.open() as s:
            for _ in range(20):
                data = mutated(rand, seeds)
                data = b"\x55\x55" + bytes([data[2] & 0x7F]) + data[3:]  # QR may end TCP
                t.send(s, data.ljust(12, b"\0"))
            t.send(s, good)
            while True:
                raw = t.receive(s)
                if raw[:2] == good[:2]:
                    break
                Reply(raw)
            is_www(read(raw, good))


@case("A31 MP17")
def class_any(t, w):
    for qtype in (A, ANY):
        reply = t.ask(query(WWW, qtype, CLASS_ANY, edns=True))
        status(reply, REFUSED, False)
        empty(reply)
        same("the reason", [21], reply.ede())
