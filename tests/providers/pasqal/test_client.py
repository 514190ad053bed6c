"""The Pasqal client: validating, submitting, finding, polling, cancelling, devices, OVH."""

from __future__ import annotations

import dataclasses
import json
from uuid import uuid4

import httpx
import pytest
from pulser import AnalogDevice, Pulse, Sequence
from pulser.devices import MockDevice

from quantum_async.errors import (
    BatchError,
    ConfigurationError,
    DeviceLimitError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    LostAnswerError,
    NoMeasurementError,
    NotFoundError,
    PermissionDeniedError,
    ProgramError,
    ProtocolError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
    SubmissionUnknownError,
    UnboundParametersError,
    UnknownTargetError,
    UnsupportedProgramError,
)
from quantum_async.models.batch import BatchRef, FailurePolicy
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest
from quantum_async.programs.objects import as_program
from quantum_async.providers.pasqal.emulators import EmuTNConfig
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.pasqal.submission import KEY_PREFIX, NewJob
from tests.providers.pasqal.real import driven, idle, mappable, rabi, register
from tests.providers.pasqal.sequences import program
from tests.providers.pasqal.service import canned, client, data, endpoints, page

B, J, J2 = canned.BATCH_ID, canned.JOB_ID, canned.OTHER_JOB_ID
REF = JobRef("pasqal", J, "FRESNEL", batch_id=B)


def spec(p=None, shots=20, variables=None, **changes):
    given = {"omega": 6.0} if variables is None else variables
    return JobSpec(uuid4().hex, p or program(), shots, given, **changes)


def request(*jobs, key=None, target="FRESNEL", **changes):
    return SubmitRequest(key or uuid4().hex, target, jobs or (spec(),), **changes)


def body(service, place=-1):
    return service.asked("POST", "/batches")[place]["body"]


async def test_a_submission_carries_key_device_and_options(service, pasqal):
    """The key is the first tag; the options of the jobs are those of their batch."""
    options = PasqalOptions(tags=("mine",), emulation='{"a": 1}', webhook="https://example.com")
    [ref] = await pasqal.submit(request(spec(options=options), key="k", target="EMU_MPS"))
    sent = body(service)
    assert sent["tags"] == [KEY_PREFIX + "k", "mine"]
    assert (sent["device_type"], sent["backend_configuration"]) == ("EMU_MPS", '{"a": 1}')
    assert sent["webhook"] == "https://example.com"
    assert (ref.id, ref.batch_id, ref.target) == (J, B, "EMU_MPS")


async def test_a_legacy_configuration_goes_along(service, pasqal):
    """EMU_TN still takes its own, and no other device does."""
    options = PasqalOptions(configuration=EmuTNConfig(dt=2.0))
    await pasqal.submit(request(spec(options=options), target="EMU_TN"))
    assert body(service)["configuration"]["dt"] == 2.0
    with pytest.raises(
        InvalidInputError, match=r"EMU_MPS cannot carry PasqalOptions\.configuration"
    ):
        await pasqal.submit(request(spec(options=options), target="EMU_MPS"))


@pytest.mark.parametrize(("given", "sent"), [("EMU_SV", "EMU_SV"), ("", None), (None, "FRESNEL")])
async def test_the_device_type_can_be_overridden(service, pasqal, given, sent):
    """Another one, none at all, or the target's."""
    await pasqal.submit(request(spec(options=PasqalOptions(device_type=given))))
    assert body(service)["device_type"] == sent


async def test_jobs_of_one_batch_are_told_apart_in_any_order(service, pasqal):
    """An answer that lists them in another order does not swap their results."""
    jobs = [
        canned.job(J, runs=2, variables={"omega": 2.0}, creation_order=None),
        canned.job(J2, runs=1, variables={"omega": 1.0}, creation_order=None),
    ]
    service.always("POST", "/batches", data(canned.batch(jobs=jobs)))
    specs = [spec(shots=n, variables={"omega": float(n)}) for n in (1, 2)]
    refs = await pasqal.submit(request(*specs))
    assert [(ref.id, ref.key) for ref in refs] == [(J2, specs[0].key), (J, specs[1].key)]


