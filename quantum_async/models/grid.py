"""The points of a sweep: a grid or a list, whose combinations are never built as a whole."""

from __future__ import annotations

import hashlib
import json
import math
import operator
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet, Sized
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, SupportsFloat, SupportsIndex, TypeAlias, overload

from quantum_async.errors import InvalidInputError

if TYPE_CHECKING:
    Value: TypeAlias = "float | int | str | tuple[Value, ...] | Mapping[str, Value]"
    """A parameter's value: a number, a word, or an array or mapping of them."""

AxisValues: TypeAlias = "Iterable[object]"

MOST_VALUES = 1_000_000
"""Values of one parameter that are kept one by one; a `range` may be longer, and is kept as it is."""

_SHORT = 100_000
"""Values of a range that are kept like those of a list."""


class Points(Sequence["Mapping[str, Value]"]):
    """The points of a sweep, computed one at a time.

    Made by `grid` and `zip_points`. A point is a mapping from parameter to value.
    """

    __slots__ = ("_is_grid", "axes")

    axes: Mapping[str, Sequence[Value]]
    """The values of each parameter, in the order in which they were given: tuples, and long ranges."""

    def __init__(self, axes: Mapping[str, AxisValues], *, is_grid: bool) -> None:
        if not axes:
            raise InvalidInputError(
                "a sweep needs at least one parameter",
                remedy="Name the parameters: grid(omega=[1.0, 2.0]).",
            )
        self.axes = {name: _axis(name, values) for name, values in axes.items()}
        self._is_grid = is_grid
        lengths = {name: len(values) for name, values in self.axes.items()}
        if not is_grid and len(set(lengths.values())) > 1:
            raise InvalidInputError(
                f"parameters of different length cannot be zipped: {lengths}",
                remedy="Give each parameter the same number of values, or use grid(...).",
            )
        if is_grid and math.prod(lengths.values()) > sys.maxsize:
            raise InvalidInputError(
                f"this grid has {math.prod(lengths.values()):.3g} points, more than can be numbered",
                remedy="Give the parameters fewer values.",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values per axis for a grid, else the number of points."""
        lengths = tuple(len(values) for values in self.axes.values())
        return lengths if self._is_grid else lengths[:1]

    @property
    def digest(self) -> str:
        """SHA-256 over names, values and shape, in hexadecimal."""
        axes = [(name, _written(values)) for name, values in self.axes.items()]
        document = json.dumps([self._is_grid, axes])
        return hashlib.sha256(document.encode()).hexdigest()

    def __len__(self) -> int:
        lengths = map(len, self.axes.values())
        return math.prod(lengths) if self._is_grid else next(lengths)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Value]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Value]]: ...
    def __getitem__(
        self, index: int | slice
    ) -> Mapping[str, Value] | Sequence[Mapping[str, Value]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"point {index} of {len(self)}")
        if not self._is_grid or len(self.axes) == 1:
            return {name: values[index] for name, values in self.axes.items()}
        return self._unravel(index)

    def __iter__(self) -> Iterator[Mapping[str, Value]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(values)}" for name, values in self.axes.items())
        return f"<{len(self)} points ({sizes})>"

    def _unravel(self, index: int) -> Mapping[str, Value]:
        point: dict[str, Value] = {}
        for name in reversed(tuple(self.axes)):
            index, position = divmod(index, len(self.axes[name]))
            point[name] = self.axes[name][position]
        return {name: point[name] for name in self.axes}


def grid(**axes: AxisValues) -> Points:
    """Take every combination of the values; the last parameter varies fastest.

    Args:
        **axes: Values of each parameter: numbers, or arrays where the parameter is one.

    Raises:
        InvalidInputError: No parameter, an empty axis, one of more than 1,000,000 values that is
            no `range`, or a value that is not a number.

    Example:
        ```python
        import quantum_async as qa

        points = qa.grid(omega=[1.0, 2.0], delta=[0.0, 0.5, 1.0])
        assert len(points) == 6
        assert points[1] == {"omega": 1.0, "delta": 0.5}
        ```
    """
    return Points(axes, is_grid=True)


def zip_points(**axes: AxisValues) -> Points:
    """Take the first values together, then the second ones, and so on.

    Args:
        **axes: Values of each parameter, all of one length.

    Raises:
        InvalidInputError: The lengths differ, or as for `grid`.

    Example:
        ```python
        import quantum_async as qa

        points = qa.zip_points(omega=[1.0, 2.0], delta=[0.0, 0.5])
        assert points[1] == {"omega": 2.0, "delta": 0.5}
        ```
    """
    return Points(axes, is_grid=False)


def as_points(points: object) -> Points:
    """Take the points of a sweep, or a list of mappings as points; anything else is refused.

    Args:
        points: What `grid` or `zip_points` made, or a list of points, each a mapping from the same
            parameters to values.

    Raises:
        InvalidInputError: It is neither, it is empty, the points differ in their parameters, or a
            value is none.

    Example:
        ```python
        from quantum_async.models.grid import as_points

        assert as_points([{"x": 1, "y": 2.5}, {"x": 3, "y": 0.5}])[1] == {"x": 3, "y": 0.5}
        ```
    """
    if isinstance(points, Points):
        return points
    if isinstance(points, (str, bytes)) or not isinstance(points, Sequence):
        raise InvalidInputError(_no_points(points), remedy=_HOW)
    if not points:
        raise InvalidInputError("a sweep needs at least one point", remedy=_HOW)
    if len(points) > MOST_VALUES:
        raise InvalidInputError(
            f"a list of {len(points)} points; the most are {MOST_VALUES}", remedy=_HOW
        )
    axes: dict[object, list[object]] = {}
    for index, point in enumerate(points):
        if not isinstance(point, Mapping):
            raise InvalidInputError(
                f"point {index} is no mapping from parameters to values, but {_kind(point)}",
                remedy=_HOW,
            )
        if index and point.keys() != axes.keys():
            raise InvalidInputError(
                f"point {index} has the parameters {_names(point)}, and point 0 has {_names(axes)}",
                remedy="Give every point a value of each parameter.",
            )
        for name, value in point.items():
            axes.setdefault(name, []).append(value)
    named = {name: values for name, values in axes.items() if isinstance(name, str)}
    if len(named) < len(axes):
        raise InvalidInputError(
            f"names of parameters are text, got {', '.join(map(repr, axes))}", remedy=_HOW
        )
    return Points(named, is_grid=False)


_HOW = (
    "Write grid(theta=[0.1, 0.2]) for every combination, zip_points(theta=[0.1, 0.2], ...) for "
    "values that go together, or a list with a mapping for each point."
)


def _no_points(points: object) -> str:
    if isinstance(points, Mapping):
        return f"the points of a sweep are no mapping of axes, got {_kind(points)}"
    return f"these are no points of a sweep, but {_kind(points)}"


def _kind(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"a value of type {type(value).__name__}"


def _names(point: Iterable[object]) -> str:
    return ", ".join(map(str, point)) or "none"


def _axis(name: str, values: AxisValues) -> Sequence[Value]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidInputError(
            f"parameter {name!r} needs a list of values, got {type(values).__name__}",
            remedy=f"For a single value write {name}=[value].",
        )
    if isinstance(values, range) and values[_SHORT:]:
        if values[sys.maxsize :]:
            raise InvalidInputError(f"parameter {name!r} has more values than can be numbered")
        return values
    try:
        axis = tuple(plain_value(name, value) for value in _bounded(name, values))
    except InvalidInputError:
        raise
    except Exception as error:
        raise _unreadable(name, values, error) from error
    if not axis:
        raise InvalidInputError(f"parameter {name!r} has no values")
    return axis


def _bounded(name: str, values: Iterable[object]) -> Iterator[object]:
    """Iterate over values, as long as there are not too many to be kept."""
    if isinstance(values, Sized) and len(values) > MOST_VALUES:
        raise _too_many(name)
    iterator = iter(values)
    yield from islice(iterator, MOST_VALUES)
    for _ in iterator:
        raise _too_many(name)


def _too_many(name: str) -> InvalidInputError:
    return InvalidInputError(
        f"parameter {name!r} has more than {MOST_VALUES} values",
        remedy="Give it fewer, or a range.",
    )


def _unreadable(name: str, value: object, error: Exception) -> InvalidInputError:
    return InvalidInputError(
        f"parameter {name!r}: a value of type {type(value).__name__} cannot be read: "
        f"{type(error).__name__}: {error}",
        remedy=_VALUES,
    )


def _written(values: Sequence[Value]) -> object:
    if isinstance(values, range) and values[MOST_VALUES:]:
        return {"range": [values.start, values.stop, values.step]}
    return list(values)


_VALUES = "Values are numbers, or lists of numbers for array parameters."


def plain_value(name: str, value: object) -> Value:
    """Turn a number or array of any library into plain Python, exactly.

    Args:
        name: The parameter, for the error.
        value: A number, word, array or mapping.

    Raises:
        InvalidInputError: The value is none of these, or is not finite.
    """
    kind = type(value)
    if kind is float:
        return _finite(name, value)  # type: ignore[arg-type]
    if kind is int or isinstance(value, (str, bool)):
        # Known by their types: to ask the protocols below takes as long as all the rest of a job.
        return value  # type: ignore[return-value]
    try:
        return _plain(name, value)
    except InvalidInputError:
        raise
    except Exception as error:
        # What other libraries' values do when they are read is theirs, and so is a list in itself.
        raise _unreadable(name, value, error) from error


def _plain(name: str, value: object) -> Value:
    if isinstance(value, Mapping):
        return {str(key): plain_value(name, item) for key, item in value.items()}
    if isinstance(value, SupportsIndex) and not _is_array(value):
        # An array without dimensions has the method whether or not it holds a whole number.
        with suppress(TypeError):
            return operator.index(value)
    if isinstance(value, SupportsFloat) and not _is_array(value):
        return _finite(name, float(value))
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, AbstractSet)):
        return tuple(plain_value(name, item) for item in _bounded(name, value))
    raise InvalidInputError(
        f"parameter {name!r} has a value of type {type(value).__name__}", remedy=_VALUES
    )


def _is_array(value: object) -> bool:
    return bool(getattr(value, "shape", ()))


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise InvalidInputError(f"parameter {name!r} has the value {value}, which is not finite")
    return value
