"""Drain, undrain, weight and status, by row and by sheet; DNS follows."""

import world


def row(name):
    return f"[data-key='{name}']"


def test(page, discd):
    discd.say("reg svc=web inst=one port=8080 w=30 addr=10.0.0.1 lease=300",
              "reg svc=web inst=two port=8080 w=70 addr=10.0.0.2 lease=300")
    discd.wait_dig(["10.0.0.1", "10.0.0.2"], "web.disc.local")
    page.go(f"{discd.url}/#/service/default/web")
    page.wait_text("#summary", "2 of 2 instances live")

    page.click(f"{row('one')} .act button")
    page.wait_text(row("one"), "draining")
    page.wait_text(row("one"), "drained")
    page.wait_text("#summary", "1 of 2 instances live")
    page.wait_text("#notices", "one is drained")
    discd.wait_dig(["10.0.0.2"], "web.disc.local")
    page.shot("drained")

    # The last one live: only after a question, and Escape means no.
    page.click(f"{row('two')} .act button")
    page.wait_text("#confirm", "only live instance")
    page.shot("confirm")
    page.key("Escape")
    page.wait("!document.querySelector('#confirm')")
    page.same("still there", ["10.0.0.2"], discd.dig("web.disc.local"))
    page.click(f"{row('two')} .act button")
    page.click("#confirm-yes")
    page.wait_text("#summary", "0 of 2")
    discd.wait_dig([], "web.disc.local")

    for name in ("one", "two"):
        page.click(f"{row(name)} .act button")
        page.wait(f"document.querySelector(\"{row(name)} .badge\").innerText === 'up'")
    discd.wait_dig(["10.0.0.1", "10.0.0.2"], "web.disc.local")

    # The sheet: weight, its own weight, status.
    page.click(f"{row('one')} .id")
    page.wait_text("#instance", "10.0.0.1")
    page.fill("#lever-weight", "5")
    page.click("#lever-weight-set")
    page.wait_text("#instance .facts", "weight 5")
    discd.wait_dig(["0 5 8080 one.web.disc.local.", "0 70 8080 two.web.disc.local."],
                   "web.disc.local", "SRV")
    page.wait_text("#instance .facts", "weight 30")  # what it says of itself
    page.shot("sheet")
    page.click("#lever-unweight")
    discd.wait_dig(["0 30 8080 one.web.disc.local.", "0 70 8080 two.web.disc.local."],
                   "web.disc.local", "SRV")
    page.wait("document.querySelector('#lever-unweight').disabled")
    page.fill("#lever-weight", "70000")
    page.click("#lever-weight-set")
    page.same("beyond its range", False,
              page.js("document.querySelector('#lever-weight').checkValidity()"))

    page.click("#lever-down")
    page.wait_text("#instance .badge", "down")
    discd.wait_dig(["10.0.0.2"], "web.disc.local")
    page.click("#lever-unstatus")
    page.wait_text("#instance .badge", "up")
    discd.wait_dig(["10.0.0.1", "10.0.0.2"], "web.disc.local")

    # What the instance says later goes into the open sheet; when it leaves, that too.
    discd.say("reg svc=web inst=one port=8080 w=31 addr=10.0.0.1 lease=300 ver=2.0")
    page.wait_text("#instance .facts", "2.0")
    discd.say("del svc=web inst=one")
    page.wait_text("#instance .badge", "gone")
    page.wait("document.querySelector('#lever-drain').disabled")
    page.click("#instance-close")
    page.wait("!document.querySelector('#instance')")

    # Words of the server's own when it refuses.
    page.js("""fetch = ((own) => (path, options) => options?.method === 'PATCH'
        ? own('/v1/services/web/instances/two/override', {...options, body: '{"weight": -1}'})
        : own(path, options))(fetch)""")
    page.click(f"{row('two')} .act button")
    page.click("#confirm-yes")
    page.wait("document.querySelector('.notice.error')?.innerText.length > 10",
              "the server's words")
    page.same("nothing changed", ["10.0.0.2"], discd.dig("web.disc.local"))


world.main(test)
