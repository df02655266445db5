"""Names of services: SRV, addresses, TXT, what becomes of draining and silent instances."""

from cases import ONCE, UDP, case
from cases_lookup import nodata, under
from daemon import eventually
from talk import expect, same, status
from wire import A, AAAA, NOERROR, SRV, TC, TXT, name, query
from world import DISC, DISC_NEGATIVE


def service(label):
    return under(label, DISC)


WEB = [(0, 10, 8080, service("i1.web.")), (0, 30, 8080, service("i3.web.")),
       (1, 20, 8080, service("i2.web."))]


def gone(t, label, qtype=A):
    nodata(t, service(label), qtype, DISC, DISC_NEGATIVE)


@case("S1 S7")
def srv_of_a_service(t, w):
    reply = t.ask(query(service("web"), SRV))
    status(reply, NOERROR, True)
    same("SRV, weights as registered", WEB, reply.values(SRV))
    same("TTLs", {5}, {r.ttl for r in reply.answer})


@case("S2")
def srv_by_protocol(t, w):
    same("_tcp", WEB, t.ask(query(service("_web._tcp"), SRV)).values(SRV))
    gone(t, "_web._udp", SRV)
    gone(t, "_tcp", SRV)
    gone(t, "_udp", SRV)
    reply = t.ask(query(service("_lookup._udp"), SRV))
    same("_udp", [(0, 100, 53, service("u1.lookup."))], reply.values(SRV))
    gone(t, "_lookup._tcp", SRV)
    reply = t.ask(query(service("_metrics._tcp.web"), SRV))
    same("a named port", [(0, 30, 9100, service("i3.web."))], reply.values(SRV))


@case("S3")
def srv_targets(t, w):
    for qname in ("web", "_web._tcp", "many"):
        reply = t.ask(query(service(qname), SRV, edns=True))
        for r in reply.answer:
            target = r.value()[3]
            same("the target without compression", name(target), r.rdata[6:].lower())
            at = t.ask(query(target, A))
            status(at, NOERROR, True)
            same("the target's own addresses", {target}, {a.owner for a in at.answer})


@case("S4")
def addresses_of_targets(t, w):
    reply = t.ask(query(service("web"), SRV))
    same("addresses", sorted(["10.1.0.1", "10.1.0.2", "10.1.0.3"]), reply.values(A, 2))
    same("IPv6", [bytes.fromhex("20010db8000000000000000000010001")], reply.values(AAAA, 2))
    order = [r.owner for r in reply.additional]
    same("the last", service("i2.web."), order[-1])


@case("S4 T2", UDP)
def addresses_that_do_not_fit(t, w):
    """60 addresses fill 960 bytes; SRV records of the first ones then fit, their targets'
    addresses only in part, and nothing says so."""
    d = w.main
    for i in range(9):
        d.ok(f"reg svc=edge inst=e{i} addr=10.1.8.{i},10.1.10.{i},10.1.11.{i} port=80")
    eventually("nine of them", lambda: len(
        t.ask(query(service("edge"), SRV, edns=True)).answer) == 9)
    reply = t.ask(query(service("edge"), SRV))
    same("SRV", 9, len(reply.answer))
    expect(len(reply.additional) < 27, "fewer addresses than there are", len(reply.additional))
    same("TC", False, reply.has(TC))


@case("S5")
def one_instance(t, w):
    same("A", ["10.1.0.1"], t.ask(query(service("i1.web"), A)).values())
    same("AAAA", [bytes.fromhex("20010db8000000000000000000010001")],
         t.ask(query(service("i1.web"), AAAA)).values())
    gone(t, "i2.web", AAAA)
    same("SRV", [WEB[0]], t.ask(query(service("i1.web"), SRV)).values())


@case("S6")
def addresses_of_a_service(t, w):
    reply = t.ask(query(service("pair"), A))
    status(reply, NOERROR, True)
    same("one for two ports", ["10.1.1.1"], reply.values())
    same("the best priority only", ["10.1.0.1", "10.1.0.3"],
         t.ask(query(service("web"), A)).values())
    same("targets of both", [8001, 8002],
         sorted(v[2] for v in t.ask(query(service("pair"), SRV)).values()))


@case("S8")
def a_draining_instance(t, w):
    same("SRV", [service("l1.leaving.")],
         [v[3] for v in t.ask(query(service("leaving"), SRV)).values()])
    same("A", ["10.1.3.1"], t.ask(query(service("leaving"), A)).values())
    same("by its own name", ["10.1.3.2"], t.ask(query(service("l2.leaving"), A)).values())


@case("S9", ("udp4", "tcp6"))
def nobody_is_heard_from(t, w):
    w.main.ok("reg svc=kept inst=k1 addr=10.1.12.1 port=80 lease=1")
    def stale():
        reply = t.ask(query(service("kept"), SRV, edns=True))
        return reply if 3 in reply.ede() else None
    reply = eventually("a stale answer", stale)
    status(reply, NOERROR, True)
    same("it is kept", 1, len(reply.answer))
    same("A", ["10.1.12.1"], t.ask(query(service("kept"), A, edns=True)).values())


@case("S11")
def txt_of_instances(t, w):
    reply = t.ask(query(service("i1.web"), TXT))
    same("strings", [(b"version=1.4.2", b"build=42")], reply.values())
    reply = t.ask(query(service("i2.web"), TXT))
    same("no metadata: one empty string", [b"\0"], [r.rdata for r in reply.answer])
    reply = t.ask(query(service("web"), TXT))
    same("of the service", [(b"",), (b"version=1.4.2", b"build=42")], reply.values())


@case("S11", ONCE)
def longest_strings(t, w):
    w.main.ok(f"reg svc=longest inst=a addr=10.1.13.1 port=1 m.{'k' * 32}={'v' * 200}")
    reply = eventually("the record", lambda: t.ask(query(service("a.longest"), TXT)).answer)
    same("the string", ((b"k" * 32 + b"=" + b"v" * 200,)), reply[0].value())


@case("S21")
def one_snapshot_in_one_answer(t, w):
    """While instances come and go, each SRV has its target's address, and none is there
    for a target that is not."""
    d = w.main
    for turn in range(30):
        address = f"10.1.15.{turn}"
        d.ok(f"reg svc=moving inst=m addr={address} port={1000 + turn}")
        reply = t.ask(query(service("moving"), SRV))
        for r in reply.answer:
            turned = r.value()[2] - 1000
            same("the address of that port", [f"10.1.15.{turned}"], reply.values(A, 2))
        same("targets", {r.value()[3] for r in reply.answer}, {r.owner for r in reply.additional})
    d.ok("del svc=moving inst=m")
    gone(t, "moving", SRV)