async def test_an_answer_with_another_number_of_jobs_is_no_answer(service, pasqal):
    """The batch is then looked up by its key instead."""
    service.always("POST", "/batches", data(canned.batch(jobs=[canned.job()] * 3)))
    with pytest.raises(ProtocolError, match="1 jobs were sent"):
        await pasqal.submit(request())


async def test_a_batch_whose_jobs_cannot_be_listed_is_no_refused_one(service, pasqal):
    """It was created: a failure of what is asked afterwards must not have it sent again."""
    service.always("POST", "/batches", data(canned.batch(jobs=None)))
    service.always("GET", "/jobs", httpx.Response(401))
    with pytest.raises(LostAnswerError, match=f"{B} was accepted") as caught:
        await pasqal.submit(request())
    assert caught.value.accepted == "unknown"


async def test_jobs_of_a_found_batch_are_told_apart_in_any_order(service, pasqal):
    """A batch that was looked up keeps its jobs' results apart, as an answer does."""
    specs = [spec(shots=n, variables={"omega": float(n)}) for n in (1, 2)]
    asked = request(*specs)
    service.then("POST", "/batches", httpx.Response(504))
    with pytest.raises(ServerError):
        await pasqal.submit(asked)
    jobs = [
        canned.job(J, runs=2, variables={"omega": 2.0}, creation_order=None),
        canned.job(J2, runs=1, variables={"omega": 1.0}, creation_order=None),
    ]
    service.always("GET", "/batches", page([canned.batch(jobs_count=2)], 1, 1))
    service.always("GET", "/jobs", page(jobs, 2, 2))
    refs = await pasqal.find(asked.key)
    assert [(ref.id, ref.key) for ref in refs] == [(J2, specs[0].key), (J, specs[1].key)]


@pytest.mark.parametrize("is_ours", [True, False])
async def test_a_batch_whose_jobs_are_not_listed_yet_is_there(service, pasqal, is_ours):
    """One list lags behind the other: nothing found would mean that it can be sent again."""
    asked = request(spec(), spec())
    if is_ours:
        service.then("POST", "/batches", httpx.Response(504))
        with pytest.raises(ServerError):
            await pasqal.submit(asked)
    service.always("GET", "/batches", page([canned.batch(jobs_count=2)], 1, 1))
    for listed in ([], [canned.job()]):
        service.always("GET", "/jobs", page(listed, len(listed), len(listed)))
        with pytest.raises(ProtocolError, match=f"{len(listed)} of its 2 jobs"):
            await pasqal.find(asked.key)
    both = [canned.job(), canned.job(J2)]
    service.always("GET", "/jobs", page(both, 2, 2))
    assert [ref.id for ref in await pasqal.find(asked.key)] == [J, J2]


async def test_jobs_with_the_same_sequence_share_it(service, pasqal):
    """One sequence for the batch; different ones travel with their jobs."""
    jobs = [canned.job(J), canned.job(J2)]
    service.always("POST", "/batches", data(canned.batch(jobs=jobs)))
    await pasqal.submit(request(spec(), spec()))
    assert [set(job) for job in body(service)["jobs"]] == [{"runs", "variables"}] * 2
    one, two = program(variables=()), program(variables=(), atoms=3)
    await pasqal.submit(request(spec(one, variables={}), spec(two, variables={})))
    sent = body(service)
    assert sent["sequence_builder"] is None
    assert [job["sequence"] for job in sent["jobs"]] == [one.text, two.text]


