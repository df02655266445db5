"""10 000 services and a service of 20 000 instances: only what is in view is in the page, and
what is typed is found at once."""

import world

SERVICES, INSTANCES = 10000, 20000


def test(page, discd):
    discd.say(*[f"reg svc=service-{n:05} inst=one port=80 addr=10.{n % 250}.{n // 250}.1 lease=300"
                for n in range(SERVICES)])
    began = "performance.timeOrigin"
    page.go(f"{discd.url}/")
    page.wait("document.querySelector('.rows .row')", "the first row")
    paint = page.js("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1")
    page.wait_text("#count", "10,000 services")
    filled = page.js(f"Date.now() - {began}")
    print(f"10 000 services: first paint after {paint:.0f} ms, the whole list after {filled:.0f} ms")
    page.same("only what is in view", True,
              page.js("document.querySelectorAll('.rows .row').length < 80"))

    page.js("document.querySelector('#search').focus()")
    took = page.js("""new Promise((resolve) => {
        const box = document.querySelector('#search'), began = performance.now();
        box.value = '0777'; box.dispatchEvent(new Event('input'));
        const look = () => document.querySelector('#count').innerText.startsWith('11 of')
            ? requestAnimationFrame(() => resolve(performance.now() - began))
            : requestAnimationFrame(look);
        look(); })""")
    print(f"a search among them: shown after {took:.0f} ms")
    page.key("Escape")
    page.wait_text("#count", "10,000 services")
    page.js("scrollTo(0, document.documentElement.scrollHeight / 2)")
    page.wait("document.querySelector(\"[data-key='default/service-05000']\")", "the middle")
    page.js("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait("document.querySelector(\"[data-key='default/service-09999']\")", "the end")
    page.shot("end")

    # While thousands change, the page goes on drawing.
    page.js("""window.frames_ = 0; window.longest = 0; (() => { let last = performance.now();
        const beat = (now) => { window.frames_++; window.longest = Math.max(window.longest, now - last);
            last = now; requestAnimationFrame(beat); }; requestAnimationFrame(beat); })()""")
    discd.say(*[f"upd svc=service-{n:05} inst=one st=draining" for n in range(0, SERVICES, 3)])
    page.wait_text("[data-key='default/service-09999']", "none live")
    drawn, longest = page.js("[window.frames_, Math.round(window.longest)]")
    print(f"while 3 334 services changed: {drawn} frames, the longest {longest} ms")

    discd.say(*[f"reg svc=big inst=i{n:05} port=80 addr=10.{n % 250}.{n // 250}.2 lease=300"
                for n in range(INSTANCES)])
    began = page.js("location.hash = '#/service/default/big', Date.now()")
    page.wait_text("#summary", "20,000 of 20,000 instances live")
    print(f"20 000 instances: all there after {page.js('Date.now()') - began:.0f} ms")
    page.same("only what is in view", True,
              page.js("document.querySelectorAll('.rows .row').length < 80"))
    page.fill("#search", "i14321")
    page.wait_text("#count", "1 of 20,000")
    page.wait_rows("i14321")


world.main(test, data="")
