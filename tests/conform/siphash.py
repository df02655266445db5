"""SipHash-2-4, and the server cookies of RFC 9018 that are made of it."""

import socket
import struct

MASK = 0xFFFFFFFFFFFFFFFF


def rotate(x, n):
    return (x << n | x >> 64 - n) & MASK


def rounds(v, n):
    a, b, c, d = v
    for _ in range(n):
        a = (a + b) & MASK
        b = rotate(b, 13) ^ a
        a = rotate(a, 32)
        c = (c + d) & MASK
        d = rotate(d, 16) ^ c
        a = (a + d) & MASK
        d = rotate(d, 21) ^ a
        c = (c + b) & MASK
        b = rotate(b, 17) ^ c
        c = rotate(c, 32)
    return [a, b, c, d]


def siphash(key, data):
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D,
         k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for (m,) in struct.iter_unpack("<Q", padded):
        v[3] ^= m
        v = rounds(v, 2)
        v[0] ^= m
    v[2] ^= 0xFF
    v = rounds(v, 4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def cookie(client, seconds, address, secret, version=1, reserved=bytes(3)):
    """Client cookie and server cookie, 24 bytes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    head = client + bytes([version]) + reserved + struct.pack("!I", seconds & 0xFFFFFFFF)
    return head + siphash(secret, head + socket.inet_pton(family, address))
