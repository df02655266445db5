"""EDNS(0): sizes, versions, flags, options, and reasons of errors."""

import struct

from cases import ALL, TCP, UDP, case
from cases_lookup import under
from cases_message import WWW, is_www
from cases_service import service
from talk import empty, expect, same, status
from wire import (A, BADVERS, COOKIE, DO, ECS, EXPIRE, FORMERR, HS, KEEPALIVE, NSID, NXNAME,
                  PADDING, REFUSED, SOA, SRV, TC, AXFR, ecs, message, opt, option, query)
from world import DISC, NSID as NAME_OF_SERVER, STATIC


def with_options(*options, qname=WWW, qtype=A, **more):
    return query(qname, qtype, edns=opt(options=b"".join(options), **more))


@case("E1")
def without_edns(t, w):
    for qname, qtype in ((WWW, A), (under("none"), A), ("other.test", A), (WWW, NXNAME)):
        same("OPT", None, t.ask(query(qname, qtype)).opt)
    same("OPT", None, t.ask(message()).opt)
    reply = t.ask(query(service("many"), A))
    if not t.tcp:
        expect(len(reply.bytes) <= 512 and reply.has(TC), "512 bytes and TC", len(reply.bytes))


@case("E2")
def opt_in_every_answer(t, w):
    for asked in (query(WWW, A, edns=True), query(under("none"), A, edns=True),
                  query("other.test", A, edns=True), query(WWW, A, HS, edns=True),
                  query(WWW, NXNAME, edns=True), query(WWW, AXFR, edns=True),
                  query(WWW, A, opcode=2, edns=True), query(WWW, A, opcode=4, edns=True),
                  message(ar=[opt()]), query(under("x.sub"), A, edns=True),
                  query(service("many"), SRV, edns=opt(512)), query(WWW, A, edns=opt(version=1))):
        reply = t.ask(asked)
        expect(reply.opt, f"an OPT record (RCODE {reply.rcode})")
        same("its size field", 1232, reply.opt.rclass)


@case("E3 MP13", UDP)
def small_sizes(t, w):
    for size in (0, 100, 511, 512):
        reply = t.ask(query(service("many"), A, edns=opt(size)))
        expect(400 < len(reply.bytes) <= 512, "about 512 bytes", len(reply.bytes))
        same("TC", True, reply.has(TC))
        is_www(t.ask(query(WWW, A, edns=opt(size))))


@case("E4", UDP)
def large_sizes(t, w):
    for size in (1232, 1400, 4096, 65535):
        reply = t.ask(query(service("many"), SRV, edns=opt(size)))
        expect(1000 < len(reply.bytes) <= 1232, "about 1232 bytes", len(reply.bytes))
        same("TC", True, reply.has(TC))
    reply = t.ask(query(service("many"), SRV, edns=opt(800)))
    expect(len(reply.bytes) <= 800, "at most 800 bytes", len(reply.bytes))


@case("E4", UDP, "small")
def sizes_as_configured(t, w):
    reply = t.ask(query(service("many"), SRV, edns=opt(65535)))
    same("TC", False, reply.has(TC))
    same("all", 60, len(reply.answer))
    reply = t.ask(query(service("many"), SRV, edns=opt(1000)))
    expect(len(reply.bytes) <= 1000 and reply.has(TC), "a cut answer", len(reply.bytes))


@case("E5")
def unknown_versions(t, w):
    for version in (1, 2, 255):
        for qname in (WWW, "other.test"):
            for options in (b"", option(100, b"xyz"), option(NSID), option(COOKIE, bytes(8))):
                asked = query(qname, A, edns=opt(version=version, options=options))
                reply = t.ask(asked)
                status(reply, BADVERS, False)
                empty(reply)
                same("QDCOUNT", 1, reply.counts[0])
                expect({c for c, _ in reply.options} <= {NSID, COOKIE}, "no other options",
                       reply.options)


@case("E6")
def unknown_flags(t, w):
    for flags in (1, 0x80, 0x4000, 0x7FFF):
        reply = t.ask(query(WWW, A, edns=opt(flags=flags)))
        is_www(reply)
        same("the flags", 0, reply.edns_flags)


@case("E7")
def dnssec_ok(t, w):
    for flags in (DO, 0xFFFF):
        for qname in (WWW, under("none"), service("web"), "other.test"):
            reply = t.ask(query(qname, A, edns=opt(flags=flags)))
            same("the flags", DO, reply.edns_flags)


@case("E8")
def unknown_options(t, w):
    for code in (1, 4, 100, 65001, 65535):
        reply = t.ask(with_options(option(code, b"1234"), option(code)))
        is_www(reply)
        same("options", [], reply.options)
    reply = t.ask(with_options(option(100), option(NSID), option(101, bytes(300))))
    same("the one that is known", [NSID], [c for c, _ in reply.options])


@case("E10")
def rcode_in_opt(t, w):
    for rcode in (1, 255):
        is_www(t.ask(query(WWW, A, edns=opt(rcode=rcode))))


@case("E11")
def identity(t, w):
    for content in (b"", b"whatever"):
        reply = t.ask(with_options(option(NSID, content)))
        same("NSID", NAME_OF_SERVER, reply.option(NSID))
    same("not asked", None, t.ask(query(WWW, A, edns=True)).option(NSID))
    same("with an error", NAME_OF_SERVER,
         t.ask(with_options(option(NSID), qname="other.test")).option(NSID))


@case("E11", ALL, "small")
def no_identity(t, w):
    same("NSID", None, t.ask(with_options(option(NSID))).option(NSID))


