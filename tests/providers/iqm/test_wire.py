"""What the client sends to IQM Server, byte for byte where that matters, and what it reads."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    DeviceLimitError,
    InvalidOptionError,
    InvalidShotsError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
    SubmissionUnknownError,
    UnknownTargetError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.providers.iqm.options import DDSequence, DDStrategy, HeraldingMode, IQMOptions
from tests.providers.iqm.service import client, wire

FLIP = Circuit(
    "flip",
    (
        Instruction("prx", ("QB1",), {"angle": 3.0, "phase": 0.5}),
        Instruction("measure", ("QB1", "QB2"), {"key": "m"}),
    ),
)


def request(*circuits, shots=3, **options):
    """A submission of circuits."""
    jobs = tuple(
        JobSpec(uuid4().hex, c.program(), shots, options=IQMOptions(**options))
        for c in circuits or (FLIP,)
    )
    return SubmitRequest("a" * 32, "golden:mock", jobs)


async def test_a_submission_on_the_wire(iqm, service):
    """The body is what the vendor's client sends, the alias is encoded (17), the key is the tag (19)."""
    refs = await iqm.submit(request(FLIP, replace(FLIP, name="ünicode")))
    assert [(ref.id, ref.index) for ref in refs] == [(wire.JOB_ID, 0), (wire.JOB_ID, 1)]
    sent = service.requests[-1]
    assert sent.url.raw_path.decode() == (
        f"/api/v1/jobs/golden%3Amock/circuit?use_timeslot=false&tag={'a' * 32}"
    )
    assert sent.headers["content-type"] == "application/json; charset=UTF-8"
    assert "ünicode".encode() in sent.content
    body = json.loads(sent.content)
    assert body.pop("circuits")[0] == {
        "name": "flip",
        "instructions": [
            {
                "name": "prx",
                "locus": ["QB1"],
                "args": {"angle": 3.0, "phase": 0.5},
                "implementation": None,
            },
            {
                "name": "measure",
                "locus": ["QB1", "QB2"],
                "args": {"key": "m"},
                "implementation": None,
            },
        ],
        "metadata": None,
    }
    assert body == {
        "calibration_set_id": None,
        "qubit_mapping": None,
        "shots": 3,
        "max_circuit_duration_over_t2": None,
        "heralding_mode": "none",
        "move_gate_validation": "strict",
        "move_gate_frame_tracking": "full",
        "active_reset_cycles": None,
        "dd_mode": "disabled",
        "dd_strategy": None,
        "move_validation_mode": "strict",
        "move_gate_frame_tracking_mode": "full",
    }


async def test_every_option_on_the_wire(iqm, service):
    """Each option has its place in the body."""
    strategy = DDStrategy((DDSequence(9, "XYXY"), DDSequence(2, ((1.0, 0.0),), "center")))
    logical = Circuit("flip", (Instruction("measure", ("a",), {"key": "m"}),))
    options = {
        "qubit_mapping": {"a": "QB3"},
        "calibration_set_id": wire.CALIBRATION,
        "max_circuit_duration_over_t2": 0.5,
        "heralding_mode": HeraldingMode.ZEROS,
        "active_reset_cycles": 2,
        "dynamical_decoupling": strategy,
        "use_timeslot": True,
        "tags": ("rabi",),
    }
    await iqm.submit(request(logical, **options))
    body = service.body("/circuit")
    assert body["qubit_mapping"] == [{"logical_name": "a", "physical_name": "QB3"}]
    assert body["calibration_set_id"] == wire.CALIBRATION
    assert body["dd_mode"] == "enabled"
    assert body["dd_strategy"]["gate_sequences"] == [
        [9, "XYXY", "asap"],
        [2, [[1.0, 0.0]], "center"],
    ]
    assert body["heralding_mode"] == "zeros"
    assert "use_timeslot=true" in service.lines[-1]
    assert service.lines[-1].endswith("rabi")


async def test_what_is_known_is_not_asked_again(iqm, service):
    """Computers, limits and architecture cost one request each, whatever is submitted (3, 4)."""
    for _ in range(5):
        await iqm.submit(request())
    assert [line.rpartition("/")[2].partition("?")[0] for line in service.lines] == [
        "quantum-computers",
        "dynamic-quantum-architecture",
        "limits",
        *["circuit"] * 5,
    ]


