"""What was made of a program is kept, and not for ever."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.objects import as_program


@pytest.mark.parametrize(
    "program",
    [Program("text", ProgramFormat.QASM3), as_program(QuantumCircuit(1))],
    ids=["written", "live"],
)
def test_variants_are_made_once_and_old_ones_let_go(program):
    """A sweep over seeds of one program, each of them transpiled, does not fill the memory."""
    cache, made = ProgramCache("test"), []

    def get(variant):
        return cache.get(program, str(variant), lambda: made.append(variant) or object())

    first = get(0)
    assert get(0) is first
    assert made == [0]
    for variant in range(1000):
        get(variant)
        get(0)
    assert get(0) is first
    get(1)
    assert made.count(1) == 2
