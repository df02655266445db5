"""A subscriber over UDP, written after the specification in src/reg/message.h.

usage: subscriber.py PORT SERVICE OUT [KEY SECRET]

Writes one line for each state that it comes to have: "EPOCH SEQ how: id id ..." (with the
fields of a single instance behind its id, after a colon, when there is only one).
"""
import hashlib
import hmac
import os
import select
import socket
import sys
import time


class Subscriber:
    def __init__(self, port, service, out, key=None, secret=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.service, self.out, self.key, self.secret = service, out, key, secret
        self.cid, self.tok = os.urandom(4).hex(), os.urandom(8).hex()
        self.cookie, self.epoch, self.id, self.n = None, None, None, int(time.time() * 1e6)
        self.have, self.list, self.under_way, self.pages = 0, {}, None, {}
        self.tries, self.act = 0, 0.0

    def mac(self, covered):
        return hmac.new(self.secret.encode(), covered, hashlib.sha256).hexdigest()[:32].encode()

    def send(self, text, signed=False):
        data = text.encode()
        if signed and self.key:
            data += b" mac=" + self.mac(data)
        try:
            self.socket.send(data + b"\n")
        except OSError:
            pass  # nobody there: again later

    def subscribe(self, start=None):
        self.n += 1
        self.id = os.urandom(6).hex()
        text = "disc/1 sub id=%s cid=%s tok=%s svc=%s lease=10 from=%d" % (
            self.id, self.cid, self.tok, self.service, self.have if start is None else start)
        if self.key:
            text += " key=%s n=%d" % (self.key, self.n)
        if self.cookie:
            text += " ck=" + self.cookie
        self.send(text, signed=True)
        self.act = time.monotonic() + min(0.5 * 2 ** self.tries, 4)
        self.tries += 1

    def is_right(self, data):
        """Pushes and replies to a keyed subscriber are signed, but for chal and gone."""
        if not self.key or data.startswith(b"disc/1 chal ") or b" c=40" in data:
            return True
        covered, mac = data[:-37], data[-36:]
        return mac == b"mac=" + self.mac(covered)

    def hear(self, data):
        data = data.rstrip(b"\n")
        if not self.is_right(data):
            return
        header, *items = data.decode().split("\n")
        if self.key and items and items[-1].startswith("mac="):
            items.pop()
        verb, *words = header.split()[1:]
        v = dict(word.split("=", 1) for word in words)
        if verb == "push":
            self.push(v, items)
        elif v.get("id") != self.id:
            if v.get("c") == "404":
                self.subscribe()
        elif verb == "chal":
            self.cookie = v["ck"]
            self.subscribe()
        elif verb == "ok":
            self.ok(v)

    def ok(self, v):
        restarted = self.epoch not in (None, v["ep"])
        self.epoch, self.tries = v["ep"], 0
        self.act = time.monotonic() + int(v["ren"]) / 1000
        if restarted:
            self.have, self.under_way = 0, None
            if v["full"] == "0":
                self.subscribe(0)

    def push(self, v, items):
        if v["tok"] != self.tok or self.epoch not in (None, v["ep"]) or int(v["n"]) != len(items):
            return
        self.epoch = v["ep"]
        seq, prev = int(v["seq"]), int(v.get("prev", 0))
        page, pages = map(int, v.get("frag", "1/1").split("/"))
        if seq > self.have and prev > self.have:
            self.subscribe()
            return
        if seq > self.have:
            this = (seq, prev, pages)
            if self.under_way != this:
                if self.under_way and seq < self.under_way[0]:
                    return
                self.under_way, self.pages = this, {}
            self.pages[page] = items
        self.send("disc/1 ack sub=%s tok=%s seq=%d frag=%d" % (v["sub"], self.tok, seq, page))
        if seq > self.have and len(self.pages) == pages:
            self.apply(seq, "full" if "full" in v else "delta", v)

    def apply(self, seq, how, v):
        if how == "full":
            self.list = {}
        for n in sorted(self.pages):
            for item in self.pages[n]:
                name, _, fields = item[1:].partition(" ")
                assert item[0] == "-" or item[0] == ("=" if how == "full" else "+"), item
                if item[0] == "-":
                    self.list.pop(name, None)
                else:
                    self.list[name] = fields
        self.have, self.under_way = seq, None
        names = " ".join(sorted(self.list))
        if len(self.list) == 1:
            names += ": " + self.list[names]
        with open(self.out, "a") as f:
            print(self.epoch, seq, how + v.get("why", "") + ":", names, file=f)

    def run(self):
        while True:
            wait = self.act - time.monotonic()
            if wait <= 0:
                self.subscribe()
            elif select.select([self.socket], [], [], wait)[0]:
                try:
                    self.hear(self.socket.recv(2048))
                except OSError:
                    pass


Subscriber(int(sys.argv[1]), *sys.argv[2:]).run()
