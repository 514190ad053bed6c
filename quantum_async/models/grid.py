"""The points of a sweep: a grid or a list, never built as a whole."""

from __future__ import annotations

import hashlib
import json
import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, SupportsFloat, SupportsIndex, TypeAlias, overload

from quantum_async.errors import InvalidInputError

if TYPE_CHECKING:
    Value: TypeAlias = "float | int | str | tuple[Value, ...] | Mapping[str, Value]"
    """A parameter's value: a number, a word, or an array or mapping of them."""

AxisValues: TypeAlias = "Iterable[object]"


class Points(Sequence["Mapping[str, Value]"]):
    """The points of a sweep, computed one at a time.

    Made by `grid` and `zip_points`. A point is a mapping from parameter to value.
    """

    __slots__ = ("_is_grid", "axes")

    axes: Mapping[str, tuple[Value, ...]]
    """The values of each parameter, in the order in which they were given."""

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

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values per axis for a grid, else the number of points."""
        lengths = tuple(len(values) for values in self.axes.values())
        return lengths if self._is_grid else lengths[:1]

    @property
    def digest(self) -> str:
        """SHA-256 over names, values and shape, in hexadecimal."""
        document = json.dumps([self._is_grid, list(self.axes.items())])
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
        InvalidInputError: No parameter, an empty axis, or a value that is not a number.

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


def _axis(name: str, values: AxisValues) -> tuple[Value, ...]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidInputError(
            f"parameter {name!r} needs a list of values, got {type(values).__name__}",
            remedy=f"For a single value write {name}=[value].",
        )
    axis = tuple(plain_value(name, value) for value in values)
    if not axis:
        raise InvalidInputError(f"parameter {name!r} has no values")
    return axis


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
    if isinstance(value, Mapping):
        return {str(key): plain_value(name, item) for key, item in value.items()}
    if isinstance(value, SupportsIndex) and not _is_array(value):
        # An array without dimensions has the method whether or not it holds a whole number.
        with suppress(TypeError):
            return operator.index(value)
    if isinstance(value, SupportsFloat) and not _is_array(value):
        return _finite(name, float(value))
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return tuple(plain_value(name, item) for item in value)
    raise InvalidInputError(
        f"parameter {name!r} has a value of type {type(value).__name__}",
        remedy="Values are numbers, or lists of numbers for array parameters.",
    )


def _is_array(value: object) -> bool:
    return bool(getattr(value, "shape", ()))


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise InvalidInputError(f"parameter {name!r} has the value {value}, which is not finite")
    return value
