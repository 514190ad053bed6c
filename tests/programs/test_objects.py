"""Programs from other libraries' objects."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from pulser import Pulse, Sequence
from pulser.devices import MockDevice
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector

from quantum_async.errors import InvalidInputError, NoMeasurementError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.objects import as_program
from quantum_async.simulation.run import simulate
from tests.simulation.jobs import job
from tests.simulation.sequences import pi_pulse, rabi, row


def flipped():
    circuit = QuantumCircuit(1, 1, name="flipped")
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_a_program_passes_through():
    """A program is its own program."""
    program = Program("OPENQASM 3.0;", ProgramFormat.QASM3)
    assert as_program(program) is program


@pytest.mark.parametrize(
    ("text", "format_"),
    [("OPENQASM 2.0;\nqreg q[1];", ProgramFormat.QASM2), ("qubit q;", ProgramFormat.QASM3)],
)
def test_text_becomes_the_openqasm_that_it_declares(text, format_):
    """The first line decides, and version 3 is the default."""
    assert as_program(text).format is format_


def test_a_path_is_loaded_and_remembered(tmp_path):
    """Errors can name the file that a program came from."""
    path = tmp_path / "bell.qasm"
    path.write_text("OPENQASM 2.0;\nqreg q[1];")
    program = as_program(path)
    assert (program.name, program.source) == ("bell", str(path))


def rotated():
    angle, angles = Parameter("angle"), ParameterVector("angles", 3)
    circuit = QuantumCircuit(1, 1, global_phase=angles[2])
    circuit.rx(2 * angle, 0)
    circuit.ry(angles[1], 0)
    circuit.measure(0, 0)
    return circuit


def test_a_circuit_made_again_is_the_same_program():
    """Qiskit's random ids and counted names do not count: another process continues a sweep."""
    first, second = as_program(rotated()), as_program(rotated())
    assert first.live.name != second.live.name
    assert first.digest == second.digest


def test_a_vector_stays_a_vector():
    """A program that was written down takes a list for its vector's elements."""
    program = Program(as_program(rotated()).data, ProgramFormat.QISKIT)
    values = {"angle": 0.0, "angles": [0.0, 3.141592653589793, 0.0]}
    assert simulate(job(program, 5, variables=values), "automatic").counts == {"1": 5}


def test_a_circuit_is_a_snapshot():
    """Changing the circuit afterwards does not change the program."""
    circuit = flipped()
    program = as_program(circuit)
    circuit.x(0)
    circuit.measure(0, 0)
    assert simulate(job(program, 5), "automatic").counts == {"1": 5}
    assert program.name == "flipped"


def test_a_circuit_is_written_down_only_when_somebody_needs_it():
    """Simulating in this process does not pay for QPY."""
    program = as_program(flipped())
    simulate(job(program, 5), "automatic")
    assert "payload" not in vars(program)
    assert len(program.digest) == 64
    assert "payload" in vars(program)


def test_a_circuit_survives_pickling_by_value():
    """The copy is equal, has no live object, and runs the same."""
    program = as_program(flipped())
    copy = pickle.loads(pickle.dumps(program))
    assert copy == program
    assert copy.live is None
    assert hash(copy) == hash(program)
    assert simulate(job(copy, 5), "automatic").counts == {"1": 5}


def test_a_sequence_becomes_its_abstract_representation():
    """Sequences are written down at once."""
    program = as_program(pi_pulse("a"))
    assert program.format is ProgramFormat.PULSER
    assert '"measurement": "ground-rydberg"' in program.text


def test_an_unmeasured_sequence_of_two_bases_is_refused():
    """Which basis is meant cannot be known, and the error says how to say it."""
    sequence = Sequence(row("a"), MockDevice)
    sequence.declare_channel("one", "rydberg_global")
    sequence.declare_channel("two", "raman_local", initial_target="a")
    sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), "one")
    sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), "two")
    with pytest.raises(NoMeasurementError, match=r"ground-rydberg and digital|digital and"):
        as_program(sequence)
    sequence.measure("digital")
    assert '"measurement": "digital"' in as_program(sequence).text


def test_measuring_for_the_user_leaves_the_sequence_alone():
    """The user's sequence is still open for pulses afterwards."""
    sequence = rabi()
    as_program(sequence)
    assert not sequence.is_measured()


@pytest.mark.parametrize("thing", [3, None, object(), ["qubit q;"], {"a": 1}])
def test_anything_else_is_refused_by_type(thing):
    """The error names the type and lists what is accepted."""
    with pytest.raises(InvalidInputError, match=type(thing).__name__) as caught:
        as_program(thing)
    assert "QuantumCircuit" in caught.value.remedy


def test_a_file_name_as_text_is_refused_with_the_remedy():
    """A forgotten Path is the likeliest reason for text without a statement."""
    with pytest.raises(InvalidInputError, match=r"bell\.qasm") as caught:
        as_program("bell.qasm")
    assert "Path" in caught.value.remedy


def test_testing_the_type_imports_no_library():
    """Asking whether an object is a circuit must not cost half a second."""
    code = (
        "import sys; from quantum_async.programs.objects import as_program\n"
        "as_program('qubit q;')\n"
        "try: as_program(3)\nexcept ValueError: pass\n"
        "assert not {'qiskit', 'pulser', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_circuits_of_the_same_parameters_are_equal():
    """Equality compares what would be sent, not identity."""
    theta = Parameter("theta")

    def circuit():
        made = QuantumCircuit(1, 1)
        made.rx(theta, 0)
        made.measure(0, 0)
        made.name = "same"
        return made

    assert as_program(circuit()) == as_program(circuit())
