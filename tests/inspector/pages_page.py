"""The pages of one inspector, as the cases use them."""

import contextlib
import http.client
import json
import os
import pathlib
import threading
import urllib.parse

import pages_traffic as traffic


class Page:
    """The pages of one inspector, and the traffic that they show."""

    def __init__(self, browser, app, inspector, token, public, axe, stub=None):
        self.browser = browser
        self.app = app
        self.inspector = inspector
        self.token = token
        self.public = public
        self.axe = axe
        self.stub = stub  # the client's file of --stub

    def api(self, method, path, body=None):
        address = urllib.parse.urlsplit(self.inspector)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        try:
            fields = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, fields)
            response = connection.getresponse()
            data = response.read()
            assert response.status < 300, f"{method} {path}: {response.status} {data!r}"
            return json.loads(data) if data else None
        finally:
            connection.close()

    def items(self, q=""):
        return self.api("GET", "/exchanges?" + urllib.parse.urlencode({"q": q, "limit": 500}))["items"]

    def begin(self):
        """An empty history, and an open page that knows it and receives events."""
        self.api("DELETE", "/exchanges?marked=true")
        self.browser.resize(1440, 900)
        self.browser.prefer("light")
        self.browser.requested_urls()
        self.browser.console_faults()
        self.open()

    def open(self, query=""):
        self.browser.open(f"{self.inspector}/?token={urllib.parse.quote(self.token)}")
        if query:
            self.browser.open(f"{self.inspector}/?{query}")
        self.browser.until(lambda: "up" in self.browser.text("#tunnel-state"), "the tunnel's state in the header")
        self.browser.until(lambda: self.browser.text("#list-count") != "", "the list is loaded")

    def end(self):
        """No request left the origin of the page, and nothing failed unseen."""
        for url in self.browser.requested_urls():
            assert url.startswith((self.inspector + "/", "data:image/")), f"requested {url}"
        # A wrong filter and a record with nothing to compare with are responses, which Chromium lists as faults too.
        expected = ("status of 400", "status of 404")
        faults = [e for e in self.browser.console_faults() if not any(text in e["message"] for text in expected)]
        assert not faults, faults

    def send(self, method, target, body=b"", fields=()):
        return traffic.send(self.public, method, target, body, fields)

    @contextlib.contextmanager
    def stream(self, target):
        """An event stream that is open meanwhile; yields what makes the app send one event."""
        caller = threading.Thread(target=self.send, args=("GET", target))
        caller.start()
        try:
            yield lambda: self.app.ticks.put(1)
        finally:
            self.app.ticks.put(None)
            caller.join()

    def rows(self):
        return self.browser.run(
            "return [...document.querySelectorAll('.row')].sort((a, b) => a.getBoundingClientRect().top -"
            " b.getBoundingClientRect().top).map((row) => row.querySelector('.row-target').textContent)"
        )

    def wait_for_rows(self, *rows):
        self.browser.until(lambda: self.rows() == list(rows), f"rows {rows}, not {self.rows()}")

    def wait_for_count(self, count):
        self.browser.until(lambda: len(self.rows()) == count, f"{count} rows")

    def select(self, target):
        self.browser.click(".row", target)
        self.browser.until_text("#detail-head", target)

    def tab(self, name):
        self.browser.click(f"#tab-{name}")
        self.browser.until(lambda: self.browser.all(f".tab-{name}"), f"tab {name}")

    def check_accessibility(self, what):
        """Accessibility, by axe-core."""
        if self.axe is None:
            return
        self.browser.run(self.axe + ";return 0")
        script = """
            const done = arguments[0];
            axe.run(document, { resultTypes: ['violations'] }).then((result) => done(result.violations));
        """
        faults = self.browser.driver.execute_async_script(script)
        found = [
            f"{fault['id']}: {fault['help']}: {[node['html'][:160] for node in fault['nodes'][:3]]}" for fault in faults
        ]
        assert not found, f"{what}:\n" + "\n".join(found)

    def picture_of_failure(self, name):
        folder = os.environ.get("TUNNEL_TEST_PICTURES")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.browser.screenshot(pathlib.Path(folder) / f"{name}.png")
