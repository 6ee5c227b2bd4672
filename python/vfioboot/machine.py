# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine as it was when it was read, and what is asked of it."""

from __future__ import annotations

import errno

from ._native import Context, c, to_array, to_bytes, to_text
from .enums import Action, Allow, Kind, Level, Result
from .errors import NotFoundError
from .objects import Card, Function, Group, OtherSection, Plan, Point, list_cards, read_source, take_points

TYPE_CHECKING = False  # as in _native.py
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import TypeAlias

    Path: TypeAlias = str | os.PathLike[str]
    Name: TypeAlias = str | Function
    Names: TypeAlias = Name | Iterable[Name]

def name_of(name: Name) -> str:
    return name.address if isinstance(name, Function) else name


def to_names(names: Names) -> list[str]:
    """One of them is a list of one."""
    return [name_of(name) for name in ([names] if isinstance(names, (str, Function)) else names)]


class Summary:
    """Numbers of a machine and of its next boot; its text says them to people."""

    __slots__ = ("functions", "groups", "viable_groups", "kinds", "results", "actions", "errors")

    def __init__(self, machine: Machine) -> None:
        functions, groups, plan = machine.functions, machine.groups, machine.plan()
        self.functions = len(functions)
        self.groups = len(groups)
        self.viable_groups = sum(group.viable for group in groups)
        self.kinds = {kind: sum(function.kind == kind for function in functions) for kind in Kind}
        self.results = {result: sum(function.result == result for function in functions) for result in Result}
        self.actions = {action: sum(entry.action == action for entry in plan) for action in Action}
        self.errors = len(plan.errors)

    def __str__(self) -> str:
        kinds, results, actions = self.kinds, self.results, self.actions
        configured = self.functions - results[Result.NONE]
        text = (f"{self.functions} PCI functions in {self.groups} IOMMU groups; "
                f"a guest could have {self.viable_groups} of these now\n"
                f"{kinds[Kind.GPU]} graphics, {kinds[Kind.NVME]} NVMe, {kinds[Kind.USB]} USB controllers\n"
                f"{configured} functions are configured, {results[Result.BOUND]} of them bound\n"
                f"Next boot: {actions[Action.BIND] + actions[Action.LATER]} bound, "
                f"{actions[Action.REFUSE]} refused, {actions[Action.DEMAND]} on demand")
        return f"{text}\nThe configuration has {self.errors} errors" if self.errors else text


