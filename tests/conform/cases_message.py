"""The header, the question, opcodes."""

import socket
import struct

from cases import ALL, UDP, case
from talk import copied, empty, expect, header_only, negative, same, status
from wire import (A, AA, AD, CD, DSO, FORMERR, NOERROR, NOTIFY, NOTIMP, NXDOMAIN, QR, RA, RD,
                  REFUSED, SOA, SRV, TC, TXT, UPDATE, Z, message, name, opt, query, question,
                  record, Reply)
from world import STATIC, STATIC_NEGATIVE

WWW = f"www.{STATIC}"
GOOD = query(WWW, A, id=0x7777)
ALL_FLAGS = TC | RD | RA | Z | AD | CD | AA


def is_www(reply):
    status(reply, NOERROR, True)
    same("the addresses", ["192.0.2.10", "192.0.2.11", "192.0.2.12"], reply.values(A))


@case("H1", UDP)
def less_than_a_header(t, w):
    for size in (0, 3, 11):
        t.silent(GOOD[:size], GOOD)


@case("H2")
def a_response(t, w):
    for opcode in range(16):
        t.silent(query(WWW, A, flags=QR, opcode=opcode), GOOD)


@case("H3")
def header_of_an_answer(t, w):
    for ident in (0, 1, 0xFFFF):
        for flags in (0, RD):
            asked = query(WWW, A, id=ident, flags=flags)
            reply = t.ask(asked)
            is_www(reply)
            same("the flags", QR | AA | flags, reply.flags)


@case("H4")
def z_bit(t, w):
    reply = t.ask(query(WWW, A, flags=Z))
    is_www(reply)


@case("H5")
def odd_flags(t, w):
    for flags in (AA, TC, RA, 1, 5, 15, AA | TC | RA | 9):
        reply = t.ask(query(WWW, A, flags=flags))
        is_www(reply)
        same("TC", False, reply.has(TC))


@case("H6")
def ad_bit(t, w):
    is_www(t.ask(query(WWW, A, flags=AD)))  # AD clear: checked with every answer


@case("H7")
def cd_bit(t, w):
    for qname, qtype in ((WWW, A), (WWW, SRV), (f"none.{STATIC}", A), ("other.test", A)):
        for edns in (None, True):
            for flags in (0, CD, RD, RD | CD):
                asked = query(qname, qtype, flags=flags, edns=edns)
                copied(asked, t.ask(asked))


@case("H8 MP3")
def no_question(t, w):
    header_only(t.ask(message()), FORMERR)
    same("the size", 12, len(t.last[1]))
    reply = t.ask(message(ar=[opt()]))
    header_only(reply, FORMERR)
    expect(reply.opt, "an OPT record")


@case("H10 MP2")
def two_questions(t, w):
    asked = message([question(WWW, A), question(f"mail.{STATIC}", A)])
    header_only(t.ask(asked), FORMERR)
    same("the size", 12, len(t.last[1]))
    header_only(t.ask(message(question(WWW, A), counts=(2, 0, 0, 0))), FORMERR)
    header_only(t.ask(message(question(WWW, A), counts=(65535, 0, 0, 0))), FORMERR)


@case("H11 MP1")
def a_cut_question(t, w):
    whole = question(WWW, A)
    for size in range(len(whole)):
        header_only(t.ask(message(whole[:size], counts=(1, 0, 0, 0))), FORMERR)
        same("the size", 12, len(t.last[1]))


@case("H12 MP5")
def other_opcodes(t, w):
    for opcode in (1, 2, 3, *range(7, 16)):
        for flags in (0, ALL_FLAGS):
            asked = query(WWW, A, opcode=opcode, flags=flags)
            header_only(t.ask(asked), NOTIMP)
            same("the answer", asked[:2] + bytes([0x80 | opcode << 3, NOTIMP]) + bytes(8),
                 t.last[1])
            reply = t.ask(query(WWW, A, opcode=opcode, flags=flags, edns=True))
            header_only(reply, NOTIMP)
            same("flags but QR", 0, reply.flags & ALL_FLAGS)
            expect(reply.opt, "an OPT record")


@case("H13")
def opcode_15_with_all_flags(t, w):
    asked = message(opcode=15, flags=ALL_FLAGS)
    t.ask(asked)
    same("the answer", asked[:2] + bytes([0xF8, NOTIMP]) + bytes(8), t.last[1])


@case("H14")
def stateful_operations(t, w):
    keepalive = bytes.fromhex("000100080001d4c000003a98")
    for asked in (message(opcode=DSO), message(opcode=DSO, tail=keepalive)):
        header_only(t.ask(asked), NOTIMP)
        same("the size", 12, len(t.last[1]))


@case("H15 MP8")
def records_in_a_query(t, w):
    extra = [record(WWW, A, 5, bytes(4)), record("x.test", TXT, 5, b"\1x")]
    for section in ("an", "ns", "ar"):
        is_www(t.ask(message(question(WWW, A), **{section: extra})))
    reply = t.ask(message(question(WWW, A), extra, extra, [*extra, opt()]))
    is_www(reply)
    expect(reply.opt, "an OPT record")
    is_www(t.ask(message(question(WWW, A), ar=[opt(), *extra])))
    pointer = b"\xc0\x0c" + record("", A, 5, bytes(4))[1:]
    is_www(t.ask(message(question(WWW, A), pointer)))


