"""What was worked out of a program, kept for its next job."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from quantum_async.models._recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.models.program import Program

Made = TypeVar("Made")
Key = TypeVar("Key")

_MOST = 32


class ProgramCache(Generic[Made]):
    """A small thread-safe memory of what was made of the programs used last.

    Args:
        name: Under which name it is kept on programs that hold a live object.
    """

    def __init__(self, name: str) -> None:
        self._attribute = f"_made_{name}"
        self._made: Recent[tuple[str, str], Made] = Recent(_MOST)
        self._lock = threading.Lock()

    def get(self, program: Program, variant: str, make: Callable[[], Made]) -> Made:
        """Return what was made of a program, or make it now.

        Args:
            program: The program.
            variant: What else the result depends on.
            make: Makes it; may run twice where two threads ask at once.
        """
        if program.live is None:
            return self._kept(self._made, (program.digest, variant), make)
        # Its digest would force the encoding that a live program exists to avoid.
        own: Recent[str, Made] = program.__dict__.setdefault(self._attribute, Recent(_MOST))
        return self._kept(own, variant, make)

    def _kept(self, book: Recent[Key, Made], key: Key, make: Callable[[], Made]) -> Made:
        with self._lock:
            if key in book:
                book.move_to_end(key)
                return book[key]
        made = make()
        with self._lock:
            book[key] = made
        return made
