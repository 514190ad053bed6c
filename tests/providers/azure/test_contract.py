"""Azure Quantum's client keeps the contract, against a sandbox that simulates."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.providers.azure.translate import ionq, qir, quantinuum, quil
from tests.providers.contract import ProviderContract
from tests.providers.pasqal.real import idle


class AzureContract(ProviderContract):
    @pytest.fixture
    def client(self, simulating):
        self.requests = 0
        env = simulating.env("azure")
        return AzureClient(
            connection_string=env["AZURE_QUANTUM_CONNECTION_STRING"],
            endpoint=env["QUANTUM_ASYNC_AZURE_ENDPOINT"],
            options=SessionOptions(hooks=EventHooks(request=[self.count])),
        )

    def count(self, _):
        self.requests += 1

    def sent(self, client):
        return self.requests


class TestQirContract(AzureContract):
    device = "rigetti.sim.qvm"
    unsupported = Program("{}", ProgramFormat.IONQ)


class TestIonQContract(AzureContract):
    device = "ionq.simulator"
    options = AzureOptions(form=CircuitForm.NATIVE)
    unsupported = Program("{}", ProgramFormat.QUIL)


class TestPasqalContract(AzureContract):
    device = "pasqal.sim.emu-free"
    program = idle()
    outcome = "00"


async def test_a_circuit_that_goes_on_after_a_measurement_runs(simulating):
    """Measure a 1, reset, measure again: in QIR and in Quantinuum's own format."""
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.measure(0, 1)
    async with qa.Scheduler(simulating.client("azure")) as scheduler:
        for form in CircuitForm:
            options = AzureOptions(form=form)
            job = await scheduler.submit(
                circuit, shots=20, on="azure:quantinuum.sim.h2-1e", options=options
            )
            assert (await job).counts == {"01": 20}


FORMS = {
    "qir": ("rigetti.sim.qvm", CircuitForm.QIR, qir.BASIS),
    "ionq": ("ionq.simulator", CircuitForm.NATIVE, ionq.BASIS),
    "quantinuum": ("quantinuum.sim.h2-1e", CircuitForm.NATIVE, quantinuum.BASIS),
    "quil": ("rigetti.sim.qvm", CircuitForm.NATIVE, quil.BASIS),
}


def of_every_gate(basis: list[str]) -> QuantumCircuit:
    """Three qubits in no simple state, after every gate that a form writes."""
    circuit = QuantumCircuit(3)
    for place, name in enumerate([*basis, *reversed(basis)]):
        gate = get_standard_gate_name_mapping()[name]
        made = type(gate)(*(0.3 + 0.7 * place + n for n in range(len(gate.params))))
        circuit.append(made, [(place + n) % 3 for n in range(gate.num_qubits)])
        circuit.ry(0.9, place % 3)
    return circuit


@pytest.mark.parametrize("form", FORMS)
async def test_every_gate_means_the_same_in_every_form(simulating, form):
    """What comes back is what the exact state says, by the sandbox's own reading of the form."""
    target, wanted, basis = FORMS[form]
    circuit = of_every_gate(basis)
    exact = Statevector(circuit).probabilities_dict()
    measured = circuit.copy()
    measured.measure_all()
    async with qa.Scheduler(simulating.client("azure")) as scheduler:
        options = AzureOptions(form=wanted)
        job = await scheduler.submit(measured, shots=4000, on=f"azure:{target}", options=options)
        seen = (await job).probabilities
    distance = sum(abs(exact.get(k, 0.0) - seen.get(k, 0.0)) for k in {*exact, *seen}) / 2
    assert distance < 0.04
    assert max(exact.values()) < 0.9  # or a wrong gate would hardly show
