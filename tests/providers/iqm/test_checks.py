"""What is refused before anything is sent, and how it is said: options, mappings, sizes, MOVEs."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import uuid4

import httpx
import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import ClassicalRegister

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    DeviceLimitError,
    InvalidOptionError,
    InvalidShotsError,
    ProgramError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, RunOptions, SubmitRequest
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.architecture import from_static
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.client import IQMClient, IQMSettings
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.options import (
    DDSequence,
    DDStrategy,
    IQMOptions,
    MoveFrameTracking,
    MoveValidation,
)
from quantum_async.providers.iqm.submission import Submission
from quantum_async.providers.iqm.translate.results import (
    Expected,
    layout_of,
    layout_of_keys,
    result_of,
)
from quantum_async.providers.iqm.validation import check_circuit, check_mapping, check_on
from tests.providers.iqm.service import client, wire
from tests.providers.iqm.test_translate import LINE, STAR, prepared

MEASURE = Instruction("measure", ("QB1",), {"key": "m"})
PRX = Instruction("prx", ("QB1",), {"angle": 1.0, "phase": 0.0})
FLIP = Circuit("flip", (PRX, MEASURE))


def spec(circuit=FLIP, shots=1, **options):
    return JobSpec(uuid4().hex, circuit.program(), shots, options=IQMOptions(**options))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"transpile": True, "qubit_mapping": {"0": "QB1"}}, "contradicts"),
        ({"max_circuit_duration_over_t2": -0.1}, "not 0 or more"),
        ({"max_circuit_duration_over_t2": float("nan")}, "is nan"),
        ({"optimization_level": 4}, "not 0 to 3"),
        ({"tags": ("x" * 18,)}, "longer than 17"),
        ({"move_validation": MoveValidation.NONE}, "frame tracking"),
    ],
)
def test_options_that_make_no_sense(options, reason):
    """Each is refused with its value and what is possible."""
    with pytest.raises(InvalidOptionError, match=reason):
        IQMOptions(**options)


async def test_observables_are_refused(iqm, service):
    """A quantum computer gives counts; the remedy says what to do instead."""
    options = RunOptions(observables=("ZZ",))
    with pytest.raises(InvalidOptionError, match="observables") as caught:
        await iqm.validate(JobSpec("k", FLIP.program(), 1, options=options), "golden:mock")
    assert "counts" in caught.value.remedy
    assert not service.requests


def test_every_option_of_the_older_interface():
    """What differs from the defaults is written, and nothing else."""
    options = IQMOptions(
        move_validation=MoveValidation.ALLOW_PRX,
        move_frame_tracking=MoveFrameTracking.NONE,
        dynamical_decoupling=DDStrategy((DDSequence(5, "XX"),), target_qubits=("QB1",)),
        active_reset_cycles=3,
        custom_settings='{"a": {"b": 1}}',
    )
    written = json.loads(Submission((FLIP,), 5, options).legacy_body())
    del written["circuits"]
    assert written == {
        "shots": 5,
        "heralding_mode": "none",
        "active_reset_cycles": 3,
        "move_validation_mode": "allow_prx",
        "move_gate_frame_tracking_mode": "none",
        "dd_mode": "enabled",
        "dd_strategy": {
            "merge_contiguous_waits": True,
            "target_qubits": ["QB1"],
            "skip_leading_wait": True,
            "skip_trailing_wait": True,
            "gate_sequences": [[5, "XX", "asap"]],
        },
        "custom_settings": {"a": {"b": 1}},
    }
    plain = json.loads(Submission((FLIP, "QIR"), 5, IQMOptions()).legacy_body())
    assert plain.keys() == {"circuits", "shots", "heralding_mode"}
    assert plain["circuits"][1] == "QIR"


def test_implementations_are_kept_in_both_dialects():
    """A named implementation goes out in the older spelling too."""
    named = Circuit("c", (replace(PRX, implementation="drag_crf"), MEASURE))
    for written in (named.document(), named.legacy_document()):
        assert Circuit.of(written) == named


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "an object"),
        ('{"name": "c"}', "list of instructions"),
        ('{"instructions": [3]}', "object with a name"),
        ('{"instructions": [{"name": "prx"}]}', "locus"),
        ('{"instructions": [{"name": "prx", "locus": [1]}]}', "locus"),
        ('{"instructions": [{"name": "prx", "locus": ["a"], "args": [1]}]}', "args"),
    ],
)
def test_what_is_no_circuit(text, reason):
    """The error says what is expected, and where."""
    with pytest.raises(ProgramError, match=reason):
        Circuit.read(text)


def test_what_is_no_json():
    """A syntax error has its line."""
    with pytest.raises(ProgramSyntaxError) as caught:
        Circuit.read('{"name":\n oops}', "x.json")
    assert (caught.value.line, caught.value.column) == (2, 2)
    for text in ("9" * 5000, "[" * 100_000):
        with pytest.raises(ProgramSyntaxError, match="not JSON"):
            Circuit.read(text)


@pytest.mark.parametrize(
    ("circuit", "reason"),
    [
        (Circuit("", (MEASURE,)), "has no name"),
        (Circuit("c", ()), "has no instructions"),
        (Circuit("c", (replace(MEASURE, args={"key": ""}),)), "not a name"),
        (Circuit("c", (replace(MEASURE, args={"key": 3}),)), "not a name"),
        (Circuit("c", (replace(PRX, args={"angle": True, "phase": 0.0}),)), "not a finite number"),
        (Circuit("c", (replace(PRX, args={"angle": "1", "phase": 0.0}),)), "not a finite number"),
        (Circuit("c", (replace(MEASURE, args={}),)), "needs the argument key"),
    ],
)
def test_circuits_that_nothing_could_run(circuit, reason):
    """Names, arguments and their kinds are checked without a server."""
    with pytest.raises(ProgramError, match=reason):
        check_circuit(circuit)


def test_other_gates_have_a_way():
    """Whoever writes a gate that is not native is told who can translate it."""
    with pytest.raises(ProgramError, match="no such operation") as caught:
        check_circuit(Circuit("c", (Instruction("h", ("QB1",)), MEASURE)))
    assert "transpile=True" in caught.value.remedy


async def test_a_client_without_a_token_is_told_so(service):
    """A server that wants to know who is asking is the moment to say what is missing."""
    refused = httpx.Response(401, json={"error_code": "unauthorized", "message": "no token"})
    service.next("GET", "/quantum-computers", refused)
    for token, is_told in ((None, True), ("mine", False)):
        async with client(service, token=token) as iqm:
            with pytest.raises(AuthenticationError) as caught:
                await iqm.computers.list()
        assert any("IQM_TOKEN" in note for note in caught.value.__notes__) is is_told


def test_numbers_of_numpy_count():
    """Shots may be any whole number, angles any real one."""
    circuit = Circuit("c", (replace(PRX, args={"angle": np.float64(1), "phase": 0}), MEASURE))
    check_circuit(circuit)
    assert b'"shots":3' in Submission((FLIP,), int(np.int64(3)), IQMOptions()).v1_body()


async def test_options_are_given_once(iqm, service):
    """Options beside options would be passed over in silence; they are refused instead."""
    beside = [
        {"qubit_mapping": {"QB1": "QB2"}},
        {"heralding_mode": "zeros"},
        {"calibration_set_id": wire.CALIBRATION},
        {"max_circuit_duration_over_t2": 0.0},
    ]
    for more in beside:
        with pytest.raises(InvalidOptionError, match="beside"):
            await iqm.submit_circuits([FLIP], options=IQMOptions(), **more)
    assert not service.requests


def test_errors_say_where_an_operation_could_be():
    """The remedy names places next to the one that was wanted, else any, and not too many."""
    for locus, remedy in (
        (("QB1", "QB3"), "cz is calibrated on QB1-QB2, QB2-QB3."),
        (("QB2", "QB2"), "cz is calibrated on QB1-QB2, QB2-QB3."),
    ):
        with pytest.raises(DeviceLimitError) as caught:
            check_on(Circuit("c", (Instruction("cz", locus),)), LINE, {})
        assert caught.value.remedy == remedy
    many = from_static(
        tuple(f"QB{n}" for n in range(30)), {"prx": tuple((f"QB{n}",) for n in range(20))}
    )
    with pytest.raises(DeviceLimitError) as caught:
        check_on(Circuit("c", (replace(PRX, locus=("QB29",)),)), many, {})
    assert caught.value.remedy.endswith("and 12 more.")


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"a": "QB1", "b": "QB1"}, "several names to QB1"),
        ({"a": "QB9"}, "QB9, which the chip does not have"),
        ({"b": "QB1"}, "lacks a of circuit 'c'"),
    ],
)
def test_mappings_that_leave_something_open(mapping, reason):
    """The names concerned are in the error."""
    circuit = Circuit("c", (replace(MEASURE, locus=("a",)),))
    with pytest.raises(InvalidOptionError, match=reason):
        check_mapping(mapping, [circuit], LINE)
    check_mapping({"a": "QB1", "spare": "QB2"}, [circuit], LINE)


MOVE = Instruction("move", ("QB2", "CR1"))
CZ = Instruction("cz", ("QB1", "CR1"))


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        ((MOVE, replace(MOVE, locus=("QB3", "CR1"))), "CR1 holds the state of QB2"),
        ((MOVE, replace(MOVE, locus=("QB2", "CR2"))), "in another resonator"),
        ((replace(MOVE, locus=("QB1", "QB2")),), "from a qubit to a resonator"),
        ((MOVE, Instruction("measure", ("QB2",), {"key": "m"})), "QB2 is in a resonator"),
    ],
)
def test_moves_that_lose_a_state(instructions, reason):
    """A state is in one place at a time; the error says in which."""
    described = STAR.described.model_copy(
        update={
            "computational_resonators": ("CR1", "CR2"),
            "gates": {
                **STAR.described.gates,
                "move": STAR.described.gates["move"].model_validate(
                    wire.gate(("QB2", "CR1"), ("QB3", "CR1"), ("QB2", "CR2"), ("QB1", "QB2"))
                ),
            },
        }
    )
    with pytest.raises(DeviceLimitError, match=reason):
        check_on(Circuit("c", instructions), type(STAR)(described), {})


def test_feedback_needs_a_qubit_of_the_chip():
    """The qubit whose outcome decides must be one of the chip's, by its physical name."""
    args = {"angle": 1.0, "phase": 0.0, "feedback_qubit": "QB9", "feedback_key": "m"}
    circuit = Circuit("c", (MEASURE, Instruction("cc_prx", ("QB2",), args)))
    with pytest.raises(DeviceLimitError, match="feedback qubit QB9"):
        check_on(circuit, LINE, {})


