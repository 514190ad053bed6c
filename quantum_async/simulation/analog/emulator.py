"""Pulser's emulator, without the tables that QuTiP rebuilds for every point of a sweep.

Each Hamiltonian of pulser-simulation 1.9 enters and leaves QuTiP's ``CoreOptions`` to make a
handful of one-atom operators, and QuTiP 5.3 rebuilds all of its dispatch tables on either
occasion: 40 of the 50 ms that a small sequence takes. Those operators only depend on the levels
of an atom, so one set per process serves every point. `tests/simulation/test_emulator.py`
compares with Pulser's own emulator; other versions of Pulser may not call what is overridden
here, which costs time and nothing else.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulser.channels.base_channel import States
    from pulser_simulation import QutipEmulator
    from pulser_simulation.hamiltonian import Hamiltonian
    from pulser_simulation.simulation import HamiltonianWithReps
    from qutip import Qobj

# Entering CoreOptions changes what the whole process uses.
_options = threading.Lock()


@cache
def emulator_class() -> type[QutipEmulator]:
    """Return the emulator to use; importing it takes a second or two."""
    from pulser_simulation import QutipEmulator

    try:
        return _quick_emulator()
    except ImportError:
        return QutipEmulator


def _quick_emulator() -> type[QutipEmulator]:
    from pulser_simulation import QutipEmulator
    from pulser_simulation.simulation import HamiltonianWithReps

    hamiltonian = _quick_hamiltonian()

    class QuickEmulator(QutipEmulator):
        @property
        def _hamiltonians(self) -> Iterator[HamiltonianWithReps]:
            data = self._hamiltonian_data
            for trajectory, samples, repetitions in data.noisy_samples:
                made = hamiltonian(
                    samples, trajectory, data.basis_data, data.lindblad_data, self._sampling_rate
                )
                yield HamiltonianWithReps(made, repetitions)

    return QuickEmulator


def _quick_hamiltonian() -> type[Hamiltonian]:
    from pulser_simulation.hamiltonian import Hamiltonian

    kept: dict[tuple[States, ...], tuple[dict[States, Qobj], dict[str, Qobj]]] = {}

    class QuickHamiltonian(Hamiltonian):
        @staticmethod
        def _get_basis_op_matrices(
            eigenbasis: list[States],
        ) -> tuple[dict[States, Qobj], dict[str, Qobj]]:
            levels = tuple(eigenbasis)
            with _options:
                if levels not in kept:
                    kept[levels] = Hamiltonian._get_basis_op_matrices(  # noqa: SLF001
                        eigenbasis
                    )
            basis, operators = kept[levels]
            return dict(basis), dict(operators)

    return QuickHamiltonian
