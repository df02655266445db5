"""A server that wants the token: asked for when it says so, sent to nobody else, forgotten
when told to."""

import world


def test(page, discd):
    discd.say("reg svc=web inst=one port=8080 addr=10.0.0.1 lease=300",
              "reg svc=web inst=two port=8080 addr=10.0.0.2 lease=300")
    page.go(f"{discd.url}/#/service/default/web")
    page.wait_text("#summary", "2 of 2")

    page.click("[data-key='one'] .act button")
    page.wait_text("#token-dialog", "token")
    page.shot("asked")
    page.key("Escape")
    page.wait_text(".notice.error", "token")
    page.same("nothing changed", ["10.0.0.1", "10.0.0.2"], discd.dig("web.disc.local"))

    page.click("[data-key='one'] .act button")
    page.wait("document.activeElement?.id === 'token-input'")
    page.type("wrong")
    page.key("Enter")
    page.wait_text("#token-dialog", "does not accept this token")
    page.same("nothing changed", ["10.0.0.1", "10.0.0.2"], discd.dig("web.disc.local"))
    page.wait("document.activeElement?.id === 'token-input'")
    page.type(world.TOKEN)
    page.key("Enter")
    page.wait_text("[data-key='one']", "draining")
    discd.wait_dig(["10.0.0.2"], "web.disc.local")
    page.wait_text("#token", "Token set")
    page.same("not kept anywhere", [0, 0], page.js("[sessionStorage.length, localStorage.length]"))
    page.same("nowhere in the page", False,
              page.js(f"document.documentElement.outerHTML.includes('{world.TOKEN}')"))

    page.click("[data-key='one'] .act button")  # not asked again
    page.wait("document.querySelector(\"[data-key='one'] .badge\").innerText === 'up'")

    # Kept for the tab, on request.
    page.click("#token")
    page.click("#token-drop")
    page.wait("document.querySelector('#token').innerText === 'Token'")
    page.click("#token")
    page.wait("document.activeElement?.id === 'token-input'")
    page.type(world.TOKEN)
    page.click("#token-keep")
    page.click("#token-use")
    page.wait_text("#token", "Token set")
    page.go(f"{discd.url}/?again#/guard")
    page.wait_text("#token", "Token set")
    page.click("#guard-on")
    page.wait_text("#guard-state", "The guard is on")
    page.click("#token")
    page.click("#token-drop")
    page.wait("sessionStorage.length === 0")

    # Through a proxy nobody is local: then reading needs it too. The dialog comes once.
    page.call("Network.setExtraHTTPHeaders", headers={"X-Forwarded-For": "192.0.2.1"})
    page.go(f"{discd.url}/?through-a-proxy")
    page.wait_text("#token-dialog", "whoever reads")
    page.key("Escape")
    page.wait_text("#connection", "Refused")
    page.shot("refused")
    page.click("#offline-token")
    page.wait("document.activeElement?.id === 'token-input'")
    page.type(world.TOKEN)
    page.key("Enter")
    page.wait_text("#connection", "Live")
    page.wait_text("[data-key='default/web']", "2/2")


world.main(test, http="writes: token, reads: token, token_file: token")
