"""``quantum-async demo``: two sweeps at once on this machine, and their pictures."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from importlib.resources import files
from time import perf_counter
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.cli.clients import client_for
from quantum_async.cli.running import watched
from quantum_async.cli.saving import check_output, whole_file
from quantum_async.cli.session import ExitCode, dump, point_document
from quantum_async.display.estimate import coordinate, mean
from quantum_async.models.grid import grid
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from rich.console import Console, ConsoleRenderable

    from quantum_async.cli.session import Document
    from quantum_async.display.estimate import Mean
    from quantum_async.models.grid import Points
    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint, SweepResults
    from quantum_async.scheduler.sweep import Sweep


PULSE_US = 1.0
"""Duration of the pulse in ``rabi.json``, in microseconds."""
EDGES = ((0, 1), (1, 2), (2, 3), (0, 3), (0, 4), (1, 4))
"""The graph in ``maxcut.qasm``."""
LARGEST_CUT = 5
"""As many edges as any colouring of the corners with two colours can cut."""

_RABI_POINTS = 41
_QAOA_POINTS = 16


def rabi_program() -> Program:
    """Read the Pulser sequence: one atom, one resonant pulse of amplitude ``omega``."""
    return Program(_text("rabi.json"), ProgramFormat.PULSER, "rabi")


def rabi_points() -> Points:
    """Choose the pulse's amplitudes, in rad/µs: two full oscillations."""
    last = _RABI_POINTS - 1
    return grid(omega=[4 * math.pi * i / last for i in range(_RABI_POINTS)])


def rabi_theory(omega: float) -> float:
    """Compute the probability that a resonant pulse leaves the atom excited.

    Args:
        omega: The pulse's amplitude in rad/µs.
    """
    return math.sin(omega * PULSE_US / 2) ** 2


def qaoa_program() -> Program:
    """Read the circuit, with the angles ``gamma`` and ``beta`` as parameters."""
    return Program(_text("maxcut.qasm"), ProgramFormat.QASM3, "maxcut")


def qaoa_points() -> Points:
    """Choose the angles, in radians: half a period of each, where the landscape has its peak."""
    last = _QAOA_POINTS - 1
    return grid(
        gamma=[math.pi * i / last for i in range(_QAOA_POINTS)],
        beta=[math.pi / 2 * i / last for i in range(_QAOA_POINTS)],
    )


def cut(outcome: str) -> int:
    """Count the edges between corners of different colour.

    Args:
        outcome: A colour per corner; corner 0 is the rightmost character.
    """
    colours = outcome[::-1]
    return sum(colours[a] != colours[b] for a, b in EDGES)


def expected_cut(result: Result) -> Mean:
    """Average the cut over the shots."""
    return mean(result, cut)


