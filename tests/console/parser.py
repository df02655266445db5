"""The page's own reading of event streams (WHATWG HTML, section 9.2.6), however the bytes
are cut; and numbers as people read them."""

import json

import world

STREAM = ("\ufeff: a comment\r\n"
          "id: 7\r\nevent: state\r\ndata: {\"a\":1}\r\n\r\n"
          "data: one\ndata: two\ndata:three\ndata\n\n"
          "event: nothing\n\n"                    # no data: no event
          "id: with\x00nul\rdata:  blank\r\r"     # the id stays what it was
          "retry: 10\nother: x\nid\nevent:change\ndata: Grüße 🌍\n\n"
          "data: unfinished")
EXPECTED = [["state", '{"a":1}', "7"], ["message", "one\ntwo\nthree\n", "7"],
            ["message", " blank", "7"], ["change", "Grüße 🌍", ""]]

PARSE = """import('/stream.js').then(({EventParser}) => {
    const bytes = new TextEncoder().encode(%s);
    const wrong = [];
    for (let size = 1; size <= bytes.length; size++) {
        const got = [], decoder = new TextDecoder();
        const parser = new EventParser((...event) => got.push(event));
        for (let at = 0; at < bytes.length; at += size)
            parser.feed(decoder.decode(bytes.subarray(at, at + size), {stream: true}));
        if (JSON.stringify(got) !== JSON.stringify(%s))
            wrong.push([size, got]);
    }
    return wrong[0] ?? 'right';
})"""


def test(page, discd):
    page.go(discd.url)
    page.same("the events", "right",
              page.js(PARSE % (json.dumps(STREAM), json.dumps(EXPECTED))))

    words = {"duration(0)": "0 s", "duration(59.9)": "59 s", "duration(60)": "1 min",
             "duration(3723)": "1 h 2 min", "duration(3600)": "1 h", "duration(90061)": "1 d 1 h",
             "duration(86405)": "1 d", "rate(null)": "–", "rate(0)": "0", "rate(2.26)": "2.3",
             "rate(1234.5)": "1,235", "plural(1, 'host')": "1 host",
             "plural(2000, 'entry', 'entries')": "2,000 entries",
             "endpoint('2001:db8::1', {number: 80})": "[2001:db8::1]:80",
             "endpoint('10.0.0.1', undefined)": "10.0.0.1",
             "port({name: 'dns', number: 53, protocol: 'udp'})": "dns 53/udp"}
    for expression, expected in words.items():
        page.same(expression, expected, page.js(
            f"import('/format.js').then(({{duration, rate, plural, endpoint, port}}) => {expression})"))


world.main(test)
