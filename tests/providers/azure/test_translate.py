"""Programs and results between Azure's formats and ours: bit order, shares, lost shots."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Instruction

from quantum_async.errors import (
    DeviceLimitError,
    InvalidInputError,
    NoMeasurementError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder, Register
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.providers.azure.states import PAGE
from quantum_async.providers.azure.translate.payloads import payload_of
from quantum_async.providers.azure.translate.pulser import sequence_in
from quantum_async.providers.azure.translate.results import Note, result_of, shared_out
from quantum_async.providers.azure.translate.statuses import (
    JOB_STATUSES,
    SESSION_STATUSES,
    glanced_state,
    job_state,
    job_status,
)
from quantum_async.providers.azure.wire import AzureJob, AzureJobStatus, AzureSessionStatus, Paged
from tests.providers.pasqal.real import driven

REF = JobRef("azure", "job-1", "ionq.simulator")


def job(format: str, **more) -> AzureJob:
    document = {
        "id": "job-1",
        "target": "ionq.simulator",
        "outputDataFormat": format,
        "inputParams": {"shots": 100},
        **more,
    }
    return AzureJob.model_validate(document)


def spec(program, shots: int = 10, **more) -> JobSpec:
    return JobSpec(uuid4().hex, as_program(program), shots, **more)


def payload(program, target: str = "ionq.simulator", **more):
    return payload_of(spec(program, **more), target, in_session=False, num_qubits=None)


def result(document, format: str, **more):
    return result_of(json.dumps(document).encode(), job(format, **more), REF)


def two_registers() -> QuantumCircuit:
    """Registers a and b; bit 1 of b is never measured into."""
    circuit = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def measured_in_the_middle() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    circuit.x(0)
    return circuit


def wide() -> QuantumCircuit:
    circuit = QuantumCircuit(30)
    circuit.measure_all()
    return circuit


def test_every_word_of_the_service_has_a_meaning():
    """The tables are total, and an unknown word is no end."""
    assert set(JOB_STATUSES) == set(AzureJobStatus)
    assert set(SESSION_STATUSES) == set(AzureSessionStatus)
    strange = AzureJob.model_validate({"id": "x", "status": "Levitating"})
    state = job_state(strange)
    assert (state.status, state.reported) == (JobStatus.UNKNOWN, "Levitating")


@pytest.mark.parametrize("word", ["Cancelling", "CancellationRequested", "cancelling"])
def test_a_job_that_is_being_cancelled_has_not_ended(word):
    """Weak spot: such words taken for an end."""
    assert job_status(AzureJob.model_validate({"id": "x", "status": word})) is JobStatus.CANCELLING
    flagged = {"id": "x", "status": "Executing", "isCancelling": True}
    assert job_status(AzureJob.model_validate(flagged)) is JobStatus.CANCELLING


@given(st.text())
def test_any_word_is_read(word):
    """No status breaks a poll."""
    assert job_state(AzureJob.model_validate({"id": "x", "status": word})).reported == word


MOMENTS = ["2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:07", 1772359200, "soon", [], None]
DESCRIBED = st.fixed_dictionaries(
    {"id": st.text(max_size=3), "tags": st.just(None), "inputParams": st.just([])},
    optional={
        "status": st.none() | st.sampled_from([*AzureJobStatus, "succeeded", "Levitating"]),
        "errorData": st.none() | st.just({"code": "Bad", "message": None, "target": "x"}),
        "costEstimate": st.none()
        | st.fixed_dictionaries(
            {"events": st.just([{"amountBilled": 1.5}])},
            optional={
                "currencyCode": st.sampled_from([None, "EUR"]),
                "estimatedTotal": st.sampled_from([None, 3, 0.25]),
            },
        ),
        "beginExecutionTime": st.sampled_from(MOMENTS),
        "endExecutionTime": st.sampled_from(MOMENTS),
        "isCancelling": st.sampled_from([None, True, False, "yes"]),
    },
)


@given(DESCRIBED)
def test_a_poll_reads_of_a_job_what_a_look_up_does(described):
    """The few fields that polls read give the state that the whole description gives."""
    text = json.dumps({"value": [described]})
    (glance,) = PAGE.model_validate_json(text).value
    (looked_up,) = Paged[AzureJob].model_validate_json(text).value
    assert (glance["id"], glanced_state(glance)) == (looked_up.id, job_state(looked_up))


def test_a_strange_item_does_not_break_a_list():
    """Nulls, unknown fields and long fractions of a second are taken."""
    found = AzureJob.model_validate(
        {
            "id": "x",
            "name": None,
            "target": None,
            "creationTime": "2025-10-09T00:11:06.6452547+00:00",
            "endExecutionTime": "never",
            "costEstimate": {"currencyCode": "USD", "estimatedTotal": None, "events": None},
            "errorData": {"code": "E", "message": None},
            "metadata": {"n": 4, "b": True},
            "tags": None,
            "brandNew": {"a": 1},
        }
    )
    assert found.creation_time.microsecond == 645254
    assert (found.name, found.end_execution_time, found.tags) == ("", None, ())
    assert found.metadata == {"n": "4", "b": "True"}
    assert str(found.error_data) == "E"


def test_qir_has_what_the_recorded_programs_have():
    """Entry point, attributes, gates, results recorded from the last bit on."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.sdg(1)
    circuit.measure([0, 1], [0, 1])
    text = payload(circuit).content.decode()
    assert "define void @ENTRYPOINT__main() #0" in text
    assert '"required_num_qubits"="2" "required_num_results"="2"' in text
    assert "call void @__quantum__qis__s__adj(%Qubit* inttoptr (i64 1 to %Qubit*))" in text
    last, first = (text.index(f"record_output(%Result* inttoptr (i64 {n} to") for n in (1, 0))
    assert last < first


