"""What is done with records: replay, edit, compare, copy, mark, comment and delete."""

import pages_traffic as traffic
from browser import Keys
from pages_app import ORDER, STUB


def replay_makes_a_child_that_is_compared(page):
    b = page.browser
    page.send("POST", "/orders", b'{"n": 1}', [("Content-Type", "application/json")])
    page.wait_for_count(1)
    parent = page.items()[0]["id"]
    b.press("j")
    b.until_text("#detail-head", "/orders")
    b.press("r")
    page.wait_for_count(2)
    b.until_text("#toasts", "Replayed: 200")
    child = next(item for item in page.items() if item["origin"] == "replay")
    assert child["parent"] == parent, child
    b.until_text("#detail-head", "replay")
    assert f"id={child['id']}" in b.driver.current_url
    b.press("d")
    b.until_text("#tab-panel", "Different: response body")
    assert "/count" in b.texts(".changes th"), b.texts(".changes th")
    assert len(b.all(".changes del")) == len(b.all(".changes ins")) == 1
    page.check_accessibility("diff")


def a_key_replays_a_request_twice_at_once(page):
    b = page.browser
    page.send("POST", "/pair", b'{"n": 1}', [("Content-Type", "application/json")])
    page.wait_for_count(1)
    parent = page.items()[0]["id"]
    b.press("j")
    b.until_text("#detail-head", "/pair")
    b.press("t")
    page.wait_for_count(3)
    b.until_text("#toasts", "Replayed 2 times: 2 with the same status.")

    def replays():
        return [(r["parent"], r["status"]) for r in page.items("is:replay")]

    b.until(lambda: replays() == [(parent, 200)] * 2, "both replays with their status")


def an_old_signature_is_made_again(page):
    b = page.browser
    traffic.slack(page.public, "/fail", 4000)
    page.wait_for_count(1)
    b.until(lambda: [r["signature"] for r in page.items()] == ["stale"], "the verdict")
    parent = page.items()[0]
    b.press("j")
    b.until_text("#detail-head", "/fail")
    # A replay of the same bytes fails in the app, and proposes it.
    b.press("r")
    b.until_text("#toasts", "Replayed: 500. The signature is too old by now.")
    b.click("#toasts button", "Sign again")
    page.wait_for_count(3)
    b.until(lambda: [r["signature"] for r in page.items("is:replay")] == ["valid", "stale"], "a fresh signature")
    # So does the tab that says why the signature is wrong, and the form of an edited replay.
    b.run("arguments[0].click()", b.all(f"#record-{parent['id']}")[0])
    page.tab("signature")
    b.until_text("#tab-panel", "stale at arrival")
    page.check_accessibility("signature tab")
    b.click("#tab-panel .button.primary", "Sign again and replay")
    b.until(lambda: [r["signature"] for r in page.items("is:replay")][0:2] == ["valid", "valid"], "another one")
    b.run("arguments[0].click()", b.all(f"#record-{parent['id']}")[0])
    b.until_text("#detail-head", "signature stale")
    b.press("e")
    b.until(lambda: b.all("dialog[open]"), "the form")
    (sign,) = [label for label in b.all("dialog .options label") if label.text.startswith("Sign again")]
    assert b.run("return arguments[0].querySelector('input').checked", sign)


def a_right_signature_may_be_made_again(page):
    b = page.browser
    traffic.github(page.public, "push", 7)
    page.wait_for_count(1)
    b.press("j")
    b.until_text("#detail-head", "signature valid")
    page.tab("signature")
    b.until_text("#tab-panel", "github")
    assert not b.all("#tab-panel .button.primary")
    b.click("#tab-panel .button", "Sign again and replay")
    b.until(lambda: [r["signature"] for r in page.items("is:replay")] == ["valid"], "it is signed again")