async def test_the_current_architecture_is_asked_for_again_after_a_while(service):
    """The default calibration set can change; an old answer is not believed for ever (4, 22)."""
    now = [0.0]
    async with client(service, clock=lambda: now[0]) as iqm:
        await iqm.submit(request())
        now[0] = 299.0
        await iqm.submit(request())
        assert sum("dynamic" in line for line in service.lines) == 1
        now[0] = 301.0
        await iqm.submit(request())
    assert sum("dynamic" in line for line in service.lines) == 2


async def test_a_poll_is_one_long_poll(iqm, service):
    """A poll with time to wait asks the server to hold the answer back (1)."""
    refs = await iqm.submit(request(FLIP, FLIP))
    states = await iqm.poll(refs, wait=60.0)
    assert service.lines[-1].endswith("?wait_until_terminal=true&timeout_seconds=30")
    assert {state.status for state in states.values()} == {JobStatus.SUCCEEDED}
    assert states[refs[0]].run_time == 0.21


async def test_a_waiting_job_costs_two_requests_a_minute(service):
    """Held back for 30 s each: a minute of waiting is two requests."""
    now = [0.0]

    def held(_):
        now[0] += 30.0

        return httpx.Response(
            200, json=wire.job(status="waiting"), headers={"IQM-Long-Poll-Timed-Out": "true"}
        )

    asked = []

    def answer(sent):
        if sent.url.path.endswith(wire.JOB_ID):
            asked.append(now[0])
            return held(sent)
        return service(sent)

    async with client(answer, clock=lambda: now[0]) as iqm:
        [ref] = await iqm.submit(request())
        while now[0] < 60.0:
            states = await iqm.poll([ref], wait=60.0)
            assert states[ref].status is JobStatus.QUEUED
    assert len(asked) == 2


async def test_a_server_that_does_not_hold_answers_is_not_asked_in_a_spin(service):
    """It is asked once for each poll, and with growing pauses by whoever waits here."""
    now, pauses = [0.0], []

    async def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    service.next("GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="waiting")))
    options = SessionOptions(
        transport=httpx.MockTransport(service), sleep=sleep, clock=lambda: now[0]
    )
    async with IQMClient("https://iqm.example", token="x", options=options) as iqm:
        [ref] = await iqm.submit(request())
        await iqm.poll([ref], wait=60.0)
        assert pauses == []
        await iqm.jobs.get(ref.id, wait=60.0)
    assert 59.0 < sum(pauses) <= 61.0
    assert len(pauses) < 35


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("waiting", JobStatus.QUEUED),
        ("processing", JobStatus.RUNNING),
        ("completed", JobStatus.SUCCEEDED),
        ("failed", JobStatus.FAILED),
        ("cancelled", JobStatus.CANCELLED),
        ("entangled", JobStatus.UNKNOWN),
    ],
)
async def test_statuses_and_null_errors(iqm, service, status, meaning):
    """Every status, one that nobody knows, and ``errors: null`` are read (13)."""
    found = wire.job(status=status, errors=None, messages=None, later={"x": 1})
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=found))
    ref = JobRef("iqm", wire.JOB_ID, "golden:mock")
    state = (await iqm.poll([ref]))[ref]
    assert (state.status, state.reported) == (meaning, status)


async def test_a_failed_job_says_why(iqm, service):
    """The server's errors become the message (21)."""
    errors = [{"source": "station", "error_code": "too_long", "message": "the circuit is long"}]
    service.next(
        "GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="failed", errors=errors))
    )
    ref = JobRef("iqm", wire.JOB_ID)
    assert (await iqm.poll([ref]))[ref].message == "too_long: the circuit is long (station)"