def test_qir_rotations_are_exact():
    """An angle is written by its bits."""
    circuit = QuantumCircuit(1, 1)
    circuit.rx(1.3, 0)
    circuit.measure(0, 0)
    assert "rx__body(double 0x3FF4CCCCCCCCCCCD, " in payload(circuit).content.decode()


def test_parameters_are_bound_here_for_gates():
    """A circuit's parameter has its value in what is sent."""
    text = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit q; bit c; rx(a) q; c = measure q;'
    sent = payload(text, variables={"a": 0.5}).content.decode()
    assert "double 0x3FE0000000000000" in sent
    with pytest.raises(UnboundParametersError):
        payload(text)


def test_sequences_are_sent_unbound_with_their_values():
    """The template goes out as it is; values travel beside it."""
    found = payload(driven(), "pasqal.sim.emu-free", variables={"omega": 2.0})
    assert found.params == {"shots": 10, "variables": {"omega": 2.0}}
    assert sequence_in(found.content).variables == {"omega": 1}
    assert json.loads(found.metadata["quantum_async"]) == {"atoms": ["q0", "q1"]}
    in_session = payload_of(
        spec(driven(), variables={"omega": 2.0}),
        "pasqal.qpu.fresnel",
        in_session=True,
        num_qubits=None,
    )
    assert in_session.params["open_batch"] is True


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: QuantumCircuit(1), NoMeasurementError),
        (measured_in_the_middle, UnsupportedProgramError),
        (wide, DeviceLimitError),
        (lambda: Program("{", ProgramFormat.PULSER), UnsupportedProgramError),
        (lambda: Program("OPENQASM 2.0; wat", ProgramFormat.QASM2), ProgramSyntaxError),
    ],
    ids=["unmeasured", "middle", "wide", "format", "syntax"],
)
def test_what_cannot_run_is_refused_before_it_is_sent(build, error):
    """With a reason, by type."""
    with pytest.raises(error) as caught:
        payload(build(), "rigetti.sim.qvm")
    assert isinstance(caught.value, InvalidInputError)


def test_measuring_in_the_middle_takes_the_adaptive_profile():
    """Each measurement is a result of its own; a bit that is measured twice shows the later one."""
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.sx(0)
    circuit.measure(0, 1)
    circuit.measure(0, 0)
    text = payload(circuit, "quantinuum.sim.h2-1e").content.decode()
    assert '"qir_profiles"="adaptive_profile"' in text
    assert '"required_num_qubits"="1" "required_num_results"="3"' in text
    calls = [
        line.split("__")[3] for line in text.splitlines() if "call void" in line and "qis" in line
    ]
    assert calls == ["x", "m", "reset", "rx", "m", "m"]
    recorded = [line for line in text.splitlines() if "call" in line and "result_record" in line]
    assert ["i64 1 to" in recorded[0], "i64 2 to" in recorded[1]] == [True, True]


