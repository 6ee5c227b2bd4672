# SPDX-License-Identifier: GPL-2.0-or-later
"""libvfioboot.so.0 as vfioboot.h declares it, and who owns what it returns."""

from __future__ import annotations

import ctypes
import os
from _thread import allocate_lock
from types import SimpleNamespace

from . import errors

# A third of the time that it takes to import this package would be typing's.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

SONAME = "libvfioboot.so.0"

LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)

# Words of SIGNATURES.  Those with a star are pointers to what only the library knows.
TYPES: dict[str, Any] = {
    "void": None,
    "bool": ctypes.c_bool,
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "size_t": ctypes.c_size_t,
    "enum": ctypes.c_int,
    "text": ctypes.c_char_p,
    "texts": ctypes.POINTER(ctypes.c_char_p),
    "log": LOG,
    "void*": ctypes.c_void_p,
}
for _name in ("ctx", "machine", "function", "group", "cards", "points", "point", "plan", "entry", "setting"):
    TYPES[_name + "*"] = ctypes.c_void_p
    TYPES[_name + "**"] = ctypes.POINTER(ctypes.c_void_p)

# Of each function, without vfioboot_: what it returns and takes.  tests/python compares this with the header.
SIGNATURES = {
    "new": "int ctx**",
    "ref": "ctx* ctx*",
    "unref": "ctx* ctx*",
    "set_root": "int ctx* text",
    "get_root": "text ctx*",
    "set_log": "void ctx* log void*",
    "get_message": "text ctx*",
    "get_remedy": "text ctx*",
    "version": "text",
    "machine_read": "int ctx* machine**",
    "machine_ref": "machine* machine*",
    "machine_unref": "machine* machine*",
    "machine_count_functions": "size_t machine*",
    "machine_get_function": "function* machine* size_t",
    "machine_find_function": "function* machine* text",
    "machine_get_use_error": "int machine*",
    "machine_count_others": "size_t machine*",
    "machine_get_other_section": "text machine* size_t",
    "machine_get_other_file": "text machine* size_t",
    "machine_get_other_line": "unsigned machine* size_t",
    "machine_get_other_machine": "text machine* size_t",
    "machine_count_groups": "size_t machine*",
    "machine_get_group": "group* machine* size_t",
    "group_get_number": "int group*",
    "group_count_functions": "size_t group*",
    "group_get_function": "function* group* size_t",
    "group_is_viable": "bool group*",
    "result_word": "text enum",
    "function_get_address": "text function*",
    "function_get_path": "text function*",
    "function_get_iommu_group": "int function*",
    "function_get_id": "text function*",
    "function_get_class": "text function*",
    "function_get_subsystem": "text function*",
    "function_get_name": "text function*",
    "function_get_vendor": "text function*",
    "function_get_model": "text function*",
    "function_get_type": "text function*",
    "function_get_kind": "enum function*",
    "function_get_driver": "text function*",
    "function_get_modules": "text function*",
    "function_get_boot_display": "int function*",
    "function_get_physical": "text function*",
    "function_get_vf": "int function*",
    "function_get_uses": "text function*",
    "function_get_data": "text function*",
    "function_get_notes": "text function*",
    "function_get_section": "text function*",
    "function_get_wanted": "text function*",
    "function_get_result": "enum function*",
    "function_get_reason": "text function*",
    "cards_list": "int machine* cards**",
    "cards_free": "void cards*",
    "cards_count": "size_t cards*",
    "cards_count_functions": "size_t cards* size_t",
    "cards_get_function": "function* cards* size_t size_t",
    "level_word": "text enum",
    "points_free": "void points*",
    "points_count": "size_t points*",
    "points_get": "point* points* size_t",
    "point_get_level": "enum point*",
    "point_get_code": "text point*",
    "point_get_subject": "text point*",
    "point_get_text": "text point*",
    "point_get_remedy": "text point*",
    "obstacles_find": "int machine* texts size_t unsigned points**",
    "action_word": "text enum",
    "plan_make": "int machine* text plan**",
    "plan_free": "void plan*",
    "plan_count": "size_t plan*",
    "plan_get": "entry* plan* size_t",
    "plan_get_errors": "points* plan*",
    "entry_get_section": "text entry*",
    "entry_get_file": "text entry*",
    "entry_get_line": "unsigned entry*",
    "entry_get_wanted": "text entry*",
    "entry_get_address": "text entry*",
    "entry_get_path": "text entry*",
    "entry_get_id": "text entry*",
    "entry_get_driver": "text entry*",
    "entry_get_name": "text entry*",
    "entry_get_action": "enum entry*",
    "entry_get_summary": "text entry*",
    "entry_get_reason": "text entry*",
    "entry_get_remark": "text entry*",
    "entry_count_settings": "size_t entry*",
    "entry_get_setting": "setting* entry* size_t",
    "setting_get_key": "text setting*",
    "setting_get_wanted": "text setting*",
    "setting_get_value": "text setting*",
    "setting_get_result": "text setting*",
    "setting_get_reason": "text setting*",
    "setting_get_remark": "text setting*",
    "check": "int machine* texts size_t points**",
    "readiness": "int machine* texts size_t points**",
    "set_program": "int ctx* text",
    "bind": "int ctx* texts size_t unsigned unsigned points**",
    "release": "int ctx* texts size_t unsigned unsigned points**",
}

