"""A job that was checked: what it will ask of the machine, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from quantum_async.models.result import Result
    from quantum_async.simulation.effort import Effort


@dataclass(frozen=True, slots=True)
class Checked:
    """A job that can run, with what checking it has made already.

    Args:
        effort: How much it will ask of this machine.
        run: Runs it on the calling thread.
        plan: Equal for jobs that may run together; ``None`` for one that runs alone.
    """

    effort: Effort
    run: Callable[[], Result] = field(repr=False)
    plan: Hashable | None = None