def test_the_services_profile_decides_over_the_name():
    """A target whose profile the workspace names is taken at its word."""
    for profile, goes in (("Adaptive_RI", True), ("Base", False)):
        program = spec(measured_in_the_middle())
        for target in ("quantinuum.sim.h2-1e", "rigetti.sim.qvm", "acme.qpu"):
            if goes:
                payload_of(program, target, in_session=False, num_qubits=None, profile=profile)
                continue
            with pytest.raises(UnsupportedProgramError, match=f"{target} cannot do that in QIR"):
                payload_of(program, target, in_session=False, num_qubits=None, profile=profile)


def test_decisions_are_sent_where_a_format_says_them():
    """OpenQASM for Quantinuum has them; QIR as we write it, and the other formats, do not."""
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    native = AzureOptions(form=CircuitForm.NATIVE)
    text = payload(circuit, "quantinuum.sim.h2-1e", options=native).content.decode()
    assert "if (c0 == 1) x q[0];" in text
    with pytest.raises(UnsupportedProgramError, match=r"decides by .*if_else.* in QIR"):
        payload(circuit, "quantinuum.sim.h2-1e")
    for target in ("ionq.simulator", "rigetti.sim.qvm"):
        with pytest.raises(UnsupportedProgramError, match="its own format"):
            payload(circuit, target, options=native)


def test_registers_keep_their_order_and_unmeasured_bits():
    """B stands left of a, and its unmeasured bit is 0 on the left."""
    metadata = dict(payload(two_registers()).metadata)
    document = {
        "DataFormat": "microsoft.quantum-results.v2",
        "Results": [
            {
                "Histogram": [{"Outcome": {"Item1": [0], "Item2": [1]}, "Display": "", "Count": 3}],
                "Shots": [{"Item1": [0], "Item2": [1]}] * 3,
            }
        ],
    }
    found = result(document, "microsoft.quantum-results.v2", metadata=metadata)
    assert found.counts == {"00 1": 3}
    assert found.registers == (Register("a", 1), Register("b", 2))


def test_ionq_counts_follow_the_measurements():
    """Bit n of a key is qubit n; registers and unmeasured bits as Qiskit writes them."""
    sent = payload(two_registers(), options=AzureOptions(form=CircuitForm.NATIVE))
    assert json.loads(sent.content)["circuit"] == [{"gate": "x", "targets": [0]}]
    found = result(
        {"histogram": {"1": 1.0}}, "ionq.quantum-results.v1", metadata=dict(sent.metadata)
    )
    assert found.counts == {"00 1": 100}
    assert found.exact_probabilities == {"00 1": 1.0}


def test_ionqs_own_programs_use_the_vendors_map():
    """`meas_map` names the qubit of each classical bit."""
    metadata = {"num_qubits": "3", "meas_map": "[2, 0]"}
    found = result(
        {"histogram": {"1": 0.75, "4": 0.25}}, "ionq.quantum-results.v1", metadata=metadata
    )
    assert found.counts == {"10": 75, "01": 25}


def test_quantinuum_registers_are_joined_as_qiskit_writes_them():
    """The last register leftmost; the old answers' token is no register."""
    document = {"a": ["0", "1"], "b": ["01", "10"], "access_token": "x"}
    found = result(document, "honeywell.quantum-results.v1")
    assert found.samples == ("01 0", "10 1")


def test_rigettis_bits_are_turned_round():
    """ro[0] is the rightmost bit."""
    found = result({"ro": [[1, 0, 0], [1, 0, 0]]}, "rigetti.quil-results.v1")
    assert found.counts == {"001": 2}
    with pytest.raises(ResultError):
        result({"ro": [[0.5]]}, "rigetti.quil-results.v1")


def test_lost_shots_are_left_out_and_counted():
    """A qubit that was lost is no 2 and no minus in an outcome."""
    shots = [[0, 1], [0, "-"], [2, 1], {"Error": {"Code": "0x20", "Name": "x"}}]
    document = {"Results": [{"Histogram": [], "Shots": shots}]}
    found = result(document, "microsoft.quantum-results.v2")
    assert (found.counts, found.shots, found.metadata["lost_shots"]) == ({"01": 1}, 1, 3)


