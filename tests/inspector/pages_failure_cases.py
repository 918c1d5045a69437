"""The job that the page is opened for: find what failed, see why, mend the app, replay, compare."""

import base64
import contextlib
import http.client
import json

import pages_traffic as traffic


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


def what_the_app_said_of_a_failure_stands_first(page):
    b = page.browser
    page.send("POST", "/fail", b'{"n": 1}', [("Content-Type", "application/json")])
    page.send("POST", "/orders", b'{"n": 1}', [("Content-Type", "application/json")])
    page.wait_for_count(2)
    for target, first in (("/fail", "Response body"), ("/orders", "Request body")):
        page.select(target)
        b.until(lambda wanted=first: b.texts(".bodies h3")[:1] == [wanted], f"{first} first of {target}")
    assert b.text("#list-count") == "2 in the list", b.text("#list-count")


def a_failure_on_the_way_is_named_in_plain_words(page):
    b = page.browser
    page.send("POST", "/hang-up", b"{}")
    page.wait_for_count(1)
    b.until(lambda: b.texts(".row .note-bad") == ["app disconnected"], "the reason in the row")
    page.select("/hang-up")
    b.until_text("#detail-head", "app disconnected")
    b.until_text(".notice", "App disconnected. The local app closed the connection before its response")
    page.tab("response")
    b.until_text(".notice", "tunnel-client made this response")
    page.tab("summary")
    b.click(".facts .value", "local-reset")
    b.until(lambda: b.run("return document.getElementById('filter').value") == "outcome:local-reset", "the filter")
    page.wait_for_rows("POST/hang-up")
    page.check_accessibility("a failure on the way")


def long_lines_wrap_and_are_copied_as_they_are(page):
    b = page.browser
    text = "Error: " + "x" * 600 + "\n\n    at handler\n"
    page.send("POST", "/echo", text.encode(), [("Content-Type", "text/plain")])
    page.wait_for_count(1)
    page.select("/echo")
    page.tab("request")
    b.until(lambda: b.all(".wrapped"), "the text")
    assert b.text(".wrapped") == text, b.text(".wrapped")
    assert b.run("const box = document.querySelector('.text'); return box.scrollWidth <= box.clientWidth")
    selected = "getSelection().selectAllChildren(document.querySelector('.wrapped')); return String(getSelection())"
    assert b.run(selected).rstrip("\n") == text.rstrip("\n"), b.run(selected)


def joined_emoji_stay_whole_and_hidden_characters_show(page):
    b = page.browser
    family = "\U0001f469\u200d\U0001f467"
    body = json.dumps({"family": family, "ad\u200dmin": "a\u202eb", "persian": "\u0645\u06cc\u200c\u062e"})
    page.send("POST", "/echo", body.encode(), [("Content-Type", "application/json")])
    page.wait_for_count(1)
    page.select("/echo")
    page.tab("request")
    b.until(lambda: len(b.all(".json-line")) > 3, "the tree")
    shown = b.text(".json")
    for wanted in (family, "ad\\u200dmin", "a\\u202eb", "\u0645\u06cc\u200c\u062e"):
        assert wanted in shown, (wanted, shown)


def a_replay_that_fails_again_is_no_success(page):
    b = page.browser
    traffic.stripe(page.public, "charge.failed", 4200, 40, "/fail")
    page.wait_for_count(1)
    page.select("/fail")
    b.press("r")
    page.wait_for_count(2)
    b.until(lambda: b.texts("#toasts .toast.tone-bad .toast-text"), "a notice in red")
    b.until_text("#detail-head", "replay")
    b.until(lambda: len(b.all(".relatives tr")) == 2, "both attempts")
    rows = b.texts(".relatives tr")
    assert "replay" not in rows[0] and "attempt 2" in rows[1] and "replay" in rows[1], rows
    assert "duplicate" not in rows[1], rows


def a_digit_opens_only_tabs_that_are_there(page):
    b = page.browser
    page.send("GET", "/orders")
    page.wait_for_count(1)
    page.select("/orders")
    b.press("7")
    b.until(lambda: b.all(".tab-raw"), "the tab Raw")
    b.press("8")
    assert not b.run("return document.getElementById('tab-messages').checkVisibility()")
    assert b.all(".tab-raw")


def a_file_of_a_form_is_downloaded(page):
    b = page.browser
    traffic.multipart(page.public)
    page.wait_for_count(1)
    page.select("/echo")
    page.tab("request")
    b.until_text("#tab-panel", "invoice.pdf")
    link = "const a = document.querySelector('.part-download'); return [a.download, a.href]"
    name, url = b.until(lambda: b.run(link), "the link")
    head, data = url.split(",", 1)
    assert (name, head) == ("invoice.pdf", "data:application/octet-stream;base64"), (name, head)
    assert base64.b64decode(data) == b"%PDF-1.7 not really", data


CASES = [
    a_file_of_a_form_is_downloaded,
    a_digit_opens_only_tabs_that_are_there,
    a_replay_that_fails_again_is_no_success,
    joined_emoji_stay_whole_and_hidden_characters_show,
    long_lines_wrap_and_are_copied_as_they_are,
    a_failure_on_the_way_is_named_in_plain_words,
    what_failed_is_counted_and_listed_alike,
    what_the_app_said_of_a_failure_stands_first,
]