class Machine:
    """
    The machine whose files are below @root, as it is now.  It does not change: who wants to know what is new
    makes another one.  A Machine and what it gave are for one thread at a time, as with vfioboot.h; two of
    them can be used in two threads, and others go on while one is read or checked.
    """

    __slots__ = ("_source", "__weakref__")

    def __init__(self, root: Path = "/") -> None:
        self._source = read_source(Context(root))

    @property
    def root(self) -> str:
        """Its root directory."""
        return to_text(c.get_root(self._source.context.at))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @property
    def functions(self) -> tuple[Function, ...]:
        """Its PCI functions, by IOMMU group and then by address, those without a group last."""
        source, get = self._source, c.machine_get_function
        return tuple(Function(source, get(source.at, index))
            for index in range(c.machine_count_functions(source.at)))

    @property
    def groups(self) -> tuple[Group, ...]:
        """Its IOMMU groups, in the order of their numbers."""
        source = self._source
        return tuple(Group(source, c.machine_get_group(source.at, index))
            for index in range(c.machine_count_groups(source.at)))

    @property
    def cards(self) -> tuple[Card, ...]:
        """Its cards, in the order of their first functions.  Bridges and virtual functions are in none."""
        return tuple(list_cards(self._source))

    @property
    def others(self) -> tuple[OtherSection, ...]:
        """The sections of the configuration that are for other machines."""
        at = self._source.at
        return tuple(OtherSection(at, index) for index in range(c.machine_count_others(at)))

    @property
    def use_errno(self) -> int:
        """0: it is known what the host uses; else why not: EHOSTUNREACH below another root, EACCES, EPERM."""
        return -int(c.machine_get_use_error(self._source.at))

    def devices(self, *words: str, kind: Kind | None = None) -> list[Function]:
        """
        The functions of that kind whose id, vendor, model or name has each of @words, in any case.

        >>> [function.address for function in machine.devices("nvidia", "audio")]
        ['0000:01:00.1', '0000:02:00.1']
        """
        return [function for function in self.functions
            if kind in (None, function.kind) and _has_words(function, words)]

    def find_gpu(self, *words: str) -> list[Function]:
        """
        Graphics cards, as devices(): all of them, since two can be the same model.

        >>> [gpu.path for gpu in machine.find_gpu("nvidia")]
        ['00:01.0/00.0', '00:01.1/00.0']
        """
        return self.devices(*words, kind=Kind.GPU)

    def find_nvme(self, *words: str) -> list[Function]:
        """NVMe drives, as devices()."""
        return self.devices(*words, kind=Kind.NVME)

    def find_usb(self, *words: str) -> list[Function]:
        """USB controllers, as devices()."""
        return self.devices(*words, kind=Kind.USB)

    def device(self, address: str) -> Function:
        """
        The function at that address, "0000:01:00.0" or "01:00.0".

        >>> machine.device("01:00.0").group.viable
        False
        """
        at = c.machine_find_function(self._source.at, to_bytes(address))
        if not at:
            raise NotFoundError(errno.ENXIO, f"no function has the address '{address}'",
                "'vfioboot list --all' shows all of them")
        return Function(self._source, at)

    def obstacles(self, devices: Names, allow: Allow = Allow(0)) -> tuple[bool, list[Point]]:
        """
        Whether `vfioboot add` would take these as one device set, with the rest of their cards, and what
        there is to say; points with Level.FAIL are reasons to refuse.  Each is a Function, a path, an
        address, an id, or "gpu:auto", "nvme:auto", "usb:auto".
        """
        names, n = to_array(to_names(devices))
        source = self._source
        answer, points = source.context.make(c.obstacles_find, source.at, names, n, allow)
        return answer > 0, take_points(points)

    def check(self, devices: Names = ()) -> list[Point]:
        """The points of `vfioboot check`, of the machine and of these devices; without any, of the configured."""
        names, n = to_array(to_names(devices))
        source = self._source
        return take_points(source.context.make(c.check, source.at, names, n)[1])

    def validate(self, names: Names = ()) -> tuple[bool, list[Point]]:
        """
        Whether a guest gets these, each a section or a device, or all sections; and what is wrong else: the
        points that are Level.FAIL or Level.UNKNOWN.

        >>> ready, problems = machine.validate(["01:00.0"])
        >>> ready, problems[0].code
        (False, 'protect-list')
        """
        array, n = to_array(to_names(names))
        source = self._source
        answer, points = source.context.make(c.readiness, source.at, array, n)
        return answer > 0, take_points(points)

    def plan(self, cmdline: str | None = None) -> Plan:
        """
        What the next boot does, with that kernel command line or that of the entry that starts then.

        >>> [(entry.section, entry.action.name) for entry in machine.plan()]
        [('second', 'BIND'), ('second', 'BIND')]
        """
        return Plan(self._source, None if cmdline is None else to_bytes(cmdline))

    def summary(self) -> Summary:
        """
        How much of what it has.

        >>> print(machine.summary())
        14 PCI functions in 10 IOMMU groups; a guest could have 3 of these now
        3 graphics, 1 NVMe, 1 USB controllers
        2 functions are configured, 0 of them bound
        Next boot: 2 bound, 0 refused, 0 on demand
        """
        return Summary(self)


def _has_words(function: Function, words: Iterable[str]) -> bool:
    if not words:
        return True
    text = " ".join(filter(None, (function.id, function.vendor, function.model, function.name))).casefold()
    return all(word.casefold() in text for word in words)
