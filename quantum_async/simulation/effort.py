"""How much a job will ask of this machine, guessed before it runs."""

from __future__ import annotations

from dataclasses import dataclass

ENDLESS = 86_400.0
"""What is said of a job that may go on for ever, or nearly: a day, in seconds."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a job will ask of this machine.

    Args:
        seconds: How long it will run, on one core; `ENDLESS` where nobody can say that it ends.
        grip: The longest time in seconds for which it will stop every other Python thread of its
            process, because native code keeps the interpreter's lock.
        size: Memory in bytes beyond the simulator itself.
        is_private: Whether it borrows what a whole process shares, such as numpy's global random
            state, or may never end, and should have a process of its own.
    """

    seconds: float
    grip: float = 0.0
    size: int = 0
    is_private: bool = False