SHAPES = [
    (
        400,
        {"error_code": "invalid_input", "message": "no", "request_id": "r-1"},
        RejectedRequestError,
    ),
    (
        401,
        {"error_code": "unauthorized", "message": "no", "request_id": "r-1"},
        AuthenticationError,
    ),
    (
        403,
        {"error_code": "quota_exceeded", "message": "no", "request_id": "r-1"},
        PermissionDeniedError,
    ),
    (404, {"error_code": "qc_not_found", "message": "no", "request_id": "r-1"}, NotFoundError),
    (413, {"error_code": "request_payload_too_large", "message": "no"}, RejectedRequestError),
    (
        422,
        {"message": "no", "error_code": "validation", "source": "s", "detail": "no"},
        RejectedRequestError,
    ),
    (429, {"error_code": "rate_limit_exceeded", "message": "no"}, RateLimitedError),
    (500, {"error_code": "internal_error", "message": "no"}, ServerError),
    (502, "<html><head><title>no</title></head></html>", ServerError),
    (520, "no", ServerError),
    (499, "no", RejectedRequestError),
    (400, {"detail": "no"}, RejectedRequestError),
    (400, ["no"], RejectedRequestError),
    (400, {"error_code": "no"}, RejectedRequestError),
    (500, "", ServerError),
]


@pytest.mark.parametrize(("status", "body", "kind"), SHAPES)
async def test_errors_in_every_shape(iqm, service, status, body, kind):
    """Code, message and request id survive, in every shape of body and status (9 to 12)."""
    text = body if isinstance(body, str) else json.dumps(body)
    service.next("POST", "/circuit", httpx.Response(status, text=text))
    with pytest.raises(kind) as caught:
        await iqm.submit(request())
    error = caught.value
    assert error.provider == "iqm"
    if isinstance(body, dict):
        assert body.get("error_code", "") in str(error)
        assert "no" in str(error)
        if "request_id" in body:
            assert error.request_id == "r-1"
            assert "r-1" in str(error)


async def test_reads_are_repeated_and_creates_are_not(iqm, service):
    """A 502 on a read passes; on a submission it is sent once and reported (5, 6)."""
    bad = httpx.Response(502, text="<html>")
    service.next("GET", wire.JOB_ID, bad, bad, httpx.Response(200, json=wire.job()))
    ref = JobRef("iqm", wire.JOB_ID)
    assert (await iqm.poll([ref]))[ref].status is JobStatus.SUCCEEDED
    service.next("POST", "/circuit", bad)
    with pytest.raises(ServerError) as caught:
        await iqm.submit(request())
    assert caught.value.accepted == "unknown"
    assert sum("/circuit" in line for line in service.lines) == 1


async def test_a_lost_submission_says_what_to_look_for(iqm):
    """`find` cannot search; its error names tag, place and size."""
    await iqm.submit(request())
    with pytest.raises(SubmissionUnknownError) as caught:
        await iqm.find("a" * 32)
    assert "1 circuit of 3 shots" in str(caught.value)
    assert "golden:mock" in str(caught.value)
    assert "a" * 32 in str(caught.value)


async def test_cancelling_a_finished_job_is_no_error(iqm, service):
    """403 ``illegal_job_status`` means that there is nothing left to cancel (32)."""
    refused = {"error_code": "illegal_job_status", "message": "it has ended", "request_id": "r"}
    service.next("POST", "/cancel", httpx.Response(403, json=refused))
    ref = JobRef("iqm", wire.JOB_ID)
    assert await iqm.cancel([ref, replace(ref, index=1)]) == {}
    assert sum("/cancel" in line for line in service.lines) == 1


async def test_a_cancel_that_is_forbidden_is_told(iqm, service):
    """Another 403 on a job that still runs is an error, for each circuit of the job."""
    service.next(
        "POST", "/cancel", httpx.Response(403, json={"error_code": "forbidden", "message": "x"})
    )
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="processing")))
    refs = [JobRef("iqm", wire.JOB_ID, index=n) for n in range(2)]
    failures = await iqm.cancel(refs)
    assert set(failures) == set(refs)
    assert isinstance(failures[refs[0]], PermissionDeniedError)


async def test_results_of_a_job_are_one_request(iqm, service):
    """All circuits of a job are read together; first bit of a key is the rightmost character."""
    measured = [{"m": [[0, 1], [1, 1], [0, 1]]}, {"m": [[1, 0], [1, 0], [1, 0]]}]
    service.next("GET", "/measurements", httpx.Response(200, json=measured))
    refs = await iqm.submit(request(FLIP, FLIP))
    results = await iqm.fetch_many(refs)
    assert results[refs[0]].counts == {"10": 2, "11": 1}
    assert results[refs[1]].counts == {"01": 3}
    assert results[refs[0]].samples == ("10", "11", "10")
    assert sum("/artifacts/" in line for line in service.lines) == 1
    assert not any("/payload" in line for line in service.lines)


