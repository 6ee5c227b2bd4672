# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Chromium on a page of a real cockpit-ws, and TAP of the tests that use it."""
import os
import re
import sys
import time
import traceback

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PATIENCE = int(os.environ.get("PATIENCE", "60"))


class Browser:
    """A window on the page; what is looked for is waited for."""

    driver = None

    def __init__(self, width=1280, height=1000):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                         f"--window-size={width},{height}", "--hide-scrollbars",
                         "--force-prefers-reduced-motion"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(PATIENCE)

    def close(self):
        if self.driver:
            self.driver.quit()

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def wait(self, what, question, seconds=PATIENCE):
        """The first answer of question() that is one."""
        end = time.monotonic() + seconds
        while True:
            try:
                answer = question()
            except (StaleElementReferenceException, WebDriverException):
                answer = None
            if answer:
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"there is no {what} in:\n{self.text()}")
            time.sleep(0.1)

    def text(self, css="body"):
        """What a person sees, in one line."""
        return self.script("return (document.querySelector(arguments[0])?.innerText ?? '')"
                           ".replace(/\\s+/g, ' ')", css)

    def says(self, pattern, css="body", seconds=PATIENCE):
        """Waits for a text, as a regular expression, and returns all that there is."""
        self.wait(f"'{pattern}'", lambda: re.search(pattern, self.text(css)), seconds)
        return self.text(css)

    def has_no(self, pattern, css="body"):
        found = re.search(pattern, self.text(css))
        assert not found, f"'{pattern}' in:\n{self.text(css)}"

    def element(self, element_id):
        return self.wait(f"#{element_id}",
                         lambda: self.driver.find_element(By.ID, element_id))

    def is_disabled(self, element_id):
        """Of the element that is there then: the page may make another one at any time."""
        return self.wait(f"#{element_id}", lambda: [
            self.driver.find_element(By.ID, element_id).get_attribute("disabled")])[0] is not None

    def click(self, element_id):
        def try_it():
            element = self.driver.find_element(By.ID, element_id)
            if element.get_attribute("disabled") is not None:
                return False
            self.script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True
        self.wait(f"#{element_id} to click on", try_it)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        return self.script("return document.activeElement?.id || document.activeElement?.tagName")

    def tab_to(self, element_id):
        """As a person without a mouse: the Tab key, until it is there, and no more than all there is."""
        for _ in range(200):
            if self.focused() == element_id:
                return
            self.press(Keys.TAB)
        raise AssertionError(f"Tab never comes to #{element_id}")

    def resize(self, width, height):
        """To a window of that size; a smaller one than Chromium's is a telephone's."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def shot(self, path):
        self.driver.save_screenshot(path)

    def complaints(self):
        """What the console has that is no font of the other version of Cockpit."""
        return [line["message"] for line in self.driver.get_log("browser")
                if line["level"] == "SEVERE" and "/static/fonts/" not in line["message"]]

    def axe(self, source):
        """Rules of axe-core that the page breaks, each with its elements."""
        self.script(source)
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })
                .then(result => done(result.violations.map(v =>
                    `${v.id}: ${v.help}: ${v.nodes.map(n => n.html.slice(0, 200)).join(" | ")}`)),
                    error => done([String(error)]))""")
        assert not found, "\n".join(found)


def run(tests):
    """Runs functions, whose first lines of documentation are their names, as TAP."""
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [test for test in tests if re.search(pattern, test.__doc__)]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__doc__.splitlines()[0].rstrip(".")
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except # each is a failure
            failed += 1
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            sys.stdout.flush()
    return failed
