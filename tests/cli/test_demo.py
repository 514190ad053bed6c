from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from itertools import product

import pytest
from rich.console import Console

from quantum_async.cli.demo import Demo, print_demo, qaoa_points, rabi_points, rabi_theory
from quantum_async.models.result import BitOrder, Register, Result
from quantum_async.models.sweep import SweepPoint, SweepResults
from tests.cli.conftest import start

pytestmark = [pytest.mark.processes]


@dataclass(frozen=True)
class DemoRun:
    document: dict
    picture: bytes
    err: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo as a newcomer runs it, once for all tests."""
    picture = tmp_path_factory.mktemp("demo") / "demo.png"
    process = start("demo", "--seed", 1, "--json", "--output", picture)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return DemoRun(json.loads(out), picture.read_bytes(), err)


def test_the_oscillation_agrees_with_theory(demo: DemoRun) -> None:
    """Each of at least 41 fractions is within five standard errors of sin²(Ωt/2)."""
    points = demo.document["rabi"]["points"]
    assert len(points) >= 41
    for point in points:
        shots = point["shots"]
        expected = math.sin(point["omega"] * point["duration"] / 2) ** 2
        # Where theory says never or always, one shot more or less is within the noise.
        error = math.sqrt(max(expected * (1 - expected), 1 / shots) / shots)
        assert abs(point["excited_fraction"] - expected) < 5 * error, point
    fractions = [point["excited_fraction"] for point in points]
    assert max(fractions) > 0.97
    assert min(fractions) < 0.03


def test_the_document_is_complete(demo: DemoRun) -> None:
    """Each point carries its parameters, shots and counts, and the counts add up."""
    for sweep in ("rabi", "qaoa"):
        for index, point in enumerate(demo.document[sweep]["points"]):
            assert point["index"] == index
            assert point["status"] == "succeeded"
            assert sum(point["counts"].values()) == point["shots"] == demo.document["shots"]
    points = demo.document["rabi"]["points"]
    assert all(point["parameters"]["omega"] == point["omega"] for point in points)
    assert demo.document["seed"] == 1
    assert demo.err == ""


def test_the_landscape_is_that_of_the_graph(demo: DemoRun) -> None:
    """The cut is recomputed from the counts, and its mean over all points from the angles."""
    qaoa = demo.document["qaoa"]
    edges = qaoa["edges"]
    assert len(qaoa["points"]) >= 100
    assert len({point["parameters"]["gamma"] for point in qaoa["points"]}) >= 10
    for point in qaoa["points"]:
        total = sum(
            count * sum(key[-1 - a] != key[-1 - b] for a, b in edges)
            for key, count in point["counts"].items()
        )
        assert point["expected_cut"] == pytest.approx(total / point["shots"])
    # Without the mixer nothing is learnt: every edge is cut half of the time.
    idle = [p["expected_cut"] for p in qaoa["points"] if p["parameters"]["beta"] == 0]
    assert sum(idle) / len(idle) == pytest.approx(len(edges) / 2, abs=0.1)
    best = max(point["expected_cut"] for point in qaoa["points"])
    assert qaoa["best"]["expected_cut"] == best
    assert best > 3.7


def test_the_stated_largest_cut_is_the_largest(demo: DemoRun) -> None:
    """No colouring of the corners cuts more edges than the document says."""
    edges, largest = demo.document["qaoa"]["edges"], demo.document["qaoa"]["largest_cut"]
    cuts = [sum(c[a] != c[b] for a, b in edges) for c in product((0, 1), repeat=5)]
    assert largest == max(cuts)


def test_results_arrive_one_by_one(demo: DemoRun) -> None:
    """Every point is told once, in the order of finishing."""
    order = [tuple(place) for place in demo.document["order"]]
    sizes = {sweep: len(demo.document[sweep]["points"]) for sweep in ("rabi", "qaoa")}
    assert sorted(order) == sorted(
        (sweep, index) for sweep, size in sizes.items() for index in range(size)
    )


def test_the_picture_is_a_png(demo: DemoRun) -> None:
    """--output writes a PNG that is large enough to be seen."""
    assert demo.picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(demo.picture[at : at + 4], "big") for at in (16, 20))
    assert width > height > 500


@pytest.fixture
def measured() -> Demo:
    """What a perfect machine would have measured."""
    rabi, qaoa = rabi_points(), qaoa_points()
    curve = [
        SweepPoint(i, point, _ones(round(100 * rabi_theory(point["omega"]))))
        for i, point in enumerate(rabi)
    ]
    field = [SweepPoint(i, point, _cut(i)) for i, point in enumerate(qaoa)]
    targets = ("local:pulser", "local:automatic")
    return Demo(SweepResults(rabi, curve), SweepResults(qaoa, field), targets, 100, None, 1.0, ())


def _ones(ones: int) -> Result:
    return Result({"0": 100 - ones, "1": ones}, 100, BitOrder.ATOMS, atoms=("atom",))


def _cut(index: int) -> Result:
    outcome = "00001" if index == 17 else "00000"
    return Result({outcome: 100}, 100, BitOrder.QISKIT, registers=(Register("c", 5),))


@pytest.mark.parametrize("width", [80, 120])
def test_both_pictures_fit_the_terminal(measured: Demo, width: int) -> None:
    """Stacked at 80 columns and side by side at 120, never wider, and no colour in a file."""
    out = io.StringIO()
    print_demo(measured, Console(file=out, width=width, _environ={}))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "\x1b" not in out.getvalue()
    assert sum("●" in line for line in lines) >= 10
    assert ("Rabi" in lines[0] and "MaxCut" in lines[0]) is (width == 120)
    assert any("γ = 0.21, β = 0.10 cut 3.00 of 6 edges" in line for line in lines)
