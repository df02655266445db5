"""Clients that mean no good, against a running discd: what each of them is told, and that
heartbeats and DNS go on while a thousand of them are connected.

    http_abuse.py HTTP-PORT REGISTRATION-PORT DNS-PORT TOKEN
"""
import json
import os
import random
import selectors
import socket
import struct
import sys
import time

HTTP, REGISTRATION, DNS = (('127.0.0.1', int(port)) for port in sys.argv[1:4])
TOKEN = sys.argv[4]
CONNECTIONS = 1000
INSTANCES = 50
LEASE = 6
SECONDS = 13  # longer than a request may take, and than two leases

random.seed(20)


def fail(text):
    sys.exit('http_abuse.py: ' + text)


# ---- one request at a time ----------------------------------------------------------------

def exchange(request, where=HTTP):
    """All that the server says to these bytes, until it closes or has said a whole reply."""
    with socket.create_connection(where, timeout=30) as s:
        try:
            s.sendall(request)
        except ConnectionError:
            pass  # it has heard enough
        reply = b''
        try:
            while True:
                part = s.recv(65536)
                if not part:
                    return reply
                reply += part
        except ConnectionError:
            return reply


def status(request):
    reply = exchange(request)
    return int(reply.split(b' ', 2)[1]) if reply else 0


def lines(*all_lines, body=b''):
    head = '\r\n'.join(all_lines + ('Connection: close', '', '')).encode()
    return head + body


def post(path, body, *fields, host='localhost', token=TOKEN, kind='application/json'):
    fields = list(fields)
    if token:
        fields.append('Authorization: Bearer ' + token)
    if host:
        fields.append('Host: ' + host)
    if kind:
        fields.append('Content-Type: ' + kind)
    return lines(f'POST {path} HTTP/1.1', f'Content-Length: {len(body)}', *fields, body=body)


def get(path, *fields):
    return lines(f'GET {path} HTTP/1.1', *fields)


def read(path):
    reply = exchange(get(path, 'Host: localhost'))
    head, body = reply.split(b'\r\n\r\n', 1)
    if b'chunked' in head.lower():
        whole = b''
        while body:
            size, rest = body.split(b'\r\n', 1)
            whole += rest[:int(size, 16)]
            body = rest[int(size, 16) + 2:]
        body = whole
    return json.loads(body)


def state():
    """What a client could have changed."""
    services = [(s['name'], s['index']) for s in read('/v1/services')['services']]
    guard = [(z.get('zone'), z.get('mode')) for z in read('/v1/guard').get('zones', [])]
    return services, guard, read('/v1/guard').get('mode')


GUARD = b'{"mode": "off"}'
EVICT = b'{"ns": "default", "service": "web", "force": true}'
NEW = b'{"addresses": ["10.0.0.99"], "ports": [99]}'
LOCAL = 'Host: localhost'

# Behind another request, as if it were that one's body: whoever reads no body sees a request.
HIDDEN = lines('PUT /v1/services/hidden/instances/x HTTP/1.1', LOCAL,
               'Content-Type: application/json', 'Authorization: Bearer ' + TOKEN,
               f'Content-Length: {len(NEW)}', body=NEW)


def hiding(method, *fields):
    """The connection would go on, were it not refused."""
    head = '\r\n'.join((f'{method} /v1/status HTTP/1.1', LOCAL) + fields + ('', ''))
    return head.encode() + HIDDEN


LENGTH, CHUNKED = f'Content-Length: {len(HIDDEN)}', 'Transfer-Encoding: chunked'

