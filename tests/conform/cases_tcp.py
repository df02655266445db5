"""TCP: framing, pipelining, limits of time and number. And what UDP cannot carry."""

import socket
import struct
import threading
import time

from cases import TCP, UDP, case
from cases_message import GOOD, WWW, is_www
from cases_service import service
from cases_lookup import under
from talk import Failure, expect, header_only, read, same, status
from wire import A, FORMERR, NOERROR, SRV, TC, message, opt, option, query
from world import MANY


def framed(data):
    return struct.pack("!H", len(data)) + data


def closed(s, seconds=30, start=None):
    """The server ends the connection within that time; how long it took."""
    s.settimeout(seconds)
    start = start or time.monotonic()
    try:
        while s.recv(65536):
            pass
    except socket.timeout:
        raise Failure(f"the connection still open after {seconds} s")
    except ConnectionError:
        pass
    return time.monotonic() - start


@case("P1", TCP)
def what_udp_cannot_carry(t, w):
    reply = t.ask(query(service("many"), SRV, edns=True))
    same("SRV, TC", (MANY, False), (len(reply.answer), reply.has(TC)))
    same("addresses", 32, len(reply.additional))
    udp = w.main.transport(t.name.replace("tcp", "udp"))
    same("the port of UDP", t.port, udp.port)


@case("P2", TCP)
def pipelined_queries(t, w):
    queries = {i: query(WWW if i % 2 else under("none"), A, id=i) for i in range(1, 51)}
    with t.open() as s:
        s.sendall(b"".join(framed(q) for q in queries.values()))
        seen = set()
        for _ in queries:
            raw = t.receive(s)
            ident = struct.unpack_from("!H", raw)[0]
            reply = read(raw, queries[ident])
            same("RCODE", 0 if ident % 2 else 3, reply.rcode)
            seen.add(ident)
    same("answers", set(queries), seen)


@case("P3", TCP)
def byte_by_byte(t, w):
    data = framed(GOOD)
    with t.open() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            s.sendall(data[i:i + 1])
        is_www(read(t.receive(s), GOOD))


@case("P3", TCP, "small")
def dripping_does_not_keep_alive(t, w):
    """Only whole messages start the idle time of 1 s anew."""
    data = framed(query(under(".".join(["x" * 60] * 3)), A, edns=opt(options=option(65001, b"x" * 60))))
    with t.open() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.monotonic()
        s.settimeout(0.1)
        for i in range(240):
            try:
                s.sendall(data[i:i + 1])
                if not s.recv(1):
                    break
            except socket.timeout:
                continue
            except ConnectionError:
                break
        took = time.monotonic() - start
    expect(took < 20, "an end within some 2 s", f"{took:.1f} s")


@case("P4", TCP)
def one_segment(t, w):
    """Length and message come in one piece."""
    with t.open() as s:
        for _ in range(20):
            t.send(s, GOOD)
            first = s.recv(65536)
            size = struct.unpack_from("!H", first)[0] if len(first) > 1 else 0
            same("bytes of the first piece", size + 2, len(first))


@case("P5", TCP)
def lengths_below_a_header(t, w):
    for size in (0, 1, 11):
        with t.open() as s:
            s.sendall(struct.pack("!H", size) + bytes(size) + framed(GOOD))
            closed(s)


@case("P6", TCP)
def a_malformed_message(t, w):
    bad = message(counts=(1, 0, 0, 0))
    with t.open() as s:
        for _ in range(3):
            t.send(s, bad)
            header_only(read(t.receive(s), bad), FORMERR)
            t.send(s, GOOD)
            is_www(read(t.receive(s), GOOD))


@case("P7", TCP)
def half_closed(t, w):
    with t.open() as s:
        t.send(s, GOOD)
        s.shutdown(socket.SHUT_WR)
        is_www(read(t.receive(s), GOOD))
        closed(s)


@case("P8", TCP, "small")
def idle_connections(t, w):
    for first in (False, True):
        start = time.monotonic()
        with t.open() as s:
            if first:
                start = time.monotonic()
                t.send(s, GOOD)
                t.receive(s)
            took = closed(s, start=start)
            expect(0.8 < took, "a second of patience", f"{took:.2f} s")


FEW = """
data_dir: ""
zones: [{name: static.example, namespace: "", file: static.example.zone}]
dns: {listen: ["127.0.0.1:0", "[::1]:0"], workers: 1, tcp: {connections: 8}}
registration: {listen: []}
http: {listen: ["127.0.0.1:0"]}
"""


@case("P9", TCP)
def the_longest_idle_makes_room(t, w):
    """Eight connections are allowed: the ninth takes the place of the one that was idle
    longest, the others live on."""
    t = w.another(FEW).transport(t.name)
    first = [t.open() for _ in range(8)]
    try:
        for s in first[1:] + first[:1]:  # the second one is idle longest
            t.send(s, GOOD)
            is_www(read(t.receive(s), GOOD))
        with t.open() as ninth:
            t.send(ninth, GOOD)
            is_www(read(t.receive(ninth), GOOD))
            closed(first[1])
            for s in (first[0], first[7]):
                t.send(s, GOOD)
                is_www(read(t.receive(s), GOOD))
    finally:
        for s in first:
            s.close()


@case("P10", TCP)
def one_who_does_not_read(t, w):
    """What it asks is not answered without end: the server stops reading from it, and in
    time ends it, while others are served."""
    asked = framed(query(service("many"), SRV))
    with t.open() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(0.3)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += s.send(asked * 500)
        except (socket.timeout, ConnectionError):
            pass
        expect(sent < 64 << 20, "an end of its patience", f"{sent} bytes taken")
        is_www(t.ask(GOOD))


@case("P11", TCP)
def fast_open_and_late_speakers(t, w):
    """A client may send with its SYN where the kernel allows, and one that connects and
    speaks later is heard all the same."""
    late = t.open()
    with socket.socket(t.family, socket.SOCK_STREAM) as s:
        s.sendto(framed(GOOD), socket.MSG_FASTOPEN, (t.address, t.port))
        s.settimeout(30)
        is_www(read(t.receive(s), GOOD))
    with late:
        t.send(late, GOOD)
        is_www(read(t.receive(late), GOOD))


@case("T1", UDP)
def cut_answers(t, w):
    """A sample by weight with TC, the question and OPT; TCP has it all."""
    for qtype in (SRV, A):
        for edns in (None, opt(512), opt(1232) if qtype == SRV else opt(600)):
            reply = t.ask(query(service("many"), qtype, edns=edns))
            status(reply, NOERROR, True)
            same("TC", True, reply.has(TC))
            expect(0 < len(reply.answer) < MANY, "a part of the set", len(reply.answer))
            same("the question", 1, reply.counts[0])
            same("OPT", edns is not None, reply.opt is not None)


@case("T3", UDP)
def a_subset_without_tc(t, w):
    """See the unit test for max_answers; by default nothing is left out silently."""
    reply = t.ask(query(service("many"), A, edns=True))
    same("all, no TC", (MANY, False), (len(reply.answer), reply.has(TC)))


class Patience(threading.Thread):
    """A connection that says nothing, from the start of the run on."""

    def __init__(self, transport):
        super().__init__(daemon=True)
        self.start_time, self.socket, self.took = time.monotonic(), transport.open(), None
        self.start()

    def run(self):
        try:
            closed(self.socket, 60)
        except Failure:
            pass
        self.took = time.monotonic() - self.start_time
        self.socket.close()


WAITING = {}


@case("MP19", TCP)
def idle_by_default(t, w):
    """10 s; it is waited for while the other cases run."""
    WAITING[t.name] = Patience(t)
