"""Circuits: sources, parameters, limits, distributions."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from quantum_async.errors import (
    DeviceLimitError,
    InvalidOptionError,
    InvalidShotsError,
    JobFailedError,
    NoMeasurementError,
    UnboundParametersError,
    UnknownTargetError,
    UnsupportedProgramError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.objects import as_program
from quantum_async.simulation.run import default_device, simulate, validate
from tests.simulation.jobs import job
from tests.simulation.sequences import rabi

SUITE = Path(__file__).parents[2].parent / "shared" / "programs" / "qasmbench"
FILES = sorted(SUITE.glob("*.qasm"))


def distance(left, right):
    """Total variation distance of two counts."""
    one, two = sum(left.values()), sum(right.values())
    keys = {*left, *right}
    return sum(abs(left.get(k, 0) / one - right.get(k, 0) / two) for k in keys) / 2


def noise(outcomes, shots):
    """A bound on the distance of two samples of one distribution: five standard errors."""
    return 5 * math.sqrt(outcomes / shots)


@pytest.mark.skipif(not FILES, reason="the QASMBench programs are not in ../shared")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_qasmbench_agrees_with_qiskit(path):
    """Programs that nobody here wrote give Qiskit's own distribution, within shot noise."""
    ours = simulate(job(path, 4000, seed=1), "automatic")
    backend = AerSimulator()
    circuit = transpile(QuantumCircuit.from_qasm_file(str(path)), backend, optimization_level=0)
    theirs = backend.run(circuit, shots=4000, seed_simulator=2).result().get_counts()
    assert {len(key) for key in ours.counts} == {len(key) for key in theirs}
    assert distance(ours.counts, theirs) < noise(len({*ours.counts, *theirs}), 4000)


@st.composite
def small_circuits(draw):
    """Circuits of up to four qubits, measured into one to three registers in any order."""
    width = draw(st.integers(1, 4))
    circuit = QuantumCircuit(QuantumRegister(width, "q"))
    qubit = st.integers(0, width - 1)
    for _ in range(draw(st.integers(0, 10))):
        if width > 1 and draw(st.booleans()):
            pair = draw(st.lists(qubit, min_size=2, max_size=2, unique=True))
            circuit.cx(*pair)
        else:
            circuit.u(*(draw(st.floats(0, 6.28)) for _ in range(3)), draw(qubit))
    order = draw(st.permutations(range(width)))
    cuts = sorted(draw(st.sets(st.integers(1, width), max_size=2)) | {0, width})
    places = []
    for number, (start, stop) in enumerate(pairwise(cuts)):
        register = ClassicalRegister(stop - start, f"r{number}")
        circuit.add_register(register)
        places += list(register)
    return circuit, order, places


@settings(max_examples=25, deadline=None)
@given(small_circuits(), st.sampled_from(["statevector", "density_matrix", "automatic"]))
def test_counts_follow_the_state_vector(made, device):
    """Every outcome's frequency is the Born rule's, whatever registers it is split into."""
    circuit, order, places = made
    probabilities = Statevector(circuit).probabilities_dict()
    expected: dict[str, float] = {}
    for bits, probability in probabilities.items():
        by_place = {place: bits[-1 - q] for q, place in zip(order, places, strict=True)}
        key = " ".join(
            "".join(by_place[bit] for bit in reversed(register))
            for register in reversed(circuit.cregs)
        )
        expected[key] = expected.get(key, 0.0) + probability
    measured = circuit.copy()
    for q, place in zip(order, places, strict=True):
        measured.measure(q, place)
    result = simulate(job(measured, 2000, seed=5), device)
    for key, probability in expected.items():
        error = math.sqrt(probability * (1 - probability) / 2000)
        assert abs(result.probabilities.get(key, 0.0) - probability) <= 5 * error + 2e-3
    assert set(result.counts) <= {key for key, value in expected.items() if value > 1e-12}