def test_results_of_version_1_are_shared_out():
    """Probabilities become counts that sum to the shots."""
    found = result({"Histogram": ["[0, 0]", 0.5, "[1, 0]", 0.5]}, "microsoft.quantum-results.v1")
    assert found.counts == {"00": 50, "10": 50}


@pytest.mark.parametrize(
    "document",
    [
        {"01": 3, "00": 7},
        {"counter": {"01": 3, "00": 7}},
        {"counter": None, "serialised_results": "SERIALISED"},
        {"counter": {"01": 3, "00": 7}, "serialised_results": "SERIALISED"},
    ],
    ids=["flat", "counter", "serialised", "both"],
)
def test_every_shape_of_pasqals_output_is_read(document):
    """Flat, counted, serialised: the same counts in atom order."""
    serialised = {
        "atom_order": ["q0", "q1"],
        "tagmap": {"bitstrings": "1"},
        "results": {"1": [{"01": 3, "00": 7}]},
    }
    text = json.dumps(document).replace('"SERIALISED"', json.dumps(json.dumps(serialised)))
    metadata = Note(atoms=("q0", "q1")).words()
    found = result_of(
        text.encode(), job("pasqal.pulser-results.v1", metadata=metadata), REF, ("q0", "q1")
    )
    assert dict(found.counts) == {"01": 3, "00": 7}
    assert (found.bit_order, found.atoms) == (BitOrder.ATOMS, ("q0", "q1"))


@pytest.mark.parametrize(
    ("document", "format"),
    [
        ([], "pasqal.pulser-results.v1"),
        ({"012": 1}, "pasqal.pulser-results.v1"),
        ({}, "ionq.quantum-results.v1"),
        ({"a": ["0"], "b": []}, "honeywell.quantum-results.v1"),
        ({}, "rigetti.quil-results.v1"),
        ({"Results": [{}]}, "microsoft.quantum-results.v2"),
        ({"Histogram": ["[0]"]}, "microsoft.quantum-results.v1"),
        ({}, "something.else"),
    ],
)
def test_damaged_outputs_raise(document, format):
    """What cannot be known raises, and says which job."""
    with pytest.raises(ResultError) as caught:
        result(document, format)
    assert caught.value.job_id == "job-1"


@given(
    st.dictionaries(st.text(alphabet="01", min_size=3, max_size=3), st.floats(1e-6, 1), min_size=1),
    st.integers(1, 10_000),
)
def test_shots_are_shared_out_to_the_last_one(shares, shots):
    """The counts sum to the shots, and none is off by one or more."""
    counts = shared_out(shares, shots)
    assert sum(counts.values()) == shots
    whole = sum(shares.values())
    for outcome, share in shares.items():
        assert abs(counts.get(outcome, 0) - share / whole * shots) < 1


@given(
    st.lists(
        st.tuples(st.text(alphabet="abc", min_size=1, max_size=3), st.integers(1, 4)), max_size=3
    ),
    st.lists(st.text(max_size=4), max_size=4),
)
def test_notes_come_back_as_they_were_stored(registers, atoms):
    """Registers and atoms survive the service's metadata."""
    note = Note(tuple(Register(n, w) for n, w in registers), atoms=tuple(atoms))
    assert Note.read(note.words(), "job-1") == note


@given(st.dictionaries(st.sampled_from(["quantum_async", "meas_map", "x"]), st.text()))
def test_any_metadata_is_read_or_quoted(metadata):
    """What a result cannot be read without is a note or an error; other words are no matter."""
    try:
        Note.read(metadata, "job-1")
    except ResultError as error:
        assert {"quantum_async", "meas_map"} & set(metadata)
        assert error.job_id == "job-1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "histogram",
                    "Histogram",
                    "Results",
                    "Shots",
                    "Count",
                    "Outcome",
                    "Item1",
                    "ro",
                    "c",
                    "0",
                    "counter",
                    "serialised_results",
                    "DataFormat",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
OUTPUTS = [
    "pasqal.pulser-results.v1",
    "ionq.quantum-results.v1",
    "honeywell.quantum-results.v1",
    "rigetti.quil-results.v1",
    "microsoft.quantum-results.v1",
    "microsoft.quantum-results.v2",
    "anything.else",
]


