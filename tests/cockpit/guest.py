#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A person at the page of a guest (guest.bats), from the login on, in Cockpit's own frame.
    guest.py PORT PART       PART: reserve or undo"""
import os
import sys
import time

import browser
from browser import By, Keys

SHOTS = os.environ.get("SHOTS")
CARD = "0000:02:00.0"


class Person(browser.Browser):
    """Logged in as an administrator, who has the rights from the beginning or not."""

    def __init__(self, port, administrator=True):
        super().__init__(width=1280, height=1000)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.come("/")
        self.wait("the login", lambda: self.driver.find_element(By.ID, "login-user-input").is_displayed())
        # What the shell remembers of the last time.
        self.script("localStorage.setItem('superuser:admin', arguments[0])",
                    "any" if administrator else "none")
        self.driver.find_element(By.ID, "login-user-input").send_keys("admin")
        self.driver.find_element(By.ID, "login-password-input").send_keys("passthrough", Keys.ENTER)
        self.wait("the shell", lambda: self.driver.find_elements(By.CSS_SELECTOR, "iframe, #topnav, .pf-c-page"),
                  browser.PATIENCE * 4)
        self.come("/vfioboot")
        self.enter()

    def come(self, path):
        end = time.monotonic() + browser.PATIENCE * 4
        while True:
            try:
                self.driver.get(self.url + path)
                return
            except browser.WebDriverException:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def enter(self):
        """Into the frame of the page, when that is there and has its answers."""
        def frame():
            self.driver.switch_to.default_content()
            self.driver.switch_to.frame("cockpit1:localhost/vfioboot")
            return "IOMMU group" in self.text() and "Reading" not in self.text()
        self.wait("the page with its answers", frame, browser.PATIENCE * 4)

    def shell(self):
        self.driver.switch_to.default_content()

    def finish(self):
        """Tells the guest that it can end; root's word, as everything is by this program."""
        self.enter()
        self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            cockpit.spawn(["touch", "/run/vfioboot-test/finished"], { superuser: "try" })
                .then(() => done(""), error => done(String(error)))""")


def picture(person, name):
    if SHOTS:
        person.shell()
        person.shot(f"{SHOTS}/{name}.png")
        person.enter()


def reserve(person):
    text = person.text("#devices")
    assert "bochs-drm" in text and "snd_hda_intel" in text, text
    assert "1234:1111" in text and CARD in text, text
    # The firmware's display is shown as such, and what the root is on is not to be had.
    assert "boot display" in text, text
    person.click(f"add-{CARD}")
    text = person.says("reserves these functions", "#add")
    assert "0000:02:00.1" in text, text
    person.click("add-go")
    person.says("gpu: at the next boot", "#devices", browser.PATIENCE * 2)
    person.says("does not start an image", "#next")
    person.click("apply")
    # Without a configuration there was nothing of ours in the image.
    person.says("(?i)run update-initramfs", "#applying")
    person.click("applying-go")
    person.says("Rebuilding the image .* running", "#applying")
    text = person.says("Finished", "#applying", browser.PATIENCE * 10)
    assert "Reboot for it to take effect" in text, text
    person.click("applying-close")
    person.says("default boot entry starts an image with this configuration", "#next")
    picture(person, "guest")
    limit(person)


def limit(person):
    """The rights are given back in the shell: the page says so, and changes nothing any more."""
    person.shell()
    person.wait("the administrative access", lambda: person.script(
        "const b = [...document.querySelectorAll('button')].find(b => "
        "/Administrative access/.test(b.textContent)); b?.click(); return !!b"))
    person.wait("the dialog", lambda: person.script(
        "const b = [...document.querySelectorAll('button')].find(b => "
        "/Limit access/.test(b.textContent)); b?.click(); return !!b"))
    person.wait("limited access", lambda: person.script(
        "return [...document.querySelectorAll('button')].some(b => "
        "/^Limited access/.test(b.textContent.trim()))"))
    person.enter()
    person.says("limited access")
    for button in ("apply", "undo", f"remove-{CARD}"):
        person.wait(f"#{button} that is disabled", lambda b=button: person.is_disabled(b))
    # One that was there a moment ago.
    person.script("const b = document.getElementById('undo'); b.disabled = false; b.click()")
    text = person.says("This cannot be done", "#undoing")
    assert "administrative access" in text, text
    assert person.is_disabled("undoing-go")


def undo(person):
    text = person.says("All 2 configured functions have the wanted driver", "#this")
    assert text.count("bound in the initramfs") == 2, text
    assert person.text("#devices").count("gpu: reserved") == 2
    person.click("check-run")
    person.says(r"\d+ pass, \d+ fail", "#check", browser.PATIENCE * 4)
    person.click("undo")
    person.says(r"remove /etc/vfioboot\.conf\.d/gpu\.conf", "#undoing")
    person.click("undoing-go")
    text = person.says("Finished|This was not done", "#undoing", browser.PATIENCE * 10)
    assert "Nothing is configured any more" in text, text
    person.click("undoing-close")
    person.says("No device is reserved", "#next")


if __name__ == "__main__":
    guest = Person(sys.argv[1])
    try:
        {"reserve": reserve, "undo": undo}[sys.argv[2]](guest)
        guest.finish()
    except BaseException:
        if SHOTS:
            guest.shell()
            guest.shot(f"{SHOTS}/failed.png")
        raise
    finally:
        guest.close()