@pytest.mark.parametrize(
    ("limits", "size", "reason"),
    [
        ({"max_shots_per_circuit": 10}, (11, 1), "11 shots, and .* takes 10"),
        ({"max_circuits_per_job": 1}, (1, 2), "2 circuits, and one job takes 1"),
        ({"max_executions_per_job": 9}, (5, 2), "10 executions"),
        ({"max_instructions_per_circuit": 1}, (1, 1), "'flip' has 2 instructions"),
    ],
)
async def test_limits_are_kept(iqm, service, limits, size, reason):
    """A job that is larger than the server takes is never sent, and the number is told."""
    service.next("GET", "/limits", httpx.Response(200, json=limits))
    shots, circuits = size
    jobs = tuple(spec(shots=shots) for _ in range(circuits))
    with pytest.raises((InvalidShotsError, DeviceLimitError), match=reason):
        await iqm.submit(SubmitRequest(uuid4().hex, "golden:mock", jobs))
    if circuits == 1:
        with pytest.raises((InvalidShotsError, DeviceLimitError), match=reason):
            await iqm.validate(jobs[0], "golden:mock")
    assert not any(line.startswith("POST") for line in service.lines)


async def test_a_job_has_one_number_of_shots(iqm, service):
    """Circuits of different shots or options do not become one job by accident."""
    jobs = (spec(shots=1), spec(shots=2))
    with pytest.raises(InvalidOptionError, match="share shots"):
        await iqm.submit(SubmitRequest(uuid4().hex, "golden:mock", jobs))
    assert iqm.grouping(jobs[0]) != iqm.grouping(jobs[1])
    assert not service.requests


