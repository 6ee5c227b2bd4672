# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a machine has, and what is said of it.  The objects ask the library when they are asked, keep what they
are part of for as long as they are there, and do not change.
"""

from __future__ import annotations

from bisect import bisect_left

from ._native import Context, Owned, c, texts_of, to_text, to_text_or_none
from .enums import Action, Kind, Level, Result

TYPE_CHECKING = False  # as in _native.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, ClassVar


class Source(Owned):
    """A machine of the library, with its context."""

    __slots__ = ("context",)

    def __init__(self, context: Context, at: int | None) -> None:
        super().__init__(at, c.machine_unref)
        self.context = context


def read_source(context: Context) -> Source:
    """Reads a machine as it is now."""
    return Source(context, context.make(c.machine_read, context.at)[1])


class _Thin:
    """An object of the library, and what it is part of."""

    __slots__ = ("_at", "_of")

    # What as_dict() has: all texts, in one go, since there can be many objects; and others by attribute.
    _texts: ClassVar[tuple[tuple[str, Callable[[int], bytes | None]], ...]] = ()
    _others: ClassVar[dict[str, str]] = {}
    _repr: ClassVar[tuple[str, ...]] = ()

    def __init__(self, of: Owned, at: int) -> None:
        self._of = of
        self._at = at

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._at == other._at  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._at)

    def __repr__(self) -> str:
        words = " ".join(str(getattr(self, name)) for name in self._repr)
        return f"<{type(self).__name__} {words}>"

    def as_dict(self) -> dict[str, Any]:
        """The object of it in the answer of `vfioboot ... --json`."""
        at = self._at
        of: dict[str, Any] = {key: text if (text := get(at)) is None else text.decode("utf-8", "surrogateescape")
            for key, get in self._texts}
        for key, name in self._others.items():
            value = getattr(self, name)
            word = _WORDS.get(type(value))
            if isinstance(value, tuple):
                value = [one.as_dict() for one in value]
            of[key] = to_text_or_none(word(value)) if word else value
        return of


_WORDS: dict[type, Callable[[int], bytes | None]] = {
    Result: c.result_word, Level: c.level_word, Action: c.action_word}


class Function(_Thin):
    """A PCI function; its attributes are the keys of `vfioboot list --json`, explained there."""

    __slots__ = ()
    _of: Source
    _texts = texts_of("function")
    _others = {name: name for name in ("iommu_group", "boot_display", "vf", "result")}
    _repr = ("address", "id", "name")

    @property
    def address(self) -> str:
        """Where it is now, such as "0000:01:00.0"."""
        return to_text(c.function_get_address(self._at))

    @property
    def path(self) -> str | None:
        """The bridges on the way to it, which do not change as an address can; None: not known."""
        return to_text_or_none(c.function_get_path(self._at))

    @property
    def iommu_group(self) -> int | None:
        """The number of its IOMMU group; None: it has none, so that no guest can have it."""
        number: int = c.function_get_iommu_group(self._at)
        return None if number < 0 else number

    @property
    def group(self) -> Group | None:
        """Its IOMMU group."""
        number = self.iommu_group
        if number is None:
            return None
        machine = self._of.at
        at = bisect_left(range(c.machine_count_groups(machine)), number,
            key=lambda index: int(c.group_get_number(c.machine_get_group(machine, index))))
        return Group(self._of, c.machine_get_group(machine, at))

    @property
    def card(self) -> Card | None:
        """The functions that leave the host with it; None of bridges and virtual functions."""
        return next((card for card in list_cards(self._of) if self in card), None)

    @property
    def id(self) -> str:
        """Vendor and device, such as "10de:2206"."""
        return to_text(c.function_get_id(self._at))

    @property
    def class_(self) -> str:
        """Its class, such as "030000"."""
        return to_text(c.function_get_class(self._at))

    @property
    def subsystem(self) -> str | None:
        """Vendor and device of the board, such as "1043:8769"."""
        return to_text_or_none(c.function_get_subsystem(self._at))

    @property
    def name(self) -> str:
        """What people call it, such as "NVIDIA GeForce RTX 3080"."""
        return to_text(c.function_get_name(self._at))

    @property
    def vendor(self) -> str | None:
        """Its vendor in full; None: udev's hardware database does not know it."""
        return to_text_or_none(c.function_get_vendor(self._at))

    @property
    def model(self) -> str | None:
        """Its model in full; None: udev's hardware database does not know it."""
        return to_text_or_none(c.function_get_model(self._at))

    @property
    def type(self) -> str:
        """What kind of device it is, such as "graphics card"."""
        return to_text(c.function_get_type(self._at))

    @property
    def kind(self) -> Kind:
        """The same for programs."""
        return Kind(c.function_get_kind(self._at))

    @property
    def driver(self) -> str | None:
        """The driver that has it now."""
        return to_text_or_none(c.function_get_driver(self._at))

    @property
    def modules(self) -> tuple[str, ...]:
        """The kernel modules that support it."""
        text = to_text_or_none(c.function_get_modules(self._at))
        return tuple(text.split(", ")) if text else ()

    @property
    def boot_display(self) -> bool | None:
        """Whether the firmware used it as the display; None: the kernel does not show that."""
        answer = c.function_get_boot_display(self._at)
        return None if answer < 0 else bool(answer)

    @property
    def physical(self) -> str | None:
        """Of a virtual function (SR-IOV): the address of the physical one."""
        return to_text_or_none(c.function_get_physical(self._at))

    @property
    def vf(self) -> int | None:
        """The number of a virtual function, from 0 on."""
        number: int = c.function_get_vf(self._at)
        return None if number < 0 else number

    @property
    def uses(self) -> str | None:
        """What the host uses it for, with ", " between."""
        return to_text_or_none(c.function_get_uses(self._at))

    @property
    def data(self) -> str | None:
        """What is on its drives that the host does not use, with ", " between."""
        return to_text_or_none(c.function_get_data(self._at))

    @property
    def notes(self) -> str | None:
        """All that there is to say of it, for people."""
        return to_text_or_none(c.function_get_notes(self._at))

    @property
    def section(self) -> str | None:
        """The section of the configuration that names it."""
        return to_text_or_none(c.function_get_section(self._at))

    @property
    def wanted(self) -> str | None:
        """The driver that this section asks for; "none" is no driver."""
        return to_text_or_none(c.function_get_wanted(self._at))

    @property
    def result(self) -> Result:
        """What became of that."""
        return Result(c.function_get_result(self._at))

    @property
    def reason(self) -> str | None:
        """Why, in a word of vfioboot-early(8)."""
        return to_text_or_none(c.function_get_reason(self._at))


