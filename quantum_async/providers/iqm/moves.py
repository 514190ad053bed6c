"""Rules of MOVE gates: a qubit's state is in one place at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import DeviceLimitError
from quantum_async.providers.iqm.options import MoveValidation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.circuits import Circuit, Instruction


def check_moves(
    circuit: Circuit,
    architecture: Architecture,
    mapping: Mapping[str, str],
    strictness: MoveValidation,
) -> None:
    """Refuse a circuit that uses a qubit while its state is in a resonator.

    Raises:
        DeviceLimitError: With circuit, instruction, locus and reason.
    """
    places = _Places(architecture, strictness)
    for number, instruction in enumerate(circuit.instructions):
        locus = tuple(mapping.get(name, name) for name in instruction.locus)
        fault = places.apply(instruction, locus)
        if fault is not None:
            raise DeviceLimitError(
                f"circuit {circuit.name!r}, instruction {number} ({instruction}): {fault}",
                provider="iqm",
                remedy="Move the state back first: each MOVE is undone by the same MOVE again.",
            )


class _Places:
    """Where states are: which qubit's state each resonator holds."""

    def __init__(self, architecture: Architecture, strictness: MoveValidation) -> None:
        self._resonators = architecture.resonators
        self._free = {"barrier"}
        if strictness is MoveValidation.ALLOW_PRX:
            self._free.add("prx")
        self._held: dict[str, str] = {}

    def apply(self, instruction: Instruction, locus: tuple[str, ...]) -> str | None:
        """Follow an instruction, or say why it cannot be."""
        if instruction.name == "move":
            return self._move(*locus)
        away = [name for name in locus if name in self._held.values()]
        if away and instruction.name not in self._free:
            return f"the state of {', '.join(away)} is in a resonator"
        return None

    def _move(self, qubit: str, resonator: str) -> str | None:
        if qubit in self._resonators or resonator not in self._resonators:
            return "a MOVE goes from a qubit to a resonator, in this order"
        holder = self._held.get(resonator)
        if holder == qubit:
            del self._held[resonator]
            return None
        if holder is not None:
            return f"{resonator} holds the state of {holder}"
        if qubit in self._held.values():
            return f"the state of {qubit} is in another resonator"
        self._held[resonator] = qubit
        return None