async def test_the_older_interface_groups_points_of_one_program(service):
    """There all circuits of a job must measure the same qubits."""
    other = Circuit("other", (replace(MEASURE, locus=("QB2",)),))
    newer = IQMClient("https://iqm.example", generation=Generation.V1)
    older = IQMClient("https://iqm.example", generation=Generation.LEGACY)
    assert newer.grouping(spec()) == newer.grouping(spec(other))
    assert older.grouping(spec()) != older.grouping(spec(other))
    assert older.grouping(spec()) == older.grouping(spec())


async def test_programs_without_parameters(iqm):
    """Values for a native circuit have nowhere to go."""
    for program in (FLIP.program(), Program('"entry_point"', ProgramFormat.QIR)):
        job = JobSpec("k", program, 1, {"theta": 1.0})
        with pytest.raises(UnboundParametersError, match="theta"):
            await iqm.validate(job, "golden:mock")


async def test_programs_for_other_machines(iqm):
    """The error lists what runs; QIR as bitcode does not."""
    for program in (Program("{}", ProgramFormat.IONQ), Program(b"BC", ProgramFormat.QIR)):
        with pytest.raises(UnsupportedProgramError, match="IQM does not run"):
            await iqm.validate(JobSpec("k", program, 1), "golden:mock")


def test_a_circuit_with_more_qubits_than_the_chip():
    """The qubit that is too many is named."""
    circuit = QuantumCircuit(4, 1)
    circuit.x(3)
    circuit.measure(3, 0)
    with pytest.raises(DeviceLimitError, match="uses qubit 3, and there are 3"):
        prepared(circuit)


