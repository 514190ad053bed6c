"""Between the service's words and ours: histograms, observables, statuses, programs."""

from __future__ import annotations

import base64
import math

import pytest
from hypothesis import given, strategies as st
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import Operator

from quantum_async.errors import (
    InvalidOptionError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.job import JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import Register
from quantum_async.programs.objects import as_program
from quantum_async.providers.qoro.translate.programs import prepared
from quantum_async.providers.qoro.translate.results import (
    check_observables,
    decode_histogram,
    expectations,
    label_of,
    packed_groups,
    registers_of,
)
from quantum_async.providers.qoro.translate.statuses import STATUSES, job_state, job_status
from quantum_async.providers.qoro.wire import JobProgress
from quantum_async.sandbox.qoro.store import histogram
from tests.providers.qoro.service import unpacked


@st.composite
def histograms(draw):
    width = draw(st.integers(1, 1000))
    outcomes = draw(st.sets(st.integers(0, 2**width - 1), max_size=30))
    counts = st.one_of(st.just(1), st.integers(1, 5), st.integers(1, 2**40))
    return width, {format(number, f"0{width}b"): draw(counts) for number in outcomes}


@given(histograms())
def test_histograms_survive_the_wire(given_one):
    """What the sandbox packs is unpacked, whatever the width, up to a thousand bits."""
    width, counts = given_one
    packed = histogram(counts, width)
    assert packed["encoding"] == ("qh1" if width <= 255 else "qh2")
    assert decode_histogram(packed["encoding"], packed["payload"], width) == counts


def test_histograms_that_others_have_packed():
    """Two histograms worked out by hand from the format."""
    first = "UUgxAgPoBwMAAQIFAwABAQEC5QP+Aw=="
    assert decode_histogram("qh1", first) == {"00": 487, "01": 1, "11": 512}
    counts = {"001": 1, "101": 3, "111": 1}
    assert decode_histogram("qh1", "UUgxAwMFAwEEAgUDAQEBAQEB") == counts
    assert decode_histogram("qh1", "") == {}


@given(histograms().filter(lambda one: one[1]), st.data())
def test_a_damaged_histogram_is_no_result(given_one, data):
    """A histogram that breaks off anywhere is refused, not read half."""
    width, counts = given_one
    packed = base64.b64decode(histogram(counts, width)["payload"])
    cut = data.draw(st.integers(1, len(packed) - 1))
    encoding = "qh1" if width <= 255 else "qh2"
    with pytest.raises(ResultError):
        decode_histogram(encoding, base64.b64encode(packed[:cut]).decode())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(noise):
    """Nothing but our own error comes out of bytes that mean nothing."""
    for magic, encoding in ((b"QH1", "qh1"), (b"QH2", "qh2")):
        try:
            found = decode_histogram(encoding, base64.b64encode(magic + noise).decode())
        except ResultError:
            continue
        assert all(count > 0 for count in found.values())


@pytest.mark.parametrize("encoding", ["qh3", "", "QH1"])
def test_an_encoding_that_is_new_is_named(encoding):
    """The error says which encoding it was."""
    with pytest.raises(ResultError, match=repr(encoding)):
        decode_histogram(encoding, "UUgx")


def test_every_word_of_the_service_has_a_status():
    """The table is total over the words that the service's clients know."""
    assert STATUSES == {
        "PENDING": JobStatus.QUEUED,
        "SCHEDULED": JobStatus.QUEUED,
        "PAUSED": JobStatus.QUEUED,
        "RUNNING": JobStatus.RUNNING,
        "COMPLETED": JobStatus.SUCCEEDED,
        "FAILED": JobStatus.FAILED,
        "TIMED_OUT": JobStatus.FAILED,
        "INSUFFICIENT_CREDITS": JobStatus.FAILED,
        "CANCELLED": JobStatus.CANCELLED,
    }


@given(st.text(max_size=12).filter(lambda word: word.strip().upper() not in STATUSES))
def test_a_word_that_is_new_does_not_end_a_job(word):
    """Weak spot 12: an unknown status is unknown, and asking goes on."""
    assert job_status(word) is JobStatus.UNKNOWN
    state = job_state(JobProgress(status=word, run_time="no number"))
    assert not state.status.is_terminal
    assert state.reported == word
    assert state.run_time is None


def test_a_lack_of_credits_is_said_in_words():
    """A failure that the service explains by its word alone is explained."""
    assert "credits" in job_state(JobProgress(status="INSUFFICIENT_CREDITS")).message


@given(st.lists(st.text("IXYZ", min_size=5, max_size=5), min_size=1, max_size=6))
def test_observables_are_packed_sparsely(terms):
    """What the service unpacks are the same words."""
    head, _, body = packed_groups([terms]).partition(":")
    assert head == "@gzs5"
    for sparse, term in zip(unpacked(body).split(";"), terms, strict=True):
        dense = ["I"] * 5
        for place in range(0, len(sparse) if sparse != "I" else 0, 2):
            dense[int(sparse[place + 1])] = sparse[place]
        assert "".join(dense) == term


def test_values_come_back_in_our_order_of_qubits():
    """The service's leftmost letter is qubit 0, and so is our rightmost."""
    found = expectations({"ZII": -1, "IZI": 0.5}, ["IIZ"])
    assert {name: e.value for name, e in found.items()} == {"IIZ": -1.0}
    with pytest.raises(ResultError):
        expectations({"ZII": "much"}, ["IIZ"])


@pytest.mark.parametrize("observable", ["Z", "ZZZ", "zz", "ZA", ""])
def test_an_observable_of_another_width_is_refused(observable):
    """Weak spot of guessing: nothing is padded silently."""
    with pytest.raises(InvalidOptionError):
        check_observables([observable], 2)


HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("OPENQASM 3.0;\nqreg q[1];", 1, 10),
        ("OPENQASM 2.0;\nqreg q[2];\ncx q[0],q[0];", 3, 1),
        ("OPENQASM 2.0;\nqreg q[2];\n// two; \n // lines\n cx q[0],q[2];", 5, 12),
        ("OPENQASM 2.0;\nqreg q[2];\n  nope q[0];", 3, 3),
        ("OPENQASM 2.0;\nqreg q[2];\nrx(theta) q[0];", 3, 4),
        ("OPENQASM 2.0;\nqreg q[2];\nrx(1,2) q[0];", 3, 1),
        ("OPENQASM 2.0;\nqreg q[2];\nmeasure q -> c;", 3, 14),
        ("OPENQASM 2.0;\nqreg q[2];\nqreg q[2];", 3, 6),
        ("OPENQASM 2.0;\nqreg q[2];\nh q[0]", 3, 1),
        ("OPENQASM 2.0;\nqreg q[2];\nh q[0]; @", 3, 9),
        ("OPENQASM 2.0;\ngate g(a) q { rx(b) q; }", 2, 18),
    ],
)
def test_a_malformed_program_is_refused_at_its_place(text, line, column):
    """The error names the line and the column, also behind comments (weak spot 23)."""
    with pytest.raises(ProgramSyntaxError) as found:
        prepared(Program(text, ProgramFormat.QASM2), {})
    assert (found.value.line, found.value.column) == (line, column)


