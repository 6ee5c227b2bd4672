# SPDX-License-Identifier: GPL-2.0-or-later
"""Giving devices to a guest now, and taking them back, by the program `vfioboot`."""

from __future__ import annotations

import ctypes
from contextlib import suppress

from ._native import Context, c, to_array, to_bytes
from .enums import Handover
from .errors import Error, InvalidError, RefusedError
from .objects import Point, take_points
from .machine import to_names

TYPE_CHECKING = False  # as in _native.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .machine import Names, Path


def _hand_over(
    function: Callable[..., int], names: Names, flags: Handover, wait: int, root: Path, program: Path | None
) -> tuple[Point, ...]:
    context = Context(root)
    if program is not None:
        context.ask(c.set_program, context.at, to_bytes(program))
    array, n = to_array(to_names(names))
    steps = ctypes.c_void_p()
    try:
        context.ask(function, context.at, array, n, flags, wait, ctypes.byref(steps))
    except RefusedError as error:
        error.points = tuple(take_points(steps.value))
        raise
    return tuple(take_points(steps.value))


def bind(
    names: Names, *, flags: Handover = Handover(0), wait: int = 5, root: Path = "/", program: Path | None = None
) -> tuple[Point, ...]:
    """
    Gives sets or devices to a guest now, all of them or none, and says the steps.  Needs root.  @wait is for
    how many seconds to wait until no process has them open.  Of another @root than "/" only what would be
    done can be said, with Handover.DRY_RUN.  @program runs in place of the `vfioboot` of the same package.
    Raises RefusedError, with the steps, when nothing was done, or all was undone but what the message names.  A
    caller in the session that Handover.STOP_SESSION stops gets a step that names the unit of systemd
    that does it.
    """
    return _hand_over(c.bind, names, flags, wait, root, program)


def release(
    names: Names, *, flags: Handover = Handover(0), wait: int = 0, root: Path = "/", program: Path | None = None
) -> tuple[Point, ...]:
    """
    Takes back what bind() gave.  @wait is for how many seconds to wait until no guest runs with it; the others
    are as of bind(), and of @flags DRY_RUN alone means something.  What was not given is left as it is.
    """
    return _hand_over(c.release, names, flags & Handover.DRY_RUN, wait, root, program)


class handover:
    """
    Gives sets or devices to a guest while a block runs, and takes them back at its end, after an exception,
    too.  The arguments are those of bind(); @release_wait is for how many seconds a guest may go on then.

        with vfioboot.handover("gpu"):
            subprocess.run(["virsh", "start", "--console", "win11"], check=True)

    `steps` has what bind() and then release() say.
    """

    def __init__(
        self, names: Names, *, flags: Handover = Handover(0), wait: int = 5, release_wait: int = 60,
        root: Path = "/", program: Path | None = None
    ) -> None:
        self._names = to_names(names)
        self._flags = flags
        self._wait = wait
        self._release_wait = release_wait
        self._root = root
        self._program = program
        self.steps: tuple[Point, ...] = ()

    def __enter__(self) -> handover:
        try:
            self.steps = bind(
                self._names, flags=self._flags, wait=self._wait, root=self._root, program=self._program)
        except (InvalidError, RefusedError):
            raise  # nothing was given
        except BaseException:  # Ctrl-C, of which Python learns afterwards; or nobody knows what was done
            with suppress(Error):
                self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        self.steps += release(
            self._names, flags=self._flags, wait=self._release_wait, root=self._root, program=self._program)
