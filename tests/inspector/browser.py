"""Chromium, headless, for the tests of the inspector's pages: Debian's chromium-driver and python3-selenium."""

import contextlib
import json
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# Without these, Chromium itself connects to hosts of its maker.
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


class Browser:
    """One window, and what a user does with it."""

    def __init__(self, driver, limit):
        self.driver = driver
        self.limit = limit

    def open(self, url):
        self.driver.get(url)

    def resize(self, width, height, scale=1):
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme):
        """The system's choice of light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def press(self, *keys):
        """Keys one after the other, to whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def chord(self, modifier, key):
        ActionChains(self.driver).key_down(modifier).send_keys(key).key_up(modifier).perform()

    def blur(self):
        self.run("document.activeElement?.blur()")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def click(self, selector, containing=""):
        """The first element in sight that the selector finds and that has the text."""

        def found():
            for element in self.all(selector):
                if element.is_displayed() and containing in (element.get_attribute("textContent") or ""):
                    element.click()
                    return True
            return False

        self.until(found, f"{selector} containing {containing!r} to click")

    def until(self, condition, what):
        """What `condition` gives once it is true; elements that are replaced meanwhile are looked up again."""
        deadline = time.monotonic() + self.limit
        fault = None
        while time.monotonic() < deadline:
            try:
                value = condition()
                if value:
                    return value
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported when the time is up
                fault = error
            time.sleep(0.02)
        raise AssertionError(f"not in {self.limit:.0f} s: {what}" + (f" ({fault})" if fault else ""))

    def until_text(self, selector, text):
        self.until(
            lambda: text in self.text(selector), f"{text!r} in {selector}, which reads {self.text(selector)[:300]!r}"
        )

    def type_filter(self, text):
        self.blur()
        self.press("/")
        self.chord(Keys.CONTROL, "a")
        self.press(Keys.BACKSPACE, text, Keys.ENTER)

    def requested_urls(self):
        """Every URL that was requested since the last call."""
        urls = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return urls

    def console_faults(self):
        return [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))


@contextlib.contextmanager
def browser(limit, folder):
    options = Options()
    for flag in [*FLAGS, f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        driver.set_script_timeout(limit)
        yield Browser(driver, limit)
    finally:
        driver.quit()
