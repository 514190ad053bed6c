"""Results as Qiskit's primitives return them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.models.result import BitOrder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from qiskit.primitives import DataBin, PrimitiveResult, PubResult

    from quantum_async.models.result import Result

_ATOMS = "meas"


def to_primitive_result(result: Result) -> PrimitiveResult[PubResult]:
    """Convert a result to the form of Qiskit's primitives.

    Each classical register becomes a `BitArray` of the same name; the atoms of an analog register
    become one named ``meas``, the first atom being bit 0. A result that has expectation values
    and no counts becomes what an estimator returns, with ``evs`` and ``stds`` in the order of the
    observables.

    Args:
        result: The result. Where the provider told no order of the shots, they come grouped by
            outcome.
    """
    from qiskit.primitives import PrimitiveResult, PubResult

    pub = PubResult(_data(result), metadata={"shots": result.shots, **result.metadata})
    return PrimitiveResult([pub], metadata={"version": 2})


def _data(result: Result) -> DataBin:
    import numpy as np
    from qiskit.primitives import BitArray, DataBin

    fields: dict[str, BitArray | NDArray[np.float64]] = {}
    for name, width, outcomes in _registers(result):
        fields[name] = BitArray.from_samples(outcomes, width)
    if result.expectation_values:
        values = result.expectation_values.values()
        errors = (np.nan if e.standard_error is None else e.standard_error for e in values)
        fields["evs"] = np.array([e.value for e in values])
        fields["stds"] = np.array(list(errors))
    return DataBin(shape=(), **fields)


def _registers(result: Result) -> Iterator[tuple[str, int, list[str]]]:
    outcomes = list(result.samples or _grouped(result))
    if not outcomes:
        return
    if result.bit_order is BitOrder.ATOMS:
        yield _ATOMS, result.width, [outcome[::-1] for outcome in outcomes]
        return
    if not result.registers:
        yield _ATOMS, result.width, outcomes
        return
    parts = [outcome.split(" ") for outcome in outcomes]
    for place, register in enumerate(reversed(result.registers)):
        yield register.name, register.width, [part[place] for part in parts]


def _grouped(result: Result) -> Iterator[str]:
    for outcome, count in result.counts.items():
        yield from (outcome for _ in range(count))
