"""What is late: a server that takes a question and never answers it, and an answer that was given
before the last change and comes behind it."""

import world

# Every timer a hundred times as fast, and a fetch() that never ends but by its signal.
HANGS = """import('/stream.js').then(async ({EventStream}) => {
    const real = {fetch: window.fetch, setTimeout: window.setTimeout};
    const later = real.setTimeout.bind(window), ask = real.fetch.bind(window);
    const waited = [];
    let asked = 0, ended = 0, reached;
    const twice = new Promise((resolve) => { reached = resolve; });
    window.setTimeout = (f, ms) => {
        waited.push(ms);
        return later(f, %(slow)s ? ms : ms / 100);
    };
    const hang = (signal) => new Promise((resolve, reject) => {
        if (++asked === 2)
            reached();
        signal.addEventListener('abort', () => {
            ended++;
            reject(new DOMException('', 'AbortError'));
        });
    });
    window.fetch = (path, options) =>
        path === '/v1/services/x' ? hang(options.signal) : ask(path, options);
    const states = [];
    const stream = new EventStream('/v1/services/x', null,
        {event: () => {}, state: (state) => states.push(state)});
    if (%(slow)s)
        stream.retry();
    await twice;
    stream.close();
    Object.assign(window, real);
    return [ended >= 1, states.slice(0, 3).join(' '), waited.includes(10000)];
})"""

# The reading of the whole service is asked for, and kept back.
KEEP = """(() => {
    const real = window.fetch;
    window.kept = null;
    window.fetch = async (path, options) => {
        const response = await real(path, options);
        if (!window.kept && String(path).includes('limit=')) {
            window.kept = 'asked';
            await new Promise((resolve) => { window.release = resolve; });
        }
        return response;
    };
})()"""

RELEASE = """(async () => {
    window.release();
    for (let n = 0; n < 10; n++)
        await new Promise((resolve) => requestAnimationFrame(resolve));
    return document.querySelector("[data-key='one'] .weight").innerText;
})()"""


def test(page, discd):
    page.go(discd.url)
    page.same("given up and tried again", [True, "connecting waiting connecting", True],
              page.js(HANGS % {"slow": "false"}))
    page.same("retry() ends an attempt that hangs", [True, "connecting waiting connecting", True],
              page.js(HANGS % {"slow": "true"}))

    discd.say("reg svc=web inst=one port=8080 addr=10.0.0.1 lease=300 w=5")
    page.go(f"{discd.url}/#/service/default/web")
    page.wait_text("[data-key='one'] .weight", "5")
    page.js(KEEP)
    page.wait("window.kept === 'asked'")
    discd.say("upd svc=web inst=one w=9")
    page.wait_text("[data-key='one'] .weight", "9")
    page.same("the old one does not come back", "9", page.js(RELEASE))

    page.go(f"{discd.url}/#/nowhere")
    page.wait("document.body.innerText.includes('There is no page /nowhere')")


world.main(test)
