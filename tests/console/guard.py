"""The guard is shown and set."""

import json
import urllib.request

import world


def mode(discd):
    with urllib.request.urlopen(f"{discd.url}/v1/guard") as reply:
        return json.load(reply)["mode"]


def test(page, discd):
    discd.say(*[f"reg svc=web inst=i{n} port=1 zone=z{n % 2} addr=10.0.0.{n}" for n in range(1, 9)])
    page.go(f"{discd.url}/#/guard")
    page.wait_text("#guard-state", "Calm")
    page.wait("document.querySelector('#guard-auto').checked")
    page.click("#guard-on")
    page.wait_text("#guard-state", "The guard is on")
    page.wait_text("#notices", "set to on")
    page.same("at the server", "on", mode(discd))
    page.shot("on")
    discd.say("reg svc=silent inst=one port=1 addr=10.0.1.1 lease=1")
    page.js("location.hash = '#/service/default/silent'")
    page.wait_text("[data-key='one'] .badge", "stale")  # it is kept
    page.wait_text("#summary", "0 of 1 instance live, 1 stale")
    page.js("location.hash = '#/'")
    page.wait_text("[data-key='default/silent']", "none live, 1 stale")
    page.wait_text("#tile-guard", "On")
    page.wait_text("#tile-live", "1 stale")
    page.js("location.hash = '#/guard'")
    page.wait_text("main", "1 instance")
    page.click("#guard-off")
    page.wait_text("#guard-state", "The guard is off")
    page.same("at the server", "off", mode(discd))
    page.js("location.hash = '#/'")
    page.wait_text("#tile-guard", "Off")
    page.js("location.hash = '#/guard'")
    page.wait("document.querySelector('#guard-off').checked")
    page.click("#guard-auto")
    page.wait_text("#guard-state", "Calm")
    page.same("at the server", "auto", mode(discd))


world.main(test)
