"""What must hold before a sequence is simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import DeviceLimitError, ProgramError
from quantum_async.programs.sequences import measured_basis
from quantum_async.simulation.devices import analog_qubits

if TYPE_CHECKING:
    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.models.submission import JobSpec

_BOTH_BASES = 3


def check_sequence(sequence: Sequence[BaseDevice], job: JobSpec) -> None:
    """Refuse a built sequence that cannot be simulated.

    Raises:
        ProgramError: It does nothing.
        NoMeasurementError: Which basis is measured is not clear.
        DeviceLimitError: It does not fit in memory.
    """
    if sequence.is_empty() or sequence.get_duration() == 0:
        raise ProgramError(
            f"the sequence {job.program.where} does nothing",
            remedy="Declare a channel and add a pulse or a delay.",
        )
    measured_basis(sequence)
    levels = _BOTH_BASES if len(sequence.get_addressed_bases()) > 1 else 2
    check_atoms(len(sequence.register.qubit_ids), levels)


def check_atoms(atoms: int, levels: int) -> None:
    """Refuse more atoms than memory holds.

    Args:
        atoms: How many there are.
        levels: How many levels each of them has.

    Raises:
        DeviceLimitError: They do not fit in memory.
    """
    most = analog_qubits(levels)
    if atoms > most:
        raise DeviceLimitError(
            f"the sequence has {atoms} atoms and local:pulser takes {most} here",
            remedy="Use fewer atoms, or a cloud emulator or device.",
        )
