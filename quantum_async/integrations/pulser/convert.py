"""Results as Pulser's backends return them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder

if TYPE_CHECKING:
    from pulser.backend import Results

    from quantum_async.models.result import Result

_MARK = '"atom_order"'


def to_results(result: Result) -> Results:
    """Convert the result of a sequence to Pulser's `Results`.

    Where Pulser's own results were kept in ``result.raw`` (emulations with observables), they are
    read back whole; else the bitstrings are the only observable.

    Args:
        result: The result of a Pulser sequence.

    Raises:
        ResultError: This is the result of a circuit, which has no atoms.
    """
    from pulser.backend import Results

    if result.bit_order is not BitOrder.ATOMS:
        raise ResultError(
            "the result of a circuit has no atoms",
            remedy="Use result.to_qiskit() for circuits.",
        )
    if result.raw is not None and _MARK in result.raw:
        return Results.from_abstract_repr(result.raw)
    duration = result.metadata.get("duration")
    return Results.from_final_bitstrings(
        atom_order=result.atoms or tuple(f"q{i}" for i in range(result.width)),
        total_duration=int(duration) if isinstance(duration, int | float) else 0,
        final_bitstrings=dict(result.counts),
    )
