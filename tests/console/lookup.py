"""A name is looked up, with why."""

import world


def test(page, discd):
    discd.say("reg svc=web inst=one port=8080 w=30 addr=10.0.0.1",
              "reg svc=web inst=two port=8080 w=70 addr=10.0.0.2 st=draining",
              "reg svc=web inst=three port=- addr=10.0.0.3")
    page.go(f"{discd.url}/#/service/default/web")
    page.click("#to-lookup")
    page.wait("location.hash.startsWith('#/lookup?name=web.disc.local')")
    page.wait_text("#verdict", "NOERROR")
    page.wait_text("#answer", "0 30 8080 one.web.disc.local.")
    page.wait_text("#why", "service")
    page.wait_text("#candidates tr.is-good", "one")
    page.wait_text("#candidates", "not up")
    page.wait_text("#candidates", "no port")
    page.same("in and out", 2, page.js("document.querySelectorAll('#candidates .is-bad').length / 2"))
    page.shot("answer")

    page.fill("#type", "a")
    page.fill("#client", "192.0.2.7")
    page.click("#ask")
    page.wait("location.hash.includes('client=192.0.2.7')")
    page.wait_text("#answer", "10.0.0.1")
    page.fill("#name", "nobody.disc.local")
    page.key("Enter")
    page.wait_text("#verdict", "NXDOMAIN")
    page.wait_text("#why", "no such name")
    page.wait_text("#authority", "SOA")
    page.shot("nxdomain")
    page.fill("#type", "NONSENSE")
    page.key("Enter")
    page.wait_text("#result .problem", "type")
    page.shot("problem")


world.main(test)
