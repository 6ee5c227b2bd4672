# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module takes the library for is what vfioboot.h declares."""

from __future__ import annotations

import ctypes
import re
import subprocess
from typing import Any

import pytest
from plugin import TOP
from vfioboot import _native, enums

DECLARATIONS = subprocess.run(
    [TOP / "tests/library/declarations"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()

# What each C type is to ctypes, apart from what the module says of it.
CTYPES = {
    "void": None,
    "bool": ctypes.c_bool,
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "size_t": ctypes.c_size_t,
    "enum": ctypes.c_int,
    "text": ctypes.c_char_p,
    "texts": ctypes.POINTER(ctypes.c_char_p),
    "log": _native.LOG,
}


def word_of(declaration: str) -> str:
    """The word of SIGNATURES for a type, behind which can be a name: "struct vfioboot_ctx **ret_ctx"."""
    declaration = re.sub(r"\bconst\b", "", declaration)
    if "(*log)" in declaration:
        return "log"
    name, stars = re.fullmatch(
        r" *(?:struct +vfioboot_)?((?:enum )?\w+)((?: *\*)*) *\w* *", declaration).groups()  # type: ignore[union-attr]
    stars = stars.replace(" ", "")
    if name.startswith("enum "):
        return "enum" + stars
    return {"char*": "text", "char**": "texts"}.get(name + stars, name + stars)


def signature_of(line: str) -> tuple[str, str] | None:
    """A function's name and what SIGNATURES should have of it; None of other lines."""
    parts = re.fullmatch(r"(.*?[ *])vfioboot_(\w+)\((.*)\);", line)
    if not parts:
        return None
    result, name, parameters = parts.groups()
    parameters = re.sub(r"\(\*log\)\([^)]*\)", "(*log)", parameters)
    words = [word_of(result)] + [word_of(one) for one in parameters.split(",") if one != "void"]
    return name, " ".join(words)


def declared() -> dict[str, str]:
    return dict(filter(None, map(signature_of, DECLARATIONS)))


def test_functions() -> None:
    assert len(declared()) > 80
    assert _native.SIGNATURES == declared()


def test_types() -> None:
    def type_of(word: str) -> Any:
        if word in CTYPES:
            return CTYPES[word]
        return ctypes.POINTER(ctypes.c_void_p) if word.endswith("**") else ctypes.c_void_p

    for name, signature in declared().items():
        function = getattr(_native.c, name)
        types = [type_of(word) for word in signature.split()]
        assert [function.restype, *function.argtypes] == types, name


def test_a_change_is_noticed() -> None:
    """What is compared is not the same whatever the header says."""
    line = "int vfioboot_set_root(struct vfioboot_ctx *ctx, const char *directory);"
    assert signature_of(line) == ("set_root", "int ctx* text")
    assert signature_of(line.replace("char", "void")) == ("set_root", "int ctx* void*")
    assert signature_of(line.replace("ctx *ctx", "machine **ret")) == ("set_root", "int machine** text")
    assert signature_of(line.replace("int", "enum vfioboot_kind")) == ("set_root", "enum ctx* text")
    assert signature_of(line.replace("*directory", "*const *directory, size_t n")) == (
        "set_root", "int ctx* texts size_t")


def test_callback() -> None:
    line = next(line for line in DECLARATIONS if "(*log)" in line)
    words = [word_of(one) for one in re.search(r"\(\*log\)\((.*?)\)", line)[1].split(",")]  # type: ignore[index]
    assert words == ["ctx*", "int", "text", "void*"]
    assert _native.LOG._restype_ is None  # type: ignore[attr-defined]
    assert list(_native.LOG._argtypes_) == [  # type: ignore[attr-defined]
        ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]


def test_enumerators() -> None:
    """Each enumerator, without VFIOBOOT_ and the name of its enumeration, where it has that."""
    found: dict[str, dict[str, int]] = {}
    for line in DECLARATIONS:
        parts = re.fullmatch(r"enum vfioboot_(\w+) VFIOBOOT_(\w+) = (.*)", line)
        if parts:
            of, name, value = parts.groups()
            found.setdefault(of.capitalize(), {})[name.removeprefix(of.upper() + "_")] = eval(value)
    assert len(found) >= 6
    for of, members in found.items():
        assert {member.name: member.value for member in getattr(enums, of)} == members


def test_a_number_that_is_not_known() -> None:
    kind = enums.Kind(77)
    assert (kind, kind.name, repr(kind)) == (77, "UNKNOWN_77", "<Kind.UNKNOWN_77: 77>")
    assert kind == enums.Kind(77) and kind != enums.Kind.GPU
    assert enums.Allow(1 << 9 | 1) & enums.Allow.MOUNTED
    assert 77 not in list(enums.Kind)
    with pytest.raises(ValueError):
        enums.Kind("gpu")  # type: ignore[arg-type]


def test_who_waits() -> None:
    """What reads or runs something lets other threads go on, and nothing else does."""
    held = {name for name in _native.SIGNATURES
        if getattr(_native.c, name)._flags_ & ctypes._FUNCFLAG_PYTHONAPI}  # type: ignore[attr-defined]
    assert held == set(_native.SIGNATURES) - _native.SLOW
    # All that is given a machine or a context, and can take long, returns an int and makes something.
    assert _native.SLOW == {name for name, words in _native.SIGNATURES.items()
        if re.fullmatch(r"int (ctx|machine)\*.*\*\*", words)} - {"cards_list"}