async def test_grouping_and_weight_follow_the_sequence(pasqal):
    """Jobs of one sequence weigh little, and different ones share only without variables."""
    one, other = spec(), spec(program(atoms=3))
    assert pasqal.grouping(one) == pasqal.grouping(spec(shots=7))
    assert pasqal.grouping(one) != pasqal.grouping(other)
    plain, further = (spec(program(variables=(), atoms=n), variables={}) for n in (1, 2))
    assert pasqal.grouping(plain) == pasqal.grouping(further)
    configured = dataclasses.replace(
        plain, options=PasqalOptions(configuration=EmuTNConfig(extra={"x": 1}))
    )
    assert hash(pasqal.grouping(configured)) != hash(pasqal.grouping(plain))
    assert pasqal.weigh(plain) == len(plain.program.payload)
    assert pasqal.weigh(one) < 1000


async def test_an_unmeasured_sequence_is_measured_in_its_only_basis(service, pasqal):
    """As the vendor does it; the sequence of the user stays as it is."""
    text = json.loads(rabi().text)
    text["measurement"] = None
    unmeasured = Program(json.dumps(text), ProgramFormat.PULSER)
    await pasqal.submit(request(spec(unmeasured), target="EMU_FREE"))
    assert json.loads(body(service)["sequence_builder"])["measurement"] == "ground-rydberg"


def unmeasured_in_two_bases():
    sequence = Sequence(register(), MockDevice)
    for name, channel in (("r", "rydberg_global"), ("m", "raman_global")):
        sequence.declare_channel(name, channel)
        sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), name)
    text = json.loads(sequence.to_abstract_repr())
    return Program(json.dumps(text), ProgramFormat.PULSER)


def empty():
    sequence = Sequence(register(), AnalogDevice)
    sequence.declare_channel("g", "rydberg_global")
    sequence.measure("ground-rydberg")
    return as_program(sequence)


@pytest.mark.parametrize(
    ("job", "device", "error"),
    [
        (spec(rabi(), variables={}), "EMU_FREE", UnboundParametersError),
        (spec(rabi(), variables={"omega": 1e9}), "EMU_FREE", DeviceLimitError),
        (spec(idle(), variables={"x": 1.0}), "EMU_FREE", UnboundParametersError),
        (spec(idle(), variables={}, shots=0), "EMU_FREE", InvalidShotsError),
        (spec(idle(), variables={}, shots=5000), "FRESNEL", InvalidShotsError),
        (spec(idle(), variables={}), "no-such-device", UnknownTargetError),
        (spec(idle(), variables={}), "FRESNEL", DeviceLimitError),
        (spec(empty(), variables={}), "EMU_FREE", ProgramError),
        (spec(unmeasured_in_two_bases(), variables={}), "EMU_FREE", NoMeasurementError),
        (spec(Program("{}", ProgramFormat.IONQ)), "EMU_FREE", UnsupportedProgramError),
        (spec(Program("{}", ProgramFormat.PULSER)), "EMU_FREE", ProgramError),
        (spec(mappable(), variables={}), "EMU_FREE", UnboundParametersError),
        (spec(mappable(), variables={"qubits": {"q1": 3}}), "EMU_FREE", UnboundParametersError),
        (
            spec(idle(), variables={}, options=RunOptions(observables=("ZZ",))),
            "EMU_FREE",
            InvalidOptionError,
        ),
        (
            spec(idle(), variables={}, options=PasqalOptions(emulation="{}")),
            "EMU_TN",
            InvalidOptionError,
        ),
    ],
    ids=[
        "unbound", "amplitude", "unknown-variable", "no-shots", "many-shots", "device",
        "no-layout", "empty", "two-bases", "format", "text", "no-mapping", "mapping",
        "observables", "emulation",
    ],
)  # fmt: skip
async def test_what_cannot_run_is_refused_without_a_request(service, pasqal, job, device, error):
    """Each with its own type, before anything is sent."""
    with pytest.raises(error):
        await pasqal.validate(job, device)
    assert service.requests == []


async def test_what_can_run_passes(service, pasqal):
    """Bound values and mappings that fit."""
    await pasqal.validate(spec(rabi()), "EMU_MPS")
    await pasqal.validate(spec(mappable(), variables={"qubits": {"q1": 3, "q0": 5}}), "EMU_FREE")
    assert service.requests == []


