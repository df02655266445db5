"""A discd of one's own on free ports, and the test around it."""

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import browser

BUILD = os.environ["BUILD"]
SOURCE = os.environ["SOURCE"]
TOKEN = "correct-horse-battery-staple"


class Discd:
    def __init__(self, http="writes: loopback", data="data"):
        self.dir = tempfile.mkdtemp(prefix="disc-console-")
        self.ports = {"dns": 0, "registration": 0, "http": 0}
        self.http = http
        self.data = data  # "" = in memory only
        self.process = None
        self.url = None
        shutil.copy(f"{SOURCE}/zones/disc.local.zone", self.dir)
        with open(f"{self.dir}/token", "w") as file:
            file.write(TOKEN + "\n")
        os.chmod(f"{self.dir}/token", 0o600)

    def start(self):
        """Also again, after stop(), on the ports of before."""
        p = self.ports
        with open(f"{self.dir}/discd.yaml", "w") as file:
            file.write(f"""
data_dir: "{self.data}"
zones:
  - {{name: disc.local, namespace: default, file: disc.local.zone}}
  - {{name: test.internal, namespace: staging}}
dns: {{listen: ["127.0.0.1:{p['dns']}"], workers: 1}}
registration: {{listen: ["127.0.0.1:{p['registration']}"]}}
http: {{listen: ["127.0.0.1:{p['http']}"], {self.http}}}
lease: {{default: 300, min: 1, max: 300}}
""")
        with open(f"{self.dir}/log", "ab") as log:
            self.process = subprocess.Popen([f"{BUILD}/discd", "-c", f"{self.dir}/discd.yaml"],
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        ready = self.process.stdout.readline()
        if not ready.startswith("ready "):
            raise browser.Failed(f"discd does not become ready: {ready}")
        for word in ready.split()[1:]:
            name, addresses = word.split("=")
            if name in p:
                p[name] = int(addresses.split(",")[0].rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{p['http']}"

    def stop(self):
        if not self.process:
            return
        self.process.terminate()
        status = self.process.wait(browser.LIMIT)
        self.process.stdout.close()
        self.process = None
        if status != 0:
            raise browser.Failed(f"discd ended with {status}")

    def close(self, failed):
        try:
            self.stop()
        finally:
            if self.process:
                self.process.kill()
            if failed:
                with open(f"{self.dir}/log") as log:
                    print(log.read()[-4000:], file=sys.stderr)
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- registering

    def say(self, *requests):
        """Sends the requests, a window of them at a time, until each is answered ok."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", self.ports["registration"]))
            s.settimeout(0.5)
            left = {f"q{n}": f"disc/1 {text} id=q{n}\n" for n, text in enumerate(requests)}
            end = time.monotonic() + browser.LIMIT
            while left and time.monotonic() < end:
                sent, before = list(left)[:200], len(left)
                for name in sent:
                    s.send(left[name].encode())
                try:
                    for _ in sent:
                        self.took(s.recv(2048).decode(), left)
                except TimeoutError:
                    pass  # those without a reply are sent again
                if len(left) < before:
                    end = time.monotonic() + browser.LIMIT
            if left:
                raise browser.Failed(f"no reply to {len(left)} requests")

    @staticmethod
    def took(reply, left):
        words = reply.split()
        name = next((w[3:] for w in words if w.startswith("id=")), "")
        if name in left and words[1] != "ok":
            raise browser.Failed(f"{left[name]} was refused: {reply}")
        left.pop(name, None)

    def dig(self, name, kind="A"):
        done = subprocess.run(["dig", "-p", str(self.ports["dns"]), "@127.0.0.1", "+short",
                               "+tries=1", "+time=30", name, kind],
                              capture_output=True, text=True, check=True)
        return sorted(done.stdout.split("\n")[:-1])

    def wait_dig(self, expected, name, kind="A"):
        end = time.monotonic() + browser.LIMIT
        got = self.dig(name, kind)
        while got != expected and time.monotonic() < end:
            got = self.dig(name, kind)
        if got != expected:
            raise browser.Failed(f"dig {name} {kind}: expected {expected}, got {got}")


class Heart:
    """Keeps registrations alive from a thread, until it is left."""

    def __init__(self, discd, *requests):
        self.discd = discd
        self.requests = requests
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.discd.say(*self.requests)
        self.thread.start()
        return self

    def run(self):
        while not self.over.wait(5):
            self.discd.say(*self.requests)

    def __exit__(self, *exc):
        self.over.set()
        self.thread.join()


def main(test, **options):
    """test(page, discd); ends the program."""
    if not browser.chromium() or not browser.websocket or not shutil.which("dig"):
        print("skipped: this needs chromium, python3-websocket and dig", file=sys.stderr)
        sys.exit(77)
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    random.seed(1)
    discd, page, failed = None, None, True
    try:
        discd = Discd(**options)
        discd.start()
        page = browser.Browser(os.path.join(BUILD, "console", name))
        test(page, discd)
        if page.faults:
            raise browser.Failed("in the browser's log:\n" + "\n".join(page.faults))
        failed = False
    except Exception:  # the end of the program tells
        traceback.print_exc()
        if page and page.refused:
            print("refused requests: " + "; ".join(page.refused), file=sys.stderr)
        if page and page.faults:
            print("faults: " + "; ".join(page.faults), file=sys.stderr)
    finally:
        if page:
            page.close()
        if discd:
            discd.close(failed)
    sys.exit(1 if failed else 0)