@case("E12")
def client_subnet(t, w):
    """From a forwarder that is trusted: echoed with a scope; nothing here is tailored to
    places, so that it is 0."""
    for asked in (ecs(bytes([192, 0, 2]), 24), ecs(b"", 0), ecs(bytes([10, 0x80]), 9),
                  ecs(bytes.fromhex("20010db8000000"), 56, family=2)):
        reply = t.ask(with_options(asked))
        is_www(reply)
        data = asked[4:]
        same("the option", data[:3] + b"\0" + data[4:], reply.option(ECS))
    same("not asked", None, t.ask(query(WWW, A, edns=True)).option(ECS))


@case("E12")
def client_subnet_with_a_place(t, w):
    """Whoever is near to an instance gets it first, and the scope says for whom that holds."""
    asked = query(service("placed"), SRV, edns=True)
    same("priorities of those without a place", {0}, {v[0] for v in t.ask(asked).values(SRV)})
    for subnet, least in ((ecs(bytes([198, 51, 100, 7]), 32), 24),
                          (ecs(bytes([198, 51, 100]), 24), 24),
                          (ecs(bytes.fromhex("20010db8005100"), 56, family=2), 48)):
        reply = t.ask(with_options(subnet, qname=service("placed"), qtype=SRV))
        priorities = {v[3].split(".")[0]: v[0] for v in reply.values(SRV)}
        expect(priorities["n1"] < priorities["f1"], "the near one first", priorities)
        scope = reply.option(ECS)[3]
        expect(least <= scope <= subnet[6], f"a scope from {least} to {subnet[6]}", scope)
        reply = t.ask(with_options(subnet, qname=service("placed"), qtype=A))
        same("the first address", "10.1.16.1", reply.answer[0].value())
    reply = t.ask(with_options(ecs(bytes([203, 0, 113]), 24), qname=service("placed"), qtype=SRV))
    same("elsewhere", {0}, {v[0] for v in reply.values(SRV)})


@case("E12", ALL, "small")
def client_subnet_of_strangers(t, w):
    """Nobody is trusted: ignored, or said to have no influence."""
    reply = t.ask(with_options(ecs(bytes([192, 0, 2]), 24)))
    is_www(reply)
    found = reply.option(ECS)
    expect(found is None or found[3] == 0, "no scope", found)


@case("E13")
def impossible_subnets(t, w):
    for bad in (ecs(bytes([192, 0, 2]), 24, family=7), ecs(bytes([192, 0, 2]), 24, scope=24),
                ecs(bytes([192, 0, 2]), 23, scope=1), ecs(bytes([192, 0, 3]), 23),
                ecs(bytes([192, 0, 2, 0]), 24), ecs(bytes([192, 0]), 24), ecs(bytes(5), 33),
                ecs(bytes(17), 129, family=2), option(ECS, b"\0\1\0"), option(ECS)):
        reply = t.ask(with_options(bad))
        status(reply, FORMERR)
        empty(reply)
        expect(reply.opt, "an OPT record")


@case("E14")
def expire(t, w):
    for qname, seconds in ((STATIC, 86400), (DISC, 86400)):
        reply = t.ask(with_options(option(EXPIRE), qname=qname, qtype=SOA))
        same("EXPIRE", struct.pack("!I", seconds), reply.option(EXPIRE))
    same("of other types", None, t.ask(with_options(option(EXPIRE))).option(EXPIRE))
    same("not asked", None, t.ask(query(STATIC, SOA, edns=True)).option(EXPIRE))


@case("E15", UDP)
def keepalive_over_udp(t, w):
    for data in (b"", b"\0\x10"):
        reply = t.ask(with_options(option(KEEPALIVE, data)))
        is_www(reply)
        same("KEEPALIVE", None, reply.option(KEEPALIVE))


@case("E16", TCP)
def keepalive_over_tcp(t, w):
    for data in (b"", b"\0\x10"):
        reply = t.ask(with_options(option(KEEPALIVE, data)))
        is_www(reply)
        same("10 s in units of 100 ms", struct.pack("!H", 100), reply.option(KEEPALIVE))
    same("not asked", None, t.ask(query(WWW, A, edns=True)).option(KEEPALIVE))


@case("E16", TCP, "small")
def keepalive_as_configured(t, w):
    reply = t.ask(with_options(option(KEEPALIVE)))
    same("1 s", struct.pack("!H", 10), reply.option(KEEPALIVE))


@case("E17")
def padding(t, w):
    plain = len(t.ask(query(WWW, A, edns=True)).bytes)
    reply = t.ask(with_options(option(PADDING, bytes(100))))
    is_www(reply)
    same("the size", plain, len(reply.bytes))


@case("E18")
def reasons(t, w):
    for asked, code in ((query("other.test", A, edns=True), 20),
                        (query(WWW, A, HS, edns=True), 21), (query(WWW, NXNAME, edns=True), 30)):
        same("the code", [code], t.ask(asked).ede())
    reply = t.ask(query(STATIC, AXFR, edns=True))
    if t.tcp:
        same("a transfer denied", (REFUSED, [18]), (reply.rcode, reply.ede()))
    same("nothing wrong, no reason", [], t.ask(query(WWW, A, edns=True)).ede())
    for qname in (under("none"), under("b.c.ent"), service("past")):
        reply = t.ask(query(qname, A, edns=True))
        same(f"reasons of the negative answer at {qname}", 1, len(reply.ede()))
        for c, data in reply.options:
            data[2:].decode()


@case("E18", UDP)
def reasons_give_way(t, w):
    """What does not fit is the reason first: at no size does an answer lose records to it."""
    for size in range(512, 640, 8):
        with_reason = t.ask(query(service("many"), SRV, edns=opt(size)))
        expect(len(with_reason.bytes) <= size, f"at most {size} bytes", len(with_reason.bytes))
