"""discd goes and comes back: the page says so, and is right again by itself."""

import world


def test(page, discd):
    discd.say("reg svc=web inst=one port=8080 addr=10.0.0.1 lease=300")
    page.go(discd.url)
    page.wait_text("[data-key='default/web']", "1/1")
    page.wait_text("#connection", "Live")

    discd.stop()
    page.wait_text("#connection", "Not connected")
    page.wait_text("#offline", "may be out of date")
    page.wait_rows("web")
    page.shot("not-connected")
    page.size(380, 800)
    page.shot("not-connected-380")
    page.size(1280, 900)

    discd.start()
    page.wait_text("#connection", "Live")
    page.wait("document.querySelector('#offline').hidden")
    discd.say("reg svc=after inst=one port=1 addr=10.0.0.2", "del svc=web inst=one")
    page.wait_text("[data-key='default/after']", "1/1")
    page.wait_text("[data-key='default/web']", "0/0")
    page.wait("document.querySelector('#tile-queries .value').innerText !== '–'", "rates again")

    page.click("[data-key='default/after']")
    page.wait_text("#summary", "1 of 1")
    discd.stop()
    page.wait_text("#connection", "Not connected")
    discd.start()
    page.click("#offline-retry")
    page.wait_text("#connection", "Live")
    discd.say("reg svc=after inst=two port=1 addr=10.0.0.3")
    page.wait_text("#summary", "2 of 2")


world.main(test)
