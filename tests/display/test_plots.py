from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib import pyplot, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantum_async.errors import InvalidOptionError
from quantum_async.models.grid import grid
from quantum_async.models.result import BitOrder, Expectation, Result
from quantum_async.models.sweep import SweepPoint, SweepResults


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def test_a_histogram_shows_the_frequencies(result: Result, ax: Axes) -> None:
    """One bar per outcome, in the order of the keys, as high as the outcome is frequent."""
    assert result.plot(ax=ax) is ax
    assert [bar.get_height() for bar in ax.patches] == [0.1, 0.3, 0.6]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["00", "01", "11"]


def test_a_histogram_says_what_it_leaves_out(result: Result, ax: Axes) -> None:
    """With fewer bars than outcomes the most frequent ones stay, and the label tells the rest."""
    result.plot(ax=ax, most=2)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["01", "11"]
    assert "1 rarer" in ax.get_xlabel()
    with pytest.raises(InvalidOptionError):
        result.plot(ax=ax, most=0)


def test_a_line_leaves_failed_points_out(line: SweepResults, ax: Axes) -> None:
    """Over one parameter the measured fraction is drawn with its error; failures are not."""
    assert line.plot("omega", ax=ax) is ax
    (container,) = ax.containers
    xs, ys = container[0].get_data()
    assert list(xs) == [0.0, 1.0, 3.0]
    assert list(ys) == [0.0, 0.1, 0.3]
    last = container[2][0].get_segments()[-1]
    assert last[1][1] - last[0][1] == pytest.approx(2 * math.sqrt(0.3 * 0.7 / 100))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("omega", "excited fraction")


def test_further_parameters_become_lines(plane: SweepResults, ax: Axes) -> None:
    """Over one of two parameters, every value of the other is a line of its own, with a name."""
    plane.plot("y", ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["x=0.1", "x=0.2"]


def test_a_landscape_puts_each_value_in_its_place(plane: SweepResults, ax: Axes) -> None:
    """Over two parameters, columns are the first and rows the second one."""
    plane.plot("x", "y", ax=ax)
    (mesh,) = ax.collections
    expected = [[0.2, 0.3], [0.3, 0.4], [0.4, 0.5]]
    assert np.asarray(mesh.get_array()).reshape(3, 2) == pytest.approx(np.array(expected))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_an_observable_is_drawn_before_the_fraction(ax: Axes) -> None:
    """Where an expectation value was asked for, it is what the picture shows."""
    points = grid(a=[1.0])
    measured = Result({"0": 1}, 1, BitOrder.ATOMS, expectation_values={"Z": Expectation(0.5, 0.1)})
    SweepResults(points, [SweepPoint(0, points[0], measured)]).plot(ax=ax)
    assert ax.get_ylabel() == "⟨Z⟩"
    assert list(ax.containers[0][0].get_data()[1]) == [0.5]


@pytest.mark.parametrize(("x", "y"), [("nope", None), ("omega", "nope")])
def test_an_unknown_parameter_is_refused(
    line: SweepResults, ax: Axes, x: str, y: str | None
) -> None:
    """A parameter that the sweep does not have is refused with those that it has."""
    with pytest.raises(InvalidOptionError, match="nope") as caught:
        line.plot(x, y, ax=ax)
    assert "omega" in (caught.value.remedy or "")


def test_a_parameter_of_words_is_refused(ax: Axes) -> None:
    """Words have no place on an axis."""
    points = grid(gate=["x", "y"])
    results = SweepResults(
        points,
        [SweepPoint(i, p, Result({"0": 1}, 1, BitOrder.ATOMS)) for i, p in enumerate(points)],
    )
    with pytest.raises(InvalidOptionError, match="gate is not a number"):
        results.plot(ax=ax)


def test_plotting_changes_no_global_style(line: SweepResults) -> None:
    """A new figure is made where none is given, and matplotlib's settings stay as they were."""
    pyplot.switch_backend("agg")
    before = dict(rcParams)
    axes = line.plot()
    assert axes.figure.number in pyplot.get_fignums()
    assert dict(rcParams) == before
    pyplot.close(axes.figure)
