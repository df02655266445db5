"""All pages at all widths, light and dark: nothing wider than the window, nothing that jumps,
text that can be read. Leaves pictures."""

import world

WIDTHS = ((380, 800), (768, 1000), (1280, 900), (1600, 1000))


def seed(discd):
    names = ["auth", "billing", "catalog", "checkout", "gateway", "images", "inventory", "mail",
             "notify", "orders", "payments", "profiles", "recommend", "reports", "search",
             "session.store", "shipping", "user.rpc", "web", "webhook-dispatcher-of-the-partners"]
    lines = []
    for at, name in enumerate(names):
        for n in range(1 + at * 7 % 6):
            state = "starting" if (at + n) % 7 == 6 else "up"
            if name == "mail":
                state = "down"
            lines.append(
                f"reg svc={name} inst={name.replace('.', '-')}-{n} port=8080,grpc:9090 w={10 * n + 10} "
                f"addr=10.{at}.0.{n + 1},2001:db8:{at:x}::{n + 1:x} st={state} zone=eu{1 + n % 2}-a "
                f"region=eu ver=1.{at}.{n} tags=blue,canary m.team=team-{at} "
                f"m.commit=4f2a{n}c lease=300")
    lines.append("reg ns=staging svc=web inst=web-0 port=80 addr=10.99.0.1 lease=300")
    discd.say(*lines)


def check(page, name, width):
    page.same(f"{name} at {width}: no sideways scrolling", True,
              page.js("document.documentElement.scrollWidth <= innerWidth"))
    small = page.js("""[...document.querySelectorAll('button, a, input, select')]
        .filter((n) => n.checkVisibility({visibilityProperty: true}) && !n.closest('.unseen, .skip'))
        .map((n) => [n.innerText || n.id, n.getBoundingClientRect()])
        .filter(([, r]) => r.width && (r.right > innerWidth + 1 || r.left < -1))
        .map(([name]) => name)""")
    page.same(f"{name} at {width}: what sticks out", [], small)


# WCAG 2.1's contrast of every text in view against what is behind it.
CONTRAST = """(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (node) => { for (; node; node = node.parentElement) {
        const c = rgb(getComputedStyle(node).backgroundColor); if (c[3] === 255) return c; }
        return [255, 255, 255, 255]; };
    const faint = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !node.checkVisibility({visibilityProperty: true}) ||
            node.closest('.unseen, .skip, :disabled, noscript, script')) continue;
        const a = light(rgb(getComputedStyle(node).color)), b = light(behind(node));
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.add(`${node.className || node.tagName} ` +
            `${walk.currentNode.data.trim().slice(0, 20)} ${contrast.toFixed(2)}`);
    }
    return [...faint];
})()"""


def pages(page, discd):
    yield "overview", "#/", "document.querySelectorAll('.rows .row').length > 5"
    yield "service", "#/service/default/user.rpc", "document.querySelector('.rows .row')"
    yield ("lookup", "#/lookup?name=user.rpc.disc.local&type=SRV",
           "document.querySelector('#candidates')")
    yield "guard", "#/guard", "document.querySelector('#guard-auto').checked"


def test(page, discd):
    seed(discd)
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        page.size(*WIDTHS[2])
        page.go(f"{discd.url}/?{scheme}")
        for name, hash, ready in pages(page, discd):
            page.js(f"location.hash = {hash!r}")
            page.wait(ready, f"{name} is there")
            for width, height in WIDTHS:
                page.size(width, height)
                page.wait("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame("
                          "() => r(true))))")
                check(page, name, width)
                page.same(f"{name}, {scheme}, {width}: too faint", [], page.js(CONTRAST))
                page.shot(f"{name}-{scheme}-{width}")
        for width in (380, 1280):
            page.size(width, 860)
            page.js("location.hash = '#/service/default/user.rpc'")
            page.wait("document.querySelector('.rows .row')")
            page.click(".rows .row .id")
            page.wait("document.querySelector('#instance[open]')")
            check(page, "sheet", width)
            page.same(f"sheet, {scheme}: too faint", [], page.js(CONTRAST))
            page.shot(f"sheet-{scheme}-{width}")
            page.key("Escape")
            page.js("location.hash = '#/'")
            page.wait("document.querySelector('.list.services')")

    # The switch goes before the system's wish, and is remembered.
    back = "getComputedStyle(document.body).backgroundColor"
    dark = page.js(back)
    page.scheme("light")
    page.wait(f"{back} !== {dark!r}", "light with the system")
    page.scheme("dark")
    page.wait(f"{back} === {dark!r}", "dark with the system")
    page.click("#theme")
    page.same("the first press", "light", page.js("document.documentElement.dataset.theme"))
    page.wait(f"{back} !== {dark!r}", "light by the switch")
    page.go(f"{discd.url}/?once-more")
    page.wait(f"{back} !== {dark!r}", "remembered")
    page.same("in storage", "light", page.js("localStorage.getItem('disc.theme')"))
    page.scheme("light")
    page.click("#theme")
    page.wait(f"{back} === {dark!r}", "dark by the switch")

    # Figures that come in move nothing.
    page.go(f"{discd.url}/?still")
    page.js("""window.shift = 0, new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({type: 'layout-shift', buffered: true})""")
    page.wait("document.querySelector('.rows .row')")
    page.wait("document.querySelector('#tile-queries .value').innerText !== '–'", "rates")
    shift = page.js("window.shift")
    print(f"layout shift while the overview fills: {shift:.4f}")
    page.same("no layout jumps", True, shift < 0.1)


world.main(test)
