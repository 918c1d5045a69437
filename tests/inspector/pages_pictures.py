"""The pictures of the inspector in the README."""

import random
import time

import pages_traffic as traffic

SERVER_FLAGS = ["--public-url", "https://app.example.dev"]
# GitHub's is another than traffic.github signs with, so that a wrong signature is in the pictures too.
SECRETS = {"TUNNEL_SECRET_STRIPE": "whsec_test_secret", "TUNNEL_SECRET_GITHUB": "It's another Secret"}


def har_entry(at, method, target, status):
    empty = {"httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "headersSize": -1}
    url = "https://app.example.dev" + target
    content = {"size": 2, "mimeType": "text/plain", "text": "ok"}
    return {
        "startedDateTime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z",
        "time": 12.5,
        "request": {**empty, "method": method, "url": url, "queryString": [], "bodySize": 0},
        "response": {**empty, "status": status, "statusText": "", "content": content, "redirectURL": "", "bodySize": 2},
        "cache": {},
        "timings": {"send": 0.5, "wait": 11, "receive": 1},
    }


def a_quarter_of_an_hour(page):
    """What came before: imported, because it takes a while to happen."""
    chance = random.Random(7)
    paths = ["/orders", "/orders/2026-0040", "/hooks/billing", "/assets/app.css", "/login"]
    entries = []
    for minute in range(15, 0, -1):
        for _ in range(chance.choice((3, 6, 9, 14, 20))):
            at = time.time() - 60 * (minute + chance.random())
            status = chance.choices((200, 204, 302, 404, 500), (70, 8, 8, 8, 6))[0]
            entries.append(har_entry(at, chance.choice(("GET", "GET", "POST")), chance.choice(paths), status))
    entries.sort(key=lambda entry: entry["startedDateTime"])
    log = {"version": "1.2", "creator": {"name": "pictures", "version": "1"}, "entries": entries}
    page.api("POST", "/import", {"log": log})


def settled(browser):
    """Fonts and images are there, and what is fetched has been shown."""
    browser.until(
        lambda: browser.run("return document.fonts.status === 'loaded' && !document.querySelector('[aria-busy]')"),
        "the page is at rest",
    )
    browser.run("document.getElementById('toasts').replaceChildren(); document.activeElement?.blur()")


def take(page, folder):
    browser = page.browser
    a_quarter_of_an_hour(page)
    traffic.a_working_day(page.public)
    browser.resize(1440, 900, 1.5)
    browser.prefer("light")
    page.open()
    browser.until(lambda: len(browser.all(".row")) > 10, "rows")
    browser.press("j")
    browser.until(lambda: browser.all(".json-line"), "the tree")
    settled(browser)
    browser.screenshot(folder / "inspector-light.png")

    browser.prefer("dark")
    browser.press("j")
    browser.until_text("#detail-head", "/orders/github")
    browser.press("5")
    browser.until_text("#tab-panel", "Verdict")
    settled(browser)
    browser.screenshot(folder / "inspector-dark.png")

    browser.prefer("light")
    browser.click(".row", "/fail")
    browser.press("r")
    browser.until_text("#detail-head", "replay")
    browser.press("1")
    browser.until(lambda: "in progress" not in browser.text("#detail-head"), "the end of the replay")
    browser.resize(360, 740, 2)
    settled(browser)
    browser.screenshot(folder / "inspector-narrow.png")
