"""The job that the page is opened for: find what failed, see why, mend the app, replay, compare."""

import contextlib
import http.client


def what_failed_is_counted_and_listed_alike(page):
    b = page.browser
    page.send("GET", "/orders")
    page.send("GET", "/nowhere")
    page.send("POST", "/fail", b"{}")
    with contextlib.suppress(http.client.IncompleteRead):
        page.send("GET", "/half")
    page.wait_for_count(4)
    b.until(lambda: "Failed3" in b.texts(".facet"), "the count of what failed")
    b.until_text("#chart-legend", "3 failed")
    b.click(".facet", "Failed")
    page.wait_for_rows("GET/half", "POST/fail", "GET/nowhere")


CASES = [what_failed_is_counted_and_listed_alike]