@given(
    document=JSON,
    format=st.sampled_from(OUTPUTS),
    qubits=st.sampled_from([None, "0", "2", "x", "-1"]),
    note=st.sampled_from([None, '{"registers": [["c", 2]], "qubits": [0, 5]}', '{"qubits": "a"}']),
)
def test_any_output_gives_a_result_or_an_error_of_ours(document, format, qubits, note):
    """Whatever a service may write: counts that add up to the shots, or a ResultError."""
    metadata = {"num_qubits": qubits, "quantum_async": note}
    metadata = {name: word for name, word in metadata.items() if word is not None}
    try:
        found = result(document, format, metadata=metadata)
    except ResultError as error:
        assert "job-1" in str(error) or error.job_id == "job-1"
        return
    assert sum(found.counts.values()) <= max(found.shots, 0)
    assert all(set(key) <= {"0", "1", " "} for key in found.counts)


@pytest.mark.parametrize(
    ("outcome", "key"),
    [
        ([0, 1], "01"),
        ({"Item1": [0], "Item2": [1, 1]}, "0 11"),
        ({"Item1": 0, "Item2": 1}, "0 1"),
        ([[0], [1]], "0 1"),
        ([{"Item1": [0], "Item2": [1]}], "0 1"),
        (1, "1"),
        ("[0, 1]", "01"),
        ("([0], [1, 1])", "0 11"),
        ("0", "0"),
        ("01", "01"),
    ],
)
def test_every_shape_of_an_outcome_is_read(outcome, key):
    """Arrays are registers, tuples have one for each item, a bit alone is one."""
    entry = {"Histogram": [{"Outcome": outcome, "Display": "", "Count": 2}]}
    document = {"DataFormat": "microsoft.quantum-results.v2", "Results": [entry]}
    assert result(document, "").counts == {key: 2}


@pytest.mark.parametrize(
    "outcome", [{"Error": {"Code": "0x20"}}, "Error 0x20: x", "-", [0, "-"], [2]]
)
def test_lost_and_failed_shots_are_no_outcomes(outcome):
    """The others count; where none is left, that is an error."""
    good = {"Outcome": [0, 1], "Display": "", "Count": 2}
    bad = {"Outcome": outcome, "Display": "", "Count": 3}
    document = {
        "DataFormat": "microsoft.quantum-results.v2",
        "Results": [{"Histogram": [good, bad]}],
    }
    found = result(document, "")
    assert (found.counts, found.metadata["lost_shots"]) == ({"01": 2}, 3)
    document["Results"] = [{"Histogram": [bad]}]
    with pytest.raises(ResultError, match="every shot"):
        result(document, "")


def test_the_shots_of_substitutions_follow_on_each_other():
    """A Quil program that ran for several sets of values says so; no shot is lost."""
    params = {"shots": 2, "substitutions": {"theta": [[0.0], [1.0]]}}
    document = {"ro": [[0, 0], [0, 0], [1, 0], [1, 0]]}
    found = result(document, "rigetti.quil-results.v1", inputParams=params)
    assert found.samples == ("00", "00", "01", "01")
    assert (found.shots, found.metadata["substitutions"]) == (4, 2)


def test_an_outcome_beyond_the_qubits_is_damage():
    """It would be read as another outcome."""
    with pytest.raises(ResultError, match="outcome 4 does not fit 2 qubits"):
        result(
            {"histogram": {"0": 0.5, "4": 0.5}},
            "ionq.quantum-results.v1",
            metadata={"num_qubits": "2"},
        )


def test_pulsers_own_results_are_read_without_pulser():
    """Observables become expectation values, counts and atoms are taken where they stand."""
    written = {
        "atom_order": ["a", "b"],
        "tagmap": {"bitstrings": "1", "energy": "2", "overlap": "3", "state": "4", "flag": "5"},
        "results": {
            "1": [{"00": 1}, {"01": 3}],
            "2": [0.5, 1.5],
            "3": [{"real": 0.25, "imag": 0.0}],
            "4": [[1, 2]],
            "5": [True],
        },
    }
    document = {"counter": None, "serialised_results": json.dumps(written)}
    found = result(document, "pasqal.pulser-results.v1")
    assert (found.counts, found.atoms) == ({"01": 3}, ("a", "b"))
    assert {tag: each.value for tag, each in found.expectation_values.items()} == {
        "energy": 1.5,
        "overlap": 0.25,
    }
    for text in ("{oops", "[]"):
        with pytest.raises(ResultError):
            result({"serialised_results": text}, "pasqal.pulser-results.v1")