REFUSED = [
    # what, expected statuses, request
    ('no token', (401,), post('/v1/guard', GUARD, token=None)),
    ('a wrong token', (401,), post('/v1/guard', GUARD, token=TOKEN[:-1] + 'x')),
    ('a part of the token', (401,), post('/v1/guard', GUARD, token=TOKEN[:-1])),
    ('an empty token', (401,), post('/v1/guard', GUARD, 'Authorization: Bearer ', token=None)),
    ('another scheme', (401,), post('/v1/guard', GUARD, 'Authorization: Basic ' + TOKEN, token=None)),
    ('evict without token', (401,), post('/v1/evict', EVICT, token=None)),
    ('register without token', (401,), post('/v1/services/web/instances', NEW, token=None)),
    ('from another site', (403,), post('/v1/guard', GUARD, 'Origin: https://evil.example')),
    ('from a page without origin', (403,), post('/v1/guard', GUARD, 'Origin: null')),
    ('evict from another site', (403,), post('/v1/evict', EVICT, 'Origin: http://evil.example')),
    ('a form', (415,), post('/v1/guard', GUARD, kind='application/x-www-form-urlencoded')),
    ('plain text, as pages may send', (415,), post('/v1/guard', GUARD, kind='text/plain')),
    ('no type', (415,), post('/v1/guard', GUARD, kind=None)),
    ('another host', (421,), post('/v1/guard', GUARD, host='evil.example')),
    ('another host that reads', (421,), get('/v1/services', 'Host: evil.example')),
    ('a host that looks like ours', (421,), get('/v1/services', 'Host: localhost.evil.example')),
    ('an absolute target of another host', (421,), get('http://evil.example/v1/services', LOCAL)),
    ('no host', (400,), post('/v1/guard', GUARD, host=None)),
    ('no host that reads', (400,), get('/v1/services')),
    ('two hosts', (400,), get('/v1/services', LOCAL, 'Host: evil.example')),
    ('a method that is not there', (405,), lines('DELETE /v1/guard HTTP/1.1', LOCAL)),
    ('preflight of another site', (405,), lines(
        'OPTIONS /v1/guard HTTP/1.1', LOCAL, 'Origin: https://evil.example',
        'Access-Control-Request-Method: POST')),
    ('a long header', (400, 413), get('/v1/services', LOCAL, 'X-Long: ' + 'x' * 9000)),
    ('many headers', (400, 413), get('/v1/services', LOCAL, *(f'X-{n}: x' for n in range(2000)))),
    ('a long target', (400, 413, 414), get('/v1/' + 'x' * 20000, LOCAL)),
    ('a first line without end', (0, 400, 413), b'G' * 100000),
    ('a long body', (413,), post('/v1/guard', b'{"mode": "' + b'x' * 70000 + b'"}')),
    ('a body that is announced too long', (413,), lines(
        'POST /v1/guard HTTP/1.1', LOCAL, 'Content-Length: 99999999999',
        'Content-Type: application/json', 'Authorization: Bearer ' + TOKEN)),
    ('a length that is none', (400,), lines(
        'POST /v1/guard HTTP/1.1', LOCAL, 'Content-Length: -5', 'Content-Type: application/json',
        'Authorization: Bearer ' + TOKEN)),
    ('a long body in chunks', (413,), lines(
        'POST /v1/guard HTTP/1.1', LOCAL, 'Transfer-Encoding: chunked',
        'Content-Type: application/json', 'Authorization: Bearer ' + TOKEN,
        body=b'1000\r\n' * 1 + b' ' * 4096 + b'\r\n' + (b'1000\r\n' + b' ' * 4096 + b'\r\n') * 16)),
    ('no HTTP', (0, 400), b'\x16\x03\x01\x02\x00' + os.urandom(2000) + b'\r\n\r\n'),
    *((f'{method} with {field}', (400, 413), hiding(method, field))
      for method in ('HEAD', 'TRACE', 'OPTIONS', 'BREW', 'PROPFIND') for field in (LENGTH, CHUNKED)),
    *((f'CONNECT with {field}', (400, 413), hiding('CONNECT', field))
      for field in (LENGTH, CHUNKED, 'Content-Length : 5', 'Transfer-Encoding: gzip')),
    ('two lengths', (400,), hiding('POST', 'Content-Length: 0', LENGTH)),
    ('a length and chunks', (400,), hiding('POST', LENGTH, CHUNKED)),
    ('another coding', (400, 413), hiding('POST', 'Transfer-Encoding: gzip')),
    ('a field that is almost a length', (400,), hiding('POST', 'Content-Length : 5')),
    ('NUL in the target', (400,), get('/v1/services/a%00b', LOCAL)),
]


def check_refusals():
    before = state()
    for what, expected, request in REFUSED:
        got = status(request)
        if got not in expected:
            fail(f'{what}: status {got}, expected one of {expected}')
        if state() != before:
            fail(f'{what}: something changed: {before} -> {state()}')
    # The same with everything right does change something: the test would notice.
    if status(post('/v1/guard', b'{"mode": "on"}')) != 200 or state() == before:
        fail('the right token, host and type: refused, or nothing changed')
    if status(post('/v1/guard', b'{"mode": "auto"}')) != 200:
        fail('the guard cannot be put back')
    for reply in (exchange(lines('OPTIONS /v1/guard HTTP/1.1', LOCAL, 'Origin: https://evil.example')),
                  exchange(get('/v1/services', LOCAL, 'Origin: https://evil.example'))):
        if b'access-control-' in reply.lower():
            fail('another site is let in: ' + repr(reply))


# ---- a thousand at a time ------------------------------------------------------------------

class Dripper:
    """Sends a request byte by byte; when it is cut off it comes again."""
    kinds = (
        b'GET /v1/services HTTP/1.1\r\nHost: localhost\r\nX-Slow: ' + b'x' * 8000,
        post('/v1/guard', GUARD)[:40] + b'X' * 7000,
        lines('POST /v1/guard HTTP/1.1', LOCAL, 'Content-Length: 60000',
              'Content-Type: application/json', 'Authorization: Bearer ' + TOKEN) + b' ' * 60000,
        lines('POST /v1/guard HTTP/1.1', LOCAL, 'Transfer-Encoding: chunked',
              'Content-Type: application/json') + b'1\r\n \r\n' * 10000,
    )

    def __init__(self, number, selector):
        self.bytes, self.selector, self.cut = self.kinds[number % len(self.kinds)], selector, 0
        self.dial()

    def dial(self):
        self.socket = socket.create_connection(HTTP)
        self.socket.setblocking(False)
        self.selector.register(self.socket, selectors.EVENT_READ, self)
        self.at = random.randrange(0, 60)
        self.send(self.bytes[:self.at])

    def send(self, some):
        try:
            self.socket.send(some)
        except BlockingIOError:
            pass
        except ConnectionError:
            self.again()

    def drip(self):
        self.at += 1
        self.send(self.bytes[self.at - 1:self.at])

    def again(self):
        self.cut += 1
        self.selector.unregister(self.socket)
        self.socket.close()
        self.dial()

    def readable(self):
        try:
            if self.socket.recv(65536):
                return
        except BlockingIOError:
            return
        except ConnectionError:
            pass
        self.again()


