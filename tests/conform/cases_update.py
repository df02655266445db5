"""UPDATE (RFC 2136) with signatures, grants and leases (RFC 9664)."""

import itertools
import signal
import struct
import time

from cases import case
from cases_message import WWW
from daemon import eventually
from talk import empty, expect, negative, same, status
from tsig import Exchange, Fields
from wire import (A, ANY, AXFR, BADSIG, BADTIME, CLASS_ANY, CNAME, FORMERR, IN, IXFR, LEASE,
                  NOERROR, NONE, NOTAUTH, NOTZONE, NS, NXDOMAIN, NXRRSET, REFUSED, SOA, SRV, TXT,
                  UPDATE, YXDOMAIN, YXRRSET, message, name, opt, option, query, question, record,
                  soa_rdata, srv_rdata, text_rdata, update)
from world import GROW, tsig_file


IDS = itertools.count(1)


def here(label):
    return f"{label}.{GROW}" if label else GROW


def send(t, key, changes=(), conditions=(), zone=GROW, expected=NOERROR, ar=(), **more):
    """The answer to a signed UPDATE; checks its RCODE, form and signature. Each has an ID of
    its own: the same bytes again would not be applied again."""
    asked = update(zone, changes, conditions, ar=ar, id=next(IDS), **more)
    if not key:
        reply = t.ask(asked)
    else:
        exchange = Exchange(asked, key)
        reply = t.ask(exchange.bytes)
        exchange.check(reply)
    status(reply, expected)
    empty(reply)
    return reply


def add(label, rtype, rdata, ttl=60):
    return record(here(label), rtype, ttl, rdata)


def drop(label, rtype=ANY, rdata=None):
    """A record, or with no RDATA an RRset, or all of the name."""
    if rdata is None:
        return record(here(label), rtype, 0, b"", CLASS_ANY)
    return record(here(label), rtype, 0, rdata, NONE)


def see(t, label, rtype):
    return t.ask(query(here(label), rtype)).values(rtype)


def serial(t):
    return t.ask(query(GROW, SOA)).answer[0].value()[2]


def since_then(w, t, since):
    """The differences from that serial."""
    soa = record(GROW, SOA, 0, soa_rdata("ns." + GROW, "h." + GROW, since, 0, 0, 0, 0))
    reply = w.main.transport("tcp" + t.name[-1]).ask(message(question(GROW, IXFR), ns=[soa]))
    status(reply, NOERROR)
    return reply.answer