async def test_a_virtual_device_cannot_place_atoms(pasqal):
    """What was made for an emulator is not sent to a QPU."""
    sequence = Sequence(register(), MockDevice)
    sequence.declare_channel("g", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), "g")
    with pytest.raises(DeviceLimitError, match="virtual"):
        await pasqal.validate(spec(as_program(sequence), variables={}), "FRESNEL")


async def test_a_sequence_for_another_device_is_refused_once_that_is_known(sandbox, cloud):
    """After the specifications were read, other devices and unknown names are refused."""
    async with cloud() as c:
        await c.specs.all()
        with pytest.raises(DeviceLimitError, match="made for AnalogDevice"):
            await c.validate(spec(idle(), variables={}), "FRESNEL")
        with pytest.raises(UnknownTargetError):
            await c.validate(spec(idle(), variables={}), "FRESNEL9")


@pytest.mark.parametrize(
    ("made_for", "expected"), [("FRESNEL", "FRESNEL"), ("FRESNEL_CAN1", "FRESNEL_CAN1")]
)
def test_the_device_follows_from_the_sequence(service, made_for, expected):
    """Nothing is sent for it."""
    assert client(service).default_device(program(device=made_for)) == expected


@pytest.mark.parametrize(
    "made_for",
    [idle(), as_program(driven(variables=())), Program("OPENQASM 2.0;", ProgramFormat.QASM2)],
    ids=["example", "driven", "circuit"],
)
def test_no_device_follows_from_examples_and_circuits(service, made_for):
    """The error says what can be named."""
    with pytest.raises(UnknownTargetError) as caught:
        client(service).default_device(made_for)
    assert "EMU_FREE" in caught.value.remedy


async def test_a_key_is_found_by_its_tag(service, pasqal):
    """One batch is adopted; the jobs come in the order of their creation."""
    jobs = [canned.job(J2, creation_order=2), canned.job(J, creation_order=1)]
    service.then("GET", "/jobs", page(jobs, 2, 2))
    refs = await pasqal.find("the-key")
    assert [(ref.id, ref.batch_id, ref.target) for ref in refs] == [
        (J, B, "FRESNEL"),
        (J2, B, "FRESNEL"),
    ]
    assert ["tag", KEY_PREFIX + "the-key"] in service.requests[0]["query"]


async def test_a_key_that_nothing_has_is_not_found(service, pasqal):
    """Nothing under the tag: nothing was accepted."""
    service.always("GET", "/batches", page([], 0, 0))
    assert await pasqal.find("the-key") == []
    assert await pasqal.find_batch("the-key") is None


async def test_a_key_that_two_batches_have_is_reported(service, pasqal):
    """Nobody guesses which of them is ours."""
    service.always("GET", "/batches", page([canned.batch(), canned.batch(id=J)], 2, 2))
    with pytest.raises(SubmissionUnknownError, match="2 batches"):
        await pasqal.find("the-key")


async def test_a_lost_open_batch_is_found_by_its_tag(pasqal):
    """With the device that it was opened on."""
    assert await pasqal.find_batch("k") == BatchRef("pasqal", B, "FRESNEL", "k")


async def test_an_open_batch_shows_its_name_in_its_tags(service, pasqal):
    """The name that people gave it can be searched for."""
    await pasqal.open_batch(BatchRequest("k", "FRESNEL", program(), name="adaptive"))
    sent = body(service)
    assert sent["tags"] == [KEY_PREFIX + "k", "adaptive"]
    assert (sent["open"], sent["jobs"]) == (True, [])


async def test_a_batch_does_not_end_by_a_failed_job(pasqal):
    """The service cannot promise it, so it is refused."""
    with pytest.raises(InvalidOptionError):
        await pasqal.open_batch(BatchRequest("k", "FRESNEL", on_failure=FailurePolicy.ABORT))


