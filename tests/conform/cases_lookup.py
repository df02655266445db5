"""Which records answer a question: zones, negative answers, wildcards, aliases,
delegations, odd types and classes."""

import wire
from cases import ONCE, TCP, UDP, case
from cases_message import WWW
from daemon import eventually
from talk import empty, expect, negative, same, status
from wire import (name, A, AAAA, ANY, CNAME, DNAME, DS, FORMERR, HINFO, HS, MAILA, MAILB, MX,
                  NOERROR, NONE, NOTIMP, NS, NXDOMAIN, NXNAME, OPT, REFUSED, SOA, SRV, TC, TKEY,
                  TSIG, TXT, YXDOMAIN, opt, query)
from world import DISC, DISC_NEGATIVE, STATIC, STATIC_NEGATIVE


def under(label, zone=STATIC):
    """The name below the zone's apex; with a final dot where the label has one."""
    dot = "." if label.endswith(".") else ""
    return f"{label.rstrip('.')}.{zone}{dot}"


def nodata(t, qname, qtype, zone=STATIC, ttl=STATIC_NEGATIVE):
    negative(t.ask(query(qname, qtype)), NOERROR, zone, ttl)


def nxdomain(t, qname, qtype, zone=STATIC, ttl=STATIC_NEGATIVE):
    negative(t.ask(query(qname, qtype)), NXDOMAIN, zone, ttl)


def answers(t, qname, qtype, *expected):
    """These records, in this order of owners and types, with AA."""
    reply = t.ask(query(qname, qtype))
    status(reply, NOERROR, True)
    same("the answer", [(o.rstrip(".") + ".", ty, v) for o, ty, v in expected],
         [r.key() for r in reply.answer])
    return reply


def refused(reply, *ede):
    status(reply, REFUSED, False)
    empty(reply)
    same("the reason", list(ede), reply.ede())


@case("A1")
def foreign_names(t, w):
    for qname in ("other.test", "", "local", "example", "xstatic.example", "atic.example"):
        refused(t.ask(query(qname, A, edns=True)), 20)
        refused(t.ask(query(qname, A)))


@case("A2")
def an_rrset(t, w):
    reply = t.ask(query(WWW, A))
    status(reply, NOERROR, True)
    same("the set", ["192.0.2.10", "192.0.2.11", "192.0.2.12"], reply.values())
    same("TTLs", {300}, {r.ttl for r in reply.answer})
    answers(t, WWW, TXT, (WWW, TXT, (b"one", b"two")))
    answers(t, under("ns"), AAAA,
            (under("ns"), AAAA, bytes.fromhex("20010db8000000000000000000000001")))


@case("A3")
def another_type(t, w):
    nodata(t, WWW, AAAA)
    nodata(t, under("mail"), A)
    nodata(t, under("fixed", DISC), TXT, DISC, DISC_NEGATIVE)
    nodata(t, under("web", DISC), MX, DISC, DISC_NEGATIVE)


@case("A4")
def a_missing_name(t, w):
    for qtype in (A, TXT, SOA, DS, 65280):
        nxdomain(t, under("none"), qtype)
    nxdomain(t, under("none", DISC), SRV, DISC, DISC_NEGATIVE)
    nxdomain(t, under("none.web", DISC), A, DISC, DISC_NEGATIVE)


@case("A5")
def empty_non_terminals(t, w):
    for qname in ("b.c.ent", "c.ent", "ent", "_tcp", "_printer._tcp", "target", "empty.wild",
                  "wild"):
        nodata(t, under(qname), A)
    nodata(t, under("_tcp", DISC), A, DISC, DISC_NEGATIVE)
    nodata(t, under("_tcp", DISC), SRV, DISC, DISC_NEGATIVE)
    nodata(t, under("_tcp.web", DISC), SRV, DISC, DISC_NEGATIVE)


@case("A6")
def below_a_missing_name(t, w):
    for zone, ttl in ((STATIC, STATIC_NEGATIVE), (DISC, DISC_NEGATIVE)):
        for qname in ("none", "x.none", "a.b.c.d.none", "_sip._tcp.none"):
            nxdomain(t, under(qname, zone), A, zone, ttl)
    nxdomain(t, under("x.www"), A)
    nxdomain(t, under("x.fixed", DISC), A, DISC, DISC_NEGATIVE)


