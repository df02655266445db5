"""Signed questions, and all that can be wrong with them (RFC 8945)."""

import time

import dns.message
import dns.tsig

from cases import TCP, UDP, case
from cases_message import WWW, is_www
from cases_service import service
from talk import empty, expect, same, status
from tsig import Exchange, Fields
from wire import (A, BADKEY, BADSIG, BADTIME, BADTRUNC, FORMERR, NOERROR, NOTAUTH, SRV, TC, opt,
                  query)
from world import ALGORITHMS, SECRETS


def plain(**more):
    return query(WWW, A, **more)


@case("G1")
def good_signatures(t, w):
    for algorithm in ALGORITHMS:
        for edns in (None, True):
            exchange = Exchange(plain(edns=edns), f"{algorithm}.key")
            reply = t.ask(exchange.bytes)
            is_www(reply)
            fields = exchange.check(reply)
            same("the whole MAC", exchange.full_size, len(fields.mac))
            expect(abs(fields.time - time.time()) < 5, "the time now", fields.time)


@case("G1")
def a_second_signer_agrees(t, w):
    """dnspython signs and checks."""
    for name, (algorithm, secret) in SECRETS.items():
        key = dns.tsig.Key(name, secret, algorithm)
        asked = dns.message.make_query(WWW, "A")
        asked.use_tsig(key)
        raw = t.exchange(asked.to_wire())
        reply = dns.message.from_wire(raw, keyring=key, request_mac=asked.mac)
        same("it is signed and answered", (True, 3), (reply.had_tsig, len(reply.answer[0])))


def rejected(t, exchange, error, signed=False):
    reply = t.ask(exchange.bytes)
    status(reply, NOTAUTH, False)
    same("QDCOUNT", 1, reply.counts[0])
    empty(reply)
    expect(reply.tsig, "a TSIG record")
    if signed:
        return exchange.check(reply, error)
    fields = Fields(reply.tsig)
    same("the error, the MAC", (error, b""), (fields.error, fields.mac))
    return fields


@case("G2")
def unknown_keys(t, w):
    rejected(t, Exchange(plain(), "nobody.key"), BADKEY)
    for other in ("hmac-sha1", "hmac-md5.sig-alg.reg.int", "none.example"):
        rejected(t, Exchange(plain(), "sha256.key", shown_algorithm=other), BADKEY)


@case("G3")
def a_wrong_mac(t, w):
    rejected(t, Exchange(plain(), "sha256.key", spoil=True), BADSIG)
    other = Exchange(plain(), "sha256.key")
    changed = other.bytes.replace(b"\3www", b"\3wxw")
    other.bytes = changed
    reply = t.ask(changed)
    status(reply, NOTAUTH, False)
    same("the error", BADSIG, Fields(reply.tsig).error)


@case("G4")
def a_wrong_time(t, w):
    for offset in (-400, 400, -1_000_000):
        exchange = Exchange(plain(), "sha256.key", offset=offset)
        fields = rejected(t, exchange, BADTIME, signed=True)
        same("Time Signed is the client's", exchange.time, fields.time)
        same("six bytes of our time", 6, len(fields.other))
        ours = int.from_bytes(fields.other, "big")
        expect(abs(ours - time.time()) < 5, "our time", ours)
    for offset in (-290, 290):
        is_www(t.ask(Exchange(plain(), "sha256.key", offset=offset).bytes))
    rejected(t, Exchange(plain(), "sha256.key", offset=-20, fudge=10), BADTIME, signed=True)


@case("G6")
def macs_of_odd_length(t, w):
    for name in ("sha256.key", "sha1.key", "sha512.key"):
        full = Exchange(plain(), name).full_size
        least = max(10, full // 2)
        for length in (full + 1, 9, least - 1, 1, 0):
            reply = t.ask(Exchange(plain(), name, length=length).bytes)
            expect(reply.rcode == FORMERR, f"FORMERR for {length} of {full} bytes", reply.rcode)
            empty(reply)


@case("G6")
def truncated_macs(t, w):
    """Allowed by the standard from half the length on: verified or, by policy, BADTRUNC."""
    for length in (16, 20, 31):
        exchange = Exchange(plain(), "sha256.key", length=length)
        reply = t.ask(exchange.bytes)
        if reply.rcode == NOTAUTH:
            same("the error", BADTRUNC, Fields(reply.tsig).error)
        else:
            is_www(reply)
            fields = exchange.check(reply)
            expect(len(fields.mac) >= length, "an answer signed at least as long", len(fields.mac))
    rejected(t, Exchange(plain(), "sha256.key", length=20, spoil=True), BADSIG)


@case("G7")
def a_rewritten_id(t, w):
    exchange = Exchange(plain(id=0x4321), "sha256.key", original_id=0x9999)
    reply = t.ask(exchange.bytes)
    is_www(reply)
    same("the ID", 0x4321, reply.id)
    fields = Fields(reply.tsig)
    same("the original ID", True, fields.original_id in (0x4321, 0x9999))


@case("G8")
def names_in_any_case(t, w):
    exchange = Exchange(plain(), "sha256.key", shown_key="ShA256.KeY",
                        shown_algorithm="HMAC-Sha256")
    reply = t.ask(exchange.bytes)
    is_www(reply)
    exchange.check(reply)


@case("G10", UDP)
def no_room_for_answer_and_signature(t, w):
    for name in ("sha256.key", "sha512.key"):
        for edns in (None, opt(512), opt(1232)):
            exchange = Exchange(query(service("many"), SRV, edns=edns), name)
            reply = t.ask(exchange.bytes)
            status(reply, NOERROR)
            same("TC", True, reply.has(TC))
            exchange.check(reply)


@case("G1", TCP)
def a_whole_signed_answer(t, w):
    exchange = Exchange(query(service("many"), SRV), "sha256.key")
    reply = t.ask(exchange.bytes)
    same("all", 60, len(reply.answer))
    exchange.check(reply)