def test_gates_that_the_service_calls_otherwise_are_renamed():
    """Weak spot 23: p, cp and CX run, under the names that the service knows."""
    text = HEAD + "qreg q[2];\np(.5) q[0]; cp(1.) q[0],q[1]; CX q[0],q[1];"
    ready = prepared(Program(text, ProgramFormat.QASM2), {})
    assert "u1(0.5) q[0];\ncu1(1.0) q[0],q[1];\ncx q[0],q[1];" in ready.text


def test_gates_that_the_service_lacks_are_written_out():
    """A program with them is rewritten in gates that the service has, without changing it."""
    text = HEAD + "qreg q[4]; c3x q[0],q[1],q[2],q[3];"
    ready = prepared(Program(text, ProgramFormat.QASM2), {})
    assert "c3x" not in ready.text
    assert Operator(qasm2.loads(ready.text)).equiv(
        Operator(qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS))
    )


def test_an_opaque_gate_is_refused():
    """Nothing can run it."""
    with pytest.raises(UnsupportedProgramError):
        prepared(Program("OPENQASM 2.0; opaque g q; qreg q[1]; g q[0];", ProgramFormat.QASM2), {})


def test_deep_brackets_do_not_exhaust_the_stack():
    """A program from elsewhere is refused, not a crash."""
    for inner in ("1", "t", "-t", ""):
        text = "OPENQASM 2.0; qreg q[1]; rx(" + "(" * 100_000 + inner + ") q[0]; rx(t) q[0];"
        with pytest.raises(ProgramSyntaxError):
            prepared(Program(text, ProgramFormat.QASM2), {"t": 1.0})
    text = f"OPENQASM 2.0; qreg q[1]; rx({'(' * 9999}t{')' * 9999}) q[0];"
    with pytest.raises(ProgramSyntaxError, match="nested too deeply"):
        prepared(Program(text, ProgramFormat.QASM2), {"t": 1.0})


