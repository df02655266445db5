"""Headless Chromium, driven through its DevTools protocol. Clicks and keys are real input
events; nothing waits for a fixed time, only for what the page shows."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

try:
    import websocket
except ImportError:
    websocket = None

LIMIT = 90  # seconds; the bound of everything that is waited for

KEYS = {
    "Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "ArrowDown": (40, ""),
    "ArrowUp": (38, ""), "Home": (36, ""), "End": (35, ""), "PageDown": (34, ""),
    "PageUp": (33, ""), "Backspace": (8, ""), " ": (32, " "),
}


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Failed(Exception):
    pass


class Browser:
    """One page in a browser of its own, with a fresh profile."""

    def __init__(self, shots):
        self.shots = shots
        self.profile = tempfile.mkdtemp(prefix="disc-console-")
        self.process = subprocess.Popen(
            [chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
             "--metrics-recording-only", "--no-pings", "--remote-allow-origins=*",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
             "--remote-debugging-port=0", f"--user-data-dir={self.profile}", "--lang=en-US",
             "--hide-scrollbars", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": self.profile, "LANG": "en_US.UTF-8"})
        self.last = 0
        self.faults = []   # what no page of ours may do
        self.refused = []  # requests that were answered with 4xx or 5xx
        self.resumed = []  # streams that said how far they came
        self.socket = websocket.create_connection(self.target(), timeout=LIMIT,
                                                  suppress_origin=True)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.size(1280, 900)

    def target(self):
        """The page's address; the port is in a file that the browser writes."""
        path = os.path.join(self.profile, "DevToolsActivePort")
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            try:
                with open(path) as file:
                    port = int(file.readline())
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=LIMIT) as f:
                    pages = [t for t in json.load(f) if t["type"] == "page"]
                return pages[0]["webSocketDebuggerUrl"]
            except (OSError, ValueError, IndexError):
                if self.process.poll() is not None:
                    raise Failed(f"chromium ended with {self.process.returncode}") from None
                time.sleep(0.02)
        raise Failed("chromium does not come up")

    def close(self):
        try:
            self.call("Browser.close")
        except Exception:  # it may close before it answers
            pass
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # and its helpers, if some are left
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    # ---- the protocol

    def call(self, method, **params):
        self.last += 1
        own = self.last
        self.socket.send(json.dumps({"id": own, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == own:
                if "error" in message:
                    raise Failed(f"{method}: {message['error']['message']}")
                return message["result"]
            self.heard(message)

    def heard(self, message):
        what, p = message.get("method"), message.get("params", {})
        if what == "Runtime.exceptionThrown":
            details = p["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details["text"]
            self.faults.append(f"exception: {text}")
        elif what == "Page.javascriptDialogOpening":
            self.faults.append(f"dialog: {p['message']}")
            self.socket.send(json.dumps({"id": 0, "method": "Page.handleJavaScriptDialog",
                                         "params": {"accept": False}}))
        elif what == "Log.entryAdded" and p["entry"]["level"] == "error":
            entry = p["entry"]
            if entry["source"] == "network":
                self.refused.append(entry["text"])
            else:
                self.faults.append(f"{entry['source']}: {entry['text']}")
        elif what == "Network.requestWillBeSent":
            url = p["request"]["url"]
            if "Last-Event-ID" in p["request"]["headers"]:
                self.resumed.append(url)
            if not url.startswith(("http://127.0.0.1:", "about:")):
                self.faults.append(f"a request to another server: {url}")

    def js(self, expression):
        """The value of an expression in the page; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    # ---- waiting and looking

    def wait(self, expression, what=None):
        """Until the expression is true, looked at in each frame. Returns its value."""
        found = self.js(f"""new Promise((resolve) => {{
            const end = performance.now() + {LIMIT * 1000};
            const look = () => {{
                let value;
                try {{ value = ({expression}); }} catch (e) {{ value = null; }}
                if (value || performance.now() > end) resolve(value instanceof Node ? true : value || null);
                else requestAnimationFrame(look);
            }};
            look();
        }})""")
        if not found:
            self.shot("failed")
            raise Failed(f"never came true: {what or expression}\n{self.text('main')}")
        return found

    def text(self, selector):
        return self.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")

    def wait_text(self, selector, words):
        self.wait(f"document.querySelector({json.dumps(selector)})?.innerText"
                  f".includes({json.dumps(words)})", f"{words!r} in {selector}")

    def wait_rows(self, *names):
        """Until the rows in view are these, by their first cell, in order."""
        self.wait("""[...document.querySelectorAll('.rows .row')].map((row) =>
            row.querySelector('.cell').innerText.trim()).join() === %s""" %
                  json.dumps(",".join(names)), f"rows {names}")

    def same(self, what, expected, got):
        if expected != got:
            self.shot("failed")
            raise Failed(f"{what}: expected {expected!r}, got {got!r}")

    # ---- input

    def box(self, selector):
        found = self.wait(f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            if (!node || node.disabled || node.getAttribute('aria-busy')) return null;
            node.scrollIntoView({{block: 'nearest'}});
            const r = node.getBoundingClientRect();
            return r.width && r.height ? {{x: r.x + r.width / 2, y: r.y + r.height / 2}} : null;
        }})()""", f"{selector} to click")
        return found["x"], found["y"]

    def click(self, selector):
        x, y = self.box(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      buttons=1, clickCount=1)

    def key(self, key, shift=False):
        code, text = KEYS.get(key, (ord(key[0].upper()), key))
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def fill(self, selector, text):
        self.click(selector)
        self.js(f"document.querySelector({json.dumps(selector)}).select()")
        if text:
            self.type(text)
        else:
            self.key("Backspace")

    def focused(self):
        return self.js("""(() => { const a = document.activeElement;
            return a.dataset.key || a.id || a.innerText || a.tagName; })()""")

    # ---- the window

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && document.querySelector('.page')",
                  f"the page {url}")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def scheme(self, name, motion="reduce"):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": motion}])

    def shot(self, name):
        os.makedirs(self.shots, exist_ok=True)
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(os.path.join(self.shots, f"{name}.png"), "wb") as file:
            file.write(base64.b64decode(data))

