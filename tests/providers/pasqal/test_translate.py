"""Between the service's words and ours: statuses, results, sequences, devices."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    InvalidShotsError,
    ProtocolError,
    ResultError,
    UnsupportedProgramError,
)
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder
from quantum_async.providers.pasqal.api import JOBS
from quantum_async.providers.pasqal.batches import GLANCES
from quantum_async.providers.pasqal.translate.devices import device_of
from quantum_async.providers.pasqal.translate.results import read_results, result_of
from quantum_async.providers.pasqal.translate.sequences import check_shots, device_in, facts_of
from quantum_async.providers.pasqal.translate.statuses import (
    JOB_STATUSES,
    glanced_state,
    is_over,
    job_state,
)
from quantum_async.providers.pasqal.wire import (
    DeviceListing,
    PasqalBatchStatus,
    PasqalJob,
    PasqalJobStatus,
    PasqalResults,
)
from tests.providers.pasqal.sequences import text

JOB = JobRef("pasqal", "job", "FRESNEL", batch_id="batch")

bits = st.integers(1, 6).flatmap(
    lambda width: st.tuples(
        st.just(tuple(f"q{n}" for n in range(width))),
        st.dictionaries(
            st.text("01", min_size=width, max_size=width), st.integers(1, 500), min_size=1
        ),
    )
)


def test_every_word_for_a_job_has_a_meaning():
    """The table of statuses is total."""
    assert set(JOB_STATUSES) == set(PasqalJobStatus)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING", JobStatus.QUEUED),
        ("RUNNING", JobStatus.RUNNING),
        ("DONE", JobStatus.SUCCEEDED),
        ("ERROR", JobStatus.FAILED),
        ("CANCELED", JobStatus.CANCELLED),
        ("CANCELING", JobStatus.CANCELLING),
        ("PAUSED", JobStatus.QUEUED),
        ("TIMED_OUT", JobStatus.FAILED),
    ],
)
def test_a_word_means_a_status(word, status):
    """Each documented word, in any case, has the status that it means."""
    for spelling in (word, word.lower()):
        state = job_state(PasqalJob(id="j", status=spelling))
        assert (state.status, state.reported) == (status, spelling)


@given(st.text())
def test_any_other_word_is_unknown_and_not_terminal(word):
    """A word from the future keeps the wait going."""
    status = job_state(PasqalJob(id="j", status=word)).status
    if word.upper() not in set(PasqalJobStatus) - {"UNKNOWN"}:
        assert status is JobStatus.UNKNOWN
        assert not status.is_terminal


@given(st.dictionaries(st.sampled_from(PasqalJobStatus), st.integers(0, 3)))
def test_a_batch_is_over_when_its_jobs_are(counts):
    """A running batch is over when it has jobs and each has ended; without counts it is not."""
    live = {"PENDING", "RUNNING", "CANCELING", "PAUSED", "UNKNOWN"}
    alive = any(count for word, count in counts.items() if word in live)
    expected = bool(sum(counts.values())) and not alive
    assert is_over(dict(counts), PasqalBatchStatus.RUNNING) is expected
    assert is_over(None, PasqalBatchStatus.TIMED_OUT)
    assert not is_over({"SOMETHING_NEW": 1}, PasqalBatchStatus.RUNNING)


def test_times_are_read_in_both_spellings():
    """Seconds since the epoch and ISO dates both give the run time; nonsense gives none."""
    iso = {"start_timestamp": "2026-03-01T10:00:00+00:00", "end_timestamp": "2026-03-01T10:00:05Z"}
    epoch = {"start_timestamp": "100", "end_timestamp": 105}
    for times, expected in ((iso, 5.0), (epoch, 5.0), ({"start_timestamp": "soon"}, None)):
        assert job_state(PasqalJob(id="j", status="DONE", **times)).run_time == expected
    assert job_state(PasqalJob(id="j", status="RUNNING", **epoch)).run_time is None


@pytest.mark.parametrize(("errors", "message"), [(None, ""), ("no", "no"), (["a", 2], "a; 2")])
def test_errors_are_read_in_every_shape(errors, message):
    """A string, a list and null all become words."""
    assert job_state(PasqalJob(id="j", status="ERROR", errors=errors)).message == message


MOMENTS = [
    "2026-03-01T10:00:00.5+00:00",
    "2026-03-01",
    "20260301T100007",
    "1e2",
    105,
    "-",
    "",
    None,
]
DESCRIBED = st.fixed_dictionaries(
    {"id": st.text(max_size=3) | st.integers(), "extra": st.just([None])},
    optional={
        "status": st.sampled_from([*PasqalJobStatus, "done", "NEW"]),
        "errors": st.none() | st.text(max_size=2) | st.lists(st.none() | st.text(max_size=2)),
        "start_timestamp": st.sampled_from(MOMENTS),
        "end_timestamp": st.sampled_from(MOMENTS),
    },
)


@given(DESCRIBED)
def test_a_poll_reads_of_a_job_what_a_look_up_does(described):
    """The few fields that polls read give the state that the whole description gives."""
    text = json.dumps({"data": [described]})
    (glance,) = GLANCES.model_validate_json(text).data
    (job,) = JOBS.model_validate_json(text).data
    assert (glance["id"], glanced_state(glance)) == (job.id, job_state(job))


@given(bits)
def test_counts_are_kept_as_they_are(drawn):
    """Counter to Result and back is the identity, in the order of the atoms."""
    atoms, counter = drawn
    stored = read_results(json.dumps({"counter": counter, "raw": None}))
    result = result_of(stored, atoms, JOB)
    assert (dict(result.counts), result.shots) == (counter, sum(counter.values()))
    assert (result.bit_order, result.atoms) == (BitOrder.ATOMS, atoms)


@given(bits)
def test_serialised_results_mean_the_same(drawn):
    """Pulser's written results give the same counts, and the atoms in their own order."""
    atoms, counter = drawn
    document = {
        "atom_order": list(reversed(atoms)),
        "total_duration": 100,
        "tagmap": {"bitstrings": "u1", "energy": "u2", "expectation": "u3", "states": "u4"},
        "results": {
            "u1": [{"0": 1}, counter],
            "u2": [1.0, -2.5],
            "u3": [{"real": 0.5, "imag": 0.0}],
            "u4": [["?"]],
        },
        "times": {},
    }
    stored = PasqalResults(serialised_results=json.dumps(document))
    result = result_of(stored, atoms, JOB)
    assert dict(result.counts) == counter
    assert result.atoms == tuple(reversed(atoms))
    assert {name: e.value for name, e in result.expectation_values.items()} == {
        "energy": -2.5,
        "expectation": 0.5,
    }
    assert result.raw == stored.serialised_results