@case("A7 S10")
def a_service_without_instances(t, w):
    for service in ("past", "nobody"):
        for qtype in (A, AAAA, SRV, TXT):
            nodata(t, under(service, DISC), qtype, DISC, DISC_NEGATIVE)
        nodata(t, under(f"_{service}._tcp", DISC), SRV, DISC, DISC_NEGATIVE)
    reply = t.ask(query(under("past", DISC), SRV, edns=True))
    expect(len(reply.ede()) == 1, "a reason", reply.options)


@case("A8")
def a_wildcard(t, w):
    for qname in ("x.wild", "a.b.wild", "_x.wild", "*.x.wild"):
        answers(t, under(qname), A, (under(qname), A, "192.0.2.20"))
    answers(t, under("x.wild"), TXT, (under("x.wild"), TXT, (b"wild",)))


@case("A9")
def a_type_the_wildcard_lacks(t, w):
    for qtype in (AAAA, SRV, DS, 65280):
        nodata(t, under("x.wild"), qtype)


@case("A10")
def names_that_hide_the_wildcard(t, w):
    nodata(t, under("there.wild"), A)
    nxdomain(t, under("x.there.wild"), A)
    nodata(t, under("empty.wild"), A)
    nxdomain(t, under("x.empty.wild"), A)
    nodata(t, under("wild"), A)


@case("A11")
def the_wildcard_itself(t, w):
    answers(t, under("*.wild"), A, (under("*.wild"), A, "192.0.2.20"))
    nodata(t, under("*.wild"), AAAA)


@case("A12")
def an_alias(t, w):
    reply = t.ask(query(under("alias2"), A))
    status(reply, NOERROR, True)
    same("the chain", [(under("alias2."), CNAME, under("alias.")),
                       (under("alias."), CNAME, under("www."))],
         [r.key() for r in reply.answer[:2]])
    same("its end", [(under("www."), A)] * 3, [(r.owner, r.type) for r in reply.answer[2:]])
    reply = t.ask(query(under("x.aliases"), A))
    same("through a wildcard", [under("x.aliases") + ".", under("www") + "."],
         [r.owner for r in reply.answer[:2]])
    reply = t.ask(query(under("towards", DISC), SRV))
    same("to a service", [CNAME, SRV, SRV, SRV], [r.type for r in reply.answer])
    negative(t.ask(query(under("alias"), AAAA)), NOERROR, STATIC, STATIC_NEGATIVE)


@case("A13")
def an_alias_to_nowhere(t, w):
    reply = t.ask(query(under("gone"), A))
    negative(reply, NXDOMAIN, STATIC, STATIC_NEGATIVE)
    same("the alias", [(under("gone") + ".", CNAME, under("nothing") + ".")],
         [r.key() for r in reply.answer])


@case("A14")
def an_alias_to_elsewhere(t, w):
    reply = answers(t, under("outside"), A, (under("outside"), CNAME, "www.elsewhere.example."))
    same("authority", [], reply.authority)


@case("A15 R6")
def aliases_without_end(t, w):
    for start, longest in (("loop1", 2), ("self", 1), ("c0", 17)):
        reply = t.ask(query(under(start), A))
        expect(reply.rcode in (NOERROR, wire.SERVFAIL), "NOERROR or SERVFAIL", reply.rcode)
        expect(len(reply.answer) <= longest, f"at most {longest} records", len(reply.answer))
        same("types", {CNAME}, {r.type for r in reply.answer} or {CNAME})
        owners = [r.owner for r in reply.answer]
        same("owners once", len(owners), len(set(owners)))
    reply = t.ask(query(under("c8"), A))
    same("a chain of 12 reaches its end", A, reply.answer[-1].type)


@case("A16")
def the_alias_itself(t, w):
    answers(t, under("alias2"), CNAME, (under("alias2"), CNAME, under("alias.")))
    answers(t, under("loop1"), CNAME, (under("loop1"), CNAME, under("loop2.")))


@case("A17")
def dname(t, w):
    reply = answers(t, under("x.dn"), A, (under("dn"), DNAME, under("target.")),
                    (under("x.dn"), CNAME, under("x.target.")),
                    (under("x.target"), A, "192.0.2.40"))
    same("TTLs", [200, 200, 300], [r.ttl for r in reply.answer])
    same("the target without compression", name(under("target")), reply.answer[0].rdata)
    reply = t.ask(query(under("none.dn"), A))
    negative(reply, NXDOMAIN, STATIC, STATIC_NEGATIVE)
    same("types", [DNAME, CNAME], [r.type for r in reply.answer])
    answers(t, under("dn"), DNAME, (under("dn"), DNAME, under("target.")))
    answers(t, under("dn"), TXT, (under("dn"), TXT, (b"beside the DNAME",)))
    nodata(t, under("dn"), A)
    reply = answers(t, under("x.dn"), CNAME, (under("dn"), DNAME, under("target.")),
                    (under("x.dn"), CNAME, under("x.target.")))


