"""Containment: what is foreign in a provider fails the jobs of that call, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quantum_async.errors import DefectError, QuantumAsyncError
from quantum_async.http.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from quantum_async.errors import Accepted

PASSING = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)
"""What ends a task, and is no failure of what runs in it."""
LONGEST = 300


class contained:  # noqa: N801 -- used like a function; a class, because each poll passes it
    """Turn whatever is foreign in a block into a `DefectError`; what ends a task passes.

    Args:
        who: The provider's name.
        what: What it was asked to do, such as ``"submit"``.
        accepted: Whether the provider has the jobs, or a function that tells once it matters.
    """

    __slots__ = ("_accepted", "_what", "_who")

    def __init__(
        self, who: str, what: str, accepted: Accepted | Callable[[], Accepted] = "no"
    ) -> None:
        self._who = who
        self._what = what
        self._accepted = accepted

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None or isinstance(exc, (QuantumAsyncError, *PASSING)):
            return
        if isinstance(exc, BaseExceptionGroup):
            leaf = _only_leaf(exc)
            if isinstance(leaf, QuantumAsyncError):
                raise leaf from exc
            if exc.subgroup(PASSING) is not None:
                return
        accepted = self._accepted if isinstance(self._accepted, str) else self._accepted()
        raise defect(exc, self._who, self._what, accepted) from exc


def defect(error: BaseException, who: str, what: str, accepted: Accepted) -> DefectError:
    """Say that something foreign was raised.

    Args:
        error: What was raised; becomes the cause.
        who: The provider's name.
        what: What it was asked to do.
        accepted: Whether the provider has the jobs.
    """
    words = redact(str(error)).strip()[:LONGEST]
    kind = type(error).__name__
    twin = DefectError(
        f"{what} raised {kind}: {words}" if words else f"{what} raised {kind}",
        provider=who,
        accepted=accepted,
        remedy="Look at the input first; if it is right, please report this with its traceback.",
    )
    twin.__cause__ = error
    return twin


def _only_leaf(group: BaseExceptionGroup) -> BaseException | None:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup) and len(leaf.exceptions) == 1:
        leaf = leaf.exceptions[0]
    return leaf
