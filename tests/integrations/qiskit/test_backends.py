"""Backends as Qiskit sees them, on the simulator."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from qiskit import QuantumCircuit, qasm3, transpile
from qiskit.circuit import Measure, Parameter
from qiskit.circuit.library import QFTGate, RGate
from qiskit.providers import BackendV2
from qiskit.transpiler import Target, generate_preset_pass_manager
from qiskit_aer import AerSimulator

import quantum_async as qa
import quantum_async.integrations.qiskit as integration
from quantum_async import blocking
from quantum_async.errors import (
    ConfigurationError,
    DeviceLimitError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    NoMeasurementError,
    UnboundParametersError,
    UnknownTargetError,
)
from quantum_async.integrations.qiskit import (
    AsyncEstimator,
    AsyncProvider,
    AsyncSampler,
    EstimatorV2,
    OutsideTargetError,
    QuantumAsyncBackend,
    QuantumAsyncProvider,
    SamplerV2,
)
from quantum_async.integrations.qiskit.backends import Fitting
from tests.integrations.qiskit.circuits import asymmetric, measured


def test_simulators_are_backends(local):
    """Every circuit simulator is a `BackendV2` with its own gates and size."""
    found = {backend.name: backend for backend in local.backends()}
    assert set(found) >= {"automatic", "statevector", "stabilizer", "matrix_product_state"}
    assert "pulser" not in found
    assert all(isinstance(backend, BackendV2) for backend in found.values())
    assert "t" in found["statevector"].operation_names
    assert "t" not in found["stabilizer"].operation_names
    assert not any(name.startswith("save") for name in found["statevector"].operation_names)
    assert found["stabilizer"].num_qubits > found["statevector"].num_qubits
    assert [backend.name for backend in local.backends("stabilizer")] == ["stabilizer"]
    assert local.backends("nowhere") == []


def test_a_backend_says_no_more_than_is_known(statevector):
    """A simulator has no couplings, no errors, no durations and no limit of circuits."""
    assert statevector.coupling_map is None
    assert statevector.max_circuits is None
    assert statevector.calibration_set_id is None
    assert statevector.physical_target is None
    assert statevector.target["cx"] == {None: None}
    assert statevector.provider is statevector.source
    assert statevector.device.is_simulator
    assert "local:statevector" in repr(statevector)


def test_the_usual_backend_needs_no_name(local):
    """Without a name the client's usual device is taken; an unknown one is named with those known."""
    assert local.backend().name == local.get_backend("").name == "automatic"
    with pytest.raises(UnknownTargetError, match="no device 'nowhere'") as caught:
        local.backend("nowhere")
    assert "statevector" in caught.value.remedy


def test_transpiling_for_a_backend(statevector):
    """What Qiskit's transpiler makes for a backend runs on it."""
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.append(QFTGate(3), range(3))
    circuit.append(QFTGate(3).inverse(), range(3))
    circuit.measure_all()
    result = statevector.run(transpile(circuit, statevector), shots=20).result()
    assert result.get_counts() == {"001": 20}


def test_what_is_outside_the_target_is_refused(statevector):
    """A circuit is never transpiled in silence; the error names instruction and qubits."""
    circuit = QuantumCircuit(2, name="fourier")
    circuit.append(QFTGate(2), [1, 0])
    circuit.measure_all()
    with pytest.raises(OutsideTargetError) as caught:
        statevector.run(circuit)
    assert str(caught.value) == (
        "circuit 'fourier', instruction 0: qft on qubits 1, 0 is not an operation of "
        "local:statevector"
    )
    assert "transpile(circuit, backend)" in caught.value.remedy
    done = statevector.run(circuit, shots=16, optimization_level=0).result()
    assert sum(done.get_counts().values()) == 16


def test_blocks_under_a_condition_are_looked_at(statevector):
    """An operation that the target lacks is found inside control flow as well."""
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.append(QFTGate(1), [1])
    with pytest.raises(OutsideTargetError, match="qft on qubits 1"):
        statevector.run(circuit)


def test_a_circuit_that_is_too_wide(local):
    """The number of qubits is the target's."""
    backend = local.backend("density_matrix")
    circuit = QuantumCircuit(backend.num_qubits + 1, 1)
    circuit.measure(0, 0)
    with pytest.raises(OutsideTargetError, match=f"more than the {backend.num_qubits} of"):
        backend.run(circuit)


