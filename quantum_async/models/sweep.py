"""The outcome of a sweep: points with their parameters and results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from quantum_async.errors import ResultError
from quantum_async.models._late import call_late

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas
    from matplotlib.axes import Axes

    from quantum_async.models.grid import Points, Value
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One point of a sweep: its place, its parameters, and its result or error.

    Args:
        index: Its place in the sweep, from 0.
        parameters: The parameters' values.
        result: What was measured, or ``None`` where it failed.
        error: Why there is no result, or ``None``.
        ref: The job that measured it, where it was accepted.
    """

    index: int
    parameters: Mapping[str, Value]
    result: Result | None = None
    error: BaseException | None = None
    ref: JobRef | None = field(default=None, repr=False)

    @property
    def counts(self) -> Mapping[str, int]:
        """The result's counts; raises the point's error where it failed."""
        return self.outcome().counts

    def outcome(self) -> Result:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        if self.result is None:
            raise ResultError(f"point {self.index} has no result")
        return self.result


class SweepResults(Sequence[SweepPoint]):
    """All points of a finished sweep, in the order of its grid.

    Args:
        points: The sweep's points.
        outcomes: One outcome per point, in the same order.
        name: The sweep's name, where it has one.
    """

    def __init__(
        self, points: Points, outcomes: Sequence[SweepPoint], name: str | None = None
    ) -> None:
        self.points = points
        self.name = name
        self._outcomes = tuple(outcomes)

    @property
    def results(self) -> list[Result]:
        """The results in grid order; raises the first error where a point failed."""
        return [point.outcome() for point in self._outcomes]

    @property
    def errors(self) -> list[SweepPoint]:
        """The points that failed."""
        return [point for point in self._outcomes if point.error is not None]

    @overload
    def __getitem__(self, index: int) -> SweepPoint: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SweepPoint]: ...
    def __getitem__(self, index: int | slice) -> SweepPoint | Sequence[SweepPoint]:
        return self._outcomes[index]

    def __len__(self) -> int:
        return len(self._outcomes)

    def __iter__(self) -> Iterator[SweepPoint]:
        return iter(self._outcomes)

    def __repr__(self) -> str:
        failed = len(self.errors)
        return f"<SweepResults: {len(self)} points, {failed} failed>"

    def _repr_html_(self) -> str:
        shown: str = call_late("quantum_async.display.html", "sweep_results_html", self)
        return shown

    def to_pandas(self) -> pandas.DataFrame:
        """Convert to a data frame: a row per point, with parameters, shots and counts.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return call_late("quantum_async.display.frames", "sweep_frame", self)

    def plot(self, x: str | None = None, y: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw the excited fraction, or the first observable, over one or two parameters.

        Args:
            x: The parameter along the horizontal axis; the first one by default.
            y: A second parameter: the picture is then a landscape.
            ax: Where to draw; a new figure by default.

        Raises:
            MissingExtraError: matplotlib is not installed.
            InvalidOptionError: There is no such parameter.
        """
        drawn: Axes = call_late("quantum_async.display.plots", "plot_sweep", self, x=x, y=y, ax=ax)
        return drawn
