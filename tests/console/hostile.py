"""What others registered is text, whatever it looks like."""

from urllib.parse import quote

import world

EVIL = '"><img src=x onerror=alert(1)>'


def test(page, discd):
    evil = quote(EVIL, safe="")
    discd.say(f"reg svc=web inst=one port=8080 addr=10.0.0.1 m.note={evil} ver={evil} "
              f"m.link={quote('javascript:alert(1)', safe='')}")
    page.size(1600, 900)
    page.go(f"{discd.url}/#/service/default/web")
    page.wait_text("[data-key='one'] .extra", EVIL)
    page.click("[data-key='one'] .id")
    page.wait_text("#instance .metadata", EVIL)
    page.wait_text("#instance .facts", EVIL)
    page.shot("as-text")
    page.key("Escape")
    page.wait("!document.querySelector('#instance')")

    # In the address, in searches, in questions.
    for hash in (f"#/service/default/{evil}", f"#/service/{evil}/web", f"#/{evil}", "#/service/%/%",
                 f"#/lookup?name={evil}&type=A", f"#/lookup?name=web.disc.local&type={evil}"):
        page.js(f"location.hash = {hash!r}")
        page.wait("document.querySelector('.page h1')")
        page.wait("document.querySelector('#result .problem, #verdict, #summary, .tiles')")
    page.js("location.hash = '#/lookup?name=one.web.disc.local&type=TXT'")
    page.wait_text("#answer", "onerror")
    page.same("no element was made of it", 0,
              page.js("document.querySelectorAll('img, [onerror], script:not([src])').length"))
    page.same("no request either", [], [r for r in page.refused if "/x" in r])

    # The policy holds: what somebody brought in all the same would not run.
    page.same("no inline script", "blocked", page.js("""new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', () => resolve('blocked'));
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
        if (window.ran) resolve('ran'); })"""))
    page.js("1")
    expected = [f for f in page.faults if "Content Security Policy" in f]
    page.same("that one violation was told", True, len(expected) >= 1)
    page.faults = [f for f in page.faults if f not in expected]


world.main(test)