async def test_results_are_read_in_another_process(service):
    """A client that did not submit asks once what was submitted, and loses no register."""
    metadata = {"quantum_async": {"registers": [["a", [["a_1_0_0", 0]]], ["b", [None, None]]]}}
    circuit = {
        "name": "x",
        "instructions": [{"name": "measure", "locus": ["QB1"], "args": {"key": "a_1_0_0"}}],
        "metadata": metadata,
    }
    payload = {"circuits": [circuit], "shots": 2, "heralding_mode": "none"}
    service.next("GET", "/payload", httpx.Response(200, json=payload))
    service.next("GET", "/measurements", httpx.Response(200, json=[{"a_1_0_0": [[1], [0]]}]))
    async with client(service) as other:
        result = await other.fetch(JobRef("iqm", wire.JOB_ID, "golden:mock"))
    assert result.counts == {"00 1": 1, "00 0": 1}
    assert [register.name for register in result.registers] == ["a", "b"]


async def test_missing_shots_raise_unless_heralded(iqm, service):
    """Fewer shots than asked for are an error, except where heralding drops some."""
    service.next("GET", "/measurements", httpx.Response(200, json=[{"m": [[0, 1]]}]))
    [ref] = await iqm.submit(request())
    with pytest.raises(ResultError, match="1 shots came back where 3"):
        await iqm.fetch(ref)
    [heralded] = await iqm.submit(request(heralding_mode=HeraldingMode.ZEROS))
    result = await iqm.fetch(replace(heralded, id=heralded.id))
    assert (result.shots, result.metadata["shots_requested"]) == (1, 3)


async def test_an_artifact_that_is_not_there_yet(iqm, service):
    """404 right after completion means later, not never."""
    missing = {"error_code": "job_artifact_not_found", "message": "no", "request_id": "r"}
    service.next("GET", "/measurements", httpx.Response(404, json=missing))
    with pytest.raises(ResultPendingError):
        await iqm.fetch(JobRef("iqm", wire.JOB_ID))


async def test_bad_input_never_reaches_the_server(iqm, service):
    """Shots, loci, numbers that are none, tags and mappings are refused first (30)."""
    for circuit in (
        replace(
            FLIP,
            instructions=(
                Instruction("prx", ("QB1",), {"angle": float("nan"), "phase": 0.0}),
                *FLIP.instructions[1:],
            ),
        ),
        replace(FLIP, instructions=(Instruction("cz", ("QB1", "QB3")), *FLIP.instructions[1:])),
        replace(FLIP, instructions=(*FLIP.instructions, FLIP.instructions[1])),
    ):
        with pytest.raises(QuantumAsyncError, match="instruction") as caught:
            await iqm.submit(request(circuit))
        assert caught.value.accepted == "no"
    with pytest.raises(InvalidShotsError):
        await iqm.submit(request(shots=0))
    with pytest.raises(DeviceLimitError, match="101 circuits"):
        await iqm.submit(request(*[FLIP] * 101))
    with pytest.raises(InvalidOptionError):
        await iqm.submit(request(qubit_mapping={"QB1": "QB2", "QB2": "QB2"}))
    with pytest.raises(InvalidOptionError):
        IQMOptions(tags=("much too long a tag for the place",))
    assert not any(line.startswith("POST") for line in service.lines)


async def test_a_quantum_computer_is_named_by_alias_or_id(iqm):
    """Both names lead to the same one, and a wrong one lists what there is (16)."""
    assert (await iqm.computers.get("golden:mock")).id == wire.QC_ID
    assert (await iqm.computers.get(wire.QC_ID)).alias == "golden:mock"
    assert (await iqm.computers.get()).alias == "golden:mock"
    with pytest.raises(UnknownTargetError, match="nowhere"):
        await iqm.computers.get("nowhere")