def test_sequences_are_measured_or_refused():
    """One basis is measured where nothing says which; two are refused before anything is sent."""
    document = json.loads(driven().to_abstract_repr())
    document["measurement"] = None
    text = json.dumps(document)
    sent = payload(
        Program(text, ProgramFormat.PULSER), "pasqal.sim.emu-mps", variables={"omega": 1.0}
    )
    assert (
        json.loads(json.loads(sent.content)["sequence_builder"])["measurement"] == "ground-rydberg"
    )
    with pytest.raises(UnboundParametersError, match="no value for omega"):
        payload(Program(text, ProgramFormat.PULSER), "pasqal.sim.emu-mps")
    with pytest.raises(UnboundParametersError, match="no variable 'wrong'"):
        payload(
            Program(text, ProgramFormat.PULSER),
            "pasqal.sim.emu-mps",
            variables={"omega": 1.0, "wrong": 1.0},
        )
    with pytest.raises(ProgramSyntaxError, match="not a Pulser sequence"):
        payload(Program("{}", ProgramFormat.PULSER), "pasqal.sim.emu-mps")


def test_programs_of_the_vendors_own_go_out_as_they_are():
    """With the format, the media type and the shots; values cannot be put into them."""
    program = Program('{"qubits": 2, "circuit": []}', ProgramFormat.IONQ)
    found = payload(program)
    assert (found.content, found.input_format) == (program.data, "ionq.circuit.v1")
    assert found.metadata == {"num_qubits": "2"}
    assert payload(Program("not json", ProgramFormat.IONQ)).metadata == {"num_qubits": "0"}
    with pytest.raises(UnsupportedProgramError, match="values cannot be put"):
        payload(program, variables={"a": 1.0})
    sent = payload(Program(b"BC", ProgramFormat.QIR), "acme.qpu")
    assert sent.params["items"] == [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]


def test_what_no_gates_say_is_refused():
    """An operation without a definition, and a circuit that OpenQASM 2 has no words for."""
    circuit = QuantumCircuit(1, 1)
    circuit.append(Instruction("oracle", 1, 0, []), [0])
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedProgramError, match="oracle"):
        payload(circuit)
    loop = QuantumCircuit(1, 1)
    with loop.for_loop(range(2)):
        loop.x(0)
    loop.measure(0, 0)
    native = AzureOptions(form=CircuitForm.NATIVE)
    with pytest.raises(UnsupportedProgramError, match="OpenQASM 2 cannot say"):
        payload(loop, "quantinuum.sim.h2-1e", options=native)


def test_a_jobs_variables_go_out_as_they_were_given():
    """Only the atoms that are mapped are named; what does not fit is refused before it is sent."""
    document = json.loads(driven().to_abstract_repr())
    document["register"] = [{"qid": "a"}, {"qid": "b"}, {"qid": "c"}]
    program = Program(json.dumps(document), ProgramFormat.PULSER)
    variables = {"omega": (2.0,), "qubits": {"a": 3, "b": 5}}
    found = payload(program, "pasqal.sim.emu-mps", variables=variables)
    assert found.params["variables"] == {"omega": [2.0], "qubits": {"a": 3, "b": 5}}
    assert Note.read(found.metadata, "job-1").atoms == ("a", "b")
    for omega, qubits in ((2.0, {}), (2.0, {"b": 5}), ((2.0, 3.0), {"a": 3}), ("x", {"a": 3})):
        with pytest.raises(UnboundParametersError, match=r"qubits|omega takes 1 number"):
            payload(program, "pasqal.sim.emu-mps", variables={"omega": omega, "qubits": qubits})
    with pytest.raises(InvalidInputError, match="omega is nan"):
        nan = {"omega": float("nan"), "qubits": {"a": 3}}
        payload(program, "pasqal.sim.emu-mps", variables=nan)


def test_an_emulators_configuration_goes_along():
    """As text within the input, beside the sequence."""
    options = AzureOptions(emulation='{"dt": 1}')
    sent = payload(driven(), "pasqal.sim.emu-sv", variables={"omega": 1.0}, options=options)
    assert json.loads(sent.content)["emulation_config"] == '{"dt": 1}'
