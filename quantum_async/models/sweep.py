"""The outcome of a sweep: points with their parameters and results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, overload

from quantum_async.errors import ResultError
from quantum_async.models._extras import call_late

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from quantum_async.models.grid import Points, Value
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result

T_co = TypeVar("T_co", covariant=True)


class PerPoint(Sequence[T_co], Generic[T_co]):
    """One value per point, of which those that are known are kept and the others made when asked.

    Args:
        size: How many points there are.
        known: The values that are known, by the points' places.
        otherwise: Makes the value of any other point.
    """

    __slots__ = ("_known", "_otherwise", "_size")

    def __init__(
        self, size: int, known: Mapping[int, T_co], otherwise: Callable[[int], T_co]
    ) -> None:
        self._size = size
        self._known = known
        self._otherwise = otherwise

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(self._size)))
        place = range(self._size)[index]
        return self._known[place] if place in self._known else self._otherwise(place)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T_co]:
        return (self[place] for place in range(self._size))

    def tally(self, is_so: Callable[[T_co], bool]) -> int:
        """Count the values of which something is so; all that are made are alike."""
        found = sum(map(is_so, self._known.values()))
        made = self._size - len(self._known)
        if not made:
            return found
        one = next(place for place in range(self._size) if place not in self._known)
        return found + made * is_so(self._otherwise(one))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (PerPoint, list, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._size} values, {len(self._known)} of them known>"


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
        # What makes its members when they are asked for must not be made to make them all.
        self._outcomes: Sequence[SweepPoint] = (
            outcomes if isinstance(outcomes, PerPoint) else tuple(outcomes)
        )

    @property
    def results(self) -> list[Result]:
        """The results in grid order; raises the first error where a point failed."""
        return [point.outcome() for point in self._outcomes]

    @property
    def failed(self) -> int:
        """Number of points that have an error."""
        if isinstance(self._outcomes, PerPoint):
            return self._outcomes.tally(lambda point: point.error is not None)
        return sum(point.error is not None for point in self._outcomes)

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
        return f"<SweepResults: {len(self)} points, {self.failed} failed>"

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