# They read or run something, so other threads go on meanwhile.  To give up the interpreter's lock for the
# others would take longer than they do.
SLOW = {"machine_read", "obstacles_find", "plan_make", "check", "readiness", "bind", "release"}


def _load() -> SimpleNamespace:
    try:
        slow, quick = ctypes.CDLL(SONAME), ctypes.PyDLL(SONAME)
    except OSError as error:
        raise ImportError(f"{error}; the package of {SONAME} is not installed", name=SONAME) from error
    functions = SimpleNamespace()
    for name, signature in SIGNATURES.items():
        function = getattr(slow if name in SLOW else quick, "vfioboot_" + name)
        function.restype, *function.argtypes = (TYPES[word] for word in signature.split())
        setattr(functions, name, function)
    return functions


c = _load()


def texts_of(kind: str, **keys: str) -> tuple[tuple[str, Callable[[int], bytes | None]], ...]:
    """What has a text of objects of that kind, each with the key of it in JSON, where that is another one."""
    begin, texts = f"{kind}_get_", (name for name, of in SIGNATURES.items() if of == f"text {kind}*")
    return tuple((keys.get(name.removeprefix(begin), name.removeprefix(begin)), getattr(c, name)) for name in texts)


# ---- texts: what is not UTF-8 is there and back as surrogates, as in names of files

def to_text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def to_text_or_none(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def to_bytes(value: str | os.PathLike[str]) -> bytes:
    """For the library, which would not see what is behind a NUL."""
    encoded = os.fspath(value).encode("utf-8", "surrogateescape")
    if b"\0" in encoded:
        raise ValueError("embedded null character")
    return encoded


def to_array(values: Iterable[str]) -> tuple[Any, int]:
    """An array of texts, and how many it has."""
    encoded = [to_bytes(value) for value in values]
    return (ctypes.c_char_p * len(encoded))(*encoded), len(encoded)


# ---- owners

class Owned:
    """
    What has to be freed.  With @machine that may not be gone before: an owner more of it, since objects that
    refer to each other are finalized in any order.
    """

    __slots__ = ("at", "_free", "_machine")

    def __init__(self, at: int | None, free: Callable[[int | None], None], machine: int | None = None) -> None:
        self.at = at
        self._free = free
        self._machine = machine and c.machine_ref(machine)

    def __del__(self, unref: Callable[[int | None], None] = c.machine_unref) -> None:
        self._free(self.at)
        unref(self._machine)


# Of syslog(3), and of the module logging
_PRIORITIES = (50, 50, 50, 40, 30, 20, 20, 10)


class Context:
    """A context of the library: a root directory, what went wrong there, and warnings."""

    __slots__ = ("_context", "_heard", "_log", "_lock")

    def __init__(self, root: str | os.PathLike[str] = "/") -> None:
        at = ctypes.c_void_p()
        result = c.new(ctypes.byref(at))
        if result < 0:
            raise MemoryError
        heard: list[tuple[int, bytes]] = []
        self._context = Owned(at.value, c.unref)
        self._lock = allocate_lock()
        self._heard = heard
        # The library may not be called from there, so warnings are given on when it has returned.
        self._log = LOG(lambda _context, priority, text, _data: heard.append((priority, text)))
        c.set_log(at, self._log, None)
        if root != "/":  # which it is
            self.ask(c.set_root, at, to_bytes(root))

    @property
    def at(self) -> int | None:
        return self._context.at

    def ask(self, function: Callable[..., int], *arguments: Any) -> int:
        """Calls a function that may fail; one thread at a time does.  Returns 0 or a positive answer."""
        error = None
        with self._lock:
            result = function(*arguments)
            if result < 0:
                message = to_text_or_none(c.get_message(self.at)) or os.strerror(-result)
                error = errors.make(-result, message, to_text_or_none(c.get_remedy(self.at)))
            heard = self._heard[:]
            self._heard.clear()
        for priority, text in heard:
            warn(priority, to_text(text))
        if error:
            raise error
        return result

    def make(self, function: Callable[..., int], *arguments: Any) -> tuple[int, int | None]:
        """The same of a function whose last argument is where it puts what it has made; and that."""
        made = ctypes.c_void_p()
        return self.ask(function, *arguments, ctypes.byref(made)), made.value


def warn(priority: int, text: str) -> None:
    """To the logger "vfioboot"; to load logging takes longer than to read most machines."""
    import logging

    logging.getLogger("vfioboot").log(_PRIORITIES[priority & 7], "%s", text)
