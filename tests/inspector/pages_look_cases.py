"""Keyboard, colours, sizes of the screen, and the page without its token."""

import pages_traffic as traffic
from browser import Keys

WIDER_THAN_THE_SCREEN = """
    const parts = [document.documentElement, ...document.querySelectorAll('#list, #detail-head, #tab-panel')];
    return parts.map((part) => part.scrollWidth).filter((width) => width > 360);
"""


def everything_works_by_keyboard(page):
    b = page.browser
    for n in range(3):
        page.send("GET", f"/orders/{n}")
    page.wait_for_count(3)
    selected = "return document.querySelector('.row[aria-selected=true] .path')?.textContent"
    for key, expected in (
        ("j", "2"),
        ("j", "1"),
        ("j", "0"),
        ("j", "0"),
        ("k", "1"),
        (Keys.ARROW_DOWN, "0"),
        ("g", "2"),
    ):
        b.press(key)
        b.until(
            lambda want=f"/orders/{expected}": b.run(selected) == want,
            f"/orders/{expected} after {key!r}, not {b.run(selected)}",
        )
    b.press("?")
    b.until_text("dialog[open]", "Keys and filters")
    page.check_accessibility("help")
    b.press(Keys.ESCAPE)
    b.until(lambda: not b.all("dialog[open]"), "the help is closed")
    b.press(Keys.ESCAPE)
    b.until(lambda: b.run(selected) is None, "nothing is selected")
    # What is typed into a field is not a command.
    b.press("/", "xjk")
    assert b.run("return document.getElementById('filter').value") == "xjk"


def dark_and_light(page):
    b = page.browser
    page.send("GET", "/orders")
    traffic.stripe(page.public, "invoice.paid", 100, 2)
    page.send("POST", "/fail", b"{}")
    page.send("GET", "/nowhere")
    page.wait_for_count(4)
    page.select("/orders/stripe")
    b.until(lambda: b.all(".json-line"), "the tree")
    background = "return getComputedStyle(document.querySelector('.requests')).backgroundColor"
    light = b.run(background)
    b.prefer("dark")
    b.until(lambda: b.run(background) != light, "another colour")
    page.check_accessibility("dark")
    b.click("#theme")
    b.until(lambda: b.run(background) == light, "light, as chosen")
    page.open()
    assert b.run(background) == light
    b.click("#theme")
    b.prefer("light")
    b.until(lambda: b.run(background) != light, "dark, as chosen")
    b.run("localStorage.clear()")


def narrow_pages_show_one_thing_at_a_time(page):
    b = page.browser
    for _ in range(2):
        traffic.stripe(page.public, "invoice.paid", 100, 3)
    page.send("GET", "/orders?with=a-rather-long-query-that-does-not-fit-into-a-narrow-row-at-all")
    page.wait_for_count(3)
    b.resize(360, 740)
    too_wide = WIDER_THAN_THE_SCREEN
    b.until(lambda: b.run(too_wide) == [], "nothing wider than the screen")
    page.check_accessibility("narrow list")
    b.click(".row", "/orders/stripe")
    b.until_text("#detail-head", "/orders/stripe")
    visible = "return getComputedStyle(document.querySelector(arguments[0])).visibility"
    b.until(
        lambda: b.run(visible, "#detail") == "visible" and b.run(visible, ".requests") == "hidden", "the record alone"
    )
    # What a body is stands on a line of its own, above the choice of ways to show it.
    width = "return document.querySelector('.body-facts').getBoundingClientRect().width"
    b.until(lambda: b.run(width) > 250, "room for the media type")
    for name in ("summary", "request", "timing", "raw"):
        page.tab(name)
        assert b.run(too_wide) == [], (name, b.run(too_wide))
    page.check_accessibility("narrow record")
    b.driver.back()
    b.until(lambda: b.run(visible, ".requests") == "visible", "the list again")
    b.press("?")
    b.until(lambda: b.all("dialog[open]"), "the help")
    inner = "const c = document.querySelector('.dialog-content'); return c.scrollWidth - c.clientWidth"
    assert b.run(inner) == 0, b.run(inner)
    b.press(Keys.ESCAPE)
    b.click("#facets-toggle")
    b.until(lambda: b.all(".facets-open"), "the ready filters")
    b.click(".facet", "2xx")
    page.wait_for_count(3)


def wide_pages_use_the_room(page):
    b = page.browser
    page.send("GET", "/orders")
    page.wait_for_count(1)
    page.select("/orders")
    b.resize(3840, 2160)
    widths = b.run(
        "return ['#facets', '.requests', '#detail'].map((s) => document.querySelector(s).getBoundingClientRect().width)"
    )
    assert all(width > 200 for width in widths) and sum(widths) > 3800, widths


def a_page_whose_token_expired_says_so(page):
    """As when tunnel-client was started again meanwhile."""
    b = page.browser
    page.send("GET", "/orders")
    page.wait_for_count(1)
    b.driver.delete_all_cookies()
    b.type_filter("method:GET")
    b.until_text("#tunnel-state", "Token expired")
    b.until_text("#alerts", "open the URL that it shows")
    b.console_faults()


def a_page_without_the_token_says_so(page):
    b = page.browser
    b.driver.delete_all_cookies()
    b.open(page.inspector + "/")
    b.until_text("h1", "token")
    b.console_faults()


CASES = [
    everything_works_by_keyboard,
    dark_and_light,
    narrow_pages_show_one_thing_at_a_time,
    wide_pages_use_the_room,
    a_page_whose_token_expired_says_so,
    a_page_without_the_token_says_so,
]
