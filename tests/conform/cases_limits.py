"""Rates of answers, identities in class CH, bounded work."""

import time

from cases import ALL, TCP, UDP, case
from cases_cookie import ACTIVE, CLIENT, WRONG
from cases_lookup import under
from cases_message import WWW, is_www
from cases_service import service
from siphash import cookie
from talk import empty, expect, read, same, status
from wire import (A, AAAA, BADCOOKIE, CH, COOKIE, NOERROR, REFUSED, SRV, TC, TXT, Reply, opt,
                  option, query)
from world import SERVER_ID, STATIC, VERSION

MANY = 80  # questions in a burst; far beyond the 5 per second that are allowed


def now():
    return int(time.time())


def burst(w, name, source, ask):
    """Asks ask(i) MANY times, then once with a good cookie, which is always answered;
    returns whole, cut and missing answers."""
    t = w.limited.transport(name, source)
    mine = source or t.address
    whole = cut = 0
    with t.open() as s:
        for start in range(0, MANY, 20):
            for i in range(start, start + 20):
                t.send(s, ask(i))
            good = cookie(CLIENT, now(), mine, ACTIVE)
            t.send(s, query(WWW, A, id=0x7000, edns=opt(options=option(COOKIE, good))))
            while True:
                reply = Reply(t.receive(s))
                if reply.id == 0x7000:
                    same("with a good cookie", NOERROR, reply.rcode)
                    break
                if reply.has(TC):
                    cut += 1
                    same("records of a cut answer", [], reply.answer)
                else:
                    whole += 1
    return whole, cut, MANY - whole - cut


def limited(found):
    whole, cut, missing = found
    expect(5 <= whole < 40, "some whole answers, then few", found)
    expect(cut > 10 and missing > 10, "every second one cut, the others not sent", found)
    expect(abs(cut - missing) <= 6, "as many cut as missing", found)


def sources(t, digit):
    """An address of a network of its own, where there are several."""
    return None if t.name == "udp6" else f"127.{digit}.1.1"


@case("R1", UDP, "limited")
def rates(t, w):
    limited(burst(w, t.name, sources(t, 11), lambda i: query(WWW, A)))


@case("R1 C7", ("udp4",), "limited")
def rates_of_each_kind(t, w):
    limited(burst(w, t.name, "127.12.1.1", lambda i: query(under(f"n{i}"), A)))
    limited(burst(w, t.name, "127.13.1.1", lambda i: query(f"r{i}.test", A)))
    # Another kind, another name and another network of the same asker are not concerned.
    spent = w.limited.transport("udp4", "127.12.1.1")
    is_www(spent.ask(query(WWW, A)))
    is_www(w.limited.transport("udp4", "127.12.2.1").ask(query(WWW, A)))
    # One network of /24 is one asker.
    whole = 0
    for i in range(40):
        neighbour = w.limited.transport("udp4", f"127.14.1.{i + 1}")
        with neighbour.open() as s:
            neighbour.send(s, query(WWW, A, id=1))
            good = cookie(CLIENT, now(), f"127.14.1.{i + 1}", ACTIVE)
            neighbour.send(s, query(WWW, A, id=2, edns=opt(options=option(COOKIE, good))))
            reply = Reply(neighbour.receive(s))
            whole += reply.id == 1 and not reply.has(TC)
    expect(whole < 30, "limits for the network as a whole", whole)


@case("R1", ("udp4",), "limited")
def only_watched(t, w):
    same("whole, cut, missing", (MANY, 0, 0),
         burst(w, t.name, "127.66.1.1", lambda i: query(WWW, A)))


@case("R2", ("udp4",), "limited")
def exempt_networks(t, w):
    same("whole, cut, missing", (MANY, 0, 0),
         burst(w, t.name, "127.77.1.1", lambda i: query(WWW, A)))


@case("R2 C7", UDP, "limited")
def exempt_by_cookie(t, w):
    source = sources(t, 15)
    good = cookie(CLIENT, now(), source or t.address, ACTIVE)
    asked = query(WWW, A, edns=opt(options=option(COOKIE, good)))
    same("whole, cut, missing", (MANY, 0, 0), burst(w, t.name, source, lambda i: asked))


@case("R2 C7", TCP, "limited")
def exempt_over_tcp(t, w):
    same("whole, cut, missing", (MANY, 0, 0),
         burst(w, t.name, None, lambda i: query(WWW, A)))


@case("C4", ("udp4",), "limited")
def wrong_cookies_under_attack(t, w):
    """Beyond the rate who shows a wrong cookie is told the right one, instead of nothing."""
    source = "127.16.1.1"
    t = w.limited.transport("udp4", source)
    asked = query(WWW, A, edns=opt(options=option(COOKIE, cookie(CLIENT, now(), source, WRONG))))
    good = query(WWW, A, id=0x7000, edns=opt(options=option(
        COOKIE, cookie(CLIENT, now(), source, ACTIVE))))
    told = 0
    with t.open() as s:
        for _ in range(MANY):
            t.send(s, asked)
        t.send(s, good)
        while True:
            reply = Reply(t.receive(s))
            if reply.id == 0x7000:
                break
            if reply.rcode == BADCOOKIE:
                told += 1
                empty(reply)
                seconds = int.from_bytes(reply.option(COOKIE)[12:16], "big")
                same("the cookie", cookie(CLIENT, seconds, source, ACTIVE), reply.option(COOKIE))
    expect(told > 10, "BADCOOKIE with the right cookie", told)


@case("C4", TCP, "limited")
def never_badcookie_over_tcp(t, w):
    wrong = cookie(CLIENT, now(), t.address, WRONG)
    asked = query(WWW, A, edns=opt(options=option(COOKIE, wrong)))
    with t.open() as s:
        for _ in range(40):
            t.send(s, asked)
            is_www(read(t.receive(s), asked))


CHAOS = {"version.bind": VERSION, "version.server": VERSION, "id.server": SERVER_ID,
         "hostname.bind": SERVER_ID}


@case("R4")
def who_are_you(t, w):
    for qname, text in CHAOS.items():
        for asked in (qname, qname.upper()):
            for edns in (None, True):
                reply = t.ask(query(asked, TXT, CH, edns=edns))
                status(reply, NOERROR)
                same("the text", [(text.encode(),)], reply.values(TXT))
                same("class and TTL", (CH, 0), (reply.answer[0].rclass, reply.answer[0].ttl))
                same("authority", [], reply.authority)


@case("R4", ALL, "small")
def identities_not_configured(t, w):
    for qname in CHAOS:
        reply = t.ask(query(qname, TXT, CH))
        status(reply, REFUSED, False)
        empty(reply)


@case("R5")
def the_rest_of_chaos(t, w):
    for qname, qtype in (("authors.bind", TXT), ("bind", TXT), ("", TXT), (WWW, A),
                         ("server", TXT), ("version.bind", A), ("version.bind", AAAA),
                         ("x.version.bind", TXT), ("other.test", TXT)):
        reply = t.ask(query(qname, qtype, CH, edns=True))
        status(reply, REFUSED, False)
        empty(reply)


@case("R6")
def bounded_work(t, w):
    reply = t.ask(query(service("many"), SRV, edns=opt(4096)))
    expect(len(reply.additional) <= 32, "addresses of at most 32 targets", len(reply.additional))
    deep = ".".join(["a"] * 110) + ".wild." + STATIC
    same("a wildcard far above", ["192.0.2.20"], t.ask(query(deep, A)).values())
