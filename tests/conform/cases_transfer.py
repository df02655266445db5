"""Serials, AXFR and IXFR out, NOTIFY (RFC 1982, 1995, 1996, 5936)."""

import signal
import socket
import time

from cases import ONCE, TCP, UDP, case
from cases_message import GOOD, is_www
from cases_tcp import framed
from cases_update import add, own, send, serial, text
from daemon import eventually
from talk import empty, expect, read, same, status
from tsig import Exchange
from wire import (A, AA, AXFR, FORMERR, IXFR, NOERROR, NOTAUTH, NOTIFY, NOTIMP, NS, QR, REFUSED,
                  SOA, SRV, TC, TXT, Reply, message, opt, query, question, record, soa_rdata)
from world import ALGORITHMS, DISC, GROW, STATIC


def axfr(zone, **more):
    return query(zone, AXFR, **more)


def ixfr(zone, since, **more):
    soa = record(zone, SOA, 0, soa_rdata("ns." + zone, "h." + zone, since, 0, 0, 0, 0))
    return message(question(zone, IXFR), ns=[soa], **more)


def collect(t, s, asked, exchange=None):
    """All records of a transfer that is under way, and the messages."""
    records, replies = [], []
    while True:
        reply = read(t.receive(s), asked)
        status(reply, NOERROR, True)
        same("TC", False, reply.has(TC))
        same("authority", [], reply.authority)
        if exchange:
            exchange.check(reply)
        replies.append(reply)
        records += reply.answer
        expect(records, "records", "none")
        if ended(records):
            return records, replies


def ended(records):
    """As a client sees it: the SOA that began comes again, and not as part of a delta."""
    if len(records) < 2 or records[-1].type != SOA:
        return False
    serials = [r.value()[2] for r in records if r.type == SOA]
    if records[1].type == SOA and serials[1] != serials[0]:  # differences
        return serials.count(serials[0]) == 3 and len(serials) % 2 == 0
    return len(serials) == 2


def transfer(t, asked, key=None):
    exchange = Exchange(asked, key) if key else None
    with t.open() as s:
        t.send(s, exchange.bytes if exchange else asked)
        return collect(t, s, asked, exchange)


def denied(t, asked, *codes):
    reply = t.ask(asked)
    expect(reply.rcode in codes, f"one of the RCODEs {codes}", reply.rcode)
    same("records", [], reply.answer)
    return reply


def plain_serial(t, zone=GROW):
    return t.ask(query(zone, SOA)).answer[0].value()[2]


@case("X1")
def serials_grow(t, w):
    before = serial(t)
    label = own(t, "x1")
    w.main.ok(f"reg ns=grow svc=api inst={label} addr=10.9.2.1 port=80")
    after = eventually("a new serial", lambda: serial(t) != before and serial(t))
    expect(0 < (after - before) % (1 << 32) < 1 << 31, "a later serial", (before, after))
    w.main.ok(f"del ns=grow svc=api inst={label}")
    expect(0 < (serial(t) - after) % (1 << 32) < 1 << 31, "a later serial", serial(t))


AGAIN = """
data_dir: data
zones: [{name: grow.example, file: grow.example.zone}]
dns: {listen: ["127.0.0.1:0"], workers: 1}
registration: {listen: ["127.0.0.1:0"]}
http: {listen: ["127.0.0.1:0"]}
"""


@case("X1", ONCE)
def serials_outlive_the_server(t, w):
    d = w.another(AGAIN)
    highest = 0
    for turn, how in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)):
        d.ok(f"reg svc=a inst=i{turn} addr=10.0.0.1 port=80")
        now = serial(d.transport("udp4"))
        expect(now > highest, f"more than {highest}", now)
        highest = now
        d.end(how)
        d.start()
        now = serial(d.transport("udp4"))
        expect(now >= highest, f"at least {highest} after the restart", now)
        highest = max(highest, now)


@case("X2")
def heartbeats_change_nothing(t, w):
    before = serial(t)
    for _ in range(5):
        w.main.ok("ren ns=grow svc=api inst=a1")
        w.main.ok("reg ns=grow svc=api inst=a1 addr=10.9.0.1 port=80")
        same("the serial", before, serial(t))


@case("X3", TCP)
def a_whole_zone(t, w):
    records, replies = transfer(t, axfr(GROW))
    same("first and last", (SOA, SOA), (records[0].type, records[-1].type))
    same("they are one", records[0].value(), records[-1].value())
    same("the serial", serial(t), records[0].value()[2])
    same("QDCOUNT of the first", 1, replies[0].counts[0])
    found = {r.key() for r in records}
    for expected in ((f"{GROW}.", NS, f"ns.{GROW}."), (f"kept.{GROW}.", A, "192.0.2.3"),
                     (f"api.{GROW}.", SRV, (0, 100, 80, f"a1.api.{GROW}.")),
                     (f"_api._tcp.{GROW}.", SRV, (0, 100, 80, f"a1.api.{GROW}.")),
                     (f"api.{GROW}.", A, "10.9.0.1"), (f"a1.api.{GROW}.", A, "10.9.0.1")):
        expect(expected in found, expected, "nothing of it")
    same("each record once", len(records) - 1, len(found))
    for r in records[1:-1]:
        expect(r.owner.endswith(f"{GROW}."), "names of the zone", r.owner)


