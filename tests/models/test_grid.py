"""The points of a sweep: their order, their values, and that they are never built as a whole."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import InvalidInputError
from quantum_async.models.grid import Points, grid, plain_value, zip_points

names = st.text("abcdefgh", min_size=1, max_size=3)
values = st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), min_size=1)
axes = st.dictionaries(names, values, min_size=1, max_size=4)


@given(axes)
def test_a_grid_is_the_product_of_its_axes(axes: dict[str, list[float]]) -> None:
    """Every combination comes once, and the last parameter varies fastest."""
    points = grid(**axes)
    expected = [
        dict(zip(axes, combination, strict=True))
        for combination in itertools.islice(itertools.product(*axes.values()), 50)
    ]
    assert [points[i] for i in range(len(expected))] == expected
    assert len(points) == np.prod([len(v) for v in axes.values()], dtype=object)


@given(axes, st.data())
def test_a_point_can_be_asked_for_by_any_index(
    axes: dict[str, list[float]], data: st.DataObject
) -> None:
    """Negative indices count from the end, and nothing is outside without an `IndexError`."""
    points = grid(**axes)
    index = data.draw(st.integers(0, len(points) - 1))
    assert points[index - len(points)] == points[index]
    for outside in (len(points), -len(points) - 1):
        with pytest.raises(IndexError):
            points[outside]


def test_a_huge_grid_costs_nothing() -> None:
    """A grid of 10^12 points is made, measured and looked into at once."""
    axis = range(10_000)
    points = grid(a=axis, b=axis, c=axis)
    assert len(points) == 10**12
    assert points[10**12 - 1] == {"a": 9999, "b": 9999, "c": 9999}
    assert points.shape == (10_000, 10_000, 10_000)


def test_slices_and_iteration_agree() -> None:
    """A slice holds the points that iterating gives."""
    points = grid(a=[1, 2, 3], b=["x", "y"])
    assert points[1:4] == list(points)[1:4]
    assert repr(points) == "<6 points (a: 3, b: 2)>"


def test_zipped_points_go_together() -> None:
    """The first values belong together, then the second ones."""
    points = zip_points(a=[1, 2], b=[3, 4])
    assert list(points) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert points.shape == (2,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (grid, "at least one parameter"),
        (lambda: grid(a=[]), "has no values"),
        (lambda: grid(a="abc"), "needs a list of values, got str"),
        (lambda: grid(a=1.0), "needs a list of values, got float"),
        (lambda: grid(a=[float("nan")]), "nan, which is not finite"),
        (lambda: grid(a=[float("inf")]), "inf, which is not finite"),
        (lambda: grid(a=[None]), "a value of type NoneType"),
        (lambda: grid(a=[b"xy"]), "a value of type bytes"),
        (lambda: zip_points(a=[1], b=[1, 2]), "different length"),
    ],
)
def test_bad_axes_are_refused(make: object, message: str) -> None:
    """What cannot be swept is refused when it is written down, with the parameter's name."""
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_values_of_other_libraries_become_plain() -> None:
    """NumPy scalars and arrays turn into Python numbers and tuples, exactly."""
    value = plain_value("a", {"x": np.float64(0.1), "y": np.array([[1, 2]]), "z": np.int8(3)})
    assert value == {"x": 0.1, "y": ((1, 2),), "z": 3}
    assert type(value["x"]) is float
    assert type(value["z"]) is int
    assert plain_value("a", Fraction(1, 4)) == 0.25
    assert plain_value("a", np.array(2.5)) == 2.5
    assert type(plain_value("a", np.array(3))) is int
    assert plain_value("a", True) is True
    assert grid(a=np.linspace(0, 1, 3)).axes == {"a": (0.0, 0.5, 1.0)}


def test_the_digest_tells_sweeps_apart() -> None:
    """Names, values, their order and the shape all count; the way they were given does not."""
    first = grid(a=[1, 2], b=[3, 4])
    assert first.digest == grid(a=(1, 2), b=np.array([3, 4])).digest
    others: list[Points] = [
        grid(a=[1, 2], c=[3, 4]),
        grid(b=[3, 4], a=[1, 2]),
        grid(a=[2, 1], b=[3, 4]),
        zip_points(a=[1, 2], b=[3, 4]),
    ]
    assert len({first.digest, *(other.digest for other in others)}) == 5