@case("H16")
def one_record_too_few(t, w):
    extra = record("x.test", TXT, 5, b"\1x")
    for counts in ((1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1), (1, 65535, 0, 0)):
        header_only(t.ask(message(question(WWW, A), counts=counts)), FORMERR)
    for section, counts in (("an", (1, 2, 0, 0)), ("ns", (1, 0, 2, 0)), ("ar", (1, 0, 0, 2))):
        header_only(t.ask(message(question(WWW, A), counts=counts, **{section: extra})), FORMERR)
    for cut in range(1, len(extra)):
        header_only(t.ask(message(question(WWW, A), extra[:-cut], counts=(1, 1, 0, 0))), FORMERR)


@case("H17 MP9")
def trailing_bytes(t, w):
    for tail in (b"\0", b"garbage", bytes(100)):
        header_only(t.ask(query(WWW, A, tail=tail)), FORMERR)
        header_only(t.ask(query(WWW, A, edns=True, tail=tail)), FORMERR)


@case("H18")
def impossible_names(t, w):
    end = struct.pack("!HH", A, 1)
    for qname in (b"\x40" + b"a" * 64 + b"\0", b"\x80" + b"a" * 20 + b"\0", b"\x3fa\0",
                  (b"\x3f" + b"a" * 63) * 4 + b"\0", b"\1a" * 127 + b"\1\0\0",
                  b"\xc0\x0c", b"\xc0\x0e\1a\0", b"\xc0\x00", b"\xc0\x02", b"\3www\xc0\x0c",
                  b"\xff\xff", b"\3www"):
        header_only(t.ask(message(qname + end, counts=(1, 0, 0, 0))), FORMERR)
    header_only(t.ask(message(b"\3www", counts=(1, 0, 0, 0))), FORMERR)


def name_of_255(zone):
    below = name(zone)
    room = 255 - len(below)
    filler = b""
    while room:
        n = min(63, room - 1)
        if room - n - 1 == 1:
            n -= 1
        filler += bytes([n]) + b"x" * n
        room -= n + 1
    return filler + below


@case("H19")
def the_longest_name(t, w):
    longest = name_of_255(STATIC)
    same("its size", 255, len(longest))
    asked = message(longest + struct.pack("!HH", A, 1))
    reply = t.ask(asked)
    negative(reply, NXDOMAIN, STATIC, STATIC_NEGATIVE)
    same("the question", asked[12:], reply.question)
    same("the SOA's owner is a pointer into the question", 0xC0, reply.bytes[12 + 255 + 4] & 0xC0)
    header_only(t.ask(message(b"\1y" + longest + struct.pack("!HH", A, 1))), FORMERR)


@case("H20")
def odd_octets(t, w):
    for label in (b"\0", b"\xff", b"a.b", b"\0.\xff\\", b" ", b"*"):
        reply = t.ask(query([label, *STATIC.split(".")], A))
        negative(reply, NXDOMAIN, STATIC, STATIC_NEGATIVE)
    # A dot inside a label does not make two labels of it.
    negative(t.ask(query([b"a.b", b"c", b"ent", *STATIC.split(".")], A)), NXDOMAIN, STATIC,
             STATIC_NEGATIVE)


@case("H21")
def case_of_the_asker(t, w):
    for asked, section, owner in (
            (query("wWw.StAtIc.ExAmPlE", A), 0, b"\3wWw\6StAtIc\7ExAmPlE\0"),
            (query("nOnE.sTaTiC.eXaMpLe", A), 1, b"\6sTaTiC\7eXaMpLe\0"),
            (query("WEB.Disc.eXample", A), 0, b"\3WEB\4Disc\7eXample\0")):
        reply = t.ask(asked)
        same("the question", asked[12:], reply.question)
        expect(reply.sections[section], "records")
        for r in reply.sections[section]:
            same("the owner", owner, name(r.labels))


@case("H22")
def only_ascii_is_folded(t, w):
    zone = STATIC.split(".")
    reply = t.ask(query([b"CAF\xc3\xa9", *zone], A))
    status(reply, NOERROR, True)
    same("the address", ["192.0.2.80"], reply.values(A))
    for other in (b"caf\xc3\x89", b"caf\xe9", b"cafe", b"caf\xe3\xa9", b"caf\xc3\x81"):
        negative(t.ask(query([other, *zone], A)), NXDOMAIN, STATIC, STATIC_NEGATIVE)


@case("H23", UDP, "small")
def answers_come_from_where_was_asked(t, w):
    """The daemon listens on all addresses; a connected socket hears only the one asked."""
    addresses = ["127.0.0.1", "127.0.0.2", "127.3.2.1"] if t.family == socket.AF_INET else ["::1"]
    for address in addresses:
        with socket.socket(t.family, socket.SOCK_DGRAM) as s:
            s.settimeout(8)
            s.sendto(GOOD, (address, t.port))
            data, source = s.recvfrom(4096)
        same("the source", (address, t.port), source[:2])
        is_www(Reply(data))


@case("MP6 X13")
def notify_at_a_primary(t, w):
    soa = question(STATIC, SOA)
    for asked in (message(soa, opcode=NOTIFY), message(soa, opcode=NOTIFY, flags=AA)):
        reply = t.ask(asked)
        status(reply, REFUSED, False)
        empty(reply)


@case("MP7 U1", ALL, "small")
def update_where_it_is_off(t, w):
    new = record(f"new.{STATIC}", A, 5, bytes(4))
    for changes in ((), (new,)):
        reply = t.ask(message(question(STATIC, SOA), ns=changes, opcode=UPDATE))
        status(reply, REFUSED, False)
        empty(reply)
    negative(t.ask(query(f"new.{STATIC}", A)), NXDOMAIN, STATIC, STATIC_NEGATIVE)
