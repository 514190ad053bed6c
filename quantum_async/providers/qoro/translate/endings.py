"""The measurements at the end of an OpenQASM 2 program, and what takes them away."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Argument(NamedTuple):
    """A register, or one of its elements.

    Args:
        register: The register's name.
        element: Which of its elements; all of them if ``None``.
        size: How many elements the register has.
    """

    register: str
    element: int | None
    size: int


class Edit(NamedTuple):
    """What stands between two places of a text instead of what is written there.

    Args:
        start: The first character that goes, counted from 0.
        stop: The first one after it that stays.
        text: What comes instead.
    """

    start: int
    stop: int
    text: str


class LastMeasurements:
    """The measurements after which neither qubit nor bit has been used so far."""

    def __init__(self) -> None:
        self._found: dict[str, dict[int | None, list[tuple[str, Edit]]]] = {}

    def add(self, qubits: Argument, bits: str, removal: Edit) -> None:
        """Note a measurement.

        Args:
            qubits: What is measured.
            bits: The register that it is written to.
            removal: What takes the measurement away.
        """
        known = self._found.setdefault(qubits.register, {})
        known.setdefault(qubits.element, []).append((bits, removal))

    def use(self, qubits: Iterable[Argument]) -> None:
        """Forget those of qubits that are used again."""
        for register, element, _ in qubits:
            if element is None:
                self._found.pop(register, None)
            elif (known := self._found.get(register)) is not None:
                known.pop(element, None)
                known.pop(None, None)

    def ask(self, bits: str) -> None:
        """Forget those into a register that is asked for its value."""
        for known in self._found.values():
            for element, measurements in known.items():
                known[element] = [one for one in measurements if one[0] != bits]

    def removals(self) -> list[Edit]:
        """List what takes them away."""
        every = (measurements for known in self._found.values() for measurements in known.values())
        return [removal for measurements in every for _, removal in measurements]
