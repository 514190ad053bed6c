from __future__ import annotations

import pytest

from quantum_async.errors import JobFailedError
from quantum_async.models.grid import grid
from quantum_async.models.result import BitOrder, Expectation, Register, Result
from quantum_async.models.sweep import SweepPoint, SweepResults


@pytest.fixture
def result() -> Result:
    return Result(
        {"00": 10, "01": 30, "11": 60}, 100, BitOrder.QISKIT, registers=(Register("c", 2),)
    )


def one_bit(ones: int, *, shots: int = 100, value: float | None = None) -> Result:
    expectations = {} if value is None else {"Z": Expectation(value, 0.1)}
    return Result(
        {"0": shots - ones, "1": ones},
        shots,
        BitOrder.ATOMS,
        atoms=("a",),
        expectation_values=expectations,
    )


@pytest.fixture
def line() -> SweepResults:
    """Four points over omega, the third failed."""
    points = grid(omega=[0.0, 1.0, 2.0, 3.0])
    outcomes = [SweepPoint(i, points[i], one_bit(10 * i)) for i in range(4)]
    outcomes[2] = SweepPoint(2, points[2], error=JobFailedError("the laser went out"))
    return SweepResults(points, outcomes)


@pytest.fixture
def plane() -> SweepResults:
    """Two by three points; the excited fraction is x + y / 10."""
    points = grid(x=[0.1, 0.2], y=[1.0, 2.0, 3.0])
    return SweepResults(
        points,
        [
            SweepPoint(i, p, one_bit(round(100 * p["x"] + 10 * p["y"])))
            for i, p in enumerate(points)
        ],
    )