def parametrised():
    theta, vector = Parameter("theta"), ParameterVector("v", 2)
    circuit = QuantumCircuit(2, 2)
    circuit.rx(theta, 0)
    circuit.rx(vector[0], 1)
    circuit.rx(vector[1], 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_scalars_and_vectors_are_bound():
    """A vector takes a list under its name, or numbers under its elements' names."""
    program = as_program(parametrised())
    whole = {"theta": 0.0, "v": (math.pi / 2, math.pi / 2)}
    single = {"theta": math.pi, "v[0]": 0.0, "v[1]": np.float64(0.0)}
    assert simulate(job(program, 5, whole), "automatic").counts == {"10": 5}
    assert simulate(job(program, 5, single), "automatic").counts == {"01": 5}


def test_openqasm_3_inputs_are_parameters():
    """``input float`` is bound like any other parameter."""
    text = 'OPENQASM 3; include "stdgates.inc"; input float a; qubit q; bit[1] c; rx(a) q; c[0] = measure q;'
    assert simulate(job(text, 5, {"a": math.pi}), "automatic").counts == {"1": 5}


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, ("theta", "v[0]", "v[1]")),
        ({"theta": 1.0}, ("v[0]", "v[1]")),
        ({"theta": 1.0, "v": (1.0, 2.0), "w": 1.0}, ("w",)),
        ({"theta": 1.0, "v": (1.0,)}, ("v",)),
        ({"theta": 1.0, "v": 1.0}, ("v",)),
        ({"theta": (1.0, 2.0), "v": (1.0, 2.0)}, ("theta",)),
        ({"theta": "pi", "v": (1.0, 2.0)}, ("theta",)),
    ],
)
def test_parameters_that_do_not_match_are_named(variables, names):
    """Missing, unknown and misshapen values are refused by name, before anything runs."""
    with pytest.raises(UnboundParametersError) as caught:
        validate(job(parametrised(), 5, variables), "automatic")
    assert caught.value.names == names


@pytest.mark.parametrize("shots", [0, -1, 1.5, "10", None, True, 10**9])
def test_bad_shots_are_refused(shots):
    """Shots are positive whole numbers within the limit."""
    with pytest.raises(InvalidShotsError):
        validate(job(parametrised(), shots), "automatic")


def test_a_circuit_without_measurement_is_refused_unless_observed():
    """Counting nothing is an error; observing needs no measurement."""
    circuit = QuantumCircuit(1)
    circuit.h(0)
    with pytest.raises(NoMeasurementError) as caught:
        validate(job(circuit), "automatic")
    assert "measure_all" in caught.value.remedy
    validate(job(circuit, observables=("X",)), "automatic")


def test_more_qubits_than_memory_holds_are_refused_before_running():
    """The error says how many fit and what else can be done."""
    circuit = QuantumCircuit(60)
    circuit.rx(0.3, range(60))
    circuit.measure_all()
    for device in ("automatic", "statevector", "density_matrix"):
        with pytest.raises(DeviceLimitError, match="60 qubits") as caught:
            validate(job(circuit), device)
    assert "matrix_product_state" in caught.value.remedy


def test_idle_qubits_need_no_memory():
    """Only the qubits that a circuit acts on count."""
    circuit = QuantumCircuit(127, 2)
    circuit.x(100)
    circuit.t(100)
    circuit.measure([100, 126], [0, 1])
    assert simulate(job(circuit, 5), "statevector").counts == {"01": 5}


def test_large_clifford_circuits_run_by_default():
    """The default simulator takes a hundred qubits where the circuit is Clifford."""
    circuit = QuantumCircuit(100)
    circuit.h(0)
    for qubit in range(99):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    result = simulate(job(circuit, 50, seed=1), "automatic")
    assert set(result.counts) == {"0" * 100, "1" * 100}
    assert result.metadata["method"] == "stabilizer"


def test_the_default_method_of_an_ordinary_circuit_is_the_state_vector():
    """The metadata names the method that ran."""
    result = simulate(job(parametrised(), 5, {"theta": 1, "v": (1, 1)}), "automatic")
    assert (result.metadata["device"], result.metadata["method"]) == ("automatic", "statevector")


def test_gates_that_aer_does_not_know_are_translated():
    """Custom gates of OpenQASM 2 and opaque composites run."""
    text = """OPENQASM 2.0; include "qelib1.inc"; gate twice a { x a; sx a; sx a; }
    qreg q[1]; creg c[1]; twice q[0]; measure q -> c;"""
    assert simulate(job(text, 5), "automatic").counts == {"0": 5}


def test_a_stabilizer_refuses_what_is_not_clifford():
    """The error names the operation."""
    circuit = QuantumCircuit(1, 1)
    circuit.t(0)
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedProgramError, match="t"):
        validate(job(circuit), "stabilizer")


def test_qpy_files_run(tmp_path):
    """A circuit written with qiskit.qpy is read back."""
    buffer = io.BytesIO()
    qpy.dump(parametrised(), buffer)
    path = tmp_path / "made.qpy"
    path.write_bytes(buffer.getvalue())
    variables = {"theta": math.pi, "v": (0.0, 0.0)}
    assert simulate(job(path, 5, variables), "automatic").counts == {"01": 5}


def test_devices_and_formats_must_fit():
    """Unknown devices and foreign formats are told apart."""
    circuit = job(parametrised())
    with pytest.raises(UnknownTargetError, match="nonsense"):
        validate(circuit, "nonsense")
    with pytest.raises(UnsupportedProgramError):
        validate(circuit, "pulser")
    with pytest.raises(UnsupportedProgramError):
        validate(job(rabi()), "statevector")
    with pytest.raises(UnknownTargetError):
        default_device(Program("{}", ProgramFormat.IQM))
    assert default_device(circuit.program) == "automatic"


