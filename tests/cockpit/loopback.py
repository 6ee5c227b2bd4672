#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The page in Chromium, by a cockpit-ws and cockpit-bridge on this machine, on a desktop below a
directory (host): each state that it has, and what it says when something fails. The guest in
guest.py is a whole machine.
    loopback.py STAGE [FILTER]       STAGE: what `make install-cockpit DESTDIR=` put there
COCKPIT is the root directory that has Cockpit, / without it; AXE is the file of axe-core, SHOTS names a directory for pictures."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import browser
from browser import Keys

HERE = os.path.dirname(os.path.abspath(__file__))
STAGE = os.path.abspath(sys.argv[1])
SHOTS = os.environ.get("SHOTS")
AXE = open(os.environ["AXE"], encoding="utf-8").read()
SCRATCH = tempfile.mkdtemp(prefix="vfioboot-page.", dir="/dev/shm")
HOST = f"{SCRATCH}/host"
COCKPIT = os.environ.get("COCKPIT", "/")
# Of another root what is below /dev and /proc is this machine's, and the names of devices are.
INSIDE = [] if COCKPIT == "/" else ["unshare", "--mount", "--propagation", "private", "sh", "-c", """
    mount --rbind /dev "$0/dev" && mount --bind /usr/lib/udev "$0/usr/lib/udev" &&
    mount -t proc proc "$0/proc" && exec chroot "$0" "$@" """, COCKPIT]
