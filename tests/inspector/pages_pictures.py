"""The pictures of the inspector in the README."""

import pages_traffic as traffic


def settled(browser):
    """Fonts and images are there, and what is fetched has been shown."""
    browser.until(
        lambda: browser.run("return document.fonts.status === 'loaded' && !document.querySelector('[aria-busy]')"),
        "the page is at rest",
    )
    browser.run("document.getElementById('toasts').replaceChildren()")


def take(browser, url, public, folder):
    traffic.a_working_day(public)
    browser.resize(1440, 900, 2)
    browser.prefer("light")
    browser.open(url)
    browser.until(lambda: len(browser.all(".row")) > 10, "rows")
    browser.press("j")
    browser.until(lambda: browser.all(".json-line"), "the tree")
    settled(browser)
    browser.screenshot(folder / "inspector-light.png")

    browser.prefer("dark")
    browser.press("r")
    browser.until_text("#detail-head", "replay")
    browser.press("d")
    browser.until(lambda: browser.all(".changes"), "the differences")
    settled(browser)
    browser.screenshot(folder / "inspector-dark.png")

    browser.prefer("light")
    browser.resize(360, 740, 2)
    browser.press("1")
    settled(browser)
    browser.screenshot(folder / "inspector-narrow.png")
