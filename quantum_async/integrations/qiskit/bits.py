"""Outcomes as Qiskit holds them: packed bits by register, and hexadecimal words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder
from quantum_async.programs.registers import BitLayout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from quantum_async.models.result import Result


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
    if result.samples is not None:
        return result.samples
    return [outcome for outcome, count in result.counts.items() for _ in range(count)]


def packed(result: Result, register: str, width: int) -> NDArray[np.uint8]:
    """Pack the bits of one register, a row of bytes for each shot, the last bit first.

    Args:
        result: The result.
        register: The register's name.
        width: How many bits it has.

    Raises:
        ResultError: The result has no such register of that width.
    """
    import numpy as np

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
    places, start = [], 0
    for width in widths:
        places.append(tuple(range(start, start + width)))
        start += width
    return tuple(places)
