# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the tests of the Python module share: machines of tests/fixtures; and what they say, as TAP.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import vfioboot

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("VFIOBOOT", TOP / "build/vfioboot")).resolve()

# The second one of two cards, as `vfioboot add` writes it.
SECOND = b"[device second]\npath = 00:01.1/00\nexpect = 2\n"


def compose(fixture: str, root: pathlib.Path, config: bytes = b"") -> pathlib.Path:
    """Makes a machine of tests/fixtures at @root."""
    root.mkdir()
    machine = TOP / "tests/fixtures" / fixture / "machine"
    subprocess.run([TOP / "build/tests/compose", machine, root], check=True)
    if config:
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc/vfioboot.conf").write_bytes(config)
    return root


def answer(*command: str, root: pathlib.Path) -> Any:
    """What the program says to a command, as JSON; some exit with 1 and answer."""
    run = subprocess.run(
        [PROGRAM, *command, "--json", "--root", root], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(run.stdout)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A machine with two identical cards, of which the second one is configured.  No test changes it."""
    return compose("identical-cards", tmp_path_factory.mktemp("machine") / "root", SECOND)


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A machine that was captured."""
    directory = tmp_path_factory.mktemp("captured")
    subprocess.run(["tar", "-xf", TOP / "tests/captures/bookworm-q35.tar.xz", "-C", directory], check=True)
    return directory


@pytest.fixture
def machine(root: pathlib.Path) -> vfioboot.Machine:
    return vfioboot.Machine(root)


@pytest.fixture
def program(tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """Makes a program that is played: it notes its arguments in "arguments", and runs lines of a shell."""

    def play(*lines: str) -> pathlib.Path:
        path = tmp_path / "played"
        path.write_text("\n".join(["#!/bin/sh", f'echo "$*" >>{tmp_path}/arguments', *lines, ""]))
        path.chmod(0o755)
        return path

    return play


# ---- TAP: a line each, and below one that failed why

_count = 0


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.set_blocked("terminalreporter")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    global _count
    if report.when == "call" or not report.passed:
        _count += 1
        name = report.nodeid.removeprefix("tests/").removeprefix("../")
        skip = f" # skip {report.longrepr[2]}" if report.skipped and isinstance(report.longrepr, tuple) else ""
        print(f"{'not ok' if report.failed else 'ok'} {_count} - {name}{skip}", flush=True)
        if report.failed:
            print("\n".join("# " + line for line in report.longreprtext.splitlines()), flush=True)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        print(f"not ok - {report.nodeid} can be read")
        print("\n".join("# " + line for line in report.longreprtext.splitlines()), flush=True)


def pytest_sessionfinish() -> None:
    print(f"1..{_count}")