CARD = "0000:02:00.0"
DRIVE = "0000:03:00.0"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Page(browser.Browser):
    """The page on a new desktop, of a session with the rights of root or without any."""

    def __init__(self, administrator=True, keep=False, **size):
        if not keep:
            make_host()
        os.chmod(SCRATCH, 0o755)
        bridge = f"{SCRATCH}/bridge"
        rights = "" if administrator else "setpriv --reuid=65534 --regid=65534 --clear-groups"
        with open(bridge, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\nexport PATH={HOST}.path:/usr/sbin:/usr/bin HOME=/tmp\n"
                    f"export XDG_DATA_DIRS={SCRATCH}/stage/usr/share:/usr/share\n"
                    f"cd / && exec {rights} cockpit-bridge\n")
        os.chmod(bridge, 0o755)
        self.port = free_port()
        self.ws = subprocess.Popen(
            [*INSIDE, "/usr/lib/cockpit/cockpit-ws", "--address", "127.0.0.1", "--port", str(self.port),
             f"--local-session={bridge}"], stdin=subprocess.DEVNULL, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=open(f"{SCRATCH}/ws.log", "ab"))
        try:
            super().__init__(**size)
            self.load()
        except BaseException:
            self.close()
            raise

    def load(self):
        url = f"http://127.0.0.1:{self.port}/cockpit/@localhost/vfioboot/index.html"
        deadline = time.monotonic() + browser.PATIENCE
        while True:
            try:
                self.driver.get(url)
                break
            except browser.WebDriverException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        self.says("IOMMU group")
        self.says("Boot menu")
        self.wait("all answers", lambda: "Reading" not in self.text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        super().close()
        os.killpg(self.ws.pid, signal.SIGTERM)
        self.ws.wait()


def make_host():
    shutil.rmtree(HOST, ignore_errors=True)
    if not os.path.isdir(f"{SCRATCH}/made"):
        subprocess.run([f"{HERE}/host", HOST], check=True, stdout=subprocess.DEVNULL)
        os.rename(HOST, f"{SCRATCH}/made")
    subprocess.run(["cp", "-a", f"{SCRATCH}/made", HOST], check=True)


def vfioboot(*arguments):
    return subprocess.run([f"{HOST}.path/vfioboot", *arguments], check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)


def write(path, text):
    os.makedirs(os.path.dirname(f"{HOST}/{path}"), exist_ok=True)
    with open(f"{HOST}/{path}", "w", encoding="utf-8") as f:
        f.write(text)


def shot(page, name):
    """A picture for README, small in bytes."""
    if not SHOTS:
        return
    path = f"{SHOTS}/{name}.png"
    page.script("window.scrollTo(0, 0)")
    page.shot(path)
    subprocess.run(["pngquant", "--force", "--strip", "--output", path, "32", path], check=True)


def dark(page, on=True):
    page.script("localStorage.setItem('shell:style', arguments[0]);"
                "window.dispatchEvent(new CustomEvent('cockpit-style', "
                "{ detail: { style: arguments[0] } }))", "dark" if on else "light")


def add(page, address=CARD):
    page.click(f"add-{address}")
    page.click("add-go")
    page.says(r"gpu: at the next boot", "#devices")


def apply(page):
    page.click("apply")
    page.click("applying-go")
    page.says("Finished", "#applying")
    page.click("applying-close")


# ---- what it shows

def test_list():
    """devices by IOMMU group, with names, drivers and what the host uses"""
    with Page() as page:
        text = page.text("#devices")
        for group in (0, 4, 16, 17, 18):
            assert f"IOMMU group {group}" in text, text
        assert "NVIDIA GeForce RTX 3080" in text and "nouveau" in text
        assert "carries /, /boot/efi" in text and "boot display" in text
        assert "0000:00:1f.6" not in text
        page.click("all-devices")
        page.says(r"0000:00:1f\.6", "#devices")
        page.says("network in use: eno1", "#devices")
        assert "No device is reserved" in page.text("#next")
        assert "Nothing is configured" in page.text("#this")
        assert "Debian GNU/Linux" in page.text("#menu")
        assert not page.complaints(), page.complaints()


def test_markup():
    """names that are markup are text"""
    with Page() as page:
        write("etc/vfioboot.conf", "[device gpu]\npath = 00:01.1/00\n[bad <img src=x>]\n")
        page.click("refresh")
        page.says("<img src=x>")
        assert page.script("return document.querySelector('img')") is None


# ---- what it changes

def test_add():
    """a card: what is reserved with it, and what the next boot does"""
    with Page() as page:
        page.click(f"add-{CARD}")
        text = page.says("reserves these functions", "#add")
        assert "NVIDIA GA102 HD Audio" in text and "0000:02:00.1" in text, text
        assert "same card" in text and text.count("reserved") >= 2, text
        assert not os.path.exists(f"{HOST}/etc/vfioboot.conf.d/gpu.conf")
        page.click("add-go")
        page.says("gpu: at the next boot", "#devices")
        page.says("does not start an image", "#next")
        assert page.text("#next").count("vfio-pci") == 2
        page.says("not tried", "#this")
        page.says("outdated|without vfioboot", "#menu")
        assert os.path.exists(f"{HOST}/etc/vfioboot.conf.d/gpu.conf")
        assert not page.complaints(), page.complaints()


def test_only():
    """a card: only the chosen function, and only from the boot menu"""
    with Page() as page:
        page.click(f"add-{CARD}")
        page.says("same card", "#add")
        page.click("when-menu")
        page.wait("the choice", lambda: not page.is_disabled("add-go"))
        assert page.element("when-menu").is_selected()
        assert page.focused() == "when-menu"
        page.click("add-go")
        page.says("only by a boot entry with the profile 'passthrough'", "#next")
        with open(f"{HOST}/etc/vfioboot.conf.d/gpu.conf", encoding="utf-8") as f:
            assert "profile = passthrough" in f.read()


def test_refused():
    """what the host runs on: why not, with the remedy, and no way to do it"""
    with Page() as page:
        page.click(f"add-{DRIVE}")
        text = page.says("cannot be reserved", "#add")
        assert "0000:03:00.0 carries /" in text, text
        assert "move that data to another device first" in text, text
        assert page.is_disabled("add-go")
        page.press(Keys.ESCAPE)
        page.wait("the page without dialog", lambda: page.focused() == f"add-{DRIVE}")


def test_apply():
    """apply: the steps, their progress as it happens, and a real change"""
    with Page() as page:
        add(page)
        write("seconds", "2\n")
        page.click("apply")
        page.says("(?i)run update-initramfs", "#applying")
        page.click("applying-go")
        # While it works: the step before is done, this one is not, and it cannot be closed.
        page.says("Rebuilding the image .* running", "#applying")
        page.says(r"Write /etc/vfioboot\.protect done", "#applying")
        page.press(Keys.ESCAPE, Keys.ESCAPE)
        assert page.text("#applying"), "the dialog is gone"
        assert page.script("return document.querySelector('.bar').value") == 1
        text = page.says("Finished", "#applying")
        assert "Reboot for it to take effect" in text, text
        assert page.focused() == "applying-close"
        page.click("applying-close")
        page.says("default boot entry starts an image with this configuration", "#next")
        page.says("up to date", "#menu")
        status = json.loads(vfioboot("status", "--json").stdout)
        assert status["ready"] is True, status
        assert not page.complaints(), page.complaints()


def test_apply_fails():
    """apply that fails: what the program says, and that all was undone"""
    with Page() as page:
        add(page)
        write("fails", "")
        page.click("apply")
        page.click("applying-go")
        text = page.says("This was not done", "#applying")
        assert "the attic is full" in text, text
        assert "all changes were undone" in text, text
        assert "failed" in text and "Finished" not in text, text
        page.click("applying-close")
        page.says("does not start an image", "#next")


def test_undo():
    """everything is taken back, after a look at what that is"""
    with Page() as page:
        add(page)
        apply(page)
        page.click("undo")
        page.says(r"remove /etc/vfioboot\.conf\.d/gpu\.conf", "#undoing")
        assert os.path.exists(f"{HOST}/etc/vfioboot.conf.d/gpu.conf")
        page.click("undoing-go")
        page.says("Nothing is configured any more", "#undoing")
        page.click("undoing-close")
        page.says("No device is reserved", "#next")
        assert not os.path.exists(f"{HOST}/etc/vfioboot.conf.d/gpu.conf")


def test_remove():
    """one card is given back"""
    with Page() as page:
        add(page)
        page.click(f"remove-{CARD}")
        page.click("remove-go")
        page.says("vfioboot apply", "#remove")
        page.click("remove-close")
        page.wait("the card", lambda: page.element(f"add-{CARD}"))
        page.says("No device is reserved", "#next")


def test_cancel():
    """a dialog that is left changes nothing"""
    with Page() as page:
        page.click(f"add-{CARD}")
        page.says("reserves these functions", "#add")
        page.click("add-close")
        add(page)
        for button, dialog in (("apply", "applying"), ("undo", "undoing")):
            page.click(button)
            page.says("to do|remove|run", f"#{dialog}")
            page.click(f"{dialog}-close")
        assert os.path.exists(f"{HOST}/etc/vfioboot.conf.d/gpu.conf")
        assert not os.path.exists(f"{HOST}/log")


# ---- what it says

def test_this_boot():
    """what this boot did"""
    make_host()
    vfioboot("add", "02:00")
    early = os.path.join(HERE, "../../build/vfioboot-early")
    subprocess.run([early, "--root", HOST], check=False, stderr=subprocess.DEVNULL)
    record = f"{HOST}/run/vfioboot/system.record"
    with open(record, encoding="utf-8") as f:
        text = f.read()
    for old, new in (("stage system", "stage initramfs"), ("driver=- ", "driver=vfio-pci ")):
        text = text.replace(old, new)
    lines = [line.split(" driver=")[0] + " driver=vfio-pci result=bound reason=-"
             if line.startswith("function ") else line for line in text.splitlines()]
    write("run/vfioboot/initramfs.record", "\n".join(lines) + "\n")
    os.unlink(record)
    for function in (0, 1):
        driver = f"{HOST}/sys/devices/pci0000:00/0000:00:01.1/0000:02:00.{function}/driver"
        os.unlink(driver)
        os.symlink("../../../../bus/pci/drivers/vfio-pci", driver)
    with Page(keep=True) as page:
        page.says("All 2 configured functions have the wanted driver", "#this")
        assert page.text("#this").count("bound in the initramfs") == 2
        assert page.text("#devices").count("gpu: reserved") == 2
        page.says("vfioboot .* ran, with kernel", "#this")


def test_check():
    """check: each point that fails first, with its remedy"""
    with Page() as page:
        vfioboot("add", "02:00")
        write("etc/modprobe.d/old.conf", "options vfio-pci ids=10de:2206\n")
        page.click("check-run")
        text = page.says(r"\d+ pass, [1-9]\d* fail, \d+ unknown", "#check")
        body = text[text.index("What to do"):]
        assert body.index("fail") < body.index("pass"), text
        assert "leftovers" in text and "check --fix leftovers" in text, text


def test_menu():
    """the boot menu: an error of the program is shown, with what it says to do"""
    with Page() as page:
        page.click("entry-add")
        text = page.says("no device is configured", "#adding-entries")
        assert "vfioboot add DEVICE" in text, text
        assert page.is_disabled("adding-entries-go")
        page.click("adding-entries-close")
        page.click("try")
        page.says("This was not done", "#trying")
        page.click("trying-close")


def test_trial():
    """a trial: how it ended, and what can be done with it"""
    with Page() as page:
        write("var/lib/vfioboot/trial/state",
              "vfioboot-trial 1\nid 1a2b\nphase failed\nreason not-up\ntext it never came up\n")
        page.click("refresh")
        text = page.says("The last trial failed", "#menu")
        assert "it never came up" in text, text
        page.click("cancel-trial")
        page.says("Would delete", "#cancel")


def test_config_error():
    """an error of the configuration has its file and line"""
    with Page() as page:
        write("etc/vfioboot.conf", "# mine\n[device x]\nnonsense = 1\n")
        page.click("refresh")
        page.says(r"/etc/vfioboot\.conf:3", "#next")
        page.click("apply")
        text = page.says("This was not done", "#applying")
        assert "nothing was changed" in text, text
        assert page.is_disabled("applying-go")


def test_other_version():
    """a program of another version is told from a right one"""
    with Page() as page:
        program = f"{HOST}.path/vfioboot"
        os.rename(program, f"{program}.kept")
        with open(program, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\necho '{\"functions\": [{}], \"plan\": 7}'\n")
        os.chmod(program, 0o755)
        page.click("refresh")
        page.says(r"vfioboot did not say 'list\.functions\.address'; install the same version")
        os.unlink(program)
        page.click("refresh")
        page.says("The program vfioboot is not installed")
        os.rename(f"{program}.kept", program)


def test_limited():
    """limited access: it is said, all can be read, and nothing be changed"""
    with Page(administrator=False) as page:
        page.says("limited access")
        assert "NVIDIA GeForce RTX 3080" in page.text("#devices")
        for button in (f"add-{CARD}", "apply", "undo", "try", "entry-add", "entry-remove"):
            assert page.is_disabled(button), button
        # A button that was enabled when the rights went: the bridge refuses, and that is said.
        # The page draws it again with each answer that comes.
        page.wait("#undoing", lambda: page.script(
            "const button = document.getElementById('undo'); button.disabled = false; button.click();"
            "return document.getElementById('undoing')?.open"))
        text = page.says("This cannot be done", "#undoing")
        assert "administrative access" in text, text
        assert page.is_disabled("undoing-go")


# ---- for whom it is shown

def test_dark():
    """dark, as Cockpit's shell has it, at once and when it changes"""
    with Page(width=1100, height=1180) as page:
        colour = "return getComputedStyle(document.querySelector('.pf-v6-c-card')).backgroundColor"
        light = page.script(colour)
        add(page)
        apply(page)
        shot(page, "light")
        dark(page)
        assert "pf-v6-theme-dark" in page.script("return document.documentElement.className")
        assert page.script(colour) != light
        page.axe(AXE)
        shot(page, "dark")
        page.load()
        assert "pf-v6-theme-dark" in page.script("return document.documentElement.className")
        dark(page, False)
        assert page.script(colour) == light


def test_rules():
    """the browser understands each rule of the style sheet: it leaves out others without a word"""
    with open(f"{HERE}/../../cockpit/page.css", encoding="utf-8") as f:
        rules = len(re.findall(r"(?m)^}", f.read()))
    with Page() as page:
        assert rules > 10
        assert rules == page.script(
            "return [...document.styleSheets].find(s => s.href?.endsWith('/page.css')).cssRules.length")


def test_narrow():
    """narrow as a telephone: nothing is wider than the screen, and all is readable"""
    with Page() as page:
        page.resize(360, 740)
        add(page)
        width = "return [document.documentElement.scrollWidth, innerWidth]"
        assert page.script(width)[0] <= 360, page.script(width)
        # Each cell says what it is where there is no heading.
        label = page.script("return getComputedStyle(document.querySelector('#devices td'),"
                            "'::before').content")
        assert "Address" in label, label
        page.axe(AXE)
        page.click("undo")
        page.says("remove /etc", "#undoing")
        box = page.script("const r = document.getElementById('undoing').getBoundingClientRect();"
                          "return [r.left, r.right]")
        assert box[0] >= 0 and box[1] <= 360, box
        page.axe(AXE)


def test_keyboard():
    """the keyboard alone: a card is reserved, applied and given back"""
    with Page() as page:
        page.tab_to(f"add-{CARD}")
        page.press(Keys.ENTER)
        page.says("reserves these functions", "#add")
        page.wait("the button", lambda: not page.is_disabled("add-go"))
        page.tab_to("add-go")
        page.press(Keys.ENTER)
        page.says("gpu: at the next boot", "#devices")
        page.tab_to("apply")
        page.press(Keys.ENTER)
        page.says("(?i)run update-initramfs", "#applying")
        page.tab_to("applying-go")
        page.press(Keys.SPACE)
        page.says("Finished", "#applying")
        page.press(Keys.ENTER)
        page.wait("the focus where it was", lambda: page.focused() == "apply")
        page.tab_to(f"remove-{CARD}")
        page.press(Keys.ENTER)
        page.wait("the button", lambda: not page.is_disabled("remove-go"))
        page.tab_to("remove-go")
        page.press(Keys.ENTER)
        page.says("vfioboot apply", "#remove")
        page.press(Keys.ENTER)
        page.says("No device is reserved", "#next")
        # What had the focus is gone: it is in the same part of the page.
        page.wait("the focus", lambda: page.focused() == "devices-title")


def test_focus_is_seen():
    """each control shows that it has the focus"""
    with Page() as page:
        page.press(Keys.TAB)
        for _ in range(8):
            seen = page.script(
                "const s = getComputedStyle(document.activeElement);"
                "return s.outlineStyle !== 'none' || s.boxShadow !== 'none'")
            assert seen, page.focused()
            page.press(Keys.TAB)


def test_screen_reader():
    """a screen reader: axe finds nothing on the page and in dialogs, and news are said"""
    with Page() as page:
        page.axe(AXE)
        page.click(f"add-{CARD}")
        page.says("reserves these functions", "#add")
        page.axe(AXE)
        page.click("add-go")
        page.says("Reserved", "#news")
        page.click("apply")
        page.says("(?i)run update-initramfs", "#applying")
        page.axe(AXE)
        page.click("applying-go")
        page.says("Finished", "#applying")
        page.says("Finished", "#news")
        page.axe(AXE)
        page.click("applying-close")
        page.click("check-run")
        page.says(r"\d+ pass", "#check")
        page.axe(AXE)
        page.click(f"add-{DRIVE}")
        page.says("cannot be reserved", "#add")
        page.axe(AXE)


if __name__ == "__main__":
    shutil.copytree(STAGE, f"{SCRATCH}/stage", symlinks=True)
    try:
        sys.exit(browser.run([f for name, f in list(globals().items())
                              if name.startswith("test_")]) != 0)
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
