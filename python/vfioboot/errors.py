# SPDX-License-Identifier: GPL-2.0-or-later
"""What the functions of this package raise."""

from __future__ import annotations

import errno as codes
TYPE_CHECKING = False  # as in _native.py
if TYPE_CHECKING:
    from .objects import Point


class Error(Exception):
    """
    Something went wrong: `message` says what, `remedy` what to do about it, each as a sentence without full
    stop, and `errno` is one of the module errno.  Its text is both sentences.
    """

    def __init__(self, errno: int, message: str, remedy: str | None = None) -> None:
        super().__init__(errno, message, remedy)
        self.errno = errno
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class NotFoundError(Error, LookupError):
    """There is no such device (ENXIO)."""


class AmbiguousError(Error, LookupError):
    """Several devices are meant (ENOTUNIQ); the remedy lists them."""


class InvalidError(Error, ValueError):
    """That is not the name of a device, or not a value that is allowed (EINVAL)."""


class AccessError(Error):
    """This user may not do that (EACCES, EPERM)."""


class RefusedError(Error):
    """
    A hand-over was refused, or a step of it failed and all was undone but what the message names (ECANCELED); or
    of a release, what it names is left to do though the devices are back.  `points` has the steps.
    """

    points: tuple[Point, ...] = ()


KINDS: dict[int, type[Error]] = {
    codes.ENXIO: NotFoundError,
    codes.ENOTUNIQ: AmbiguousError,
    codes.EINVAL: InvalidError,
    codes.EACCES: AccessError,
    codes.EPERM: AccessError,
    codes.ECANCELED: RefusedError,
}


def make(errno: int, message: str, remedy: str | None) -> Error:
    """The error of that number, as the class that callers can catch it by."""
    return KINDS.get(errno, Error)(errno, message, remedy)
