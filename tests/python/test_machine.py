# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Machine says is what the commands say; who owns what; what is raised."""

from __future__ import annotations

import doctest
import errno
import gc
import logging
import os
import pathlib
import re
import threading
from collections.abc import Callable

import pytest
import vfioboot
from plugin import SECOND, TOP, answer, compose
from vfioboot import Action, Kind, Level, Machine, Result, _native

FIXTURES = sorted(path.parent.name for path in TOP.glob("tests/fixtures/*/machine"))


def same_as_commands(root: pathlib.Path) -> None:
    machine = Machine(root)
    functions = [function.as_dict() for function in machine.functions]
    assert functions == answer("list", "--all", root=root)["functions"]
    plan = answer("plan", root=root)
    assert [entry.as_dict() for entry in machine.plan()] == plan["plan"]
    assert [other.as_dict() for other in machine.others] == plan["other_machines"]
    assert [point.as_dict() for point in machine.check()] == answer("check", root=root)["checks"]


@pytest.mark.parametrize("fixture", FIXTURES)
def test_says_what_commands_say(fixture: str, tmp_path: pathlib.Path) -> None:
    configs = sorted((TOP / "tests/fixtures" / fixture).glob("*/conf"))
    same_as_commands(compose(fixture, tmp_path / "root", configs[0].read_bytes() if configs else b""))


def test_settings_and_sections_for_other_machines(tmp_path: pathlib.Path) -> None:
    config = SECOND + b"reset = bus\n[device far]\npath = 00:01.0/00\nmachine = vendor=Nobody*\n"
    root = compose("identical-cards", tmp_path / "root", config)
    same_as_commands(root)
    machine = Machine(root)
    setting = machine.plan().entries[0].settings[0]
    assert (setting.key, setting.wanted, setting.result) == ("reset", "bus", setting.as_dict()["result"])
    assert [other.section for other in machine.others] == ["far"] and setting.remark and setting.reason


def test_virtual_functions(tmp_path: pathlib.Path) -> None:
    machine = Machine(compose("sriov", tmp_path / "root"))
    virtual = [one for one in machine.functions if one.physical]
    assert virtual and all(machine.device(one.physical or "").vf is None for one in virtual)


def test_says_it_of_a_captured_machine(captured: pathlib.Path) -> None:
    same_as_commands(captured)
    assert len(Machine(captured).functions) > 3


def test_attributes_are_what_as_dict_has(machine: Machine) -> None:
    function = machine.device("02:00.0")
    for key, value in function.as_dict().items():
        attribute = getattr(function, "class_" if key == "class" else key)
        if key == "modules":
            attribute = ", ".join(attribute) or None
        if key == "result":
            attribute = attribute.name.lower()
        assert attribute == value, key
    entry = machine.plan().entries[0]
    for key, value in entry.as_dict().items():
        attribute = getattr(entry, "summary" if key == "at_the_next_boot" else key)
        if key == "settings":
            attribute = list(attribute)
        assert (attribute.name.lower() if key == "action" else attribute) == value, key
    point = machine.check("02:00.0")[0]
    assert list(point.as_dict().values()) == [
        point.code, point.subject, point.text, point.remedy, point.level.name.lower()]


def test_functions_groups_and_cards(machine: Machine) -> None:
    function = machine.device("0000:02:00.1")
    group, card = function.group, function.card
    assert function == machine.device("02:00.1") and hash(function) == hash(machine.device("02:00.1"))
    assert function != machine.device("02:00.0") and function != "0000:02:00.1"
    assert group and card and group.number == 17 and not group.viable
    assert [one.address for one in group] == ["0000:02:00.0", "0000:02:00.1"]
    assert len(group) == 2 and group.functions == card.functions == tuple(card)
    assert group in machine.groups and card in machine.cards
    assert card.name == "NVIDIA GeForce RTX 3080" and len(card) == 2
    assert [one.number for one in machine.groups] == sorted({
        one.iommu_group for one in machine.functions if one.iommu_group is not None})
    assert all(one.group is None or one in one.group.functions for one in machine.functions)
    assert "0000:02:00.1" in repr(function) and "17" in repr(group) and "0000:02:00.0" in repr(card)
    bridge = machine.device("00:01.1")
    assert bridge.card is None and bridge.group
    assert repr(machine) == f"Machine({machine.root!r})"


