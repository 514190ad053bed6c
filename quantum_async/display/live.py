"""Progress of a wait, in a notebook's cell or on a terminal, until the work ends."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from quantum_async.display.html import progress_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


@dataclass(frozen=True, slots=True)
class Standing:
    """How far something has come.

    Args:
        label: What it is.
        done: How many have ended.
        total: How many there are.
        failed: How many of those that have ended failed.
        words: More, such as a job's status.
    """

    label: str
    done: int
    total: int
    failed: int = 0
    words: str = ""


class Drawing(Protocol):
    """Where progress is drawn."""

    def draw(self, standing: Standing, words: str, *, is_over: bool) -> None:
        """Draw over what was drawn before.

        Args:
            standing: How far it has come.
            words: How long it has taken, and whether it was stopped.
            is_over: Whether nothing follows.
        """


def drawing(*, in_notebook: bool) -> Drawing:
    """Begin to draw, here and now: in the cell that runs, or on the terminal.

    Args:
        in_notebook: Whether there is a cell.
    """
    return CellDrawing() if in_notebook else LineDrawing(sys.stderr)


class CellDrawing:
    """One output of the cell that ran when it began, updated in place."""

    def __init__(self) -> None:
        self._id: str | None = None

    def draw(self, standing: Standing, words: str, *, is_over: bool) -> None:
        """Draw over what was drawn before."""
        del is_over
        text = f"{standing.label}: {standing.done} of {standing.total}, {words}"
        html = progress_html(
            standing.label,
            words,
            done=standing.done,
            total=standing.total,
            failed=standing.failed,
        )
        from IPython import display

        show: Callable[..., object] = display.display
        update: Callable[..., object] = display.update_display
        bundle = {"text/html": html, "text/plain": text}
        if self._id is not None:
            update(bundle, display_id=self._id, raw=True)
        else:
            self._id = uuid4().hex
            show(bundle, display_id=self._id, raw=True)


class LineDrawing:
    """One line of a terminal, written over; elsewhere only the last word.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def draw(self, standing: Standing, words: str, *, is_over: bool) -> None:
        """Draw over what was drawn before."""
        failed = f", {standing.failed} failed" if standing.failed else ""
        line = f"{standing.label}: {standing.done} of {standing.total}{failed}, {words}"
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[2K{line}" + ("\n" if is_over else ""))
        elif is_over:
            self._stream.write(f"{line}\n")
        self._stream.flush()
