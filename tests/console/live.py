"""What changes is shown at once, on the list and on the service's page."""

import world

# The page notes when it shows what it waits for; the clock is the machine's.
WATCH = """window.seen = new Promise((resolve) => {
    const look = () => {
        const node = document.querySelector(%r);
        if (node && node.innerText.includes(%r)) resolve(Date.now());
        else requestAnimationFrame(look);
    };
    look();
}), Date.now()"""

# Likewise, that a row is lit: only for a moment, so the look begins before the change.
LIT = """(() => {
    const look = () => {
        window.lit = document.querySelector("[data-key='a'] .weight").innerText === '5' &&
            document.getAnimations().length > 0;
        if (!window.lit) requestAnimationFrame(look);
    };
    look();
})()"""


def measure(page, what, selector, words, change):
    began = page.js(WATCH % (selector, words))
    change()
    took = page.js("window.seen") - began
    print(f"{what}: shown {took} ms after it was sent", flush=True)


def test(page, discd):
    discd.say("reg svc=web inst=one port=8080 addr=10.0.0.1 lease=300")
    page.go(discd.url)
    page.wait_text("[data-key='default/web']", "1/1")

    measure(page, "a new service", "[data-key='default/fresh']", "1/1",
            lambda: discd.say("reg svc=fresh inst=a port=1 addr=10.0.1.1"))
    measure(page, "one more instance", "[data-key='default/fresh']", "2/2",
            lambda: discd.say("reg svc=fresh inst=b port=1 addr=10.0.1.2"))
    measure(page, "a goodbye", "[data-key='default/fresh']", "1/1",
            lambda: discd.say("del svc=fresh inst=b"))
    page.wait("document.querySelector('#live').innerText.includes('fresh')", "said aloud")

    page.click("[data-key='default/fresh']")
    page.wait_text("#summary", "1 of 1 instance live")
    measure(page, "an instance on the service's page", "[data-key='c']", "10.0.1.3",
            lambda: discd.say("reg svc=fresh inst=c port=1 addr=10.0.1.3"))
    measure(page, "its new weight", "[data-key='c'] .weight", "77",
            lambda: discd.say("upd svc=fresh inst=c w=77"))
    page.wait_text("#summary", "2 of 2")
    measure(page, "its goodbye", "#summary", "1 of 1", lambda: discd.say("del svc=fresh inst=c"))

    # A row that changed is lit for a moment, unless its reader wants no motion.
    page.scheme("light", motion="no-preference")
    page.js(LIT)
    discd.say("upd svc=fresh inst=a w=5")
    page.wait("window.lit", "lit")
    page.wait("document.getAnimations().length === 0")
    page.scheme("light", motion="reduce")
    page.js("window.moved = 0; Element.prototype.animate = () => { window.moved++; }")
    discd.say("upd svc=fresh inst=a w=6")
    page.wait_text("[data-key='a'] .weight", "6")
    page.same("no motion", 0, page.js("window.moved"))

    # Heartbeats are no events: the lease's rest is read again.
    with world.Heart(discd, "reg svc=beat inst=a port=1 addr=10.0.2.1 lease=12"):
        page.js("location.hash = '#/service/default/beat'")
        page.wait("parseInt(document.querySelector(\"[data-key='a'] .lease\")?.innerText) <= 8",
                  "the lease runs down")
        page.wait("parseInt(document.querySelector(\"[data-key='a'] .lease\").innerText) > 9",
                  "and was renewed")


world.main(test)
