"""DNS-SD, reverse names, SVCB and HTTPS."""

import struct

from cases import ONCE, case
from cases_lookup import nodata, refused, under
from cases_service import gone, service
from daemon import eventually
from talk import expect, negative, same, status
from wire import A, AAAA, HTTPS, NOERROR, NXDOMAIN, PTR, SRV, SVCB, TXT, query, read_name
from world import DISC, DISC_NEGATIVE, REVERSE, STATIC


@case("S13")
def browsing_a_service(t, w):
    reply = t.ask(query(service("_web._tcp"), PTR, edns=True))
    status(reply, NOERROR, True)
    instances = [service(f"{i}._web._tcp.") for i in ("i1", "i2", "i3")]
    same("instances", instances, reply.values(PTR))
    same("types that come with them", {SRV, TXT, A, AAAA}, {r.type for r in reply.additional})
    same("SRV of each", set(instances), {r.owner for r in reply.additional if r.type == SRV})
    for instance in instances:
        srv = t.ask(query(instance, SRV))
        status(srv, NOERROR, True)
        target = instance.replace("._web._tcp", ".web")
        same("its target", [target], [v[3] for v in srv.values(SRV)])
        status(t.ask(query(instance, TXT)), NOERROR, True)
        same("TXT", 1, len(t.ask(query(instance, TXT)).answer))
    gone(t, "_past._tcp", PTR)


@case("S14")
def instances_named_by_people(t, w):
    """Spaces and dots are bytes of a label like others."""
    owner = [b"Living Room.1", b"_printer", b"_tcp", *STATIC.split(".")]
    reply = t.ask(query(owner, SRV))
    status(reply, NOERROR, True)
    same("SRV", [(0, 0, 515, under("www."))], reply.values(SRV))
    same("its owner", b"Living Room.1", reply.answer[0].labels[0])
    same("TXT", [b"\0"], [r.rdata for r in t.ask(query(owner, TXT)).answer])
    lower = t.ask(query([b"lIVING rOOM.1", *owner[1:]], SRV))
    same("in any case", 1, len(lower.answer))


@case("S15")
def types_of_services(t, w):
    reply = t.ask(query(service("_services._dns-sd._udp"), PTR, edns=True))
    status(reply, NOERROR, True)
    found = reply.values(PTR)
    same("each once", len(found), len(set(found)))
    for expected in ("_web._tcp.", "_many._tcp.", "_lookup._udp."):
        expect(service(expected) in found, service(expected), found)
    expect(service("_lookup._tcp.") not in found, "no type without instances' ports", found)


@case("S16")
def domains_to_browse(t, w):
    for which in ("b", "db", "lb"):
        reply = t.ask(query(service(f"{which}._dns-sd._udp"), PTR))
        status(reply, NOERROR, True)
        same(f"PTR at {which}", [f"{DISC}."], reply.values(PTR))
    for which in ("r", "dr"):
        reply = t.ask(query(service(f"{which}._dns-sd._udp"), PTR))
        status(reply, NOERROR, True)
        same(f"PTR at {which}", [], [v for v in reply.values(PTR) if v != f"{DISC}."])


@case("S18")
def reverse_names(t, w):
    reply = t.ask(query(f"1.0.{REVERSE}", PTR))
    status(reply, NOERROR, True)
    same("PTR", [service("i1.web.")], reply.values(PTR))
    same("of two instances", [service("p1.pair."), service("p2.pair.")],
         t.ask(query(f"1.1.{REVERSE}", PTR)).values(PTR))
    negative(t.ask(query(f"250.0.{REVERSE}", PTR)), NXDOMAIN, REVERSE, DISC_NEGATIVE)
    nodata(t, f"0.{REVERSE}", PTR, REVERSE, DISC_NEGATIVE)
    refused(t.ask(query("4.3.2.1.in-addr.arpa", PTR, edns=True)), 20)
    refused(t.ask(query("1.0.2.10.in-addr.arpa", PTR, edns=True)), 20)


@case("S18", ONCE)
def reverse_names_follow(t, w):
    w.main.ok("reg svc=short inst=s addr=10.1.77.1 port=80")
    asked = query(f"1.77.{REVERSE}", PTR)
    eventually("its PTR", lambda: t.ask(asked).values(PTR) == [service("s.short.")])
    w.main.ok("del svc=short inst=s")
    negative(t.ask(asked), NXDOMAIN, REVERSE, DISC_NEGATIVE)


def parameters(rdata):
    priority = struct.unpack_from("!H", rdata)[0]
    target, at = read_name(rdata + bytes(12), 2)
    keys = []
    while at < len(rdata):
        key, size = struct.unpack_from("!HH", rdata, at)
        keys.append((key, rdata[at + 4:at + 4 + size]))
        at += 4 + size
    same("the end of the parameters", len(rdata), at)
    return priority, target, keys


@case("S19")
def service_bindings(t, w):
    for qtype in (SVCB, HTTPS):
        reply = t.ask(query(service("secure"), qtype, edns=True))
        status(reply, NOERROR, True)
        same("records", 1, len(reply.answer))
        priority, target, keys = parameters(reply.answer[0].rdata)
        expect(priority >= 1, "ServiceMode", priority)
        same("the target", [b"s1", b"secure", b"disc", b"example"], target)
        numbers = [k for k, _ in keys]
        same("keys ascending, each once", sorted(set(numbers)), numbers)
        values = dict(keys)
        same("alpn", b"\2h2", values.get(1))
        same("port", struct.pack("!H", 8443), values.get(3))
        for key in struct.unpack(f"!{len(values.get(0, b'')) // 2}H", values.get(0, b"")):
            expect(key in values and key != 0, "mandatory keys to be there", key)
        if 4 in values:
            same("ipv4hint", bytes([10, 1, 4, 1]), values[4])
        same("addresses of the target", ["10.1.4.1"], reply.values(A, 2))
        same("AAAA of the target", 1, len(reply.values(AAAA, 2)))
    gone(t, "web", HTTPS)
    gone(t, "past", SVCB)
