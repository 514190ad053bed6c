"""Azure Quantum's client keeps the contract, against a sandbox that simulates."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.sandbox import BlockingSandbox
from tests.providers.contract import ProviderContract
from tests.providers.pasqal.real import idle


@pytest.fixture(scope="module")
def simulating():
    """A sandbox that really simulates, one for all tests of this module."""
    with BlockingSandbox(job_time=0.02, parallel=True, workers=1, services=("azure",)) as running:
        yield running


class AzureContract(ProviderContract):
    patience = 90.0

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


@pytest.mark.timeout(120)  # the first job of a worker imports Qiskit
class TestQirContract(AzureContract):
    device = "rigetti.sim.qvm"
    unsupported = Program("{}", ProgramFormat.IONQ)


@pytest.mark.timeout(120)
class TestIonQContract(AzureContract):
    device = "ionq.simulator"
    options = AzureOptions(form=CircuitForm.NATIVE)
    unsupported = Program("{}", ProgramFormat.QUIL)


@pytest.mark.timeout(120)  # the first job of a worker imports Pulser
class TestPasqalContract(AzureContract):
    device = "pasqal.sim.emu-free"
    program = idle()
    outcome = "00"


@pytest.mark.timeout(120)
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
