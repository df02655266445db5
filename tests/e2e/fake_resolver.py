"""A resolver that misbehaves as told, on port 53.

    fake_resolver.py ADDRESS MODE [PORT]

MODE: a code (nxdomain, refused, servfail), empty (NOERROR and nothing), invent (an address
for every name, and a SOA), garbage (bytes, and replies to other questions), mutate (such an
answer with changed bytes, cut anywhere, many times over), silent, or
forward (asks 127.0.0.1 at PORT, and hands back its answer).
"""
import random
import socket
import struct
import sys

CODES = {"empty": 0, "servfail": 2, "nxdomain": 3, "refused": 5}


def question_end(query):
    at = 12
    while query[at]:
        at += query[at] + 1
    return at + 5


def header(query, code, answers):
    return query[:2] + bytes([0x81, 0x80 | code]) + struct.pack("!HHHH", 1, answers, 0, 0)


def invent(query):
    question = query[12:question_end(query)]
    if question[-4:-2] == b"\0\6":
        data, kind = b"\0\0" + struct.pack("!IIIII", 7, 60, 10, 60, 2), 6
    else:
        data, kind = bytes([192, 0, 2, 9]), 1
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    return header(query, 0, 1) + question + record


def garbage(query):
    question = query[12:question_end(query)]
    other = bytes([query[0] ^ 1]) + query[1:]
    yield b""
    yield query[:7]
    yield invent(query)[:-3] if question[-4:-2] == b"\0\1" else b"\xff" * 40
    yield invent(other)
    yield header(query, 0, 0) + b"\1x" + question


def mutate(query, chance):
    for _ in range(300):
        reply = bytearray(invent(query))
        for _ in range(chance.randrange(1, 6)):
            reply[chance.randrange(2, len(reply))] = chance.choice([0, 1, 63, 64, 192, 255])
        yield bytes(reply[: chance.randrange(len(reply) + 1)])


def forward(query, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as up:
        up.settimeout(5)
        up.sendto(query, ("127.0.0.1", port))
        return up.recv(4096)


def replies(mode, query, chance):
    if mode in CODES:
        yield header(query, CODES[mode], 0) + query[12:question_end(query)]
    elif mode == "invent":
        yield invent(query)
    elif mode == "garbage":
        yield from garbage(query)
    elif mode == "mutate":
        yield from mutate(query, chance)
    elif mode == "forward":
        yield forward(query, int(sys.argv[3]))


def main():
    address, mode = sys.argv[1:3]
    chance = random.Random(1)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        print("ready", flush=True)
        while True:
            query, asker = server.recvfrom(4096)
            for reply in replies(mode, query, chance):
                server.sendto(reply, asker)


main()