def the_rules_of_stub_are_shown(page):
    if page.stub is None:
        return  # of a client that was started elsewhere
    b = page.browser
    assert page.send("GET", "/stubbed") == 202
    page.wait_for_count(1)
    b.until(lambda: b.texts(".row .chip") == ["stub 2"], "the request is marked")
    b.press("j")
    b.until_text("#detail-head", "response of --stub, rule 2")
    b.click("#list-menu")
    b.click("[role=menuitem]", "Responses of --stub")
    b.until_text("dialog[open] .stub-rules", "status 202, always")
    assert b.texts("dialog .stub-rules td") == [
        "every request", "the challenge of slack", "0 responses", "path:/stubbed", "status 202, always", "1 response"
    ], b.texts("dialog .stub-rules td")  # fmt: skip
    page.check_accessibility("stub dialog")
    # A file that becomes invalid is named where it is seen, and its rules stay.
    page.stub.write_text("{", encoding="utf-8")
    b.until_text("dialog[open] [role=alert]", "These rules stay in force: --stub ")
    b.press(Keys.ESCAPE)
    b.click("#alerts button", "The file of --stub is not valid")
    b.until_text("dialog[open] .stub-rules", "path:/stubbed")
    page.stub.write_text(STUB, encoding="utf-8")
    b.until(lambda: not b.all("dialog [role=alert]") and not b.all("#alerts button"), "the file is read again")
    b.press(Keys.ESCAPE)
    b.press("s")
    b.until_text("dialog[open]", "2 rules of ")


def faults_are_turned_on_and_off(page):
    b = page.browser
    b.click("#list-menu")
    b.click("[role=menuitem]", "Faults on purpose")
    b.until_text("dialog[open]", "No fault is on.")
    b.click("dialog .fault-examples button", "reset nth 5")
    rule = "return document.activeElement.value"
    assert b.run(rule) == "reset nth 5", b.run(rule)
    b.run("document.activeElement.select()")
    b.press("status 42 if path:/orders", Keys.ENTER)
    b.until_text("dialog[open] [role=alert]:not([hidden])", "status takes a code")
    page.check_accessibility("fault dialog with an error")
    b.run("arguments[0].select()", b.all("dialog [aria-label=Rule]")[0])
    b.press("status 503 retry-after 10 if path:/orders", Keys.ENTER)
    b.until_text("dialog .fault-row", "status 503 retry-after 10 if path:/orders")
    b.until(lambda: not b.all("dialog [role=alert]:not([hidden])"), "the error is gone")
    assert [fault["rule"] for fault in page.api("GET", "/faults")["items"]] == b.texts("dialog .fault-row code")
    b.press("reset if path:/never", Keys.TAB, "10m", Keys.ENTER)
    b.until(lambda: len(b.all("dialog .fault-row")) == 2, "the second fault")
    assert page.api("GET", "/faults")["items"][1]["ends_at"] is not None
    assert ", until " in b.texts("dialog .fault-row")[1]
    page.check_accessibility("fault dialog")
    b.press(Keys.ESCAPE)
    assert page.send("GET", "/orders") == 503
    page.wait_for_count(1)
    b.until(lambda: b.texts(".row .chip") == ["fault"], "the request is marked")
    b.click("#alerts button", "2 faults on purpose")
    b.until_text("dialog .fault-row", "made 1 of 1 time")
    b.click("dialog .fault-row button", "Turn off")
    b.until(lambda: b.texts("dialog .fault-row code") == ["reset if path:/never"], "the first fault is off")
    assert page.send("GET", "/orders") == 200
    # One that is turned on elsewhere is seen too.
    page.api("POST", "/faults", {"rule": "duplicate if path:/never"})
    b.until(lambda: len(b.all("dialog .fault-row")) == 2, "a fault that the API turned on")
    b.click("dialog .button.danger", "Turn all off")
    b.until_text("dialog[open]", "No fault is on.")
    assert page.api("GET", "/faults")["items"] == []
    b.until(lambda: not b.all("#alerts button"), "the alert is gone")


def two_chosen_records_are_compared(page):
    b = page.browser
    page.send("POST", "/echo", b"one\ntwo\nthree", [("Content-Type", "text/plain")])
    page.send("POST", "/echo", b"one\n2\nthree", [("Content-Type", "text/plain")])
    page.wait_for_count(2)
    older = page.items()[1]["id"]
    b.press("j", "j")
    b.until(lambda: f"id={older}" in b.driver.current_url, "the older one is selected")
    b.press("D", "k", "d")
    b.until_text("#tab-panel", "request body")
    assert f"with={older}" in b.driver.current_url, b.driver.current_url
    assert b.texts(".diff-line.removed .diff-text") == ["two"], b.texts(".diff-line")
    assert b.texts(".diff-line.added .diff-text") == ["2"]