@case("A17")
def dname_beyond_255_octets(t, w):
    prefix = ".".join(["p" * 49] * 4)
    reply = t.ask(query(f"{prefix}.long.{STATIC}", A))
    status(reply, YXDOMAIN, True)
    same("types", [DNAME], [r.type for r in reply.answer])


@case("A18")
def a_delegation(t, w):
    for qname, qtype in (("sub", A), ("sub", NS), ("x.sub", A), ("a.b.sub", TXT), ("ns.sub", A),
                         ("sub", SOA), ("x.sub", DS), ("sub", CNAME)):
        reply = t.ask(query(under(qname), qtype, edns=True))
        status(reply, NOERROR, False)
        same("the answer", [], reply.answer)
        same("authority", sorted([(under("sub") + ".", NS, under("ns.sub") + "."),
                                  (under("sub") + ".", NS, "ns.elsewhere.example.")]),
             sorted(r.key() for r in reply.authority))
        same("glue", [(under("ns.sub") + ".", A), (under("ns.sub") + ".", AAAA)],
             sorted((r.owner, r.type) for r in reply.additional))
    reply = t.ask(query(under("x.away"), A))
    same("no glue", ([NS], []), ([r.type for r in reply.authority], reply.additional))


@case("A18", UDP)
def glue_that_does_not_fit(t, w):
    """RFC 9471: without all in-domain glue the answer says that it is cut."""
    reply = t.ask(query(under("x.fat"), A))
    status(reply, NOERROR, False)
    same("TC", True, reply.has(TC))
    reply = t.ask(query(under("x.fat"), A, edns=True))
    same("TC with room", False, reply.has(TC))
    same("all of it", (12, 24), (len(reply.authority), len(reply.additional)))


@case("A18", TCP)
def all_glue_over_tcp(t, w):
    reply = t.ask(query(under("x.fat"), A))
    same("all of it", (12, 24), (len(reply.authority), len(reply.additional)))


@case("A19")
def ds_at_a_delegation(t, w):
    nodata(t, under("sub"), DS)
    nodata(t, under("away"), DS)


@case("A20")
def ds_at_the_apex(t, w):
    nodata(t, STATIC, DS)
    nodata(t, DISC, DS, DISC, DISC_NEGATIVE)


@case("A21")
def the_apex(t, w):
    for zone in (STATIC, DISC):
        reply = t.ask(query(zone, NS))
        status(reply, NOERROR, True)
        same("NS", [f"ns.{zone}."], reply.values(NS))
        reply = t.ask(query(zone, SOA))
        status(reply, NOERROR, True)
        same("SOA", (f"ns.{zone}.", f"hostmaster.{zone}."), reply.answer[0].value()[:2])
    same("timers", (3600, 600, 86400, 7), t.ask(query(STATIC, SOA)).answer[0].value()[3:])


@case("A22")
def unknown_types(t, w):
    for qtype in (666, 1000, 65535, 65280, 32768, 64, 65, 99):
        nodata(t, WWW, qtype)
        nodata(t, under("fixed", DISC), qtype, DISC, DISC_NEGATIVE)
        nxdomain(t, under("none"), qtype)


@case("A23")
def an_unknown_record(t, w):
    reply = t.ask(query(under("odd"), 65280))
    status(reply, NOERROR, True)
    same("RDATA", [b"\xab\xcd\xef"], [r.rdata for r in reply.answer])


@case("A24")
def one_ttl_per_rrset(t, w):
    """Each answer is checked for it; here the instances wished for different ones."""
    d = w.main
    d.ok("reg svc=wishes inst=a addr=10.1.7.1 port=1 ttl=4")
    d.ok("reg svc=wishes inst=b addr=10.1.7.2 port=1 ttl=3")
    def both():
        reply = t.ask(query(under("wishes", DISC), A))
        return reply if len(reply.answer) == 2 else None
    reply = eventually("two addresses", both)
    same("TTLs", {3}, {r.ttl for r in reply.answer})


