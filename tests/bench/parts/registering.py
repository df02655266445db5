"""Registers instances with discd as fast as one thread of Python can: a window of requests
without a reply, each reply lets the next one go."""

import socket
import time

WINDOW = 200
PATIENCE = 1.0  # seconds without any reply until what is open is sent again
TRIES = 20


class Sender:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.open = {}
        self.next = 0

    def send_next(self, requests):
        request = next(requests, None)
        if request is None:
            return
        key = b"%d" % self.next
        verb, _, rest = request.partition(" ")
        datagram = b"disc/1 %s id=%s %s\n" % (verb.encode(), key, rest.encode())
        self.next += 1
        self.open[key] = datagram
        self.socket.send(datagram)

    def take_reply(self):
        words = self.socket.recv(2048).split()
        key = next((w[3:] for w in words if w.startswith(b"id=")), None)
        if words[1] != b"ok":
            raise SystemExit("discd refused %r: %r" % (self.open.get(key), b" ".join(words)))
        return self.open.pop(key, None) is not None

    def run(self, requests):
        requests = iter(requests)
        for _ in range(WINDOW):
            self.send_next(requests)
        tries = 0
        while self.open:
            try:
                if self.take_reply():
                    self.send_next(requests)
                tries = 0
            except TimeoutError:
                tries += 1
                if tries > TRIES:
                    raise SystemExit("discd does not answer registrations")
                for datagram in self.open.values():
                    self.socket.send(datagram)


def register(port, requests):
    """Returns how many, and in how many seconds all were acknowledged."""
    sender = Sender(port)
    start = time.monotonic()
    sender.run(requests)
    seconds = time.monotonic() - start
    sender.socket.close()
    return sender.next, seconds