def an_edited_replay_sends_the_edits(page):
    b = page.browser
    page.send("POST", "/echo", f'{{"id": {ORDER}}}'.encode(), [("Content-Type", "application/json"), ("X-Kept", "yes")])
    page.wait_for_count(1)
    b.press("j")
    b.until_text("#detail-head", "/echo")
    b.press("e")
    b.until(lambda: b.all("dialog.edit[open]"), "the dialog")
    page.check_accessibility("edit dialog")
    set_value = "const e = arguments[0]; e.focus(); e.select();"
    b.run(set_value, b.all("dialog [aria-label=Target]")[0])
    b.press("/orders?edited=1")
    b.run(set_value, b.all("dialog [aria-label=Body]")[0])
    b.press('{"id": 9007199254740993124}')
    b.click("dialog .text-button", "Add header")
    b.press("X-Added", Keys.TAB, "new value")
    b.chord(Keys.CONTROL, Keys.ENTER)
    page.wait_for_count(2)
    b.until_text("#detail-head", "edited replay")
    child = page.api("GET", f"/exchanges/{next(i for i in page.items() if i['origin'] == 'replay')['id']}")
    assert child["target"] == "/orders?edited=1", child
    fields = {name.lower(): value for name, value in child["request"]["fields"]}
    assert fields["x-added"] == "new value" and fields["x-kept"] == "yes", fields
    view = page.api("GET", f"/exchanges/{child['id']}/request/view")
    assert view["text"] == '{"id": 9007199254740993124}', view


def indented_json_is_edited_without_changing_the_rest(page):
    b = page.browser
    recorded = f'{{"id":{ORDER}, "id":1.50,"items":[ 1,2 ],"paid":false}}\r\n'
    page.send("POST", "/echo", recorded.encode(), [("Content-Type", "application/json")])
    page.wait_for_count(1)

    def replayed(change, count):
        """What is replayed once the indented body was changed so."""
        b.until(lambda: b.all("dialog.edit[open]"), "the dialog")
        b.click("dialog .segment", "Indented")
        area = b.all("dialog [aria-label=Body]")[0]
        shown = area.get_property("value")
        assert f'  "id": {ORDER},\n  "id": 1.50,\n  "items": [\n    1,\n    2\n  ],\n' in shown, shown
        b.run("const e = arguments[0]; e.value = e.value.replace(...arguments[1]); e.focus()", area, change)
        page.check_accessibility("indented body")
        b.click("dialog .button.primary")
        page.wait_for_count(count)
        child = next(item for item in page.items() if item["origin"] == "replay")
        return child, page.api("GET", f"/exchanges/{child['id']}/request/view")["text"]

    b.press("j")
    b.until_text("#detail-head", "/echo")
    b.press("e")
    child, text = replayed(["false", "true"], 2)
    assert child["edited"] and text == recorded.replace("false", "true"), text
    b.until(lambda: not b.all("dialog.edit[open]"), "the dialog closed")
    page.open(f"id={child['parent']}")
    b.until_text("#detail-head", "/echo")
    b.press("e")
    child, text = replayed(["nothing", ""], 3)
    assert not child["edited"] and text == recorded, text


def a_raw_message_is_edited(page):
    b = page.browser
    page.send("POST", "/echo", b"before", [("Content-Type", "text/plain")])
    page.wait_for_count(1)
    b.press("j")
    b.until_text("#detail-head", "/echo")
    b.press("e")
    b.until(lambda: b.all("dialog.edit[open]"), "the dialog")
    b.click("dialog .segment", "Raw message")
    area = b.all("dialog [aria-label='Raw message']")[0]
    b.run(
        "const e = arguments[0]; e.value = e.value.replace('before', 'after').replace('/echo', '/orders'); e.focus()",
        area,
    )
    b.click("dialog .button.primary")
    page.wait_for_count(2)
    child = next(item for item in page.items() if item["origin"] == "replay")
    assert child["target"] == "/orders" and child["request_bytes"] == 5, child


