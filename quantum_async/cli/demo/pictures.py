"""The demo's pictures: characters for the terminal, a PNG for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.cli.demo import physics
from quantum_async.cli.demo.document import best
from quantum_async.cli.saving import whole_file
from quantum_async.display.estimate import coordinate

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from rich.console import Console, ConsoleRenderable

    from quantum_async.cli.demo.sweeps import Demo
    from quantum_async.display.estimate import Mean
    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepResults

_SIDE_BY_SIDE = 110
"""From this many columns on, both pictures fit next to each other."""
_RABI = "Rabi oscillation of one atom"
_QAOA = "MaxCut by QAOA"
_OMEGA = "Ω (rad/µs)"


def print_demo(demo: Demo, console: Console) -> None:
    """Draw both sweeps in the terminal, and say what came out.

    Args:
        demo: What was measured.
        console: Where to draw.
    """
    from rich.table import Table
    from rich.text import Text

    rabi, qaoa = _rabi_chart(demo), _qaoa_landscape(demo)
    titles = [
        Text(f"{_RABI}, {len(demo.rabi)} points on {demo.targets[0]}", "bold"),
        Text(f"{_QAOA}, {len(demo.qaoa)} points on {demo.targets[1]}", "bold"),
    ]
    if console.width >= _SIDE_BY_SIDE:
        table = Table.grid(expand=True, padding=(0, 2))
        table.add_column(ratio=1)
        table.add_column(ratio=1)
        table.add_row(*titles)
        table.add_row(rabi, qaoa)
        console.print(table)
    else:
        console.print(titles[0], rabi, "", titles[1], qaoa, sep="\n")
    console.print()
    for line in summary(demo):
        console.print(line, highlight=False)


def summary(demo: Demo) -> list[str]:
    """Say in words what came out.

    Args:
        demo: What was measured.
    """
    top = best(demo)
    cut = physics.expected_cut(top.outcome())
    jobs = len(demo.rabi) + len(demo.qaoa)
    return [
        f"{jobs} jobs, {jobs * demo.shots} shots, {demo.seconds:.1f} s: both sweeps ran at once.",
        f"Rabi: the measured fraction follows sin²(Ωt/2) within {_deviation(demo):.3f}.",
        f"QAOA: γ = {coordinate(top, 'gamma'):.2f}, β = {coordinate(top, 'beta'):.2f} cut "
        f"{cut.value:.2f} of {len(physics.EDGES)} edges on average; "
        f"the largest cut is {physics.LARGEST_CUT}.",
    ]


def save_demo(demo: Demo, path: Path) -> None:
    """Write both sweeps to a PNG file.

    Args:
        demo: What was measured.
        path: Where to.

    Raises:
        OSError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Without pyplot: no global state, no window, no backend to choose.
    figure = Figure(figsize=(11, 4.4), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _draw_rabi(demo, left)
    _draw_qaoa(demo, right)
    with whole_file(path) as part:
        figure.savefig(part, format="png")


def _rabi_chart(demo: Demo) -> ConsoleRenderable:
    from quantum_async.display.terminal.chart import Chart

    points = [
        (coordinate(point, "omega"), point.outcome().excited_fraction()) for point in demo.rabi
    ]
    return Chart(
        points,
        x_label=f"{_OMEGA}   ● measured   ⠒ theory",
        y_label="excited fraction",
        curve=physics.rabi_theory,
        y_limits=(0.0, 1.0),
        height=len(demo.qaoa.points.axes["beta"]),
    )


def _qaoa_landscape(demo: Demo) -> ConsoleRenderable:
    from quantum_async.display.terminal.landscape import Landscape

    gammas, betas = (_values(demo.qaoa, name) for name in ("gamma", "beta"))
    rows = len(betas)
    return Landscape(
        gammas,
        betas,
        {
            divmod(point.index, rows): physics.expected_cut(point.outcome()).value
            for point in demo.qaoa
        },
        x_label="γ (rad)",
        y_label="β (rad)",
        value_label="edges cut",
    )


def _deviation(demo: Demo) -> float:
    return max(
        abs(point.outcome().excited_fraction() - physics.rabi_theory(coordinate(point, "omega")))
        for point in demo.rabi
    )


def _values(results: SweepResults, name: str) -> list[float]:
    return sorted({coordinate(point, name) for point in results})


def _draw_rabi(demo: Demo, axes: Axes) -> None:
    from quantum_async.display.plots import plot_sweep

    omegas = _values(demo.rabi, "omega")
    fine = [omegas[-1] * i / 400 for i in range(401)]
    axes.plot(fine, [physics.rabi_theory(omega) for omega in fine], color="0.65", label="theory")
    plot_sweep(demo.rabi, x="omega", ax=axes)
    axes.set(title=_RABI, xlabel=_OMEGA, ylabel="excited fraction", ylim=(-0.05, 1.2))
    axes.legend(["theory: sin²(Ωt/2)", "measured"], loc="upper center", ncols=2)


def _draw_qaoa(demo: Demo, axes: Axes) -> None:
    from quantum_async.display.plots import plot_sweep

    plot_sweep(demo.qaoa, x="gamma", y="beta", ax=axes, measure=_edges_cut)
    top = best(demo)
    axes.plot([coordinate(top, "gamma")], [coordinate(top, "beta")], "kD", markersize=6)
    axes.set(title=_QAOA, xlabel="γ (rad)", ylabel="β (rad)")


def _edges_cut(result: Result) -> tuple[str, Mean]:
    return "expected number of edges cut", physics.expected_cut(result)