@pytest.mark.parametrize("device", ["statevector", "matrix_product_state", "density_matrix"])
def test_expectation_values_are_exact(device):
    """The rightmost letter acts on qubit 0; no shot noise where the state is one."""
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.h(1)
    circuit.measure_all()
    observables = ("IIZ", "IXI", "ZII", "IZI", "ZXZ", "III")
    result = simulate(job(circuit, 10, observables=observables), device)
    values = {name: round(e.value, 9) for name, e in result.expectation_values.items()}
    assert values == {"IIZ": -1, "IXI": 1, "ZII": 1, "IZI": 0, "ZXZ": -1, "III": 1}
    assert {e.standard_error for e in result.expectation_values.values()} == {0.0}
    assert sum(result.counts.values()) == 10


def test_expectation_values_after_a_collapse_carry_a_standard_error():
    """Where shots differ the mean of the shots is given, with its error."""
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    result = simulate(job(circuit, 400, seed=2, observables=("ZI", "ZZ")), "statevector")
    zi, zz = result.expectation_values["ZI"], result.expectation_values["ZZ"]
    assert zi.standard_error == pytest.approx(0.05, rel=0.1)
    assert abs(zi.value) < 5 * zi.standard_error
    assert (zz.value, zz.standard_error) == (1.0, 0.0)


@pytest.mark.parametrize("observable", ["Z", "ZZZ", "AB", "zz", ""])
def test_observables_are_pauli_strings_of_the_circuits_width(observable):
    """The error says what to write."""
    with pytest.raises(InvalidOptionError) as caught:
        validate(job(QuantumCircuit(2), observables=(observable,)), "automatic")
    assert "rightmost" in caught.value.remedy


def test_a_device_without_expectation_values_says_so():
    """The extended stabilizer computes none."""
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    with pytest.raises(UnsupportedProgramError, match="expectation"):
        validate(job(circuit, observables=("X",)), "extended_stabilizer")


def test_effort_grows_with_qubits_and_shots():
    """The guess orders jobs by what they really cost."""

    def ladder(width):
        circuit = QuantumCircuit(width)
        circuit.rx(0.1, range(width))
        circuit.measure_all()
        return circuit

    small, middle, wide = (validate(job(ladder(n)), "automatic").effort for n in (3, 20, 26))
    long = validate(job(ladder(3), 100_000), "automatic").effort
    assert small.seconds < long.seconds < middle.seconds < wide.seconds
    assert max(small.grip, middle.grip) < 0.001 < wide.grip
    assert (middle.size, wide.size) == (2 * 16 * 2**20, 16 * 2**26)


def test_what_a_condition_depends_on_is_measured():
    """A measurement that only a condition on another qubit reads is no final one."""
    circuit = QuantumCircuit(2, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.barrier()
    result = simulate(job(circuit, 4, observables=("ZI", "IZ")), "automatic")
    assert [value.value for value in result.expectation_values.values()] == [-1.0, -1.0]


def test_a_value_that_is_stored_elsewhere_is_measured_first():
    """A measurement whose bit is copied decides about a gate, so it stays where it is."""
    circuit = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "c"), ClassicalRegister(1, "d")
    )
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.store(expr.lift(circuit.clbits[1]), expr.lift(circuit.clbits[0]))
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(1)
    result = simulate(job(circuit, 20, seed=1, observables=("ZI", "IZ")), "statevector")
    assert {name: e.value for name, e in result.expectation_values.items()} == {"ZI": -1, "IZ": -1}


def test_a_qubit_that_only_a_block_uses_is_simulated():
    """Aer drops qubits that it sees in no operation of the circuit itself, and then misses them."""
    circuit = QuantumCircuit(2, 1)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    circuit.measure(1, 0)
    assert simulate(job(circuit, shots=10), "automatic").counts == {"0": 10}


def test_idle_qubits_beside_a_condition_take_no_memory():
    """Declared and not used, sixty qubits are no obstacle."""
    circuit = QuantumCircuit(60, 2)
    circuit.x(30)
    circuit.barrier()
    circuit.measure(30, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(40)
    circuit.measure(40, 1)
    assert simulate(job(circuit, shots=10), "automatic").counts == {"11": 10}


def test_what_aer_trips_over_is_an_error_of_ours():
    """A delay whose length the compiler was to choose is a bare TypeError of Aer's compiled part."""
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    circuit.delay(circuit.add_stretch("pause"), 0)
    circuit.x(0)
    with pytest.raises(JobFailedError, match="Aer refused the circuit") as caught:
        simulate(job(circuit, shots=10), "automatic")
    assert "stretches" in caught.value.remedy
    assert "\n" not in str(caught.value)
