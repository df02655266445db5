"""Services are listed, searched, sorted, opened."""

import world


def test(page, discd):
    discd.say(*[f"reg svc=web inst=web-{n} port=8080 w=10 addr=10.0.0.{n}" for n in range(1, 4)],
              "reg svc=api inst=one port=1 addr=10.0.1.1",
              "reg svc=api inst=two port=1 addr=10.0.1.2 st=down",
              "reg svc=user.rpc inst=one port=9 addr=10.0.2.1 st=starting",
              "reg ns=staging svc=web inst=one port=80 addr=10.9.0.1")
    page.go(discd.url)
    page.wait("document.querySelectorAll('.rows .row').length === 4", "four services")
    page.wait_rows("api", "user.rpc", "web", "web")
    page.wait_text("#count", "4 services")
    page.wait_text("[data-key='default/api']", "1/2")
    page.wait_text("[data-key='default/api']", "1 not live")
    page.wait_text("[data-key='default/user.rpc']", "none live")
    page.wait_text("[data-key='default/web']", "all live")
    page.wait_text("#connection", "Live")

    page.fill("#search", "we")
    page.wait_text("#count", "2 of 4")
    page.wait_rows("web", "web")
    page.fill("#search", "stag")
    page.wait_text("#count", "1 of 4")
    page.fill("#search", "nothing like it")
    page.wait_text("#empty", "No service matches")
    page.key("Escape")
    page.wait_text("#count", "4 services")

    page.click(".head .name button")
    page.wait("document.querySelector('.head .name').ariaSort === 'descending'")
    page.wait("document.querySelector('.rows .row').innerText.startsWith('web')", "by name, down")
    page.click(".head .live button")
    page.wait("document.querySelector('.rows .row').innerText.startsWith('user.rpc')",
              "trouble first")
    page.click(".head .instances button")
    page.wait("document.querySelector('.rows .row').dataset.key === 'default/web'",
              "most instances first")
    page.js("""(() => { const box = document.querySelector('#namespace');
        box.value = 'staging'; box.dispatchEvent(new Event('change')); })()""")
    page.wait_text("#count", "1 of 4")
    page.js("""(() => { const box = document.querySelector('#namespace');
        box.value = ''; box.dispatchEvent(new Event('change')); })()""")

    page.wait_text("#tile-live", "of 7")
    page.wait_text("#tile-guard", "Calm")
    page.wait_text("#tile-store", "On disk")
    page.wait_text("#tile-server", "up ")
    before = page.text("#tile-queries .value")
    for _ in range(20):
        discd.dig("web.disc.local")
    page.wait("parseFloat(document.querySelector('#tile-queries .value').innerText) > 0",
              f"queries per second, {before} before")

    page.click("[data-key='default/web'] .namespace")
    page.wait("location.hash === '#/service/default/web'")
    page.wait_text("#summary", "3 of 3 instances live")
    page.same("title", "web", page.text("h1"))
    page.wait_rows("web-1", "web-2", "web-3")
    page.wait_text("[data-key='web-2']", "10.0.0.2:8080")
    page.wait_text("[data-key='web-2'] .lease", " s")
    page.fill("#search", "10.0.0.3")
    page.wait_text("#count", "1 of 3")
    page.wait_rows("web-3")

    discd.say("reg svc=meanwhile inst=one port=1 addr=10.0.4.1", "del svc=api inst=one")
    page.js("history.back()")
    page.wait_text("[data-key='default/meanwhile']", "1/1")  # what happened is told now
    page.wait_text("[data-key='default/api']", "0/1")
    page.same("only the difference was asked for", [f"{discd.url}/v1/services"], page.resumed)
    page.js("location.hash = '#/service/default/nobody'")
    page.wait_text("#summary", "Nobody has registered as nobody")
    discd.say("reg svc=nobody inst=first port=1 addr=10.0.3.1")
    page.wait("document.querySelector(\"[data-key='first']\")", "it came after all")


world.main(test)