class Beats:
    """Heartbeats of all instances, one after the other; each must be acknowledged."""

    def __init__(self, selector):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(REGISTRATION)
        self.socket.setblocking(False)
        selector.register(self.socket, selectors.EVENT_READ, self)
        self.next, self.sent, self.took = 0, {}, []

    def send(self, verb='ren'):
        number, self.next = self.next % INSTANCES, self.next + 1
        word = f'{self.next:x}'
        more = f' port={number + 1} addr=10.0.0.{number + 1} lease={LEASE}' if verb == 'reg' else ''
        self.sent[word] = time.monotonic()
        self.socket.send(f'disc/1 {verb} id={word} svc=web inst=i{number}{more}\n'.encode())

    def readable(self):
        reply = self.socket.recv(2048).decode()
        if not reply.startswith('disc/1 ok '):
            fail('a heartbeat was answered with: ' + reply)
        word = next(w[3:] for w in reply.split() if w.startswith('id='))
        self.took.append(time.monotonic() - self.sent.pop(word))


class Queries:
    """Questions for the service; each must be answered with all its addresses that fit."""
    question = b'\3web\4disc\5local\0' + struct.pack('>HH', 1, 1)

    def __init__(self, selector):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(DNS)
        self.socket.setblocking(False)
        selector.register(self.socket, selectors.EVENT_READ, self)
        self.next, self.sent, self.took = 0, {}, []

    def send(self):
        self.next = (self.next + 1) % 65536
        self.sent[self.next] = time.monotonic()
        edns = b'\0' + struct.pack('>HHIH', 41, 1232, 0, 0)
        self.socket.send(struct.pack('>HHHHHH', self.next, 0, 1, 0, 0, 1) + self.question + edns)

    def readable(self):
        reply = self.socket.recv(4096)
        number, flags, _, answers = struct.unpack('>HHHH', reply[:8])
        if flags & 0xf or answers != INSTANCES:
            fail(f'DNS answered with flags {flags:04x} and {answers} records')
        self.took.append(time.monotonic() - self.sent.pop(number))


def say(what, took):
    took.sort()
    print(f'{what}: {len(took)}, p50 {took[len(took) // 2] * 1000:.2f} ms, '
          f'p99 {took[len(took) * 99 // 100] * 1000:.2f} ms, max {took[-1] * 1000:.2f} ms')


def turn(selector, seconds):
    for key, _ in selector.select(max(0, seconds)):
        key.data.readable()


def register(beats, selector):
    for _ in range(INSTANCES):
        beats.send('reg')
    end = time.monotonic() + 20
    while beats.sent:
        if time.monotonic() > end:
            fail('registration is not answered')
        turn(selector, 0.1)


def check_thousand():
    selector = selectors.DefaultSelector()
    beats, queries = Beats(selector), Queries(selector)
    register(beats, selector)
    beats.took.clear()
    started = time.monotonic()

    def beat():
        """Each heartbeat every second, as many questions."""
        while len(beats.took) + len(beats.sent) < (time.monotonic() - started) * INSTANCES:
            beats.send()
            queries.send()
            turn(selector, 0)

    drippers = []
    for n in range(CONNECTIONS):
        drippers.append(Dripper(n, selector))
        beat()
    began = time.monotonic()
    next_drip = 0
    while (now := time.monotonic()) < began + SECONDS:
        beat()
        # Each dripper a byte in two seconds.
        while next_drip < (now - began) * CONNECTIONS / 2:
            drippers[next_drip % CONNECTIONS].drip()
            next_drip += 1
        turn(selector, 0.005)
    status_now = read('/v1/status')
    end = time.monotonic() + 30
    while (beats.sent or queries.sent) and time.monotonic() < end:
        turn(selector, 0.05)
    if beats.sent or queries.sent:
        fail(f'{len(beats.sent)} heartbeats and {len(queries.sent)} questions were not answered')
    cut = sum(d.cut for d in drippers)
    if cut < CONNECTIONS // 2:
        fail(f'only {cut} of those who dripped were cut off')
    web = read('/v1/services/web')
    if len(web['instances']) != INSTANCES or not all(i['live'] for i in web['instances']):
        fail('a lease ran out: ' + json.dumps(web)[:500])
    print(f'{CONNECTIONS} connections that drip, {cut} times one was cut off; the server saw '
          f'{status_now["http"]["connections"]} connections')
    if status_now['http']['connections'] < CONNECTIONS * 9 // 10:
        fail('they were not all there')
    say('heartbeats', beats.took)
    say('DNS', queries.took)


check_refusals()
check_thousand()