def test_conditions_that_no_hardware_decides():
    """A bit that nothing wrote, two bits, an else, and a gate that is no rotation."""
    unmeasured = QuantumCircuit(1, 1)
    with unmeasured.if_test((unmeasured.clbits[0], 1)):
        unmeasured.x(0)
    double = QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "c"))
    double.measure(0, 0)
    with double.if_test((double.cregs[0], 1)):
        double.x(0)
    other = QuantumCircuit(2, 1)
    other.measure(0, 0)
    with other.if_test((other.clbits[0], 1)) as otherwise:
        other.x(1)
    with otherwise:
        other.y(1)
    entangling = QuantumCircuit(2, 1)
    entangling.measure(0, 0)
    with entangling.if_test((entangling.clbits[0], 1)):
        entangling.cz(0, 1)
    for circuit, reason in (
        (unmeasured, "not measured"),
        (double, "more than one bit"),
        (other, "else"),
        (entangling, "cz under a condition"),
    ):
        circuit.measure_all()
        with pytest.raises(UnsupportedProgramError, match=reason) as caught:
            prepared(circuit)
        assert "one measured bit" in caught.value.remedy


def test_a_condition_on_a_register_of_one_bit():
    """A register is as good as its only bit."""
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "c"))
    circuit.measure(0, 0)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(1)
    assert [i.name for i in prepared(circuit).circuit.instructions] == ["measure", "cc_prx"]


