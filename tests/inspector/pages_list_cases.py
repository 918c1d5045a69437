"""The list of requests, the filter and the chart."""

import time

from browser import Keys
from programs import SLOWNESS


def har_entry(n):
    at = time.gmtime(time.time() - 7200 + n / 10)
    empty = {"httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "headersSize": -1}
    url = f"http://app.example.dev/{n}"
    content = {"size": 2, "mimeType": "text/plain", "text": "ok"}
    return {
        "startedDateTime": time.strftime("%Y-%m-%dT%H:%M:%S", at) + f".{n % 1000:03d}Z",
        "time": 1.5,
        "request": {**empty, "method": "GET", "url": url, "queryString": [], "bodySize": 0},
        "response": {**empty, "status": 200, "statusText": "OK", "content": content, "redirectURL": "", "bodySize": 2},
        "cache": {},
        "timings": {"send": 0.1, "wait": 1.2, "receive": 0.2},
    }


def requests_appear_live(page):
    page.browser.until_text("#list-nothing", "Waiting for requests")
    page.check_accessibility("empty list")
    page.send("GET", "/orders?page=1")
    page.wait_for_rows("GET/orders?page=1")
    page.send("POST", "/fail", b"{}")
    page.wait_for_rows("POST/fail", "GET/orders?page=1")
    page.browser.until(
        lambda: (
            page.browser.texts(".row .status") == ["200", "500"] or page.browser.texts(".row .status") == ["500", "200"]
        ),
        "both statuses",
    )
    page.check_accessibility("list")


def the_selected_request_stays_where_it_is(page):
    b = page.browser
    for n in range(30):
        page.send("GET", f"/orders/{n}")
    page.browser.until_text("#list-count", "30")
    page.select("/orders/25")
    top = "return document.querySelector('.row[aria-selected=true]').getBoundingClientRect().top"
    before = b.run(top)
    for n in range(5):
        page.send("GET", f"/orders/new-{n}")
    b.until_text("#list-fresh", "5 new requests")
    assert abs(b.run(top) - before) < 1, (b.run(top), before)
    assert "/orders/25" in b.text("#detail-head")
    b.click("#list-fresh")
    b.until(lambda: page.rows()[0] == "GET/orders/new-4", "the newest on top")


def measured_scroll(browser):
    """Rows at most, and the median time of a frame in ms, of 100 frames that scroll."""
    return browser.driver.execute_async_script(
        """
        const done = arguments[0], list = document.getElementById('list');
        const times = [];
        let last = performance.now(), most = 0;
        list.scrollTop = 0;
        const frame = (now) => {
            times.push(now - last);
            last = now;
            most = Math.max(most, document.querySelectorAll('.row').length);
            list.scrollTop += 5000;
            if (times.length < 100) requestAnimationFrame(frame);
            else done({ median: times.sort((a, b) => a - b)[50], rows: most, top: list.scrollTop });
        };
        requestAnimationFrame(frame);
        """
    )


def ten_thousand_records_scroll(page):
    """As many rows exist as are in sight, wherever the list stands, and frames come in time."""
    b = page.browser
    for start in range(0, 10_000, 500):
        entries = [har_entry(n) for n in range(start, start + 500)]
        log = {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}
        page.api("POST", "/import", {"log": log})
    page.open()

    def all_are_loaded():
        b.run("document.getElementById('list').scrollTop = 1e9")
        return "+" not in b.text("#list-count")

    b.until(all_are_loaded, "all pages")
    assert b.text("#list-count").replace("\u202f", "") == "10000 in the list", b.text("#list-count")
    # The best of five: other programs may need the processor for some seconds.
    attempts = [measured_scroll(b)]
    while attempts[-1]["median"] >= 50 * SLOWNESS and len(attempts) < 5:
        attempts.append(measured_scroll(b))
    measured = attempts[-1]
    print(f"        10,000 records: {measured['rows']} rows at most, a frame in {measured['median']:.1f} ms")
    assert measured["rows"] < 60 and measured["top"] > 400_000, measured
    # A frame is 16.7 ms; a busy machine is allowed three.
    assert measured["median"] < 50 * SLOWNESS, measured


def older_pages_are_loaded_while_scrolling(page):
    b = page.browser
    for n in range(130):
        page.send("GET", f"/orders/{n}")
    page.open()
    b.run("document.getElementById('list').scrollTop = 1e9")
    b.until_text("#list-count", "130")
    b.run("document.getElementById('list').scrollTop = 1e9")
    b.until(lambda: "GET/orders/0" in page.rows(), "the first request")


def a_filter_is_applied_and_lives_in_the_url(page):
    b = page.browser
    page.send("GET", "/orders?page=1")
    page.send("POST", "/fail", b"{}")
    page.send("GET", "/nowhere")
    page.wait_for_count(3)
    b.type_filter("status:5xx")
    page.wait_for_rows("POST/fail")
    assert "q=status%3A5xx" in b.driver.current_url, b.driver.current_url
    page.send("GET", "/orders?page=2")
    page.send("PUT", "/fail", b"{}")
    page.wait_for_rows("PUT/fail", "POST/fail")
    b.driver.refresh()
    page.wait_for_rows("PUT/fail", "POST/fail")
    assert b.run("return document.getElementById('filter').value") == "status:5xx"
    b.click("#filter-clear")
    page.wait_for_count(5)
    b.click(".facet", "4xx")
    page.wait_for_rows("GET/nowhere")
    b.driver.back()
    page.wait_for_count(5)


def a_wrong_filter_shows_its_place(page):
    b = page.browser
    page.send("GET", "/orders")
    page.wait_for_count(1)
    b.type_filter("method:GET colour:red")
    b.until_text("#filter-error", "colour")
    b.click("#filter-error .text-button", "All keys")
    b.until_text("dialog[open]", "status:5xx")
    b.press(Keys.ESCAPE)
    assert b.text("#filter-error mark").startswith("colour"), b.text("#filter-error")
    assert b.run("return document.getElementById('filter').getAttribute('aria-invalid')") == "true"
    page.check_accessibility("error in the filter")
    page.wait_for_count(1)
    b.type_filter("method:GET")
    b.until(lambda: not b.all("#filter-error:not([hidden])"), "no error")


def keys_are_suggested(page):
    b = page.browser
    b.press("/", "sta")
    b.until(lambda: "status:5xx" in b.text("#filter-suggestions"), "status is suggested")
    page.check_accessibility("suggestions")
    b.press(Keys.ARROW_DOWN, Keys.ENTER)
    b.until(lambda: b.run("return document.getElementById('filter').value") == "status:", "the key is in the field")


def the_page_is_ready_soon(page):
    b = page.browser
    for n in range(100):
        page.send("GET", f"/orders/{n}")
    best = 1e9
    for _ in range(5):
        page.open()
        b.until(lambda: len(page.rows()) > 5, "rows")
        best = min(best, b.run("return performance.getEntriesByName('list-shown')[0].startTime"))
        b.until(lambda: b.run("return window.begun.size") == 0, "what early.js asked for is what the page shows")
    print(f"        the list is shown {best:.0f} ms after opening")
    # 300 ms on a quiet machine.
    assert best < 4 * 300 * SLOWNESS, best


CASES = [
    requests_appear_live,
    the_selected_request_stays_where_it_is,
    ten_thousand_records_scroll,
    older_pages_are_loaded_while_scrolling,
    a_filter_is_applied_and_lives_in_the_url,
    a_wrong_filter_shows_its_place,
    keys_are_suggested,
    the_page_is_ready_soon,
]
