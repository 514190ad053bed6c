"""Plots of results, sweeps and devices, on the user's axes or new ones; no global style is touched."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from quantum_async.display.estimate import coordinate, main_value
from quantum_async.display.html import MOST_LABELS, places
from quantum_async.errors import InvalidOptionError
from quantum_async.models.device import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from quantum_async.display.estimate import Mean
    from quantum_async.models.device import Device
    from quantum_async.models.grid import Value
    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint, SweepResults


if TYPE_CHECKING:
    Measure = Callable[[Result], tuple[str, Mean]]
    """What to draw of a result: its name, and the number."""

_MOST_LABELS = 10


def plot_result(result: Result, *, ax: Axes | None = None, most: int = 32) -> Axes:
    """Draw a histogram of the outcomes, in the order of their keys.

    Args:
        result: What was measured.
        ax: Where to draw; a new figure by default.
        most: How many outcomes at most, the most frequent ones.

    Raises:
        InvalidOptionError: `most` is not positive.
    """
    if most < 1:
        raise InvalidOptionError(f"most is {most}", remedy="Draw at least one outcome.")
    axes = axes_or_new(ax)
    shown = sorted(result.most_common(most))
    total = sum(result.counts.values()) or 1
    parts = [count / total for _, count in shown]
    errors = [math.sqrt(part * (1 - part) / total) for part in parts]
    axes.bar(range(len(shown)), parts, yerr=errors, capsize=2, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(shown)), [outcome for outcome, _ in shown])
    width = len(shown) * (result.width + 1)
    axes.tick_params(axis="x", labelrotation=90 if width > 60 else 0)
    hidden = len(result.counts) - len(shown)
    axes.set_xlabel(f"outcome ({hidden} rarer ones not shown)" if hidden > 0 else "outcome")
    axes.set_ylabel(f"frequency in {result.shots} shots")
    return axes


def plot_sweep(
    results: SweepResults,
    *,
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
    measure: Measure = main_value,
) -> Axes:
    """Draw one number per point over one parameter, or as a landscape over two.

    Points that failed are left out. Over one parameter, every combination of the others is a
    line of its own.

    Args:
        results: The finished sweep.
        x: The parameter along the horizontal axis; the first one by default.
        y: A second parameter: the picture is then a landscape.
        ax: Where to draw; a new figure by default.
        measure: What is drawn: the first observable by default, or the excited fraction.

    Raises:
        InvalidOptionError: There is no such parameter, or its values are not numbers.
    """
    names = list(results.points.axes)
    across = names[0] if x is None else x
    for name in (across, y):
        _check_axis(results, name)
    axes = axes_or_new(ax)
    points = [point for point in results if point.result is not None]
    if y is None:
        label = _draw_lines(axes, points, across, measure)
        axes.set_ylabel(label)
    else:
        _draw_landscape(axes, points, across, y, measure)
        axes.set_ylabel(y)
    axes.set_xlabel(across)
    return axes


def axes_or_new(ax: Axes | None) -> Axes:
    """Give the user's axes, or those of a new figure that a notebook shows.

    Args:
        ax: The user's, where there are some.
    """
    if ax is not None:
        return ax
    # pyplot, so that a notebook shows the figure and plt.show() finds it.
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def _check_axis(results: SweepResults, name: str | None) -> None:
    if name is not None and name not in results.points.axes:
        known = ", ".join(results.points.axes)
        raise InvalidOptionError(
            f"the sweep has no parameter {name!r}", remedy=f"Its parameters are: {known}."
        )


def _draw_lines(axes: Axes, points: Sequence[SweepPoint], x: str, measure: Measure) -> str:
    lines: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    label = ""
    for point in points:
        label, value = measure(point.outcome())
        others = {name: v for name, v in point.parameters.items() if name != x}
        row = (coordinate(point, x), value.value, value.standard_error or 0.0)
        lines[_words(others)].append(row)
    for name, rows in lines.items():
        xs, ys, errors = zip(*sorted(rows), strict=True)
        axes.errorbar(xs, ys, yerr=errors, fmt="o", markersize=4, linewidth=1, label=name or label)
    if 1 < len(lines) <= _MOST_LABELS:
        axes.legend()
    return label


def _words(parameters: dict[str, Value]) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in parameters.items()
    )


def _draw_landscape(
    axes: Axes, points: Sequence[SweepPoint], x: str, y: str, measure: Measure
) -> None:
    cells: dict[tuple[float, float], list[float]] = defaultdict(list)
    label = ""
    for point in points:
        label, value = measure(point.outcome())
        cells[coordinate(point, x), coordinate(point, y)].append(value.value)
    if not cells:
        return
    xs, ys = (sorted({place[axis] for place in cells}) for axis in (0, 1))
    # Where further parameters vary, a cell shows the mean over them.
    table = [
        [
            sum(cells[place]) / len(cells[place]) if (place := (a, b)) in cells else math.nan
            for a in xs
        ]
        for b in ys
    ]
    mesh = axes.pcolormesh(xs, ys, table, shading="nearest", cmap="viridis")
    axes.figure.colorbar(mesh, ax=axes, label=label)


def plot_device(device: Device, *, ax: Axes | None = None) -> Axes:
    """Draw a device's topology.

    Args:
        device: The device.
        ax: Where to draw; a new figure by default.

    Raises:
        InvalidOptionError: The provider tells neither positions nor connectivity.
    """
    at = places(device)
    if not at:
        raise InvalidOptionError(
            f"{device.target} has no topology to draw",
            remedy="Its provider tells neither positions nor connectivity: "
            "any of its qubits can interact, or none was named.",
        )
    axes = axes_or_new(ax)
    for first, second in device.connectivity:
        if first in at and second in at:
            xs, ys = zip(at[first], at[second], strict=True)
            axes.plot(xs, ys, color="0.6", linewidth=1, zorder=1)
    xs, ys = zip(*at.values(), strict=True)
    is_labelled = len(at) <= MOST_LABELS
    axes.scatter(xs, ys, s=320 if is_labelled else 30, zorder=2)
    if is_labelled:
        for name, place in at.items():
            axes.annotate(name, place, ha="center", va="center", color="white", fontsize=7)
    axes.set_aspect("equal")
    axes.margins(0.1)
    axes.set_title(device.target)
    if device.positions and device.kind is DeviceKind.ANALOG:
        axes.set_xlabel("x (µm)")
        axes.set_ylabel("y (µm)")
    else:
        # A chip's coordinates only say who is next to whom.
        axes.set_axis_off()
    return axes