async def test_every_other_operation(iqm, service):
    """Health, limits, queue, timeslots, architectures, calibration, tokens and job operations."""
    assert (await iqm.computers.health()).healthy
    assert (await iqm.computers.limits()).max_circuits_per_job == 100
    assert (await iqm.computers.queue(start="2026-05-04T10:00:00Z")).queue_length == 3
    assert (await iqm.computers.timeslots()).available_slots[0].price == "12.50"
    booked = await iqm.computers.book_timeslots({"r-1": "12.50", "r-2": None})
    assert booked[0].reference == "r-1"
    assert service.body("/timeslots") == {
        "timeslots": [{"reference": "r-1", "expected_price": "12.50"}, {"reference": "r-2"}]
    }
    assert (await iqm.computers.static_architecture()).connectivity == (("QB1", "QB2"),)
    assert (await iqm.computers.architecture()).components == ("QB1", "QB2", "QB3")
    assert (await iqm.computers.about())["iqm_server"] is True
    assert (await iqm.computers.software())["version"] == "61.2"
    assert (await iqm.calibration.get()).value("characterization.model.QB1.t1_time") == 4e-5
    assert (await iqm.calibration.metrics()).observation_set_type == "quality-metric-set"
    assert (await iqm.tokens.list())[0].id == "t-1"
    new = await iqm.tokens.refresh(lifetime=60, refreshing_lifetime=600, activated=False)
    assert new.token == "new"
    assert "new" not in repr(new)
    await iqm.tokens.activate("new")
    await iqm.tokens.revoke("t-1")
    assert (await iqm.jobs.get(wire.JOB_ID)).timeline[0].status == "created"
    assert (await iqm.jobs.wait(wire.JOB_ID)).words == ""
    assert await iqm.jobs.cancel(wire.JOB_ID)
    await iqm.jobs.delete(wire.JOB_ID)
    assert (await iqm.jobs.counts(wire.JOB_ID))[0].counts == {"01": 2, "11": 1}
    assert (await iqm.jobs.payload(wire.JOB_ID))["shots"] == 3
    assert (await iqm.jobs.measurements(wire.JOB_ID))[0]["m"][0] == (0, 1)
    assert json.loads(await iqm.jobs.artifact(wire.JOB_ID, "measurements"))


async def test_neither_interface(service):
    """An address that speaks neither interface is named, with a remedy."""
    async with client(lambda _: httpx.Response(404, text="<html>nothing here</html>")) as lost:
        with pytest.raises(ConfigurationError, match="neither"):
            await lost.generation()


@pytest.mark.parametrize("url", ["http://iqm.example", "http://iqm.example/cocos"])
def test_nothing_travels_in_the_clear(url):
    """Plain http is for this machine only, with or without credentials."""
    with pytest.raises(ConfigurationError):
        IQMClient(url, token="x")
    with pytest.raises(ConfigurationError):
        IQMClient(url)
    assert not IQMClient("http://127.0.0.1:1", token="x").is_open
    assert not IQMClient("http://[::1]:1/prefix/").is_open


async def test_a_prefix_of_the_address_stays_in_front(service):
    """A server below a path is asked below it (15)."""

    def answer(sent):
        assert sent.url.path.startswith("/foo/api/v1/")
        return httpx.Response(200, content=wire.answer(sent.method, sent.url.raw_path.decode()[4:]))

    options = SessionOptions(transport=httpx.MockTransport(answer))
    async with IQMClient("http://localhost:8000/foo/", options=options) as below:
        assert (await below.computers.health()).healthy


async def test_default_devices(iqm):
    """The only quantum computer follows from a circuit once it is known; nothing before."""
    program = FLIP.program()
    with pytest.raises(UnknownTargetError):
        iqm.default_device(program)
    await iqm.computers.list()
    assert iqm.default_device(program) == "golden:mock"
    with pytest.raises(UnknownTargetError):
        iqm.default_device(Program("{}", ProgramFormat.PULSER))


async def test_a_truncated_answer_to_a_submission_is_unknown(iqm, service):
    """An answer without an id says nothing of whether the job exists."""
    service.next("POST", "/circuit", httpx.Response(201, text='{"status": "wai'))
    with pytest.raises(ProtocolError) as caught:
        await iqm.submit(request())
    assert caught.value.accepted == "unknown"
