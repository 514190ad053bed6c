"""Results and sweeps as data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint, SweepResults


def result_frame(result: Result) -> pandas.DataFrame:
    """Make a data frame with a row per outcome, the most frequent first.

    Args:
        result: What was measured.

    Returns:
        Columns ``outcome``, ``count`` and ``probability``.
    """
    import pandas

    probabilities = result.probabilities
    outcomes = [outcome for outcome, _ in result.most_common()]
    outcomes += [outcome for outcome in probabilities if outcome not in result.counts]
    return pandas.DataFrame(
        {
            "outcome": pandas.Series(outcomes, dtype="str"),
            "count": [result.counts.get(outcome, 0) for outcome in outcomes],
            "probability": [probabilities.get(outcome, 0.0) for outcome in outcomes],
        }
    )


def sweep_frame(results: SweepResults) -> pandas.DataFrame:
    """Make a data frame with a row per point, in the order of the sweep.

    Args:
        results: The finished sweep.

    Returns:
        A column per parameter, then ``shots``, ``counts``, ``excited_fraction``, a column per
        observable, and ``error``. A parameter or observable of the same name as another column
        keeps it, and the other one gets an underscore.
    """
    import pandas

    rows = [sweep_row(point) for point in results]
    return pandas.DataFrame(rows, index=pandas.RangeIndex(len(rows), name="point"))


def sweep_row(point: SweepPoint) -> dict[str, object]:
    """Return a point as a flat row: parameters first, then what was measured.

    Args:
        point: A point that has finished or failed.
    """
    result = point.result
    row: dict[str, object] = dict(point.parameters)
    measured: dict[str, object] = {
        "shots": result.shots if result else None,
        "counts": dict(result.counts) if result else None,
        "excited_fraction": result.excited_fraction() if result and result.counts else None,
    }
    if result is not None:
        measured |= {name: v.value for name, v in result.expectation_values.items()}
    measured["error"] = str(point.error) if point.error is not None else None
    for name, value in measured.items():
        free = name
        while free in row:
            free += "_"
        row[free] = value
    return row
