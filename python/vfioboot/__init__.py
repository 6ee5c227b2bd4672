# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which PCI devices a machine has, which of them a virtual machine can have, and what the next boot does.

    import vfioboot

    for gpu in vfioboot.find_gpu("nvidia"):
        ready, problems = vfioboot.validate(gpu)
        print(gpu.address, gpu.name, "is ready" if ready else problems[0])

This is libvfioboot(3), on which `vfioboot` is built.  The functions here are about this machine, which each of
them reads as it is now: who has several questions asks a Machine, which is read once.  Machine("/mnt") has the
files of another one.

What fails raises an Error, with a message, a remedy and an errno.  Warnings go to the logger "vfioboot" of the
module logging.  Texts out of files may hold bytes that are not UTF-8: they are surrogates, as in names of
files (PEP 383).  The library grows: enumerations can have members that are not in this version, and codes and
words are added.
"""

from __future__ import annotations

from ._native import c as _c
from ._native import to_text as _to_text
from .enums import Action, Allow, Handover, Kind, Level, Result
from .errors import AccessError, AmbiguousError, Error, InvalidError, NotFoundError, RefusedError
from .handover import bind, handover, release
from .machine import Machine, Summary
from .objects import Card, Entry, Function, Group, OtherSection, Plan, Point, Setting

TYPE_CHECKING = False  # as in _native.py
if TYPE_CHECKING:
    from .machine import Names, Path

__all__ = [
    "AccessError", "Action", "Allow", "AmbiguousError", "Card", "Entry", "Error", "Function", "Group",
    "Handover", "InvalidError", "Kind", "Level", "Machine", "NotFoundError", "OtherSection", "Plan", "Point", "RefusedError", "Result",
    "Setting", "Summary", "bind", "check", "device", "devices", "find_gpu", "find_nvme", "find_usb", "groups",
    "handover", "obstacles", "open", "plan", "release", "summary", "validate",
]

__version__ = _to_text(_c.version())


def open(root: Path = "/") -> Machine:
    """The machine whose files are below @root, as it is now."""
    return Machine(root)


def devices(*words: str, kind: Kind | None = None) -> list[Function]:
    """Functions of this machine; see Machine.devices."""
    return Machine().devices(*words, kind=kind)


def groups() -> tuple[Group, ...]:
    """The IOMMU groups of this machine."""
    return Machine().groups


def find_gpu(*words: str) -> list[Function]:
    """Graphics cards of this machine, as find_gpu("nvidia")."""
    return Machine().find_gpu(*words)


def find_nvme(*words: str) -> list[Function]:
    """NVMe drives of this machine."""
    return Machine().find_nvme(*words)


def find_usb(*words: str) -> list[Function]:
    """USB controllers of this machine."""
    return Machine().find_usb(*words)


def device(address: str) -> Function:
    """The function of this machine at that address."""
    return Machine().device(address)


def obstacles(devices: Names, allow: Allow = Allow(0)) -> tuple[bool, list[Point]]:
    """Whether `vfioboot add` would take these; see Machine.obstacles."""
    return Machine().obstacles(devices, allow)


def check(devices: Names = ()) -> list[Point]:
    """The points of `vfioboot check`; see Machine.check."""
    return Machine().check(devices)


def validate(names: Names = ()) -> tuple[bool, list[Point]]:
    """Whether a guest gets these, and what is wrong else; see Machine.validate."""
    return Machine().validate(names)


def plan(cmdline: str | None = None) -> Plan:
    """What the next boot does; see Machine.plan."""
    return Machine().plan(cmdline)


def summary() -> Summary:
    """How much of what this machine has."""
    return Machine().summary()