@case("X3", TCP)
def what_is_transferred_is_what_is_answered(t, w):
    records, replies = transfer(t, axfr(DISC), "sha256.key")
    expect(len(replies) < 10, "many records in a message", len(replies))
    sets = {}
    for r in records[1:-1]:
        sets.setdefault((r.owner, r.type), []).append((r.value(), r.ttl))
    for (owner, rtype), members in sets.items():
        reply = t.ask(query(owner, rtype))
        status(reply, NOERROR, True)
        same(f"the answer to {owner} {rtype}", sorted(members),
             sorted((r.value(), r.ttl) for r in reply.answer if r.type == rtype))


@case("X3 G9", TCP)
def signed_transfers(t, w):
    for algorithm in ALGORITHMS:
        asked = axfr(DISC)
        records, replies = transfer(t, asked, f"{algorithm}.key")
        expect(len(records) > 100, "the zone", len(records))
        expect(all(r.tsig for r in replies), "each message signed")


@case("G9", TCP)
def long_signed_transfers(t, w):
    """A zone of several messages: each is signed, with the MAC of the one before."""
    d = w.main
    if not w.bulk:
        for i in range(700):
            d.ok(f"reg svc=bulk{i % 7} inst=i{i} addr=10.8.{i // 250}.{i % 250} port=80 "
                 f"m.a={'x' * 100}")
        w.bulk = True
    exchange_key = "sha512.key"
    records, replies = transfer(t, axfr(DISC), exchange_key)
    expect(len(replies) > 2, "several messages", len(replies))
    same("QDCOUNT of the first", 1, replies[0].counts[0])
    found = {r.key() for r in records}
    same("each record once", len(records) - 1, len(found))


@case("X4", UDP)
def axfr_over_udp(t, w):
    denied(t, axfr(GROW), NOTIMP, FORMERR, REFUSED)


@case("X5")
def transfers_denied(t, w):
    codes = (REFUSED,) if t.tcp else (NOTIMP, FORMERR, REFUSED)
    reply = denied(t, axfr(STATIC, edns=opt()), *codes)
    if t.tcp:
        same("the reason", [18], reply.ede())
    denied(t, axfr(DISC), *codes)
    denied(t, axfr("elsewhere.example"), NOTAUTH, *(() if t.tcp else codes))
    denied(t, ixfr(STATIC, 1), REFUSED)
    if t.tcp:
        for key in ("change.key", "narrow.key"):  # no such grant; granted to other addresses
            exchange = Exchange(axfr(DISC), key)
            reply = t.ask(exchange.bytes)
            status(reply, REFUSED)
            exchange.check(reply)


@case("X6", TCP)
def not_an_apex(t, w):
    for qname in (f"kept.{GROW}", f"api.{GROW}", f"none.{GROW}"):
        denied(t, axfr(qname), NOTAUTH, REFUSED)
        denied(t, ixfr(qname, 1), NOTAUTH, REFUSED)


@case("X7")
def up_to_date(t, w):
    now = serial(t)
    for since in (now, now + 1, now + 1000):
        reply = t.ask(ixfr(GROW, since))
        status(reply, NOERROR, True)
        same("one SOA", [(SOA, now)], [(r.type, r.value()[2]) for r in reply.answer])


def apply(zone, records):
    """What a secondary makes of the differences."""
    removing = False
    for r in records[1:-1]:
        if r.type == SOA:
            removing = not removing
        elif removing:
            expect(r.key() in zone, "a record to remove that is there", r.key())
            zone.discard(r.key())
        else:
            expect(r.key() not in zone, "a record to add that is not there", r.key())
            zone.add(r.key())
    return zone


def content(records):
    return {r.key() for r in records if r.type != SOA}


@case("X8", TCP)
def differences(t, w):
    before, _ = transfer(t, axfr(GROW))
    since = before[0].value()[2]
    label = own(t, "x8")
    for i in range(3):
        w.main.ok(f"reg ns=grow svc=api inst={label}-{i} addr=10.9.3.{i} port=80")
    w.main.ok(f"del ns=grow svc=api inst={label}-1")
    send(t, "change.key", [add(label, TXT, text("x"))])
    asked = ixfr(GROW, since)
    records, _ = transfer(t, asked)
    serials = [r.value()[2] for r in records if r.type == SOA]
    same("the second SOA", (SOA, since), (records[1].type, serials[1]))
    same("the first and the last", (serial(t), serial(t)), (serials[0], serials[-1]))
    for old, new in zip(serials[1:-1:2], serials[2:-1:2]):
        expect(0 < (new - old) % (1 << 32) < 1 << 31, "serials that grow", serials)
    after, _ = transfer(t, axfr(GROW))
    same("the zone", content(after), apply(content(before), records))
    expect(len(records) < len(after) + 30, "no more than what changed", len(records))


