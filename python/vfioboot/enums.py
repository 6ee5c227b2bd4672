# SPDX-License-Identifier: GPL-2.0-or-later
"""
The enumerations of vfioboot.h, without VFIOBOOT_ and the name before theirs.  A newer library may have
other numbers: they are members named UNKNOWN_7 and the like, so that no program fails because of them.
"""

from __future__ import annotations

import enum


class _Open(enum.IntEnum):
    @classmethod
    def _missing_(cls, value: object) -> enum.IntEnum | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class Kind(_Open):
    """What a function is to who looks for a device."""

    OTHER = 0
    GPU = 1
    NVME = 2
    USB = 3


class Result(_Open):
    """What became of a function that a section of the configuration names."""

    NONE = 0
    BOUND = 1
    PENDING = 2
    LATER = 3
    DEMAND = 4
    REFUSED = 5
    FAILED = 6
    NATIVE = 7
    INACTIVE = 8


class Level(_Open):
    """What a point is: only PASS and NOTE are no obstacle."""

    PASS = 0
    FAIL = 1
    UNKNOWN = 2
    NOTE = 3


class Action(_Open):
    """What the next boot does with a function."""

    BIND = 0
    LATER = 1
    REFUSE = 2
    DEMAND = 3
    NATIVE = 4


class Allow(enum.IntFlag):
    """What a person allows, as the options --allow-... and --only of `vfioboot add`."""

    MOUNTED = 1 << 0
    DATA = 1 << 1
    NETWORK = 1 << 2
    LAST_DISPLAY = 1 << 3
    PARTIAL_GROUP = 1 << 4
    ONLY = 1 << 5


class Handover(enum.IntFlag):
    """As the options of `vfioboot bind` and `vfioboot release`."""

    DRY_RUN = 1 << 0
    STOP_SESSION = 1 << 1
    LAST_DISPLAY = 1 << 2
    NAMED_ONLY = 1 << 3