def test_real_written_results_are_read_without_pulser():
    """What Pulser writes is what is read."""
    from pulser.backend.results import Results

    written = Results.from_final_bitstrings(("a", "b"), 400, {"01": 3, "10": 7}).to_abstract_repr()
    result = result_of(PasqalResults(serialised_results=written), ("x", "y"), JOB)
    assert (dict(result.counts), result.atoms) == ({"01": 3, "10": 7}, ("a", "b"))


def test_raw_shots_give_samples_and_counts():
    """The outcome of each shot is kept in order, and counted where no counter came."""
    stored = PasqalResults(raw=("01", "10", "01"))
    result = result_of(stored, ("a", "b"), JOB)
    assert (result.samples, dict(result.counts)) == (("01", "10", "01"), {"01": 2, "10": 1})


@pytest.mark.parametrize("counter", [{"0": 1}, {"0x": 1}, {"010": 2}, None])
def test_what_does_not_fit_the_atoms_raises(counter):
    """No guess is made about outcomes of another width, and missing counts are no empty result."""
    with pytest.raises(ResultError):
        result_of(PasqalResults(counter=counter), ("a", "b"), JOB)


@given(st.binary(max_size=40))
def test_nonsense_in_place_of_results_is_a_protocol_error(content):
    """Whatever a gateway sends instead, the error is ours."""
    try:
        read_results(content)
    except ProtocolError as error:
        assert error.accepted == "yes"


def test_serialised_results_that_are_no_json_raise():
    """A damaged document is an error about the result."""
    odd = {"tagmap": {"bitstrings": "u"}, "results": {"u": [{"00": None}]}}
    for damaged in ("{", json.dumps(odd)):
        with pytest.raises(ResultError, match="are damaged") as caught:
            result_of(PasqalResults(serialised_results=damaged), ("a",), JOB)
        assert (caught.value.provider, caught.value.job_id) == ("pasqal", JOB.id)


def test_a_circuit_is_no_sequence():
    """Programs of other formats are refused by name."""
    with pytest.raises(UnsupportedProgramError, match="OpenQASM 2"):
        facts_of(Program("OPENQASM 2.0;", ProgramFormat.QASM2))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (text(device="FRESNEL_CAN1"), ("FRESNEL_CAN1", False)),
        (
            '{"a": {"device": 1}, "device": {"name": "V", "channels": [], "is_virtual": true}}',
            ("V", True),
        ),
        ('{"device":"Chadoq2"}', ("Chadoq2", False)),
        ('{"device": {"name": "x"}}', ("", False)),
        ("{}", ("", False)),
        ('{"device": ', ("", False)),
    ],
)
def test_the_device_is_found_inside_the_text(found, expected):
    """Without reading all of it, and whatever else is called a device."""
    assert device_in(found) == expected


@pytest.mark.parametrize(("shots", "most"), [(0, None), (-1, None), (True, None), (11, 10)])
def test_shots_that_no_device_takes_are_refused(shots, most):
    """Zero, negative and too many."""
    with pytest.raises(InvalidShotsError):
        check_shots(shots, most, "FRESNEL")


def test_a_device_is_described_from_both_sources():
    """Limits come from the specification, status from the list."""
    specification = json.dumps(
        {
            "max_atom_num": 80,
            "max_runs": 500,
            "channels": [{"id": "rydberg_global"}],
            "pre_calibrated_layouts": [{"coordinates": [[0, 1], [2.5, 3]]}],
        }
    )
    listing = DeviceListing(device_type="FRESNEL", status="UP", availability="ACTIVE")
    device = device_of("FRESNEL", specification, listing)
    assert (device.num_qubits, device.max_shots, device.status) == (80, 500, DeviceStatus.AVAILABLE)
    assert device.positions == (("0", 0.0, 1.0), ("1", 2.5, 3.0))
    assert device.operations == ("rydberg_global",)
    assert not device.is_simulator


@pytest.mark.parametrize(
    ("listing", "status"),
    [
        (None, DeviceStatus.UNKNOWN),
        (DeviceListing(status="DOWN"), DeviceStatus.UNAVAILABLE),
        (DeviceListing(status="UP", availability="RETIRED"), DeviceStatus.UNAVAILABLE),
        (DeviceListing(status="DREAMING"), DeviceStatus.UNKNOWN),
    ],
)
@pytest.mark.parametrize("specification", [None, "nonsense", "[]", '{"channels": 3}'])
def test_a_device_is_described_from_whatever_there_is(listing, status, specification):
    """A missing or damaged specification leaves the fields empty."""
    device = device_of("EMU_MPS", specification, listing)
    assert (device.status, device.is_simulator, device.positions) == (status, True, ())