async def test_a_poll_of_many_is_one_request(service, pasqal):
    """A hundred ids in the query; the answer says where each stands."""
    refs = [JobRef("pasqal", str(uuid4()), "FRESNEL", batch_id=B) for _ in range(100)]
    words = ["RUNNING", "DONE"] * 50
    jobs = [canned.job(ref.id, status=word) for ref, word in zip(refs, words, strict=True)]
    service.always("GET", "/jobs", page(sorted(jobs, key=lambda job: job["id"]), 100, 100))
    states = await pasqal.poll(refs)
    assert [states[ref].reported for ref in refs] == words
    assert len(service.requests) == 1
    assert [v for n, v in service.requests[0]["query"] if n == "id"] == sorted(r.id for r in refs)


async def test_a_job_that_a_list_lacks_is_asked_for_alone(service, pasqal):
    """A few at a time; what nobody knows is left out."""
    service.always("GET", "/jobs", page([], 0, 0))
    assert (await pasqal.poll([REF]))[REF].status is JobStatus.SUCCEEDED
    service.always("GET", J, httpx.Response(404, json={}))
    assert await pasqal.poll([REF]) == {}
    before = len(service.requests)
    many = [JobRef("pasqal", str(uuid4()), batch_id=B) for _ in range(50)]
    await pasqal.poll(many)
    assert len(service.requests) - before <= 5


async def test_jobs_that_stay_missing_keep_no_other_from_being_asked_for(service, pasqal):
    """Of what no list shows a few are asked for at a time, and not the same ones each time."""
    names = [str(uuid4()) for _ in range(12)]
    service.always("GET", "/v2/jobs", page([], 0, 0))
    for name in names:
        service.always("GET", name, data(canned.job(name, status="RUNNING")))
    refs = [JobRef("pasqal", name, "FRESNEL", batch_id=B) for name in names]
    seen = set()
    for _ in range(40):
        seen |= {ref.id for ref in await pasqal.poll(refs)}
    assert seen == set(names)


async def test_what_has_ended_counts_as_cancelled(service, pasqal):
    """A refusal for a job that has ended is none; for one that goes on it is told."""
    alive = JobRef("pasqal", J2, "FRESNEL", batch_id=B)
    errors = {J: "job is DONE", J2: "no"}
    service.always("PATCH", "/cancel/jobs", data({"jobs": [], "errors": errors}))
    jobs = [canned.job(J), canned.job(J2, status="RUNNING")]
    service.always("GET", "/jobs", page(jobs, 2, 2))
    failures = await pasqal.cancel([REF, alive])
    assert set(failures) == {alive}
    assert "no" in str(failures[alive])
    assert len(service.asked("PATCH", "/cancel/jobs")) == 1


async def test_a_batch_that_refuses_to_cancel_is_looked_at(service, pasqal):
    """A refusal of the whole request does not hide that its jobs have ended."""
    service.always("PATCH", "/cancel/jobs", httpx.Response(409, json={}))
    assert await pasqal.cancel([REF]) == {}
    service.always("GET", "/jobs", page([canned.job(status="RUNNING")], 1, 1))
    assert set(await pasqal.cancel([REF])) == {REF}


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_batch_that_cannot_be_asked_leaves_no_other_running(service, pasqal, status):
    """Every batch is asked to cancel its jobs, whatever became of the one before."""
    elsewhere = JobRef("pasqal", J2, "FRESNEL", batch_id="other")
    service.always("PATCH", f"{B}/cancel/jobs", httpx.Response(status))
    service.always("GET", "/jobs", page([canned.job(status="RUNNING")], 1, 1))
    failures = await pasqal.cancel([REF, elsewhere])
    assert set(failures) == {REF}
    assert len(service.asked("PATCH", "other/cancel/jobs")) == 1
    service.always("GET", "/jobs", httpx.Response(500))
    assert set(await pasqal.cancel([REF])) == {REF}


async def test_a_job_without_a_batch_is_cancelled_alone(service, pasqal):
    """A reference from elsewhere may know only the job."""
    lone = JobRef("pasqal", J, "FRESNEL")
    assert await pasqal.cancel([lone]) == {}
    service.always("PATCH", "/cancel", httpx.Response(409, json={}))
    assert await pasqal.cancel([lone]) == {}
    assert len(service.asked("PATCH", f"{J}/cancel")) == 2