def copy_as_fills_the_clipboard(page):
    b = page.browser
    grant = {"origin": page.inspector, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    b.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    page.send("POST", "/echo", b"it's", [("Content-Type", "text/plain"), ("Authorization", "Bearer secret-1")])
    page.wait_for_count(1)
    b.press("j")
    b.until_text("#detail-head", "/echo")
    read = "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done('error ' + e))"
    b.press("c")
    b.until(lambda: b.all("[role=menu]"), "the menu")
    page.check_accessibility("menu")
    b.press(Keys.ENTER)
    b.until_text("#toasts", "Secrets are left out")
    text = b.driver.execute_async_script(read)
    assert text.startswith("# Secret fields are REDACTED.\ncurl ") and "/echo" in text and "secret-1" not in text, text
    b.press("c")
    b.click("[role=menuitem]", "curl with secrets")
    b.until_text("#toasts", "with its secrets")
    assert "secret-1" in b.driver.execute_async_script(read)


def a_body_and_a_url_are_copied(page):
    b = page.browser
    grant = {"origin": page.inspector, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    b.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    body = f'{{"order":{ORDER}}}'
    page.send("POST", "/echo?n=1", body.encode(), [("Content-Type", "application/json"), ("Host", "app.example.dev")])
    page.wait_for_count(1)
    page.select("/echo")
    read = "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done('error ' + e))"
    b.click(".body-bar .text-button", "Copy")
    b.until(lambda: b.driver.execute_async_script(read) == body, "the body, byte for byte")
    b.click(".copied .text-button", "Copy")
    b.until(lambda: b.driver.execute_async_script(read) == "http://app.example.dev/echo?n=1", "the URL")


def the_tunnel_is_described(page):
    b = page.browser
    page.send("GET", "/orders")
    page.wait_for_count(1)
    for open_it in (lambda: b.press("s"), lambda: b.click("#tunnel-details")):
        open_it()
        b.until_text("dialog[open]", page.public)
        text = b.text("dialog[open]")
        port = f":{page.app.server_port}"
        for part in (port, "accepted the last request", "Tunnel up since", "1 record of", "in memory"):
            assert part in text, (part, text)
        page.check_accessibility("the tunnel")
        b.press(Keys.ESCAPE)
        b.until(lambda: not b.all("dialog[open]"), "closed")


def marks_comments_and_deletes(page):
    b = page.browser
    for n in range(3):
        page.send("GET", f"/orders/{n}")
    page.wait_for_count(3)
    b.press("j", "m")
    b.until(lambda: b.all(".row .is-marked"), "the mark")
    b.press("n")
    b.until(lambda: b.all("dialog[open] textarea"), "the dialog")
    b.press("look at <this>")
    b.chord(Keys.CONTROL, Keys.ENTER)
    b.until_text("#tab-panel", "look at <this>")
    assert page.items("is:marked")[0]["comment"] == "look at <this>"
    b.press("j", "x")
    page.wait_for_rows("GET/orders/2", "GET/orders/0")
    assert len(page.items()) == 2
    b.press("g", "x")
    b.until_text("dialog[open]", "Delete a marked record?")
    page.check_accessibility("question")
    b.press(Keys.ENTER)
    page.wait_for_rows("GET/orders/0")
    b.click("#list-menu")
    b.click("[role=menuitem]", "Clear")
    b.click("dialog[open] .button.danger")
    b.until_text("#list-nothing:not([hidden])", "Waiting for requests")
    assert page.items() == []
    b.until(lambda: b.all("#detail.empty"), "the deleted record is closed")


CASES = [
    replay_makes_a_child_that_is_compared,
    a_key_replays_a_request_twice_at_once,
    faults_are_turned_on_and_off,
    an_old_signature_is_made_again,
    a_right_signature_may_be_made_again,
    the_rules_of_stub_are_shown,
    two_chosen_records_are_compared,
    an_edited_replay_sends_the_edits,
    indented_json_is_edited_without_changing_the_rest,
    a_raw_message_is_edited,
    copy_as_fills_the_clipboard,
    a_body_and_a_url_are_copied,
    the_tunnel_is_described,
    marks_comments_and_deletes,
]
