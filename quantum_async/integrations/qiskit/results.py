"""Results as Qiskit holds them: packed bits by register, hexadecimal words, and its own classes."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from qiskit.primitives import BitArray, DataBin, PrimitiveResult, PubResult
from qiskit.result.models import ExperimentResult, ExperimentResultData

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder
from quantum_async.programs.survey import BitLayout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from quantum_async.models.result import Register, Result

    Outcome = Result | BaseException

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
    shots, fields = _shots(result), {}
    if shots and (result.bit_order is BitOrder.ATOMS or not result.registers):
        step = -1 if result.bit_order is BitOrder.ATOMS else 1
        fields[_ATOMS] = BitArray.from_samples([shot[::step] for shot in shots], result.width)
    elif shots:
        for register in result.registers:
            bits = packed(result, register.name, register.width)
            fields[register.name] = BitArray(bits, register.width)
    if result.expectation_values:
        values = result.expectation_values.values()
        errors = [np.nan if e.standard_error is None else e.standard_error for e in values]
        fields |= {"evs": np.array([e.value for e in values]), "stds": np.array(errors)}
    metadata = {"shots": result.shots, **result.metadata}
    return PrimitiveResult([PubResult(DataBin(shape=(), **fields), metadata)], {"version": 2})


def outcomes(result: Result) -> Sequence[str]:
    """List a result's outcomes, one for each shot.

    Where the provider told no order of the shots, they come grouped by outcome.

    Raises:
        ResultError: It is not the result of a circuit.
    """
    if result.bit_order is not BitOrder.QISKIT:
        raise ResultError(
            "the result of a sequence of pulses has no classical registers",
            remedy="Use result.to_pulser() for sequences.",
        )
    return _shots(result)


def packed(result: Result, register: str, width: int) -> NDArray[np.uint8]:
    """Pack the bits of one register, a row of bytes for each shot, the last bit first.

    Args:
        result: The result.
        register: The register's name.
        width: How many bits it has.

    Raises:
        ResultError: The result has no such register of that width.
    """
    size = -(-width // 8)
    shots = outcomes(result)
    if not width:
        return np.zeros((len(shots), 0), dtype=np.uint8)
    place = _place(result, register, width)
    # Few outcomes differ, so each is packed once and shared by all of its shots.
    words = {
        outcome: int(outcome.split(" ")[place], 2).to_bytes(size, "big") for outcome in set(shots)
    }
    joined = b"".join(map(words.__getitem__, shots))
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, size)


class Words:
    """Write outcomes as Qiskit's backends do: all classical bits as one hexadecimal number.

    Args:
        result: The result.
        circuit: The circuit; where it is not known, registers follow each other.
    """

    def __init__(self, result: Result, circuit: QuantumCircuit | None) -> None:
        layout = None if circuit is None else BitLayout.of(circuit)
        if layout is not None and layout.registers == result.registers:
            self._places = layout.places
        else:
            self._places = _in_a_row([register.width for register in result.registers])
        if not self._places and result.counts:
            self._places = _in_a_row([result.width])
        self._known: dict[str, str] = {}
        self._result = result

    @property
    def num_bits(self) -> int:
        """How many classical bits there are at least."""
        return 1 + max((place for places in self._places for place in places), default=-1)

    def counts(self) -> Mapping[str, int]:
        """Count the words."""
        return {self._word(outcome): count for outcome, count in self._result.counts.items()}

    def memory(self) -> list[str]:
        """List the words, one for each shot."""
        return [self._word(outcome) for outcome in outcomes(self._result)]

    def _word(self, outcome: str) -> str:
        word = self._known.get(outcome)
        if word is None:
            number = 0
            parts = reversed(outcome.split(" "))
            for part, places in zip(parts, self._places, strict=True):
                for bit, place in zip(reversed(part), places, strict=True):
                    number |= int(bit) << place
            word = self._known[outcome] = hex(number)
        return word


def experiment(
    outcome: Outcome, circuit: QuantumCircuit | None, place: int, shots: int, *, memory: bool
) -> ExperimentResult:
    """Make a circuit's part of a job's result.

    Args:
        outcome: Its result, or why it has none.
        circuit: The circuit, if it is known.
        place: Its place in the job.
        shots: How many shots were asked for.
        memory: Whether to list the outcome of every shot.
    """
    if isinstance(outcome, BaseException):
        header, said, none = _header(circuit, place), str(outcome), ExperimentResultData()
        return ExperimentResult(shots, success=False, data=none, status=said, header=header)
    words = Words(outcome, circuit)
    shots_seen = {"memory": words.memory()} if memory else {}
    data = ExperimentResultData(counts=words.counts(), **shots_seen)
    return ExperimentResult(
        shots=outcome.shots,
        success=True,
        data=data,
        status="DONE",
        seed=outcome.metadata.get("seed"),
        header=_header(circuit, place, outcome.registers, words.num_bits),
        metadata=dict(outcome.metadata),
    )


def _header(
    circuit: QuantumCircuit | None, place: int, registers: Sequence[Register] = (), bits: int = 0
) -> dict[str, object]:
    if circuit is None:
        sizes = [[register.name, register.width] for register in registers]
        name = f"circuit-{place}"
        return {"name": name, "creg_sizes": sizes, "memory_slots": bits, "metadata": {}}
    return {
        "name": circuit.name,
        "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
        "qreg_sizes": [[register.name, register.size] for register in circuit.qregs],
        "memory_slots": circuit.num_clbits,
        "n_qubits": circuit.num_qubits,
        "metadata": circuit.metadata,
    }


def _shots(result: Result) -> Sequence[str]:
    if result.samples is not None:
        return result.samples
    return [outcome for outcome, count in result.counts.items() for _ in range(count)]


def _place(result: Result, register: str, width: int) -> int:
    """Say which part of an outcome is a register's."""
    for place, known in enumerate(reversed(result.registers)):
        if known.name == register and known.width == width:
            return place
    names = ", ".join(f"{known.name} of {known.width}" for known in result.registers) or "none"
    raise ResultError(
        f"the result has no register {register!r} of {width} bits",
        remedy=f"Its registers: {names}.",
    )


def _in_a_row(widths: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    starts = accumulate(widths, initial=0)
    return tuple(
        tuple(range(start, start + width)) for start, width in zip(starts, widths, strict=False)
    )