async def test_a_missing_result_is_pending(service, pasqal):
    """A null link means that asking again helps."""
    service.always("GET", "/results_link", data({"results_link": None}))
    with pytest.raises(ResultPendingError):
        await pasqal.fetch(REF)


async def test_results_of_a_mappable_register_name_its_atoms(service, pasqal):
    """The job's own mapping says which atoms there were; it is read once."""
    service.always("GET", B, data(canned.batch(sequence_builder=mappable().text)))
    mapped = canned.job(variables={"qubits": {"q1": 4, "q0": 2}}, sequence=None)
    service.always("GET", J, data(mapped))
    for _ in range(2):
        assert (await pasqal.fetch(REF)).atoms == ("q0", "q1")
    assert len(service.asked("GET", J)) == 1


async def test_a_job_of_no_known_sequence_has_no_result(service, pasqal):
    """Bitstrings whose atoms nobody knows are not handed out; the stored form is."""
    service.always("GET", B, data(canned.batch(sequence_builder=None)))
    service.always("GET", J, data(canned.job(sequence=None)))
    with pytest.raises(ResultError, match="which sequence"):
        await pasqal.fetch(REF)
    assert (await pasqal.jobs.results(J)).counter == {"00": 12, "11": 8}


async def test_a_shortcut_that_yields_nothing_usable_yields_nothing(service, pasqal):
    """One job's odd results do not spoil those of the others."""
    other = JobRef("pasqal", J2, "FRESNEL", batch_id=B)
    found = {J: {"counter": {"000": 1}}, J2: canned.RESULTS}
    service.always("GET", "/full_results", data(found))
    assert set(await pasqal.fetch_many([REF, other])) == {other}


async def test_a_shortcut_that_is_not_there_is_remembered(service, pasqal):
    """405 and 404 mean that the service has no such route."""
    service.always("GET", "/full_results", httpx.Response(405))
    assert pasqal.capabilities.bulk_results
    for _ in range(2):
        assert await pasqal.fetch_many([REF]) == {}
    assert not pasqal.capabilities.bulk_results
    assert len(service.asked("GET", "/full_results")) == 1


async def test_a_batch_that_is_not_there_does_not_end_the_shortcut(service, pasqal):
    """Once the route has answered, a 404 is about one batch and not about the route."""
    elsewhere = JobRef("pasqal", J2, "FRESNEL", batch_id="gone")
    service.always("GET", f"{B}/full_results", data({J: canned.RESULTS}))
    service.always("GET", "gone/full_results", httpx.Response(404))
    assert set(await pasqal.fetch_many([REF])) == {REF}
    assert await pasqal.fetch_many([elsewhere]) == {}
    assert pasqal.capabilities.bulk_results
    assert set(await pasqal.fetch_many([REF])) == {REF}


async def test_a_shortcut_that_is_refused_is_told(service, pasqal):
    """Another refusal says nothing of the route."""
    service.always("GET", "/full_results", httpx.Response(403, json={}))
    with pytest.raises(PermissionDeniedError):
        await pasqal.fetch_many([REF])
    assert pasqal.capabilities.bulk_results


async def test_devices_are_listed_with_their_status(sandbox, cloud):
    """Specifications and status together; an unusual list does no harm."""
    async with cloud() as c:
        devices = {device.name: device for device in await c.devices()}
        assert devices["FRESNEL"].max_shots == 2000
        assert devices["FRESNEL"].status is DeviceStatus.AVAILABLE
        assert devices["EMU_FREE"].is_simulator
        await sandbox.set_faults(
            [{"provider": "pasqal", "route": "*/api/v2/devices", "fault": "status:404"}]
        )
        assert {d.name: d.status for d in await c.devices()} == {
            "FRESNEL": DeviceStatus.UNKNOWN,
            "FRESNEL_CAN1": DeviceStatus.UNKNOWN,
        }