angles = st.floats(-6, 6, allow_nan=False).map(lambda value: round(value, 6))


@given(angles, st.lists(angles, min_size=2, max_size=2))
def test_a_template_with_its_values_is_the_bound_circuit(first, others):
    """Also with negative values, sums, products and vectors."""
    theta, vector = Parameter("theta_long"), ParameterVector("β", 2)
    circuit = QuantumCircuit(2)
    circuit.rx(2 * theta - 0.25 * vector[0], 0)
    circuit.rz(-theta / 3, 1)
    circuit.cp(vector[1] * theta, 0, 1)
    circuit.ry((vector[0] + 1).sin(), 0)
    variables = {"theta_long": first, "β": tuple(others)}
    ready = prepared(as_program(circuit), variables)
    assert ready.is_template
    text = ready.text
    for name, value in zip(ready.names, ready.values(variables), strict=True):
        text = text.replace(name, str(value))
    bound = circuit.assign_parameters({theta: first, vector: others})
    assert Operator(qasm2.loads(text)).equiv(Operator(bound), atol=1e-9)


def test_what_no_template_can_say_is_bound_here():
    """An absolute value and a sign before a power are computed before they are sent.

    Nothing is computed to find that out: for some values there is no angle.
    """
    theta = Parameter("t")
    for angle in (theta.abs(), -(theta**2), (1 / (theta - 0.5)).abs()):
        circuit = QuantumCircuit(1)
        circuit.rx(angle, 0)
        ready = prepared(as_program(circuit), {"t": -0.5})
        assert not ready.is_template
        text = ready.bound({"t": -0.5}).text
        expected = circuit.assign_parameters({theta: -0.5})
        assert Operator(qasm2.loads(text)).equiv(Operator(expected))


def test_parameters_and_values_must_match():
    """Neither may be left over, in a circuit or in a text."""
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("t"), 0)
    text = Program(HEAD + "qreg q[1]; rx(t) q[0];", ProgramFormat.QASM2)
    for program in (as_program(circuit), text):
        for variables in ({"t": 1.0, "u": 2.0}, {"t": (1.0, 2.0)}, {"t": "x"}):
            with pytest.raises((UnboundParametersError, ProgramSyntaxError)):
                prepared(program, variables)


def test_names_that_mean_something_else_are_replaced():
    """A parameter called pi, or like a register, does not become one."""
    circuit = QuantumCircuit(1, 1)
    circuit.u(Parameter("pi"), Parameter("q"), Parameter("c0"), 0)
    circuit.measure(0, 0)
    ready = prepared(as_program(circuit), {"pi": 1.0, "q": 2.0, "c0": 3.0})
    assert not {"pi", "q", "c0"} & set(ready.names)
    named = dict(zip(ready.names, ready.values({"pi": 1.0, "q": 2.0, "c0": 3.0}), strict=True))
    angle = ready.text.partition("u(")[2].partition(")")[0].split(",")
    assert [named[name] for name in angle] == [1.0, 2.0, 3.0]


def test_conditions_on_a_register_are_written():
    """A condition that OpenQASM 2 can say is said, another refused."""
    circuit = QuantumCircuit(1, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(0)
    assert "if(c0==1) x q[0];" in prepared(as_program(circuit), {}).text
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.x(0)
    with otherwise:
        circuit.h(0)
    with pytest.raises(UnsupportedProgramError, match="condition"):
        prepared(as_program(circuit), {})


def test_numbers_keep_every_digit():
    """An angle is written so that it is read back exactly."""
    circuit = QuantumCircuit(1)
    circuit.rx(math.pi / 7, 0)
    assert repr(math.pi / 7) in prepared(as_program(circuit), {}).text


names = st.text(min_size=1, max_size=6) | st.sampled_from(["c", "meas"])


@given(st.lists(st.tuples(names, st.integers(1, 9)), max_size=4), st.integers(0, 9999))
def test_labels_tell_registers_to_any_process(pairs, index):
    """A result's label says which bits belong together, whatever registers are called."""
    registers = tuple(Register(*pair) for pair in pairs)
    label = label_of(index, registers)
    assert label.partition(";")[0] == str(index)
    width = sum(register.width for register in registers)
    assert registers_of(label, width) == registers
    if len(registers) > 1:
        assert registers_of(label, width + 1) is None
