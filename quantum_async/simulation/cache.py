"""What was worked out of a program, kept for its next job."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.models.program import Program

Made = TypeVar("Made")

_MOST = 32


class ProgramCache(Generic[Made]):
    """A small thread-safe memory of what was made of the programs used last.

    Args:
        name: Under which name it is kept on programs that hold a live object.
    """

    def __init__(self, name: str) -> None:
        self._attribute = f"_made_{name}"
        self._made: OrderedDict[tuple[str, str], Made] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, program: Program, variant: str, make: Callable[[], Made]) -> Made:
        """Return what was made of a program, or make it now.

        Args:
            program: The program.
            variant: What else the result depends on.
            make: Makes it; may run twice where two threads ask at once.
        """
        if program.live is not None:
            # Its digest would force the encoding that a live program exists to avoid.
            own: dict[str, Made] = program.__dict__.setdefault(self._attribute, {})
            if variant not in own:
                own[variant] = make()
            return own[variant]
        key = (program.digest, variant)
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = make()
        with self._lock:
            self._made[key] = made
            while len(self._made) > _MOST:
                self._made.popitem(last=False)
        return made
