"""DNS cookies (RFC 7873, RFC 9018)."""

import struct
import time

from cases import ALL, UDP, case
from cases_edns import with_options
from cases_message import WWW, is_www
from siphash import cookie
from talk import empty, expect, same, status
from wire import A, BADCOOKIE, COOKIE, FORMERR, NOERROR, message, opt, option, query
from world import COOKIE_SECRETS

CLIENT = bytes.fromhex("2464c4abcf10c957")
ACTIVE, PREVIOUS = (bytes.fromhex(s) for s in COOKIE_SECRETS)
WRONG = bytes(range(16))


def now():
    return int(time.time())


def checked(t, reply, client=CLIENT):
    """The cookie of the answer: made just now, of the active secret; its time."""
    found = reply.option(COOKIE)
    expect(found is not None, "a cookie", reply.options)
    same("its size", 24, len(found))
    seconds = struct.unpack_from("!I", found, 12)[0]
    same("the cookie", cookie(client, seconds, t.address, ACTIVE), found)
    return seconds


@case("C1")
def a_client_cookie(t, w):
    before = now()
    reply = t.ask(with_options(option(COOKIE, CLIENT)))
    is_www(reply)
    expect(before - 1 <= checked(t, reply) <= now() + 1, "a cookie of this second")
    is_www(t.ask(query(WWW, A, edns=True)))
    same("not asked", None, t.ask(query(WWW, A, edns=True)).option(COOKIE))


@case("C1", ALL, "small")
def cookies_off(t, w):
    reply = t.ask(with_options(option(COOKIE, CLIENT)))
    is_www(reply)
    same("the cookie", None, reply.option(COOKIE))


@case("H9 MP4")
def a_cookie_without_question(t, w):
    reply = t.ask(message(ar=[opt(options=option(COOKIE, CLIENT))]))
    status(reply, NOERROR, False)
    same("QDCOUNT", 0, reply.counts[0])
    empty(reply)
    checked(t, reply)
    good = cookie(CLIENT, now() - 10, t.address, ACTIVE)
    reply = t.ask(message(ar=[opt(options=option(COOKIE, good))]))
    status(reply, NOERROR)
    bad = cookie(CLIENT, now(), t.address, WRONG)
    reply = t.ask(message(ar=[opt(options=option(COOKIE, bad))]))
    status(reply, NOERROR if t.tcp else BADCOOKIE)  # TCP shows as much as a cookie
    empty(reply)
    checked(t, reply)


@case("C2 MP11")
def cookies_of_wrong_length(t, w):
    for size in (0, 1, 7, 9, 12, 15, 41, 64):
        reply = t.ask(with_options(option(COOKIE, bytes(size))))
        status(reply, FORMERR)
        empty(reply)
        expect(reply.opt, "an OPT record")


@case("MP12")
def two_cookies(t, w):
    other = bytes(8)
    reply = t.ask(with_options(option(COOKIE, CLIENT), option(COOKIE, other)))
    is_www(reply)
    same("cookies", 1, sum(c == COOKIE for c, _ in reply.options))
    checked(t, reply)


def accepted(t, value):
    """RFC 7873 section 5.4: without a question the RCODE tells, over UDP."""
    reply = t.ask(message(ar=[opt(options=option(COOKIE, value))]))
    expect(reply.rcode in (NOERROR, BADCOOKIE), "NOERROR or BADCOOKIE", reply.rcode)
    return reply.rcode == NOERROR, reply


@case("C3", UDP)
def age_of_cookies(t, w):
    for age, good in ((0, True), (1700, True), (1900, True), (3500, True), (3700, False),
                      (-250, True), (-400, False), (-1 << 31, False)):
        made = cookie(CLIENT, now() - age, t.address, ACTIVE)
        was, reply = accepted(t, made)
        same(f"a cookie {age} s old is good", good, was)
        seconds = checked(t, reply)
        if abs(age) > 1800:
            expect(abs(seconds - now()) < 3, "a fresh one", reply.option(COOKIE).hex())
        is_www(t.ask(with_options(option(COOKIE, made))))
    good = cookie(CLIENT, now() - 60, t.address, ACTIVE)
    is_www(t.ask(with_options(option(COOKIE, good))))


@case("C4")
def cookies_that_are_wrong(t, w):
    for bad in (cookie(CLIENT, now(), t.address, WRONG),
                cookie(CLIENT, now(), "192.0.2.9", ACTIVE),
                cookie(CLIENT, now(), t.address, ACTIVE, version=2),
                CLIENT + bytes(8), CLIENT + bytes(32)):
        same("good", t.tcp, accepted(t, bad)[0])
        reply = t.ask(with_options(option(COOKIE, bad)))
        is_www(reply)
        checked(t, reply)


@case("C5", UDP)
def secrets_roll_over(t, w):
    was, reply = accepted(t, cookie(CLIENT, now() - 5, t.address, PREVIOUS))
    same("made of the previous secret, good", True, was)
    same("answered with a cookie", 24, len(reply.option(COOKIE)))
    was, reply = accepted(t, cookie(CLIENT, now() - 2000, t.address, PREVIOUS))
    same("older ones too", True, was)
    checked(t, reply)
    was, _ = accepted(t, cookie(CLIENT, now() - 5, t.address, ACTIVE, reserved=b"\1\2\3"))
    same("with reserved bytes, good", True, was)