@case("A25", ONCE)
def ttls_beyond_31_bits(t, w):
    """Such a zone file is refused, or its TTL served as 0."""
    zone = ("@ 60 SOA ns hostmaster 1 2 3 4 5\n@ 60 NS ns\nns {} A 192.0.2.1\n")
    from daemon import Daemon
    from talk import Failure
    for ttl, fine in (("2147483647", True), ("2147483648", False), ("4294967295", False)):
        config = ("data_dir: \"\"\nzones: [{name: ttl.example, namespace: \"\", file: t.zone}]\n"
                  "dns: {listen: [\"127.0.0.1:0\"]}\nregistration: {listen: []}\n"
                  "http: {listen: [\"127.0.0.1:0\"]}\n")
        daemon = Daemon(w.program, config, [("t.zone", zone.format(ttl))])
        try:
            daemon.start()
            reply = daemon.transport("udp4").ask(query("ns.ttl.example", A))
            same("the TTL", 2147483647 if fine else 0, reply.answer[0].ttl)
        except Failure as e:
            expect(not fine and "t.zone" in str(e), "a fault that names the zone file", str(e))
        finally:
            daemon.end()
            daemon.remove()


@case("A26", UDP)
def the_order_changes(t, w):
    for qname, qtype in ((under("turn", DISC), A), (under("turn", DISC), SRV), (WWW, A)):
        first = {t.ask(query(qname, qtype)).answer[0].value() for _ in range(60)}
        same(f"so many came first for type {qtype} of {qname}", 3, len(first))


@case("A27 MP18")
def types_that_are_none(t, w):
    for qtype in (OPT, NXNAME, 129, 200, 248, TKEY, TSIG):
        for qname in (WWW, under("none"), under("web", DISC)):
            reply = t.ask(query(qname, qtype, edns=True))
            status(reply, FORMERR)
            empty(reply)
            same("the reason", [30], reply.ede())
            reply = t.ask(query(qname, qtype))
            status(reply, FORMERR)
            empty(reply)


@case("A28")
def obsolete_types(t, w):
    for qtype in (MAILA, MAILB):
        reply = t.ask(query(WWW, qtype))
        status(reply, NOTIMP)
        empty(reply)


@case("A29")
def type_0(t, w):
    nodata(t, WWW, 0)


@case("A30")
def other_classes(t, w):
    for qclass in (2, HS, 5, 65535):
        refused(t.ask(query(WWW, A, qclass, edns=True)), 21)
        refused(t.ask(query(WWW, A, qclass)))
    for qclass in (0, NONE):
        reply = t.ask(query(WWW, A, qclass))
        expect(reply.rcode in (FORMERR, REFUSED), "FORMERR or REFUSED", reply.rcode)
        empty(reply)


@case("A32")
def any_is_minimal(t, w):
    """RFC 8482 section 4.1: one RRset of those that are there, or the HINFO of section 4.2."""
    for qname in (WWW, STATIC, under("ns"), under("web", DISC), under("i1.web", DISC), DISC):
        reply = t.ask(query(qname, ANY, edns=opt(4096)))
        status(reply, NOERROR, True)
        same("types", 1, len({r.type for r in reply.answer}))
        rtype = reply.answer[0].type
        if rtype == HINFO:
            same("the HINFO", b"\7RFC8482\0", reply.answer[0].rdata)
        else:
            alone = t.ask(query(qname, rtype, edns=opt(4096)))
            same("the RRset", alone.values(), reply.values())
            same("its TTL", alone.answer[0].ttl, reply.answer[0].ttl)
    nodata(t, under("b.c.ent"), ANY)
    nxdomain(t, under("none"), ANY)
    same("an alias", [CNAME], [r.type for r in t.ask(query(under("alias"), ANY)).answer])


@case("A33", TCP, "small")
def any_in_full_over_tcp(t, w):
    reply = t.ask(query(WWW, ANY))
    same("types", {A, TXT}, {r.type for r in reply.answer})
    same("records", 4, len(reply.answer))
    reply = t.ask(query(STATIC, ANY))
    same("types of the apex", {SOA, NS, TXT}, {r.type for r in reply.answer})
    reply = t.ask(query(under("many", DISC), ANY))
    expect({A, SRV} <= {r.type for r in reply.answer}, "A and SRV of a service",
           {r.type for r in reply.answer})


@case("A33", UDP, "small")
def any_over_udp_stays_minimal(t, w):
    reply = t.ask(query(WWW, ANY))
    same("types", 1, len({r.type for r in reply.answer}))


@case("A34")
def minimal_responses(t, w):
    for qname, qtype in ((WWW, A), (STATIC, NS), (STATIC, SOA), (under("mail"), MX),
                         (under("web", DISC), A), (under("web", DISC), SRV), (DISC, NS)):
        reply = t.ask(query(qname, qtype))
        status(reply, NOERROR, True)
        same("authority", [], reply.authority)
    same("glue of the apex", [], t.ask(query(WWW, A)).additional)
