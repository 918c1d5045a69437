"""Cases of the form that waits for requests."""

from selenium.webdriver.common.keys import Keys


def open_form(page, q):
    b = page.browser
    b.blur()
    b.press("E")
    b.until(lambda: b.all("dialog.expect[open]"), "the form")
    b.until(lambda: b.run("return document.querySelector('#expect-filter').value") == q, f"the filter {q!r}")


def enter(page, selector, text):
    page.browser.run("arguments[0].focus(); arguments[0].select()", page.browser.all(selector)[0])
    page.browser.press(Keys.BACKSPACE, text)


def choose(page, kind):
    script = "const s = arguments[0]; s.value = arguments[1]; s.dispatchEvent(new Event('change'))"
    page.browser.run(script, page.browser.all("dialog select")[0], kind)


COUNT, SECONDS = "dialog [type=number][min='1']", "dialog [type=number][min='0']"


def a_wait_ends_as_soon_as_requests_match(page):
    b = page.browser
    page.send("POST", "/echo?before")
    b.type_filter("method:POST")
    page.wait_for_count(1)
    open_form(page, "method:POST")
    page.check_accessibility("expect dialog")
    enter(page, COUNT, "2")
    enter(page, SECONDS, "600")
    b.press(Keys.ENTER)
    b.until_text("dialog .expect-foot", "s left")
    b.until_text("dialog .expect-foot", "Cancel")
    assert b.run("return document.querySelector('dialog fieldset').disabled")
    page.check_accessibility("expect dialog while it waits")
    page.send("POST", "/echo?one")
    page.send("GET", "/echo?other")
    assert not b.all("dialog .expect-row"), "what came before and what does not match do not count"
    page.send("POST", "/echo?two")
    b.until_text("dialog .notice", "Met after ")
    assert b.text("dialog .notice").endswith(" s: 2 requests that match method:POST"), b.text("dialog .notice")
    assert b.texts("dialog .expect-record .mono") == ["/echo?one", "/echo?two"]
    page.check_accessibility("expect dialog that is met")
    b.click("dialog .expect-record", "/echo?one")
    b.until_text("#detail-head", "/echo?one")
    assert not b.all("dialog")


def a_wait_that_is_not_met_names_the_nearest(page):
    b = page.browser
    page.send("GET", "/orders")
    page.wait_for_count(1)
    open_form(page, "")
    b.press("method:POST path:/orders")
    enter(page, SECONDS, "0")
    b.press(Keys.ENTER)
    b.until_text("dialog", "No other request was seen")
    b.click("dialog [type=checkbox]")
    b.click("dialog [type=submit]")
    b.until_text("dialog .expect-unmet", "method:POST: the method is GET")
    headline = "Not met within 0s: 0 of 1 request that matches method:POST path:/orders"
    assert b.text("dialog .notice") == headline, b.text("dialog .notice")
    assert b.texts("dialog h3") == ["Nearest"]
    assert b.texts("dialog .expect-record .mono") == ["/orders"]
    page.check_accessibility("expect dialog that is not met")
    b.resize(400, 700)
    page.check_accessibility("expect dialog in a narrow page")
    assert b.run("return document.querySelector('.dialog-content').scrollWidth <= innerWidth")


def a_wait_for_an_order_and_for_none(page):
    b = page.browser
    page.send("GET", "/orders")
    page.send("GET", "/echo")
    page.wait_for_count(2)
    open_form(page, "")
    b.press("path:/echo")
    b.click("dialog [type=checkbox]")
    enter(page, SECONDS, "0")
    choose(page, "order")
    assert not b.all(f"{COUNT}:not([hidden] *)"), "an order has no count"
    enter(page, "#expect-then", "path:/orders")
    b.click("dialog [type=submit]")
    b.until_text("dialog .notice", "Not met within 0s: no request for filter 2 of 2, in this order: path:/orders")
    b.until_text("dialog .expect-unmet", "which had to come first")
    enter(page, "#expect-filter", "path:/orders")
    enter(page, "#expect-then", "path:/echo")
    b.click("dialog [type=submit]")
    b.until_text("dialog .notice", " s: 2 requests in this order: path:/orders, then path:/echo")
    choose(page, "none")
    b.click("dialog [type=submit]")
    b.until_text("dialog .notice", "Not met, where none may come: 1 request that matches path:/orders")
    enter(page, "#expect-filter", "path:/never")
    b.press(Keys.ENTER)
    b.until_text("dialog .notice", "Met within 0s: no request that matches path:/never")


def a_wait_is_cancelled_or_refused(page):
    b = page.browser
    open_form(page, "")
    b.press("method:")
    b.press(Keys.ENTER)
    b.until(lambda: b.all("dialog .notice.tone-bad"), "what is wrong with the filter")
    enter(page, "#expect-filter", "path:/never")
    enter(page, SECONDS, "600")
    b.press(Keys.ENTER)
    b.until_text("dialog .expect-foot", "Cancel")
    b.click("dialog [type=submit]")
    b.until_text("dialog .notice", "Cancelled.")
    b.until_text("dialog .expect-foot", "Wait")
    # Each wait that is cancelled or closed frees its place, of which the inspector has 32.
    for _ in range(40):
        b.click("dialog [type=submit]")
        b.until_text("dialog .expect-foot", "Cancel")
        b.click("dialog [type=submit]")
        b.until_text("dialog .notice", "Cancelled.")
    b.click("dialog [type=submit]")
    b.until_text("dialog .expect-foot", "Cancel")
    b.press(Keys.ESCAPE)
    b.until(lambda: not b.all("dialog"), "the form is closed")


CASES = [
    a_wait_ends_as_soon_as_requests_match,
    a_wait_that_is_not_met_names_the_nearest,
    a_wait_for_an_order_and_for_none,
    a_wait_is_cancelled_or_refused,
]