class Group(_Thin):
    """An IOMMU group, which is its functions in the order of their addresses."""

    __slots__ = ()
    _of: Source
    _repr = ("number",)

    @property
    def number(self) -> int:
        """Its number."""
        return int(c.group_get_number(self._at))

    @property
    def viable(self) -> bool:
        """Whether a guest could have it now: no driver of the host does DMA in it."""
        return bool(c.group_is_viable(self._at))

    @property
    def functions(self) -> tuple[Function, ...]:
        """Its functions."""
        return tuple(self)

    def __len__(self) -> int:
        return int(c.group_count_functions(self._at))

    def __iter__(self) -> Iterator[Function]:
        for index in range(len(self)):
            yield Function(self._of, c.group_get_function(self._at, index))


class Card:
    """The functions that are one device to a person, since they leave the host together."""

    __slots__ = ("functions",)

    def __init__(self, functions: tuple[Function, ...]) -> None:
        self.functions = functions

    @property
    def name(self) -> str:
        """What people call it: the name of its first function."""
        return self.functions[0].name

    def __len__(self) -> int:
        return len(self.functions)

    def __iter__(self) -> Iterator[Function]:
        return iter(self.functions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Card) and self.functions == other.functions

    def __hash__(self) -> int:
        return hash(self.functions)

    def __repr__(self) -> str:
        return f"<Card {' '.join(function.address for function in self)} {self.name}>"


def list_cards(source: Source) -> list[Card]:
    """The cards of a machine, in the order of their first functions."""
    cards = Owned(source.context.make(c.cards_list, source.at)[1], c.cards_free, source.at)
    return [Card(tuple(Function(source, c.cards_get_function(cards.at, card, index))
                for index in range(c.cards_count_functions(cards.at, card))))
            for card in range(c.cards_count(cards.at))]


class Point(_Thin):
    """Something that was found.  Programs decide by `level` and `code`, and show `text` and `remedy`."""

    __slots__ = ()
    _texts = texts_of("point", code="name", text="found")
    _others = {"state": "level"}
    _repr = ("level", "code", "subject")

    @property
    def level(self) -> Level:
        """FAIL: it has to be changed, or is a reason to refuse."""
        return Level(c.point_get_level(self._at))

    @property
    def code(self) -> str:
        """What it is about, in a word of libvfioboot(3)."""
        return to_text(c.point_get_code(self._at))

    @property
    def subject(self) -> str | None:
        """An address, a section, a file and line or a kernel release; None: the machine, or the whole set."""
        return to_text_or_none(c.point_get_subject(self._at))

    @property
    def text(self) -> str:
        """What is, as a sentence without full stop."""
        return to_text(c.point_get_text(self._at))

    @property
    def remedy(self) -> str | None:
        """What to do about it; None: nothing that the text does not say."""
        return to_text_or_none(c.point_get_remedy(self._at))

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


def list_points(of: Owned, at: int | None) -> list[Point]:
    """Those at @at, which are @of's."""
    return [Point(of, c.points_get(at, index)) for index in range(c.points_count(at))]