async def test_one_specification_can_be_asked_for(pasqal):
    """A device that has none is refused with those that have."""
    assert await pasqal.specs.get("FRESNEL") == "{}"
    with pytest.raises(UnknownTargetError):
        await pasqal.specs.get("EMU_FREE")


async def test_projects_are_switched_by_their_id(service, pasqal):
    """New batches belong to the new project; an unknown one changes nothing."""
    other = str(uuid4())
    service.always("GET", "/projects", data([{"id": other, "name": "second"}]))
    assert (await pasqal.projects.switch(other)).name == "second"
    with pytest.raises(InvalidOptionError, match="no project"):
        await pasqal.projects.switch("nowhere")
    assert pasqal.projects.current == other
    await pasqal.submit(request())
    assert body(service)["project_id"] == other


@pytest.fixture
async def ovh(service):
    """A client by way of OVH."""
    async with client(service, endpoints=endpoints(is_ovh=True), project_id=None) as opened:
        yield opened


async def test_what_ovh_lacks_is_refused_before_it_is_sent(service, ovh):
    """By name, with a typed error."""
    for operation in (
        ovh.batches.close(B),
        ovh.batches.cancel(B),
        ovh.batches.add_jobs(B, [NewJob(runs=1)]),
        ovh.batches.page(),
        ovh.jobs.get(J),
        ovh.projects.list(),
    ):
        with pytest.raises(ConfigurationError, match="OVH"):
            await operation
    with pytest.raises(BatchError):
        await ovh.open_batch(BatchRequest("k", "FRESNEL"))
    with pytest.raises(SubmissionUnknownError):
        await ovh.find("k")
    assert set(await ovh.cancel([REF])) == {REF}
    assert service.requests == []


async def test_a_job_runs_by_way_of_ovh(service, ovh):
    """Submit, poll, fetch: no project, no tags, no bulk results."""
    [ref] = await ovh.submit(request())
    assert (await ovh.poll([ref]))[ref].status is JobStatus.SUCCEEDED
    service.then("GET", "/jobs", page([], 0, 0))
    assert (await ovh.poll([ref]))[ref].status is JobStatus.SUCCEEDED
    assert (await ovh.fetch(ref)).counts == {"00": 12, "11": 8}
    assert await ovh.fetch_many([ref]) == {}
    sent = service.requests[0]["body"]
    assert sent["project_id"] == ""
    assert "tags" not in sent
    assert (await ovh.specs.all()) == {"FRESNEL": "{}"}
    assert [device.name for device in await ovh.devices()] == ["FRESNEL"]
    paths = {r["path"] for r in service.requests if "public" not in r["path"]}
    assert all("/ovh/" in path or path == "/download" for path in paths)


async def test_an_unknown_batch_is_not_found(service, pasqal):
    """404 has a type of its own."""
    service.always("GET", B, httpx.Response(404, json={"message": "no"}))
    with pytest.raises(NotFoundError, match=f"get batch {B}: "):
        await pasqal.batches.get(B)


async def test_a_close_that_is_refused_while_open_is_told(service, pasqal):
    """Only a batch that really is closed counts as closed."""
    service.always("PATCH", "/complete", httpx.Response(400, json={}))
    service.always("GET", B, data(canned.batch(open=True, status="RUNNING")))
    with pytest.raises(RejectedRequestError):
        await pasqal.close_batch(BatchRef("pasqal", B))
    service.always("GET", B, data(canned.batch(open=None, complete=True)))
    await pasqal.close_batch(BatchRef("pasqal", B))


async def test_a_large_sequence_blocks_nobody(service, pasqal, never_blocks):
    """Megabytes go out and come back without a call that blocks."""
    large = program(atoms=20_000)
    [ref] = await pasqal.submit(request(spec(large)))
    service.always("GET", "/download", httpx.Response(200, json={"counter": {"0" * 20_000: 9}}))
    assert (await pasqal.fetch(ref)).shots == 9
