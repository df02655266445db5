"""Everything without a mouse."""

import world


def test(page, discd):
    discd.say(*[f"reg svc=s{n:03} inst=one port=80 addr=10.0.0.1 lease=300" for n in range(200)],
              "reg svc=web inst=one port=8080 addr=10.0.0.1 lease=300",
              "reg svc=web inst=two port=8080 addr=10.0.0.2 lease=300")
    page.go(discd.url)
    page.wait_text("#count", "201 services")
    page.key("Tab")
    page.same("first of all", "skip", page.focused())
    page.key("Enter")
    page.same("skipped to", "main", page.focused())

    page.key("/")
    page.same("the search", "search", page.focused())
    page.key("ArrowDown")
    page.wait("document.activeElement.dataset.key === 'default/s000'")
    page.shot("focus")
    page.key("ArrowDown")
    page.same("next", "default/s001", page.focused())
    page.key("End")
    page.same("last", "default/web", page.focused())
    page.same("in view", True, page.js("""(() => {
        const r = document.activeElement.getBoundingClientRect();
        return r.top >= 0 && r.bottom <= innerHeight; })()"""))
    page.key("Home")
    page.same("first", "default/s000", page.focused())
    page.key("PageDown")
    page.wait("document.activeElement.dataset.key > 'default/s005'")
    # The row with the focus stays although it is scrolled out of view and others change.
    page.js("scrollTo(0, document.body.scrollHeight)")
    held = page.focused()
    discd.say("reg svc=aaa inst=one port=1 addr=10.0.0.9")
    page.wait_text("#count", "202")
    page.same("the focus stays", held, page.focused())
    page.key("Escape")
    page.same("back to the search", "search", page.focused())
    page.type("web")
    page.wait_text("#count", "1 of 202")
    page.key("ArrowDown")
    page.wait("document.activeElement.dataset.key === 'default/web'")
    page.key("Enter")
    page.wait_text("#summary", "2 of 2")
    page.wait("document.activeElement.tagName === 'H1'")

    page.key("/")
    page.key("ArrowDown")
    page.wait("document.activeElement.dataset.key === 'one'")
    page.key("Enter")
    page.wait("document.querySelector('#instance[open]')")
    page.js("document.querySelector('#lever-drain').focus()")
    page.key("Enter")
    discd.wait_dig(["10.0.0.2"], "web.disc.local")
    page.wait_text("#lever-drain", "Undrain")
    page.wait("!document.querySelector('#lever-drain').hasAttribute('aria-busy')")
    page.key(" ")
    discd.wait_dig(["10.0.0.1", "10.0.0.2"], "web.disc.local")
    page.key("Escape")
    page.wait("!document.querySelector('#instance')")
    page.wait("document.activeElement.dataset.key === 'one'", "the focus comes back to the row")

    page.key("Escape")
    page.key("Escape")
    page.js("document.activeElement.blur()")
    page.key("?")
    page.wait_text("#keys", "Search")
    page.shot("keys")
    page.key("Escape")
    page.wait("!document.querySelector('#keys')")

    # Every stop of the tabulator can be seen.
    page.js("location.hash = '#/lookup'")
    page.wait("document.querySelector('#ask')")
    page.js("document.activeElement.blur()")
    seen = set()
    for _ in range(24):
        page.key("Tab")
        if page.js("document.activeElement === document.body"):
            continue  # beyond the last, where a browser with a window goes to its own frame
        style = page.js("""(() => { const s = getComputedStyle(document.activeElement);
            return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1; })()""")
        page.same(f"outline of {page.focused()}", True, style)
        seen.add(page.focused())
    for name in ("name", "type", "client", "ask", "theme", "token"):
        page.same(f"{name} is a stop", True, name in seen)


world.main(test)