def test_the_simulator_that_chooses_takes_what_some_way_takes(local):
    """Wide Clifford circuits, and qubits that are declared and not used, are no obstacle."""
    backend = local.backend("automatic")
    chain = QuantumCircuit(50)
    chain.h(0)
    for qubit in range(49):
        chain.cx(qubit, qubit + 1)
    chain.measure_all()
    pair = QuantumCircuit(127, 2)
    pair.ry(0.4, 3)
    pair.cx(3, 99)
    pair.measure([3, 99], [0, 1])
    for circuit, keys in ((chain, {"0" * 50, "1" * 50}), (pair, {"00", "11"})):
        for chosen in (circuit, transpile(circuit, backend)):
            assert set(backend.run(chosen, shots=200).result(timeout=60).get_counts()) == keys
    chain.rx(0.1, range(50))
    chain.measure_all()
    with pytest.raises(DeviceLimitError, match="50 qubits"):
        backend.run(chain).result(timeout=60)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"shotz": 3}, InvalidOptionError),
        ({"shots": 0}, InvalidShotsError),
        ({"shots": 2.5}, InvalidShotsError),
        ({"optimization_level": 7}, InvalidOptionError),
        ({"provider_options": "fast"}, InvalidOptionError),
    ],
)
def test_options_of_no_use(statevector, options, error):
    """Bad options are refused before anything runs."""
    with pytest.raises(error):
        statevector.run(measured().assign_parameters([0.1]), **options)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], InvalidInputError),
        (["circuit"], InvalidInputError),
        (QuantumCircuit(1, 1), NoMeasurementError),
        ([asymmetric(), QuantumCircuit(1, 1)], NoMeasurementError),
        (measured(), UnboundParametersError),
    ],
)
def test_circuits_of_no_use(statevector, given, error):
    """Circuits that cannot run are refused, with all that were given with them."""
    with pytest.raises(error):
        statevector.run(given)


def test_options_of_the_backend(local):
    """What is set on a backend counts where a call says nothing."""
    backend = local.backend("statevector")
    assert backend.options.shots == 1024
    backend.set_options(shots=7, memory=True)
    done = backend.run(asymmetric()).result()
    assert done.get_counts() == {"0 01": 7}
    assert done.get_memory() == ["0 01"] * 7
    assert backend.run(asymmetric(), shots=3).result().get_counts() == {"0 01": 3}
    with pytest.raises(ValueError, match="shots"):
        backend.set_options(shots=10**12)


def test_seeds_repeat(statevector):
    """The same seed gives the same shots, in the same order."""
    circuit = measured(3).assign_parameters([1.0])
    first, second, other = (
        statevector.run(circuit, shots=50, memory=True, seed_simulator=seed).result().get_memory()
        for seed in (5, 5, 6)
    )
    assert first == second != other


def test_parameters_that_a_transpiler_leaves(statevector):
    """Circuits with bound parameters run, whatever their names."""
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("θ[0]"), 0)
    circuit.measure(0, 0)
    bound = circuit.assign_parameters([3.14159265])
    assert statevector.run(bound, shots=5).result().get_counts() == {"1": 5}


def test_nothing_happens_before_the_first_use():
    """Making a provider opens nothing, and its properties send nothing."""
    client = qa.LocalClient()
    provider = QuantumAsyncProvider(client)
    assert "QuantumAsyncProvider" in repr(provider)
    assert provider.client is client
    assert not client.is_open
    provider.close()
    assert "AsyncProvider" in repr(AsyncProvider(client))
    with pytest.raises(ConfigurationError, match="not open"):
        _ = AsyncProvider(client).scheduler


async def test_clients_of_other_loops_are_refused():
    """A client that is open in a loop of the program's own cannot be used from threads."""
    async with qa.LocalClient() as client:
        with pytest.raises(ConfigurationError, match="event loop"):
            QuantumAsyncProvider(client)


def test_providers_by_name():
    """A provider is made of its name; one that is not installed is refused."""
    assert isinstance(QuantumAsyncProvider("local").client, qa.LocalClient)
    with pytest.raises(UnknownTargetError, match="no provider 'ibm'"):
        QuantumAsyncProvider("ibm")