@pytest.mark.parametrize("condition", ["c[0]", "c[0] == true", "c == 1"])
def test_conditions_of_openqasm(condition):
    """Every way of writing that one bit is 1 is understood."""
    text = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[1] c; bit[1] d; '
        f"c[0] = measure q[0]; if ({condition}) {{ x q[1]; }} d[0] = measure q[1];"
    )
    names = [i.name for i in prepared(text).circuit.instructions]
    assert names == ["measure", "cc_prx", "measure"]


@pytest.mark.parametrize(
    ("duration", "unit", "seconds"),
    [(100, "ns", 1e-7), (5, "us", 5e-6), (2, "ms", 2e-3), (7, "dt", 7e-9), (3, "ps", 3e-12)],
)
def test_delays_are_exact_in_every_unit(duration, unit, seconds):
    """Seconds are those that a person would write, to the last bit."""
    circuit = QuantumCircuit(1, 1)
    circuit.delay(duration, 0, unit=unit)
    circuit.measure(0, 0)
    assert prepared(circuit).circuit.instructions[0].args["duration"] == seconds


@pytest.mark.parametrize(
    ("measurements", "expected", "reason"),
    [
        ({"a": [[1]], "b": [[0], [1]]}, Expected(), "shots in one circuit|order"),
        ({"m": [[0]]}, Expected(None, 2), "1 shots came back where 2"),
        ({"m": [[2]]}, Expected(), "not an outcome"),
    ],
)
def test_results_that_contradict_themselves(measurements, expected, reason):
    """Nothing is made up of shots that do not fit."""
    with pytest.raises(ResultError, match=reason):
        result_of(measurements, expected)


def test_results_that_lack_a_key():
    """The error says which key is missing, and which there are."""
    layout = layout_of(FLIP)
    with pytest.raises(ResultError, match="no qubit 0 of measurement 'm'") as caught:
        result_of({"other": [[1]]}, Expected(layout, 1))
    assert "other" in caught.value.remedy
    assert result_of({}, Expected(layout, None)).shots == 0


def test_heralding_that_keeps_no_shot():
    """Empty lists are a result of no shots, of the right registers."""
    found = result_of({"m": []}, Expected(layout_of(FLIP), 10, is_heralded=True))
    assert (found.shots, dict(found.counts)) == (0, {})
    assert found.metadata["shots_requested"] == 10


@pytest.mark.parametrize(
    "written",
    [
        {"registers": "odd"},
        {"registers": [["a", "odd"]]},
        {"registers": [3]},
    ],
)
def test_metadata_of_somebody_else_is_passed_over(written):
    """Where the metadata is not ours, keys decide."""
    circuit = Circuit("c", (MEASURE,), {"quantum_async": written})
    assert [register.name for register in layout_of(circuit).registers] == ["m"]


@pytest.mark.parametrize(
    "widths",
    [
        {"a_1_0_1": 1},
        {"a_1_0_0": 2},
        {"a_1_0_0": 1, "b_1_0_0": 1},
    ],
)
def test_keys_that_only_look_conventional(widths):
    """A bit outside its register, a wide key, and two names of one place are no convention."""
    assert layout_of_keys(widths) is None


def test_settings_that_cannot_be_read():
    """The variable is named, and its value, which may be a secret, is not."""
    with pytest.raises(ConfigurationError, match="QUANTUM_ASYNC_IQM_GENERATION") as caught:
        IQMSettings.read({"QUANTUM_ASYNC_IQM_GENERATION": "secret-in-the-wrong-place"})
    assert "secret-in-the-wrong-place" not in str(caught.value)


async def test_a_program_of_qasm_weighs_its_text(iqm, service):
    """Sizes are estimated by text or by instructions, and by the part of the executions taken."""
    text = "OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"
    assert iqm.weigh(JobSpec("k", Program(text, ProgramFormat.QASM2), 1)) == len(text)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert iqm.weigh(JobSpec("k", as_program(circuit), 1)) < 1000
    await iqm.computers.limits()
    whole = iqm.weigh(JobSpec("k", as_program(circuit), 1_000_000))
    assert whole == iqm.capabilities.payload_limit
