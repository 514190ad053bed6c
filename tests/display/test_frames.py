from __future__ import annotations

import math

from quantum_async.display.estimate import mean
from quantum_async.models.grid import grid
from quantum_async.models.result import BitOrder, Expectation, Result
from quantum_async.models.sweep import SweepPoint, SweepResults


def test_a_result_becomes_a_row_per_outcome(result: Result) -> None:
    """The frame has the outcomes by falling count, with their probabilities."""
    frame = result.to_pandas()
    assert list(frame.columns) == ["outcome", "count", "probability"]
    assert frame.to_dict("list") == {
        "outcome": ["11", "01", "00"],
        "count": [60, 30, 10],
        "probability": [0.6, 0.3, 0.1],
    }


def test_computed_probabilities_keep_outcomes_that_were_not_seen() -> None:
    """An outcome that was computed but not sampled has a row with the count 0."""
    exact = {"0": 0.999, "1": 0.001}
    frame = Result({"0": 5}, 5, BitOrder.ATOMS, exact_probabilities=exact).to_pandas()
    assert frame["count"].tolist() == [5, 0]
    assert frame["probability"].tolist() == [0.999, 0.001]


def test_an_empty_result_becomes_an_empty_frame() -> None:
    """No outcomes, no rows, the same columns."""
    frame = Result({}, 0, BitOrder.ATOMS).to_pandas()
    assert frame.shape == (0, 3)


def test_a_sweep_becomes_a_row_per_point(line: SweepResults) -> None:
    """Parameters, shots, counts and fraction are columns; a failed point says why."""
    frame = line.to_pandas()
    assert list(frame.columns) == ["omega", "shots", "counts", "excited_fraction", "error"]
    assert frame["omega"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert frame.loc[3, "counts"] == {"0": 70, "1": 30}
    assert math.isnan(frame.loc[2, "excited_fraction"])
    assert frame.loc[2, "error"] == "the laser went out"


def test_a_parameter_keeps_its_name() -> None:
    """A parameter called like another column keeps its name, and so does an observable's value."""
    points = grid(shots=[7.0])
    measured = Result({"0": 3}, 3, BitOrder.ATOMS, expectation_values={"ZZ": Expectation(0.5)})
    frame = SweepResults(points, [SweepPoint(0, points[0], measured)]).to_pandas()
    assert frame.loc[0, "shots"] == 7.0
    assert frame.loc[0, "shots_"] == 3
    assert frame.loc[0, "ZZ"] == 0.5


def test_a_mean_over_shots_has_its_standard_error(result: Result) -> None:
    """The mean of a function of the outcome, and the error that its spread over shots implies."""
    found = mean(result, lambda outcome: outcome.count("1"))
    assert found.value == 1.5
    assert found.standard_error == math.sqrt((0.1 * 2.25 + 0.3 * 0.25 + 0.6 * 0.25) / 100)
    assert math.isnan(mean(Result({}, 0, BitOrder.ATOMS), len).value)
