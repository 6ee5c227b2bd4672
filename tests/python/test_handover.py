# SPDX-License-Identifier: GPL-2.0-or-later
"""bind, release, and a block in between, with a program that is played; and what the real one would do."""

from __future__ import annotations

import pathlib
import signal
import subprocess
from collections.abc import Callable

import pytest
import vfioboot
from plugin import PROGRAM, TOP
from vfioboot import Handover, Level

Program = Callable[..., pathlib.Path]

DONE = ('echo \'{"state":"done","step":1,"of":1,"kernel":null,"seconds":0,"expected":null,'
        '"text":"\'"$1"\' it","why":null}\'')
FAILED = DONE.replace("done", "failed")
WARNING = "echo 'vfioboot bind: warning: this is worth knowing' >&2"
REFUSED = "echo 'vfioboot bind: it is in use; nothing was changed' >&2"


def asked(program: pathlib.Path) -> list[str]:
    """The arguments of each of its runs."""
    return (program.parent / "arguments").read_text().splitlines()


def test_bind_and_release(program: Program, machine: vfioboot.Machine, caplog: pytest.LogCaptureFixture) -> None:
    played = program(DONE, WARNING)
    steps = vfioboot.bind("gpu", program=played)
    assert [(step.level, step.code, step.text) for step in steps] == [(Level.PASS, "done", "bind it")]
    assert [record.getMessage() for record in caplog.records] == ["this is worth knowing"]
    flags = Handover.STOP_SESSION | Handover.LAST_DISPLAY | Handover.NAMED_ONLY
    vfioboot.bind([machine.device("02:00.0"), "nvme"], flags=flags, wait=7, program=played)
    vfioboot.release(("gpu", "nvme"), flags=flags, wait=8, program=str(played))
    assert asked(played) == [
        "bind --json --wait 5 -- gpu",
        "bind --json --wait 7 --stop-session --allow-last-display --only -- 0000:02:00.0 nvme",
        "release --json --wait 8 -- gpu nvme"]


def test_the_steps_are_those_of_the_command(root: pathlib.Path) -> None:
    steps = vfioboot.bind("second", flags=Handover.DRY_RUN, root=root, program=PROGRAM)
    said = subprocess.run([PROGRAM, "bind", "--dry-run", "second", "--root", root], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=True).stdout
    assert len(steps) > 3 and all(step.text in said and step.code == "planned" for step in steps)
    with pytest.raises(vfioboot.Error):
        vfioboot.bind("second", root=root, program=PROGRAM)


def test_refused(program: Program) -> None:
    played = program(FAILED, REFUSED, "exit 1")
    with pytest.raises(vfioboot.RefusedError) as refused:
        vfioboot.bind("gpu", program=played)
    assert refused.value.message == "it is in use; nothing was changed"
    assert [(step.level, step.code) for step in refused.value.points] == [(Level.FAIL, "failed")]
    with pytest.raises(vfioboot.RefusedError), vfioboot.handover("gpu", program=played):
        pytest.fail("the block runs")
    assert not [line for line in asked(played) if line.startswith("release")]
    with pytest.raises(vfioboot.InvalidError, match="absolute"):
        vfioboot.bind("gpu", program="vfioboot")
    with pytest.raises(vfioboot.Error, match="cannot run"):
        vfioboot.bind("gpu", program="/nonexistent")


def test_a_block(program: Program) -> None:
    played = program(DONE)
    with vfioboot.handover("gpu", program=played) as given:
        assert [step.text for step in given.steps] == ["bind it"]
        assert len(asked(played)) == 1
    assert [step.text for step in given.steps] == ["bind it", "release it"]
    assert asked(played) == ["bind --json --wait 5 -- gpu", "release --json --wait 60 -- gpu"]


def test_a_block_that_raises(program: Program) -> None:
    played = program(DONE)
    with pytest.raises(ZeroDivisionError), vfioboot.handover(["gpu", "nvme"], release_wait=3, program=played):
        1 / 0
    assert asked(played)[1:] == ["release --json --wait 3 -- gpu nvme"]


def test_a_release_that_fails(program: Program) -> None:
    """Its error has that of the block."""
    played = program(DONE, '[ "$1" = bind ] || { echo "vfioboot release: a guest has it" >&2; exit 1; }')
    with pytest.raises(vfioboot.RefusedError, match="a guest has it") as refused, \
            vfioboot.handover("gpu", program=played):
        raise KeyError("mine")
    assert isinstance(refused.value.__context__, KeyError)


@pytest.mark.parametrize("kind, line", [
    (KeyboardInterrupt, '[ "$1" = release ] || kill -INT $PPID'),
    (vfioboot.Error, '[ "$1" = release ] || kill -KILL $$'),
])
def test_a_bind_that_is_interrupted(program: Program, kind: type[BaseException], line: str) -> None:
    """What was given, or is not known, is released."""
    played = program(DONE, line)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" has it ignored
    try:
        with pytest.raises(kind), vfioboot.handover("gpu", program=played):
            pytest.fail("the block runs")
    finally:
        signal.signal(signal.SIGINT, before)
    assert [line.split()[0] for line in asked(played)] == ["bind", "release"]


def test_example_in_readme(
    program: Program, root: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs, on a machine with two cards; virsh is played."""
    text = (TOP / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    played, machine, real = program(DONE), vfioboot.Machine(root), vfioboot.handover
    (played.parent / "virsh").symlink_to(played)
    monkeypatch.setenv("PATH", str(played.parent), prepend=":")
    monkeypatch.setattr(vfioboot, "Machine", lambda root="/": machine)
    monkeypatch.setattr(vfioboot, "handover", lambda names: real(names, program=played))
    exec(compile(text, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in printed] == ["0000:01:00.0", "0000:02:00.0"]
    commands = [line.split()[0] for line in asked(played)]
    assert commands[0] == "bind" and commands[-1] == "release" and "start" in commands