def take_points(at: int | None) -> list[Point]:
    """The same of a list that is nobody else's."""
    return list_points(Owned(at, c.points_free), at)


class Entry(_Thin):
    """What the next boot does with a function; its attributes are the keys of `vfioboot plan --json`."""

    __slots__ = ()
    _texts = texts_of("entry", summary="at_the_next_boot")
    _others = {name: name for name in ("line", "action", "settings")}
    _repr = ("section", "address", "summary")

    @property
    def section(self) -> str:
        """The section of the configuration."""
        return to_text(c.entry_get_section(self._at))

    @property
    def file(self) -> str | None:
        """The file of the section; the kernel command line is one, too."""
        return to_text_or_none(c.entry_get_file(self._at))

    @property
    def line(self) -> int | None:
        """Its line there."""
        return int(c.entry_get_line(self._at)) or None

    @property
    def wanted(self) -> str | None:
        """The driver that it asks for; "none" is no driver."""
        return to_text_or_none(c.entry_get_wanted(self._at))

    @property
    def address(self) -> str | None:
        """The address of the function; None: no function matches the section."""
        return to_text_or_none(c.entry_get_address(self._at))

    @property
    def path(self) -> str | None:
        """The bridges on the way to it."""
        return to_text_or_none(c.entry_get_path(self._at))

    @property
    def id(self) -> str | None:
        """Its vendor and device."""
        return to_text_or_none(c.entry_get_id(self._at))

    @property
    def driver(self) -> str | None:
        """The driver that has it now."""
        return to_text_or_none(c.entry_get_driver(self._at))

    @property
    def name(self) -> str | None:
        """What people call it."""
        return to_text_or_none(c.entry_get_name(self._at))

    @property
    def action(self) -> Action:
        """What becomes of it."""
        return Action(c.entry_get_action(self._at))

    @property
    def summary(self) -> str:
        """The same in a few words."""
        return to_text(c.entry_get_summary(self._at))

    @property
    def reason(self) -> str | None:
        """Why it is refused, in a word of vfioboot-early(8)."""
        return to_text_or_none(c.entry_get_reason(self._at))

    @property
    def remark(self) -> str | None:
        """Why it is not bound in the initramfs, and what to do; None: it is."""
        return to_text_or_none(c.entry_get_remark(self._at))

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What its settings beside the driver would come to, as the running kernel shows."""
        return tuple(Setting(self._of, c.entry_get_setting(self._at, index))
            for index in range(c.entry_count_settings(self._at)))


class Setting(_Thin):
    """A setting of a function beside its driver."""

    __slots__ = ()
    _texts = texts_of("setting")
    _repr = ("key", "wanted", "result")

    @property
    def key(self) -> str:
        """Its key in the section."""
        return to_text(c.setting_get_key(self._at))

    @property
    def wanted(self) -> str:
        """Its value there."""
        return to_text(c.setting_get_wanted(self._at))

    @property
    def value(self) -> str | None:
        """What the kernel has; None: not known."""
        return to_text_or_none(c.setting_get_value(self._at))

    @property
    def result(self) -> str | None:
        """The result, in a word of vfioboot-plan(8)."""
        return to_text_or_none(c.setting_get_result(self._at))

    @property
    def reason(self) -> str | None:
        """Why it is not all as asked, in a word of vfioboot-early(8)."""
        return to_text_or_none(c.setting_get_reason(self._at))

    @property
    def remark(self) -> str | None:
        """The same as a sentence."""
        return to_text_or_none(c.setting_get_remark(self._at))


class OtherSection:
    """A section that is for other machines, so that it does nothing here."""

    __slots__ = ("section", "file", "line", "machine")

    def __init__(self, at: int | None, index: int) -> None:
        self.section = to_text(c.machine_get_other_section(at, index))
        self.file = to_text(c.machine_get_other_file(at, index))
        self.line = int(c.machine_get_other_line(at, index))
        self.machine = to_text(c.machine_get_other_machine(at, index))

    def as_dict(self) -> dict[str, Any]:
        """The object of it in the answer of `vfioboot ... --json`."""
        return {name: getattr(self, name) for name in self.__slots__}


class Plan:
    """What the next boot does: an entry for each function that a section names, and each section without."""

    __slots__ = ("entries", "errors")

    def __init__(self, source: Source, cmdline: bytes | None) -> None:
        made = Owned(source.context.make(c.plan_make, source.at, cmdline)[1], c.plan_free, source.at)
        self.entries = tuple(Entry(made, c.plan_get(made.at, index)) for index in range(c.plan_count(made.at)))
        """Its entries, in the order of the sections."""
        self.errors = tuple(list_points(made, c.plan_get_errors(made.at)))
        """The errors of the configuration."""

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)