def _text(name: str) -> str:
    return files("quantum_async.cli.demo").joinpath(name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo measured.

    Args:
        rabi: Excited fraction over the pulse's amplitude.
        qaoa: Cut over the circuit's two angles.
        targets: Where the two sweeps ran.
        shots: Shots of each point.
        seed: What makes it repeat itself, or ``None``.
        seconds: How long it took.
        order: Name and index of each point, in the order in which they finished.
    """

    rabi: SweepResults
    qaoa: SweepResults
    targets: tuple[str, str]
    shots: int
    seed: int | None
    seconds: float
    order: tuple[tuple[str, int], ...]


async def run_demo(*, shots: int, seed: int | None) -> Demo:
    """Run both sweeps at the same time.

    Args:
        shots: Shots of each point.
        seed: Makes them repeat themselves.

    Raises:
        InvalidShotsError: The number of shots is not positive.
        MissingExtraError: The simulators are not installed.
    """
    started = perf_counter()
    order: list[tuple[str, int]] = []

    async def follow(sweep: Sweep) -> None:
        # One entry at a time, because both sweeps write here as their points finish.
        async for point in sweep:
            order.append((sweep.name or "", point.index))  # noqa: PERF401

    client, _ = client_for("local", seed=seed)
    async with Scheduler(client) as scheduler:
        rabi = scheduler.sweep(rabi_program(), rabi_points(), shots=shots, name="rabi")
        qaoa = scheduler.sweep(qaoa_program(), qaoa_points(), shots=shots, name="qaoa")
        expected = {sweep.target: len(sweep) for sweep in (rabi, qaoa)}
        async with watched(scheduler, expected), anyio.create_task_group() as tasks:
            tasks.start_soon(follow, rabi)
            tasks.start_soon(follow, qaoa)
        return Demo(
            await rabi,
            await qaoa,
            (rabi.target, qaoa.target),
            shots,
            seed,
            perf_counter() - started,
            tuple(order),
        )


def demo_document(demo: Demo) -> Document:
    """Write down everything that was measured, and the theory next to it.

    Args:
        demo: What was measured.
    """
    return {
        "shots": demo.shots,
        "seed": demo.seed,
        "seconds": round(demo.seconds, 3),
        "rabi": {
            "target": demo.targets[0],
            "units": {"omega": "rad/us", "duration": "us"},
            "points": [rabi_document(point) for point in demo.rabi],
        },
        "qaoa": {
            "target": demo.targets[1],
            "units": {"gamma": "rad", "beta": "rad"},
            "edges": [list(edge) for edge in EDGES],
            "largest_cut": LARGEST_CUT,
            "points": [_qaoa_document(point) for point in demo.qaoa],
            "best": _qaoa_document(best(demo)),
        },
        "order": [list(place) for place in demo.order],
    }


def rabi_document(point: SweepPoint) -> Document:
    """Write down one point of the oscillation.

    Args:
        point: A point that has a result.
    """
    omega = coordinate(point, "omega")
    theory = rabi_theory(omega)
    return {
        **point_document(point),
        "omega": omega,
        "duration": PULSE_US,
        "theory": theory,
        "theory_standard_error": math.sqrt(theory * (1 - theory) / point.outcome().shots),
    }


def best(demo: Demo) -> SweepPoint:
    """Return the point with the largest expected cut."""
    return max(demo.qaoa, key=lambda point: expected_cut(point.outcome()).value)


def _qaoa_document(point: SweepPoint) -> Document:
    value = expected_cut(point.outcome())
    return {
        **point_document(point),
        "expected_cut": value.value,
        "standard_error": value.standard_error,
    }


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
    cut = expected_cut(top.outcome())
    jobs = len(demo.rabi) + len(demo.qaoa)
    return [
        f"{jobs} jobs, {jobs * demo.shots} shots, {demo.seconds:.1f} s: both sweeps ran at once.",
        f"Rabi: the measured fraction follows sin²(Ωt/2) within {_deviation(demo):.3f}.",
        f"QAOA: γ = {coordinate(top, 'gamma'):.2f}, β = {coordinate(top, 'beta'):.2f} cut "
        f"{cut.value:.2f} of {len(EDGES)} edges on average; "
        f"the largest cut is {LARGEST_CUT}.",
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
    from quantum_async.display.terminal import Chart

    points = [
        (coordinate(point, "omega"), point.outcome().excited_fraction()) for point in demo.rabi
    ]
    return Chart(
        points,
        x_label=f"{_OMEGA}   ● measured   ⠒ theory",
        y_label="excited fraction",
        curve=rabi_theory,
        y_limits=(0.0, 1.0),
        height=len(demo.qaoa.points.axes["beta"]),
    )


def _qaoa_landscape(demo: Demo) -> ConsoleRenderable:
    from quantum_async.display.terminal import Landscape

    gammas, betas = (_values(demo.qaoa, name) for name in ("gamma", "beta"))
    rows = len(betas)
    return Landscape(
        gammas,
        betas,
        {divmod(point.index, rows): expected_cut(point.outcome()).value for point in demo.qaoa},
        x_label="γ (rad)",
        y_label="β (rad)",
        value_label="edges cut",
    )


def _deviation(demo: Demo) -> float:
    return max(
        abs(point.outcome().excited_fraction() - rabi_theory(coordinate(point, "omega")))
        for point in demo.rabi
    )


def _values(results: SweepResults, name: str) -> list[float]:
    return sorted({coordinate(point, name) for point in results})


def _draw_rabi(demo: Demo, axes: Axes) -> None:
    from quantum_async.display.plots import plot_sweep

    omegas = _values(demo.rabi, "omega")
    fine = [omegas[-1] * i / 400 for i in range(401)]
    axes.plot(fine, [rabi_theory(omega) for omega in fine], color="0.65", label="theory")
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
    return "expected number of edges cut", expected_cut(result)


async def demo(*, shots: int, seed: int | None, output: Path | None, json: bool) -> ExitCode:
    """Run two sweeps at once and draw them.

    Args:
        shots: Shots of each point.
        seed: Makes it repeat itself.
        output: A PNG file to write.
        json: Print a document instead of pictures.
    """
    check_output(output, {".png"})
    measured = await run_demo(shots=shots, seed=seed)
    if output is not None:
        await anyio.to_thread.run_sync(save_demo, measured, output)
    if json:
        sys.stdout.write(dump(demo_document(measured)) + "\n")
        return ExitCode.OK
    from rich.console import Console

    console = Console(highlight=False)
    print_demo(measured, console)
    if output is not None:
        console.print(f"Picture: {output}", markup=False)
    return ExitCode.OK
