"""A job that was checked: what it will ask of the machine, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
    from quantum_async.simulation.effort import Effort


class Stopped(Exception):  # noqa: N818 - what was asked for is no error
    """A simulation was asked to stop, and has."""


def never() -> bool:
    """Never ask to stop."""
    return False


class Plan(Protocol):
    """What jobs that can run together have in common; the same object for all of them."""

    def __hash__(self) -> int: ...

    def run(self, jobs: Sequence[JobSpec], stop: Callable[[], bool]) -> list[Result | Exception]:
        """Run jobs together, each as if it were alone.

        Args:
            jobs: The jobs.
            stop: Whether to stop; asked several times a second.

        Returns:
            For each job its result, or why it failed.

        Raises:
            Stopped: Stopping was asked for.
        """
        ...


@dataclass(frozen=True, slots=True)
class Checked:
    """A job that can run, with what checking it has made already.

    Args:
        effort: How much it will ask of this machine.
        run: Runs it on the calling thread.
        plan: The same for jobs that may be run together; ``None`` where it runs alone.
    """

    effort: Effort
    run: Callable[[], Result] = field(repr=False)
    plan: Plan | None = field(default=None, repr=False)