@case("X8", ONCE)
def one_instance_is_a_small_difference(t, w):
    t = w.main.transport("tcp4")
    for i in range(200):
        w.main.ok(f"reg ns=grow svc=large inst=i{i} addr=10.9.4.{i} port=80")
    before, _ = transfer(t, axfr(GROW))
    w.main.ok("reg ns=grow svc=large inst=extra addr=10.9.5.1 port=80")
    records, _ = transfer(t, ixfr(GROW, before[0].value()[2]))
    expect(len(records) < 20, "a handful of records", len(records))
    after, _ = transfer(t, axfr(GROW))
    same("the zone", content(after), apply(content(before), records))


@case("X9", TCP)
def no_differences_known(t, w):
    now = serial(t)
    for since in ((now - 1_000_000) % (1 << 32), 0):
        records, _ = transfer(t, ixfr(GROW, since))
        expect(records[1].type != SOA, "a whole zone", "differences")
        same("the same as AXFR's", content(transfer(t, axfr(GROW))[0]), content(records))


@case("X10", UDP)
def differences_over_udp(t, w):
    since = serial(t)
    send(t, "change.key", [add(own(t, "x10"), TXT, text("x"))])
    reply = t.ask(ixfr(GROW, since, ar=[opt()]))
    status(reply, NOERROR, True)
    if len(reply.answer) > 1:
        same("the last record", SOA, reply.answer[-1].type)
        same("what was added", 1, sum(r.type == TXT for r in reply.answer))
    reply = t.ask(ixfr(GROW, (since - 1_000_000) % (1 << 32)))
    same("what does not fit: one SOA", [SOA], [r.type for r in reply.answer])


@case("X11")
def differences_since_when(t, w):
    reply = t.ask(query(GROW, IXFR))
    header_or_question(reply)
    other = record(GROW, NS, 0, b"\0")
    header_or_question(t.ask(message(question(GROW, IXFR), ns=[other])))


def header_or_question(reply):
    status(reply, FORMERR)
    empty(reply)


def heard(w):
    """The next message that the secondary gets, not answered yet."""
    data, source = w.secondary.recvfrom(65535)
    return Reply(data), source


def quiet(w):
    """Answers what is still to come, so that a new change begins anew."""
    w.secondary.settimeout(1.5)
    try:
        while True:
            reply, source = heard(w)
            answer(w, reply, source)
    except socket.timeout:
        w.secondary.settimeout(10)


def answer(w, notify, source):
    w.secondary.sendto(message(question(GROW, SOA), id=notify.id, flags=QR | AA, opcode=NOTIFY),
                       source)


@case("X12", ONCE)
def notify(t, w):
    quiet(w)
    start = time.monotonic()
    for i in range(20):
        w.main.ok(f"reg ns=grow svc=told inst=i{i} addr=10.9.6.{i} port=80")
    took = time.monotonic() - start
    now = serial(t)
    first, source = heard(w)
    same("opcode, AA, RCODE", (NOTIFY, AA, 0),
         (first.opcode, first.flags & (AA | QR), first.rcode))
    same("the question", question(GROW, SOA), first.question)
    expect(first.tsig, "a TSIG record, for there is a key")
    again, source = heard(w)  # not answered: it comes again
    same("again", (NOTIFY, first.question), (again.opcode, again.question))
    answer(w, again, source)
    answer(w, first, source)
    w.secondary.settimeout(1)
    more = 0
    try:
        while time.monotonic() - start < 12:
            more += 1
            answer(w, *heard(w))
    except socket.timeout:
        pass
    expect(more <= 4 + took, "20 changes in a few messages, one in a second", more)
    told = [r.value()[2] for r in (first.answer + again.answer) if r.type == SOA]
    expect(all(s <= now for s in told), f"serials up to {now}", told)


@case("P12", TCP)
def transfers_do_not_block(t, w):
    """One who asks for a zone and does not read it holds nobody up; on its own connection
    a later question is answered too."""
    with t.open() as slow, t.open() as s:
        exchange = Exchange(axfr(DISC), "sha256.key")
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        t.send(slow, exchange.bytes)
        is_www(t.ask(GOOD))
        is_www(w.main.transport(t.name.replace("tcp", "udp")).ask(GOOD))
        asked = axfr(GROW)
        s.sendall(framed(asked) + framed(GOOD))
        zone = answered = False
        records = []
        while not (zone and answered):
            raw = t.receive(s)
            if raw[:2] == GOOD[:2]:
                is_www(read(raw, GOOD))
                answered = True
            else:
                records += read(raw, asked).answer
                zone = bool(ended(records))