def steps(w, t, since, label):
    """How many of them there are that concern names which begin with the label."""
    touched, section = set(), -1
    for r in since_then(w, t, since)[1:-1]:
        if r.type == SOA:
            section += 1  # removed, added, removed, ...
        elif r.owner.startswith(label):
            touched.add(section // 2)
    return len(touched)


def text(*words):
    return text_rdata(*words)


def own(t, label):
    """A name of this transport only."""
    return f"{label}-{t.name}"


@case("U1")
def without_a_signature(t, w):
    send(t, None, [add(own(t, "u1"), TXT, text("x"))], expected=REFUSED)
    same("nothing there", NXDOMAIN, t.ask(query(here(own(t, "u1")), TXT)).rcode)
    before = serial(t)
    for options in (dict(spoil=True), dict(offset=-1000)):
        change = update(GROW, [add(own(t, "u1"), TXT, text("x"))])
        exchange = Exchange(change, "change.key", **options)
        reply = t.ask(exchange.bytes)
        status(reply, NOTAUTH)
        same("the error", BADSIG if "spoil" in options else BADTIME, Fields(reply.tsig).error)
    same("the serial", before, serial(t))
    same("nothing there", NXDOMAIN, t.ask(query(here(own(t, "u1")), TXT)).rcode)


@case("U2")
def the_zone_section(t, w):
    key = "change.key"
    send(t, key, expected=FORMERR, zone_type=A)
    asked = message([question(GROW, SOA)] * 2, opcode=UPDATE)
    status(t.ask(Exchange(asked, key).bytes), FORMERR)
    status(t.ask(Exchange(message(opcode=UPDATE), key).bytes), FORMERR)
    send(t, key, zone="elsewhere.example", expected=NOTAUTH)
    send(t, key, zone=f"kept.{GROW}", expected=NOTAUTH)
    send(t, key, zone=GROW.upper())


@case("U3")
def prerequisites(t, w):
    key, label = "change.key", own(t, "u3")
    send(t, key, [add(label, A, bytes([192, 0, 2, 90])), add(label, A, bytes([192, 0, 2, 91]))])
    def ask(expected, owner, rtype, rclass, rdata=b"", ttl=0):
        send(t, key, [add(own(t, "u3x"), TXT, text("x"))] if expected else [],
             [record(owner, rtype, ttl, rdata, rclass)], expected=expected)
    there, none = here(label), here(own(t, "none"))
    ask(NOTZONE, WWW, ANY, CLASS_ANY)
    ask(FORMERR, there, ANY, CLASS_ANY, ttl=1)
    ask(FORMERR, there, ANY, CLASS_ANY, rdata=b"x")
    ask(NXDOMAIN, none, ANY, CLASS_ANY)
    ask(NXRRSET, there, TXT, CLASS_ANY)
    ask(YXDOMAIN, there, ANY, NONE)
    ask(YXRRSET, there, A, NONE)
    ask(NXRRSET, there, A, IN, bytes([192, 0, 2, 90]))
    ask(FORMERR, there, A, 3)
    ask(NOERROR, there, ANY, CLASS_ANY)
    ask(NOERROR, there, A, CLASS_ANY)
    ask(NOERROR, none, ANY, NONE)
    ask(NOERROR, there, TXT, NONE)
    ask(NOERROR, here("kept"), A, IN, bytes([192, 0, 2, 3]))
    send(t, key, [], [record(there, A, 0, bytes([192, 0, 2, n]), IN) for n in (90, 91)])
    same("nothing was added", NXDOMAIN, t.ask(query(here(own(t, "u3x")), TXT)).rcode)


@case("U4")
def grants(t, w):
    key, mine = "narrow.key", own(t, "mine")
    good = add(f"{mine}.narrow", TXT, text("x"))
    before = serial(t)
    for bad in (add(own(t, "u4"), TXT, text("x")), add(f"{mine}.narrow", A, bytes(4)),
                add("narrow", TXT, text("x")), drop("kept"), drop(f"{mine}.narrow", A)):
        send(t, key, [good, bad], expected=REFUSED)
        send(t, key, [bad], [record(here(own(t, "none")), ANY, 0, b"", CLASS_ANY)],
             expected=NXDOMAIN)
    send(t, "sha256.key", [good], expected=REFUSED)
    same("the serial", before, serial(t))
    send(t, key, [good])
    same("what is granted", [(b"x",)], see(t, f"{mine}.narrow", TXT))


@case("U5")
def prescan(t, w):
    key, label = "change.key", own(t, "u5")
    good = add(label, TXT, text("x"))
    before = serial(t)
    for bad, expected in (
            (record(WWW, TXT, 60, text("x")), NOTZONE),
            (record(here(label), A, 60, bytes(4), 3), FORMERR), (add(label, ANY, b""), FORMERR),
            (add(label, AXFR, b""), FORMERR),
            (record(here(label), A, 60, b"", CLASS_ANY), FORMERR),
            (record(here(label), A, 0, bytes(4), CLASS_ANY), FORMERR),
            (record(here(label), AXFR, 0, b"", CLASS_ANY), FORMERR),
            (record(here(label), A, 60, bytes(4), NONE), FORMERR),
            (record(here(label), ANY, 0, b"", NONE), FORMERR)):
        for changes in ([good, bad], [bad, good]):
            send(t, key, changes, expected=expected)
    same("the serial", before, serial(t))
    same("nothing there", NXDOMAIN, t.ask(query(here(label), TXT)).rcode)


@case("U6")
def rules_of_changes(t, w):
    key, label = "change.key", own(t, "u6")
    send(t, key, [add(label, TXT, text(word)) for word in "aab"])
    same("a duplicate is one", [(b"a",), (b"b",)], see(t, label, TXT))
    before = serial(t)
    send(t, key, [add(label, TXT, text("a"))])
    send(t, key, [add(label, CNAME, name("kept." + GROW))])
    same("a CNAME beside other data", NOERROR, t.ask(query(here(label), CNAME)).rcode)
    same("it is ignored", [], see(t, label, CNAME))
    send(t, key, [drop(label, TXT, text("never was"))])
    same("the serial", before, serial(t))
    send(t, key, [drop("", NS), drop("", SOA), drop("", NS, name("ns." + GROW)), drop("")])
    same("apex NS", [f"ns.{GROW}."], see(t, "", NS))
    same("apex SOA", 1, len(see(t, "", SOA)))
    send(t, key, [record(GROW, SOA, 60, soa_rdata("a." + GROW, "b." + GROW, 1, 2, 3, 4, 5))])
    expect(serial(t) >= before, "no lower serial", serial(t))
    same("in order: deleted and added again", [(b"c",)],
         (send(t, key, [drop(label, TXT), add(label, TXT, text("c"))]), see(t, label, TXT))[1])
    send(t, key, [add(label, A, bytes([192, 0, 2, 92])), drop(label, TXT, text("c"))])
    same("one record", [], see(t, label, TXT))
    send(t, key, [drop(label)])
    same("all of the name", NXDOMAIN, t.ask(query(here(label), A)).rcode)
    send(t, key, [add(label, CNAME, name("kept." + GROW))])
    send(t, key, [add(label, TXT, text("x"))])
    same("beside a CNAME", [CNAME], [r.type for r in t.ask(query(here(label), CNAME)).answer])
    same("other data are ignored", [CNAME],
         [r.type for r in t.ask(query(here(label), TXT)).answer])
    send(t, key, [drop(label)])


@case("U7")
def all_or_nothing(t, w):
    key, label = "change.key", own(t, "u7")
    before = serial(t)
    send(t, key, [add(f"{label}-{i}", TXT, text("x")) for i in range(10)])
    same("steps of the serial", 1, steps(w, t, before, label))
    before = serial(t)
    for i in range(10):
        same("each is there", [(b"x",)], see(t, f"{label}-{i}", TXT))
    send(t, key, [drop(f"{label}-{i}") for i in range(10)])
    same("one more", 1, steps(w, t, before, label))


LASTING = """
data_dir: data
zones:
  - {name: grow.example, file: grow.example.zone, update: [{key: change.key}]}
dns: {listen: ["127.0.0.1:0", "[::1]:0"], workers: 1, keys: tsig.yaml}
registration: {listen: []}
http: {listen: ["127.0.0.1:0"]}
"""


@case("U7", ("tcp4", "udp6"))
def kept_from_the_answer_on(t, w):
    """What was answered is there after kill -9."""
    d = w.another(LASTING, [("tsig.yaml", tsig_file())])
    t = d.transport(t.name)
    target = here("i1.svc")
    send(t, "change.key", [add("plain", TXT, text("x")), add("i1.svc", A, bytes([10, 9, 1, 1])),
                           add("svc", SRV, srv_rdata(0, 7, 80, target))])
    send(t, "change.key", [add("gone", TXT, text("x"))])
    send(t, "change.key", [drop("gone")])
    d.end(signal.SIGKILL)
    d.start()
    t = d.transport(t.name)
    same("the plain record", [(b"x",)], see(t, "plain", TXT))
    same("the instance", [(0, 7, 80, target + ".")], see(t, "svc", SRV))
    same("its address", ["10.9.1.1"], see(t, "i1.svc", A))
    same("what was deleted", NXDOMAIN, t.ask(query(here("gone"), TXT)).rcode)


@case("U8")
def answers_to_updates(t, w):
    """ID and opcode are checked with every answer; there is nothing but the header and,
    where asked for, OPT and TSIG."""
    reply = send(t, "change.key", ar=[opt()])
    expect(reply.opt, "an OPT record")
    same("flags", 0x8000, reply.flags & 0x87F0)


@case("U9")
def what_other_programs_send(t, w):
    """certbot's dns-rfc2136 and lego: one TXT added, seen, and removed; Kubernetes'
    external-dns: a whole RRset replaced, with its TXT of ownership."""
    label = f"_acme-challenge.{own(t, 'u9')}"
    token = "gfj9Xq-Rg85nM_Z3W2y0J0vEiXl9mKz1mC4Wb0dTq3E"
    send(t, "change.key", [add(label, TXT, text(token), 120)])
    same("the token", [(token.encode(),)], see(t, label, TXT))
    send(t, "change.key", [drop(label, TXT, text(token))])
    same("it is gone", NXDOMAIN, t.ask(query(here(label), TXT)).rcode)
    label = own(t, "ext")
    for address in (95, 96):
        send(t, "change.key", [drop(label, A), add(label, A, bytes([192, 0, 2, address])),
                               drop(label, TXT), add(label, TXT, text("heritage=external-dns"))])
        same("the address", [f"192.0.2.{address}"], see(t, label, A))


@case("U9")
def an_instance(t, w):
    """SRV at the service, an address and TXT at its target: one instance of the registry."""
    key, label = "change.key", own(t, "svc")
    target = here(f"i1.{label}")
    send(t, key, [add(label, SRV, srv_rdata(0, 7, 8080, target), 60),
                  add(f"i1.{label}", A, bytes([10, 9, 1, 1])),
                  add(f"i1.{label}", TXT, text("build=9"))])
    same("SRV", [(0, 7, 8080, target + ".")], see(t, label, SRV))
    same("by protocol", [(0, 7, 8080, target + ".")], see(t, f"_{label}._tcp", SRV))
    same("the service's address", ["10.9.1.1"], see(t, label, A))
    same("TXT", [(b"build=9",)], see(t, f"i1.{label}", TXT))
    send(t, key, [drop(label, SRV, srv_rdata(0, 7, 8080, target)), drop(f"i1.{label}")])
    same("it is gone", [], see(t, label, SRV))
    negative(t.ask(query(here(label), SRV)), NOERROR, GROW, 2)


@case("S12")
def long_texts(t, w):
    """By datagram at most 1 KiB of metadata, which is less than 1300 bytes of TXT; no
    UPDATE gets beyond that either."""
    pairs = " ".join(f"m.key{i}={'v' * 195}" for i in range(5))
    w.main.ok(f"reg ns=grow svc=texts inst=most addr=10.9.7.1 port=1 {pairs}")
    asked = query(here("most.texts"), TXT, edns=True)
    reply = eventually("the record", lambda: t.ask(asked).answer)
    expect(len(reply[0].rdata) == 5 * 201, "1005 bytes", len(reply[0].rdata))
    more = w.main.say("reg ns=grow svc=texts inst=more addr=10.9.7.2 port=1 "
                      f"{pairs} m.k={'v' * 60}")
    expect(more.startswith("disc/1 err"), "a refusal", more)
    label = own(t, "s12")
    target = here(f"i.{label}")
    def instance(*strings):
        return [add(label, SRV, srv_rdata(0, 7, 8080, target)),
                add(f"i.{label}", A, bytes([10, 9, 7, 3])), add(f"i.{label}", TXT, text(*strings))]
    words = [f"k{i:02}={'v' * 196}" for i in range(7)]
    send(t, "change.key", instance(*words), expected=REFUSED)
    same("nothing there", NXDOMAIN, t.ask(query(target, A)).rcode)
    send(t, "change.key", instance(*words[:6]))
    whole = w.main.transport("tcp" + t.name[-1])
    same("six of them", [tuple(p.encode() for p in words[:6])], see(whole, f"i.{label}", TXT))
    send(t, "change.key", [drop(f"i.{label}"), drop(label)])


def leased(t, label, seconds, key_seconds=None, rtype=TXT, rdata=text("x")):
    data = struct.pack("!I", seconds)
    if key_seconds is not None:
        data += struct.pack("!I", key_seconds)
    return send(t, "change.key", [add(label, rtype, rdata)], ar=[opt(options=option(LEASE, data))])


@case("U10")
def granted_leases(t, w):
    label = own(t, "u10")
    reply = leased(t, label, 600)
    same("the lease", struct.pack("!I", 600), reply.option(LEASE))
    reply = leased(t, label, 600, 700)
    found = reply.option(LEASE)
    expect(found and len(found) == 8 and found[:4] == struct.pack("!I", 600), "both leases", found)
    reply = leased(t, label, 1_000_000)
    same("the longest that is granted", struct.pack("!I", 3600), reply.option(LEASE)[:4])
    reply = leased(t, label, 1)
    same("the shortest", struct.pack("!I", 1), reply.option(LEASE)[:4])
    asked = Exchange(update(GROW, [add(own(t, "u10"), TXT, text("x"))], zone_type=A,
                            ar=[opt(options=option(LEASE, struct.pack("!I", 60)))]), "change.key")
    same("none with an error", None, t.ask(asked.bytes).option(LEASE))


@case("U11", ("udp4", "tcp6"))
def leases_end(t, w):
    short, lasting = own(t, "short"), own(t, "lasting")
    send(t, "change.key", [add(lasting, TXT, text("x"))])
    begin = time.monotonic()  # the lease runs from the request, not from its reply
    leased(t, short, 3)
    same("it is there", [(b"x",)], see(t, short, TXT))
    before = serial(t)
    eventually("its end", lambda: not see(t, short, TXT))
    expect(time.monotonic() - begin > 2.9, "no early end")
    same("steps of the serial", 1, steps(w, t, before, short))
    same("without a lease it stays", [(b"x",)], see(t, lasting, TXT))


@case("U11", ("tcp4", "udp6"))
def leases_are_renewed(t, w):
    """Until one that began later, and is not renewed, has ended."""
    label, once = own(t, "renewed"), own(t, "once")
    leased(t, label, 4)
    before = serial(t)
    leased(t, once, 4)

    def ended_while_renewed():
        leased(t, label, 4)
        return not see(t, once, TXT)
    eventually("the end of the other", ended_while_renewed)
    same("it is there", [(b"x",)], see(t, label, TXT))
    same("never gone meanwhile", 0, steps(w, t, before, label))
    same("steps of the other", 2, steps(w, t, before, once))


@case("G11")
def replays(t, w):
    """The same signed bytes a second time are answered, but change nothing: a forwarder may
    repeat them, and so may somebody who listens."""
    label = own(t, "g11")
    first = Exchange(update(GROW, [add(label, TXT, text("first"))], id=next(IDS)), "change.key")
    status(t.ask(first.bytes), NOERROR)
    same("it is there", [(b"first",)], see(t, label, TXT))
    send(t, "change.key", [drop(label)])
    same("it is gone", NXDOMAIN, t.ask(query(here(label), TXT)).rcode)
    before = serial(t)
    for _ in range(3):
        t.ask(first.bytes)
    same("it is still gone", NXDOMAIN, t.ask(query(here(label), TXT)).rcode)
    same("the serial", before, serial(t))