def test_a_scheduler_has_to_say_which_client(simulating):
    """With several clients in a scheduler, a name picks one."""
    iqm = blocking.IQMClient.from_env(simulating.env("iqm"))
    with blocking.Scheduler(blocking.LocalClient(seed=1), iqm) as scheduler:
        with pytest.raises(ConfigurationError, match="one client is needed") as caught:
            QuantumAsyncProvider(scheduler)
        assert "local, iqm" in caught.value.remedy
        backend = QuantumAsyncProvider(scheduler, name="local").backend()
        assert backend.run(asymmetric(), shots=4).result().get_counts() == {"0 01": 4}


def test_names_are_found():
    """The package lists what it has, each of its names can be had, and no other."""
    assert integration.QuantumAsyncBackend is QuantumAsyncBackend
    assert set(integration.__all__) <= set(dir(integration))
    assert all(getattr(integration, name) is not None for name in integration.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        _ = integration.Nothing


LATE = """
import sys
import quantum_async.integrations.qiskit as integration
assert "qiskit" not in sys.modules
sys.modules["qiskit"] = None
from quantum_async.errors import MissingExtraError
try:
    integration.SamplerV2
except MissingExtraError as error:
    print(error.remedy)
"""


def test_qiskit_is_brought_along_late():
    """Qiskit is imported with the first name, and a missing one is told with its remedy."""
    command = [sys.executable, "-W", "error", "-c", LATE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert "quantum_async[qiskit]" in done.stdout


@pytest.mark.parametrize(
    ("make", "maker"),
    [
        (SamplerV2, "QuantumAsyncProvider"),
        (EstimatorV2, "QuantumAsyncProvider"),
        (AsyncSampler, "AsyncProvider"),
        (AsyncEstimator, "AsyncProvider"),
    ],
)
def test_primitives_want_a_backend_of_their_kind(statevector, make, maker):
    """A backend of somebody else, or of the other kind, is refused by name."""
    with pytest.raises(InvalidInputError, match="is not a") as caught:
        make(AerSimulator())
    assert caught.value.remedy == f"Take one from {maker}(...).backend(name)."
    if maker == "AsyncProvider":
        with pytest.raises(InvalidInputError):
            make(statevector)


def test_a_pass_manager_for_a_backend(statevector):
    """Qiskit's pass managers take a backend as well."""
    manager = generate_preset_pass_manager(optimization_level=1, backend=statevector)
    circuit = QuantumCircuit(2)
    circuit.append(QFTGate(2), range(2))
    circuit.append(QFTGate(2).inverse(), range(2))
    circuit.measure_all()
    assert statevector.run(manager.run(circuit), shots=4).result().get_counts() == {"00": 4}


def test_errors_travel():
    """An error of this integration survives pickling, notes included."""
    error = OutsideTargetError("no", remedy="do")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.remedy) == ("no", "do")


def test_openqasm_is_read_by_qiskit_first(statevector):
    """A circuit that Qiskit read from OpenQASM 3 runs as any other."""
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; x q[1]; c = measure q;'
    assert statevector.run(qasm3.loads(text), shots=3).result().get_counts() == {"10": 3}
    assert "qiskit" in sys.modules


@pytest.mark.parametrize("level", [None, 2])
@pytest.mark.parametrize("name", ["sx", "measure", "delay", "id"])
def test_a_composite_is_its_content_whatever_it_is_called(statevector, name, level):
    """Whether or not Qiskit's transpiler, which knows gates by name, is asked."""
    part = QuantumCircuit(1, name=name)
    part.x(0)
    circuit = QuantumCircuit(1)
    circuit.append(part.to_instruction(), [0])
    circuit.measure_all()
    options = {} if level is None else {"optimization_level": level}
    assert statevector.run(circuit, shots=20, **options).result().get_counts() == {"1": 20}


def test_a_composite_called_like_a_gate_of_the_target_must_fit_by_its_content():
    """A name in the target is no way around it."""
    target = Target(num_qubits=1)
    target.add_instruction(RGate(Parameter("theta"), Parameter("phi")), {(0,): None})
    target.add_instruction(Measure(), {(0,): None})
    part = QuantumCircuit(1, name="r")
    part.x(0)
    circuit = QuantumCircuit(1, 1)
    circuit.append(part.to_gate(), [0])
    circuit.measure(0, 0)
    with pytest.raises(OutsideTargetError, match="x on qubits 0"):
        Fitting("a computer", target).check(circuit)