def test_a_group_that_a_guest_could_have(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    compose("identical-cards", tmp_path / "root")
    for link in (tmp_path / "root/sys/devices/pci0000:00/0000:00:01.1").glob("0000:02:00.*/driver"):
        link.unlink()
    group = Machine(tmp_path / "root").device("02:00.0").group
    assert group and group.viable


def test_no_iommu_group(tmp_path: pathlib.Path) -> None:
    machine = Machine(compose("no-iommu", tmp_path / "root"))
    assert machine.groups == ()
    assert {(one.iommu_group, one.group) for one in machine.functions} == {(None, None)}


def test_find(machine: Machine) -> None:
    assert [gpu.address for gpu in machine.find_gpu("NVIDIA")] == ["0000:01:00.0", "0000:02:00.0"]
    assert len(machine.find_gpu()) == 3 and machine.find_gpu("voodoo") == []
    assert [one.kind for one in machine.find_nvme() + machine.find_usb()] == [Kind.NVME, Kind.USB]
    assert machine.find_nvme("samsung", "970") == machine.find_nvme("144d:a808")
    assert machine.devices() == list(machine.functions)
    assert {one.type for one in machine.devices(kind=Kind.GPU)} == {"graphics card"}


def test_plan(machine: Machine) -> None:
    plan = machine.plan()
    assert len(plan) == 2 and plan.errors == ()
    assert {entry.action for entry in plan} == {Action.BIND}
    assert machine.device("02:00.0").result == Result.PENDING
    assert [entry.reason for entry in machine.plan("vfioboot.off")] == []
    assert "2 functions are configured" in str(machine.summary())


def test_errors_of_the_configuration(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    root = compose("identical-cards", tmp_path / "root", b"[device a]\npath = nonsense\n")
    heard = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # It may use the library, and even the machine of the call that the warning is of.
            heard.append(len(machine.functions) if machine else 0)
            vfioboot.Machine("/nonexistent") if not root else None

    machine: Machine | None = None
    handler = Handler()
    logging.getLogger("vfioboot").addHandler(handler)
    try:
        machine = Machine(root)
        errors = machine.plan().errors
    finally:
        logging.getLogger("vfioboot").removeHandler(handler)
    assert [(error.level, error.subject) for error in errors] == [(Level.FAIL, "/etc/vfioboot.conf:2")]
    record = caplog.records[0]
    assert (record.name, record.levelno) == ("vfioboot", logging.WARNING)
    assert record.getMessage() == "the configuration has errors; 'vfioboot plan' names them"
    assert heard and "has 1 errors" in str(machine.summary())


def test_obstacles_and_readiness(machine: Machine) -> None:
    accepted, points = machine.obstacles("02:00.0")
    assert not accepted and "configured" in {point.code for point in points if point.level == Level.FAIL}
    assert all(str(point) in (point.text, f"{point.text}; {point.remedy}") for point in points)
    assert machine.obstacles(machine.device("01:00.0").card or ()) == (True, [])
    assert "boot-display" in {point.code for point in machine.obstacles("00:02.0")[1]}
    display = machine.obstacles("00:02.0", vfioboot.Allow.LAST_DISPLAY | vfioboot.Allow.PARTIAL_GROUP)[1]
    assert "boot-display" not in {point.code for point in display if point.level == Level.FAIL}
    ready, problems = machine.validate()
    assert not ready and {problem.level for problem in problems} <= {Level.FAIL, Level.UNKNOWN}
    assert machine.use_errno == errno.EHOSTUNREACH
    named = machine.validate(machine.device("02:00.0"))[1]
    assert [point.as_dict() for point in named] == [point.as_dict() for point in machine.validate("second")[1]]


# ---- what is raised

def test_errors(machine: Machine) -> None:
    with pytest.raises(vfioboot.NotFoundError) as unknown:
        machine.device("0f:00.0")
    assert unknown.value.errno == errno.ENXIO and unknown.value.remedy
    with pytest.raises(LookupError, match="no device matches '0f:00.0'; 'vfioboot list"):
        machine.obstacles("0f:00.0")
    with pytest.raises(vfioboot.AmbiguousError, match="0000:02:00.0"):
        machine.obstacles("10de:2206")
    with pytest.raises(vfioboot.InvalidError) as invalid:
        machine.validate(["second", "gpu"])
    assert invalid.value.message == "'gpu' is neither a device set nor a device"
    assert isinstance(invalid.value, ValueError)
    with pytest.raises(vfioboot.Error) as missing:
        Machine("/nonexistent")
    assert missing.value.errno == errno.ENOENT
    assert missing.value.message == "cannot open /nonexistent: No such file or directory"
    with pytest.raises(vfioboot.InvalidError):
        Machine("")
    calls: list[Callable[[str], object]] = [machine.device, machine.plan, machine.check, Machine]
    for call in calls:
        with pytest.raises(ValueError, match="null"):
            call("00:01.0\0")
    with pytest.raises(AttributeError):
        machine.functions[0].driver = "vfio-pci"  # type: ignore[misc]


def test_classes_of_errors() -> None:
    for code, kind in {errno.EACCES: vfioboot.AccessError, errno.EPERM: vfioboot.AccessError,
            errno.ECANCELED: vfioboot.RefusedError, errno.EIO: vfioboot.Error}.items():
        error = vfioboot.errors.make(code, "no", None)
        assert type(error) is kind and (error.errno, str(error)) == (code, "no")


def test_texts_that_are_not_utf8(tmp_path: pathlib.Path) -> None:
    name = b"caf\xe9"
    root = compose("identical-cards", tmp_path / os.fsdecode(name))
    drop_in = root / "etc/vfioboot.conf.d" / os.fsdecode(name + b".conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_bytes(SECOND)
    machine = Machine(root)
    assert os.fsencode(machine.root) == os.fsencode(root)
    file = machine.plan().entries[0].file
    assert file and os.fsencode(file) == b"/etc/vfioboot.conf.d/" + name + b".conf"
    assert machine.plan().entries[0].as_dict()["file"] == file
    with pytest.raises(vfioboot.InvalidError, match=re.escape("'caf\udce9'")):
        machine.validate(name.decode("utf-8", "surrogateescape"))


def test_what_the_library_grows(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_native.c, "function_get_kind", lambda _: 77)
    monkeypatch.setattr(_native.c, "function_get_result", lambda _: 78)
    function = machine.functions[0]
    assert (function.kind, function.kind.name) == (77, "UNKNOWN_77")
    assert function.as_dict()["result"] is None
    assert str(machine.summary())


# ---- owners

def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_what_is_kept_is_kept(root: pathlib.Path) -> None:
    """The root directory, which a machine has open, is closed with the last object that needs it."""
    gc.collect()
    before = open_files()
    function, entry = Machine(root).device("02:00.0"), Machine(root).plan().entries[0]
    group, card, point = Machine(root).groups[0], Machine(root).cards[0], Machine(root).check()[0]
    error = Machine(compose_errors(root)).plan().errors[0]
    gc.collect()
    assert open_files() > before
    assert (function.address, entry.section, group.number) == ("0000:02:00.0", "second", 0)
    assert card.functions[0].address == "0000:00:02.0" and point.text and error.text
    del function, entry, group, card, point, error
    assert open_files() == before


def compose_errors(root: pathlib.Path) -> pathlib.Path:
    other = root.parent / "errors"
    if not other.exists():
        compose("identical-cards", other, b"[device a]\npath = nonsense\n")
    return other


def test_a_cycle_is_freed_in_any_order(root: pathlib.Path) -> None:
    gc.collect()
    before = open_files()
    for order in (0, 1):
        machine = Machine(root)
        parts = [machine, machine.plan(), machine.device("02:00.0").card]
        cycle: list[object] = parts[::-1] if order else parts
        cycle.append(cycle)
        del machine, parts, cycle
    gc.collect()
    assert open_files() == before


def test_a_failed_machine_leaves_nothing() -> None:
    gc.collect()
    before = open_files()
    for _ in range(20):
        with pytest.raises(vfioboot.Error):
            Machine("/nonexistent")
    assert open_files() == before


def test_threads(root: pathlib.Path) -> None:
    shared = Machine(root)
    expected = [function.as_dict() for function in shared.functions]
    failed: list[object] = []

    def work() -> None:
        for machine in (shared, Machine(root)):
            if [function.as_dict() for function in machine.functions] != expected or not machine.check():
                failed.append(machine)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


# ---- of this machine

def test_shortcuts(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vfioboot, "Machine", lambda root="/": machine)
    assert vfioboot.devices("samsung") == vfioboot.find_nvme() == machine.find_nvme()
    assert vfioboot.devices(kind=Kind.USB) == vfioboot.find_usb()
    assert vfioboot.find_gpu("nvidia") == machine.find_gpu("nvidia")
    assert vfioboot.device("01:00.0") == machine.device("01:00.0")
    assert vfioboot.groups() == machine.groups
    assert str(vfioboot.summary()) == str(machine.summary())
    assert [entry.section for entry in vfioboot.plan()] == ["second", "second"]
    assert vfioboot.validate("second")[0] is False and vfioboot.obstacles("01:00.0") == (True, [])
    assert vfioboot.check() and vfioboot.open() is machine


def test_examples(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Those in the documentation."""
    results = doctest.testmod(vfioboot.machine, extraglobs={"machine": machine})
    assert results.failed == 0, capsys.readouterr().out
    assert results.attempted > 5


def test_all_that_is_public_is_documented() -> None:
    assert vfioboot.__version__ == answer_version()
    for name in vfioboot.__all__:
        thing = getattr(vfioboot, name)
        assert thing.__doc__, name
        for member, value in vars(thing).items() if isinstance(thing, type) else ():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"


def answer_version() -> str:
    text = (TOP / "src/base/version.h").read_text()
    return text[text.index('"') + 1:text.rindex('"')]
