"""What is refused, compared with what Pulser itself refuses; and statuses in Pulser's words."""

from __future__ import annotations

import dataclasses

import pulser
import pytest
from pulser.backend.remote import BatchStatus, RemoteBackend
from pulser.register.register_layout import RegisterLayout

import quantum_async.errors
from quantum_async.errors import InvalidInputError, InvalidShotsError, QuantumAsyncError
from quantum_async.integrations import pulser as ours
from quantum_async.integrations.pulser import EmulatorBackend, QPUBackend, WrongTypeError
from quantum_async.integrations.pulser.results import (
    JOB_STATUSES,
    pulser_batch_status,
    pulser_job_status,
)
from quantum_async.models.job import JobState, JobStatus
from tests.integrations.pulser.sequences import driven, fresnel, mappable


def foreign_layout():
    """A register whose layout the device does not have."""
    device = dataclasses.replace(fresnel(), accepts_new_layouts=True)
    layout = RegisterLayout([(6.0 * n - 21, 6.0 * m - 21) for n in range(8) for m in range(8)])
    sequence = pulser.Sequence(layout.define_register(0, 9), device)
    sequence.declare_channel("global", "rydberg_global")
    sequence.delay(100, "global")
    return sequence


def empty():
    """A sequence that does nothing."""
    sequence = pulser.Sequence(driven().register, fresnel())
    sequence.declare_channel("global", "rydberg_global")
    return sequence


SEQUENCES = {
    "text": lambda: "a sequence",
    "good": driven,
    "mappable": mappable,
    "virtual": lambda: driven(pulser.MockDevice),
    "empty": empty,
    "foreign": foreign_layout,
}
PARAMS = [
    None,
    [],
    (),
    {"runs": 1},
    ["runs"],
    [{}],
    [{"runs": 1}, {"variables": {}}],
    [{"runs": 10}],
    [{"runs": 11}],
    [{"runs": 10**9}],
]


def raised(function, *arguments, **named):
    """The kind of what is raised, of the two that Pulser raises."""
    try:
        function(*arguments, **named)
    except (TypeError, ValueError) as error:
        return TypeError if isinstance(error, TypeError) else ValueError, error
    return None, None


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("mimic_qpu", [False, True])
def test_sequences_are_refused_as_by_pulser(name, mimic_qpu):
    """The same sequences are refused, with an error that is Pulser's kind and ours."""
    sequence = SEQUENCES[name]()
    theirs, _ = raised(RemoteBackend.validate_sequence, sequence, mimic_qpu=mimic_qpu)
    for backend in (QPUBackend, EmulatorBackend):
        kind, error = raised(backend.validate_sequence, sequence, mimic_qpu=mimic_qpu)
        assert kind is theirs
        assert error is None or isinstance(error, InvalidInputError)


@pytest.mark.parametrize("params", PARAMS, ids=repr)
@pytest.mark.parametrize("most", [None, 10])
def test_job_parameters_are_refused_as_by_pulser(params, most):
    """The same parameters are refused, with an error that is Pulser's kind and ours."""
    theirs, _ = raised(RemoteBackend.validate_job_params, params, most)
    kind, error = raised(QPUBackend.validate_job_params, params, most)
    assert kind is theirs
    assert error is None or isinstance(error, InvalidInputError)


@pytest.mark.parametrize("runs", [0, -1, 1.5, "10", True])
def test_shots_that_are_none(runs):
    """What Pulser lets through and no device can run is refused as well."""
    for most in (None, 100):
        with pytest.raises(InvalidShotsError):
            QPUBackend.validate_job_params([{"runs": runs}], most)


def test_every_status_has_a_word():
    """Both tables are total, and what is paused says so."""
    assert set(JOB_STATUSES) == set(JobStatus)
    for status in JobStatus:
        assert pulser_job_status(JobState(status)).name
    assert pulser_job_status(JobState(JobStatus.QUEUED, reported="PAUSED")).name == "PAUSED"
    for status in BatchStatus:
        assert pulser_batch_status(status.name, ()) is status
    assert pulser_batch_status("CANCELING", ()) is BatchStatus.RUNNING


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), BatchStatus.PENDING),
        (("queued", "unknown"), BatchStatus.PENDING),
        (("queued", "succeeded"), BatchStatus.RUNNING),
        (("cancelling", "cancelled"), BatchStatus.RUNNING),
        (("cancelled", "cancelled"), BatchStatus.CANCELED),
        (("succeeded", "cancelled"), BatchStatus.DONE),
        (("succeeded", "failed"), BatchStatus.ERROR),
    ],
)
def test_a_batch_stands_where_its_jobs_do(statuses, expected):
    """Where the provider's word is not known, the jobs decide."""
    assert pulser_batch_status("A NEW WORD", [JobStatus(s) for s in statuses]) is expected


def test_what_the_package_exports():
    """Every name that is listed is there, and no other."""
    for name in ours.__all__:
        assert getattr(ours, name).__name__ == name
    with pytest.raises(AttributeError):
        _ = ours.nonsense
    assert issubclass(WrongTypeError, QuantumAsyncError)
    assert quantum_async.errors.InvalidInputError in WrongTypeError.__mro__
