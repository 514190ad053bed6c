"""Targets of devices that name their gates, and of providers of which only the contract is known."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, transpile

from quantum_async.errors import UnsupportedProgramError
from quantum_async.integrations.qiskit import AsyncProvider
from quantum_async.integrations.qiskit.machines import gate_target
from quantum_async.models.device import Device, DeviceKind
from tests.scheduler.fake import PROGRAM, FakeClient


def device(**changes):
    """Describe a device of some provider."""
    operations = ("h", "rz", "cx", "unheard_of")
    given = {"num_qubits": 3, "operations": operations, **changes}
    return Device("fake", "chip", DeviceKind.GATE, **given)


def test_gates_are_those_that_qiskit_knows():
    """What the provider names and Qiskit knows is there, and measuring always is."""
    target = gate_target(device())
    assert set(target.operation_names) == {"h", "rz", "cx", "measure"}
    assert target.num_qubits == 3
    assert target.instruction_supported("cx", (2, 0))
    assert not target.instruction_supported("h", (3,))


def test_couplings_are_kept_where_qubits_have_numbers():
    """Pairs that are named by numbers bound two-qubit gates, in both directions."""
    target = gate_target(device(connectivity=(("0", "1"), ("1", "2"))))
    assert set(target["cx"]) == {(0, 1), (1, 0), (1, 2), (2, 1)}
    circuit = QuantumCircuit(3)
    circuit.cx(0, 2)
    routed = transpile(circuit, target=target, optimization_level=0, seed_transpiler=1)
    assert routed.count_ops()["cx"] > 1
    assert gate_target(device(connectivity=(("QB1", "QB2"),)))["cx"] == {None: None}


def test_a_size_that_is_not_told():
    """Without a number of qubits the target has none, and takes any circuit."""
    target = gate_target(device(num_qubits=None))
    assert target.num_qubits is None
    circuit = QuantumCircuit(40)
    circuit.ccx(0, 20, 39)
    assert transpile(circuit, target=target, optimization_level=0).num_qubits == 40


def test_a_device_without_gates():
    """Where no gate is known, nobody could transpile, and that is said."""
    with pytest.raises(UnsupportedProgramError, match="names no gates") as caught:
        gate_target(device(operations=()))
    assert "Scheduler" in caught.value.remedy


async def test_a_provider_of_which_only_the_contract_is_known():
    """Its devices are backends where they name their gates; jobs are looked up by polling."""
    async with AsyncProvider(FakeClient()) as provider:
        assert await provider.backends() == []
        with pytest.raises(UnsupportedProgramError):
            await provider.backend((await provider.service.devices())[0].name)
        job = await provider.scheduler.submit(PROGRAM, shots=3)
        found = await provider.retrieve_job(job.id)
        assert found.backend is None
        assert sum((await found).get_counts().values()) == 3
