"""Transaction signatures (RFC 8945) with everything that can be wrong in them."""

import hashlib
import hmac
import struct
import time

from talk import expect, same
from wire import CLASS_ANY, TSIG, name, record
from world import SECRETS


class Fields:
    """The RDATA of a TSIG record."""

    def __init__(self, r):
        from wire import read_name
        data = r.rdata
        parts, at = read_name(bytes(12) + data, 12)
        at -= 12
        self.algorithm = name(parts)
        high, low, self.fudge, size = struct.unpack_from("!HIHH", data, at)
        self.time = high << 32 | low
        at += 10
        self.mac = data[at:at + size]
        at += size
        self.original_id, self.error, size = struct.unpack_from("!HHH", data, at)
        self.other = data[at + 6:]
        same("the size of TSIG's other data", size, len(self.other))


def timers(seconds, fudge):
    return struct.pack("!HIH", seconds >> 32, seconds & 0xFFFFFFFF, fudge)


def variables(key, algorithm, seconds, fudge, error=0, other=b""):
    return (name(key.lower()) + struct.pack("!HI", CLASS_ANY, 0) + name(algorithm.lower())
            + timers(seconds, fudge) + struct.pack("!HH", error, len(other)) + other)


def mac_of(secret, algorithm, *parts):
    kind = algorithm.lower().replace("hmac-", "").rstrip(".")
    return hmac.new(secret, b"".join(parts), getattr(hashlib, kind)).digest()


def prefixed(mac):
    return struct.pack("!H", len(mac)) + mac


class Exchange:
    """A request that is signed, and the answers to it that are checked."""

    def __init__(self, message, key, shown_key=None, shown_algorithm=None, offset=0, fudge=300,
                 length=None, spoil=False, original_id=None):
        self.key = key
        self.algorithm, self.secret = SECRETS.get(key, ("hmac-sha256", b"wrong"))
        self.time = int(time.time()) + offset
        signed = message
        if original_id is not None:
            signed = struct.pack("!H", original_id) + message[2:]
        self.mac = mac_of(self.secret, self.algorithm, signed,
                          variables(key, self.algorithm, self.time, fudge))
        self.full_size = len(self.mac)
        if length is not None:
            self.mac = (self.mac + bytes(64))[:length]
        if spoil:
            self.mac = bytes([self.mac[0] ^ 1]) + self.mac[1:]
        rdata = (name(shown_algorithm or self.algorithm) + timers(self.time, fudge)
                 + prefixed(self.mac)
                 + struct.pack("!HHH", int.from_bytes(signed[:2], "big"), 0, 0))
        count = struct.unpack_from("!H", message, 10)[0] + 1
        self.bytes = (message[:10] + struct.pack("!H", count) + message[12:]
                      + record(shown_key or key, TSIG, 0, rdata, CLASS_ANY))
        self.prior, self.count = self.mac, 0

    def check(self, reply, error=0):
        """The signature of the next message of the answer."""
        expect(reply.tsig, "a TSIG record")
        same("its owner", name(self.key), name(reply.tsig.labels).lower())
        same("its class and TTL", (CLASS_ANY, 0), (reply.tsig.rclass, reply.tsig.ttl))
        f = Fields(reply.tsig)
        same("its error", error, f.error)
        same("its original ID", reply.id, f.original_id)
        same("the algorithm", name(self.algorithm), f.algorithm)
        plain = (reply.bytes[:10] + struct.pack("!H", reply.counts[3] - 1)
                 + reply.bytes[12:start_of(reply.tsig)])
        if self.count:
            parts = prefixed(self.prior), plain, timers(f.time, f.fudge)
        else:
            parts = prefixed(self.prior), plain, variables(self.key, self.algorithm, f.time,
                                                           f.fudge, f.error, f.other)
        expected = mac_of(self.secret, self.algorithm, *parts)
        same("the MAC", expected[:len(f.mac)], f.mac)
        expect(len(f.mac) >= max(10, len(expected) // 2), "a MAC long enough", len(f.mac))
        self.prior, self.count = f.mac, self.count + 1
        return f


def start_of(r):
    """Where the record begins in its message."""
    return r.at
