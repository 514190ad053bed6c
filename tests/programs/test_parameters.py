"""Values that make no angle are refused by whoever binds them, with the same words."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from quantum_async.errors import ProgramError
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.programs.parameters import bound_circuit
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.iqm.translate.programs import prepare
from quantum_async.providers.qoro.translate.programs import prepared
from quantum_async.simulation.run import simulate

T = Parameter("t")


def turned(angle):
    circuit = QuantumCircuit(1, 1)
    circuit.rx(angle, 0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("angle", "value"),
    [(1 / T, 0.0), (T.log(), -1.0), (T.arcsin(), 2.0), (T.exp().exp(), 100.0), (T, float("nan"))],
    ids=["division", "logarithm", "arc-sine", "overflow", "nan"],
)
def test_values_that_make_no_angle_are_named(angle, value):
    """Whatever Qiskit raises, the error is ours and says which values they were."""
    with pytest.raises(ProgramError, match=r"no finite number|a finite number, got nan"):
        bound_circuit(turned(angle), {"t": value})


def test_a_circuit_without_parameters_is_not_copied():
    """Binding nothing costs nothing."""
    circuit = turned(0.5)
    assert bound_circuit(circuit, {}) is circuit


def test_every_provider_refuses_them_alike():
    """Before anything is sent, or in the words of the failed job."""
    program, values = as_program(turned(abs(1 / T))), {"t": 0.0}
    job = JobSpec("k", program, 1, values, IQMOptions(qubit_mapping={"0": "QB1"}, checked=False))
    for attempt in (
        lambda: prepare(job, None, job.options),
        lambda: prepared(program, values).bound(values),
        lambda: simulate(JobSpec("k", program, 1, values), "automatic"),
    ):
        with pytest.raises(ProgramError, match="no finite number"):
            attempt()
