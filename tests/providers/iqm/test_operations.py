"""Every operation of the client on the sandbox, in both generations of the interface."""

from __future__ import annotations

import json

import httpx
import pytest

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ResultError,
    ResultPendingError,
    WaitTimeoutError,
)
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.dialect import Generation
from tests.providers.iqm.service import client, wire
from tests.providers.iqm.test_legacy import FLIP, JOB, Cocos

CALIBRATED = {
    "calibration_set_id": "c-1",
    "qubits": ["QB1"],
    "gates": {"measure": wire.gate(("QB1",))},
}


async def test_computers_and_calibration(cloud):
    """IQM Server: everything that is asked of quantum computers, by a client of the sandbox."""
    async with cloud() as iqm:
        computers = await iqm.computers.list()
        assert [computer.alias for computer in computers] == ["garnet", "sirius", "garnet:mock"]
        assert (await iqm.computers.get(computers[1].id)).alias == "sirius"
        assert (await iqm.computers.health()).healthy
        assert (await iqm.computers.limits()).max_circuits_per_job == 500
        assert (await iqm.computers.queue(start="2026-05-04T10:00:00Z")).available[0].start == (
            "2026-05-04T10:00:00Z"
        )
        assert len((await iqm.computers.static_architecture("sirius")).qubits) == 24
        current = await iqm.computers.architecture()
        earlier = await iqm.computers.architecture(
            calibration_set_id=current.described.calibration_set_id
        )
        assert earlier.fingerprint == current.fingerprint
        assert current.implementations("prx").keys() == {"drag_crf"}
        assert json.loads(await iqm.computers.artifact("duts"))[0]["dut_type"] == "chip"
        with pytest.raises(NotFoundError, match="qc_artifact_not_found"):
            await iqm.computers.artifact("horoscope")
        assert (await iqm.computers.software())["version"]
        assert (await iqm.computers.about())["iqm_server"] is True
        chosen = await iqm.calibration.get(current.described.calibration_set_id)
        assert chosen.value("gates.prx.drag_crf.QB1.duration") == 2e-8
        assert chosen.value("no such quantity") is None
        metrics = await iqm.calibration.metrics(computer="sirius")
        assert 0.9 < metrics.value("metrics.irb.cz.crf_crf.QB1__CR1.fidelity:par=d2") < 1
        assert metrics.describes_id != chosen.observation_set_id
        with pytest.raises(NotFoundError, match="calibration_set_not_found"):
            await iqm.calibration.get("nowhere")
        groups = await iqm.calibration.feedback_groups()
        assert sorted(map(len, groups)) == [10, 10]
        assert frozenset().union(*groups) == set(current.described.qubits)
        assert await iqm.generation() is Generation.V1


async def test_feedback_groups_in_json(iqm, service):
    """A server that tells them as JSON is understood as well."""
    channels = {"QB1__drive": {"fast_feedback_sources": ["a"]}, "QB2__drive": {"other": 1}}
    service.next("GET", "/channel-properties", httpx.Response(200, json=channels))
    assert await iqm.calibration.feedback_groups() == (frozenset({"QB1"}),)


async def test_timeslots_and_tokens(cloud):
    """Booking, a slot that is taken, credits, and the life of a token."""
    async with cloud() as iqm:
        slots = (await iqm.computers.timeslots()).available_slots
        booked = await iqm.computers.book_timeslots({slots[0].reference: slots[0].price})
        assert booked == slots[:1]
        assert (await iqm.computers.timeslots()).booked_slots == slots[:1]
        with pytest.raises(ConflictError):
            await iqm.computers.book_timeslots({slots[0].reference: None})
        with pytest.raises(ConflictError, match="price"):
            await iqm.computers.book_timeslots({slots[1].reference: "0.01"})
        [token] = await iqm.tokens.list()
        new = await iqm.tokens.refresh(lifetime=60, refreshing_lifetime=600, activated=False)
        assert not new.activated
        await iqm.tokens.activate(new.token)
        async with cloud(token=new.token) as again:
            assert (await again.tokens.list())[0].last_characters == new.token[-4:]
            await again.tokens.revoke((await again.tokens.list())[0].id)
            with pytest.raises(AuthenticationError):
                await again.tokens.list()
        assert token.id == (await iqm.tokens.list())[0].id


async def test_credits_end(sandbox, cloud):
    """A booking that costs more than there is is refused, and books nothing."""
    await sandbox.change(options={"iqm": {"credits": 20.0}})
    try:
        async with cloud() as iqm:
            slots = (await iqm.computers.timeslots()).available_slots[:2]
            with pytest.raises(PermissionDeniedError, match="not_enough_credits"):
                await iqm.computers.book_timeslots({slot.reference: None for slot in slots})
            assert not (await iqm.computers.timeslots()).booked_slots
            assert not (await iqm.computers.timeslots("garnet:mock")).available_slots
    finally:
        await sandbox.change(options={"iqm": {"credits": 1000.0}})


async def test_every_operation_of_the_older_interface(cloud):
    """What both generations have is asked in the same words."""
    async with cloud("/cocos", generation=None) as iqm:
        assert await iqm.generation() is Generation.LEGACY
        [computer] = await iqm.computers.list()
        assert computer.alias == "garnet"
        assert (await iqm.computers.health()).healthy
        assert (await iqm.computers.limits()).max_circuits_per_job is None
        assert len((await iqm.computers.static_architecture()).qubits) == 20
        architecture = await iqm.computers.architecture()
        assert architecture.loci("cc_prx")
        assert (await iqm.computers.about())["cocos_version"]
        found = await iqm.calibration.get()
        assert found.value("gates.prx.drag_crf.QB1.duration") == 2e-8
        assert found.observation_set_id == architecture.described.calibration_set_id
        metrics = await iqm.calibration.metrics()
        assert metrics.describes_id == found.observation_set_id
        assert 0.9 < metrics.value("metrics.ssro.measure.constant.QB1.fidelity") < 1
        [device] = await iqm.devices()
        assert (device.name, device.num_qubits, device.status) == (
            "garnet",
            20,
            DeviceStatus.AVAILABLE,
        )
        job_id = str(await iqm.submit_circuits([FLIP], shots=4))
        job = await iqm.jobs.get(job_id, wait=5.0)
        job = await iqm.jobs.wait(job_id)
        assert job.status.is_terminal
        assert (await iqm.jobs.counts(job_id))[0].measurement_keys == ("m",)
        assert (await iqm.jobs.payload(job_id))["shots"] == 4
        assert not await iqm.jobs.cancel(job_id)
        with pytest.raises(ConfigurationError, match="artifacts"):
            await iqm.jobs.artifact(job_id, "measurements")
        with pytest.raises(ConfigurationError, match="feedback groups"):
            await iqm.calibration.feedback_groups()
        await iqm.jobs.delete(job_id)
        assert (await iqm.get_run_status(job_id)).status == "deleted"


class Ancient(Cocos):
    """A server of before calibration sets could be asked for."""

    def __call__(self, request):
        if request.url.path == "/quantum-architecture":
            found = {
                "name": "",
                "qubits": ["QB1", "QB2", "COMP_R"],
                "qubit_connectivity": [["QB1", "COMP_R"], ["QB2", "COMP_R"]],
                "operations": ["phased_rx", "cz", "measurement", "barrier"],
            }
            return httpx.Response(200, json={"quantum_architecture": found})
        return super().__call__(request)


async def test_the_oldest_servers():
    """Only the chip is known, in the simplest form, and the quantum computer has no name."""
    async with client(Ancient(), generation=Generation.LEGACY) as iqm:
        [computer] = await iqm.computers.list()
        assert computer.alias == "default"
        architecture = await iqm.computers.architecture()
        assert architecture.components == ("QB1", "QB2", "COMP_R")
        assert architecture.resonators == {"COMP_R"}
        assert architecture.loci("cz") == {("QB1", "COMP_R"), ("QB2", "COMP_R")}
        assert architecture.loci("prx") == {("QB1",), ("QB2",), ("COMP_R",)}


@pytest.mark.parametrize(
    ("word", "error"), [("aborted", ResultError), ("pending execution", ResultPendingError)]
)
async def test_older_jobs_without_measurements(word, error):
    """A job that was aborted never has a result, one that runs has it later."""
    async with client(Cocos([word])) as iqm:
        with pytest.raises(error):
            await iqm.jobs.measurements(JOB)


async def test_the_older_request_in_pieces():
    """Where the server keeps parameters and circuits apart, they are put together."""

    def answer(request):
        if request.url.path == "/quantum-architecture":
            return Cocos()(request)
        metadata = {"parameters": {"shots": 3}, "circuits_batch": [{"name": "x"}]}
        return httpx.Response(
            200, json={"status": "ready", "metadata": metadata, "measurements": []}
        )

    async with client(answer, generation=Generation.LEGACY) as iqm:
        assert await iqm.jobs.payload("j") == {"shots": 3, "circuits": [{"name": "x"}]}


async def test_an_answer_of_the_older_interface_that_is_none():
    """Measurements that are none are refused by the field's name, not by a crash."""

    def answer(request):
        return httpx.Response(200, json={"status": "ready", "measurements": [{"m": "x"}]})

    async with client(answer, generation=Generation.LEGACY) as iqm:
        with pytest.raises(ProtocolError, match="measurements"):
            await iqm.get_run("j")


async def test_devices_that_do_not_tell(iqm, service):
    """A quantum computer without health, limits or architecture is still listed, as unknown."""
    for ending in ("/health", "/limits", "/dynamic-quantum-architecture"):
        service.next("GET", ending, httpx.Response(403, json={"error_code": "forbidden"}))
    [device] = await iqm.devices()
    assert device.status is DeviceStatus.UNKNOWN
    assert device.num_qubits is None
    assert device.is_simulator
    service.next("GET", "/health", httpx.Response(200, json={"healthy": False}))
    assert (await iqm.devices())[0].status is DeviceStatus.UNAVAILABLE


async def test_limits_that_the_server_does_not_name(iqm, service):
    """A server without limits sets none."""
    service.next("GET", "/limits", httpx.Response(404, json={"error_code": "not_found"}))
    assert (await iqm.computers.limits()).max_shots_per_circuit is None


async def test_about_is_where_the_release_has_it(iqm, service):
    """Releases of 2025 answer at the root."""
    service.next("GET", "/api/v1/about", httpx.Response(404, json={}))
    assert (await iqm.computers.about())["iqm_server"] is True


@pytest.mark.parametrize("ending", ["/static-quantum-architectures", "/chip-design-records"])
async def test_an_empty_list_of_one(iqm, service, ending):
    """A list that should hold one value and holds none is told."""
    service.next("GET", ending, httpx.Response(200, json=[]))
    with pytest.raises(ProtocolError, match="names no"):
        await iqm.computers.static_architecture()
        await iqm.computers.chip_design()
    service.queued.clear()


async def test_a_job_that_is_gone(iqm, service):
    """A deleted job is told from a result that is not there yet."""
    gone = {"error_code": "job_not_found", "message": "no", "request_id": "r"}
    service.next("GET", "/measurements", httpx.Response(404, json=gone))
    with pytest.raises(NotFoundError, match="job_not_found"):
        await iqm.jobs.measurements(wire.JOB_ID)
    service.next("GET", "/payload", httpx.Response(404, json=gone))
    service.next("GET", "/measurements", httpx.Response(200, json=[{"m": [[0, 1]]}]))
    result = await iqm.fetch(JobRef("iqm", wire.JOB_ID))
    assert result.counts == {"10": 1}


async def test_results_that_make_no_sense_concern_their_circuit_alone(iqm, service):
    """`fetch_many` leaves such a circuit out; `fetch` says what is wrong with it."""
    measured = [{"m": [[0, 1]]}, {"m": [[0, 2]]}]
    service.next("GET", "/measurements", httpx.Response(200, json=measured))
    service.next("GET", "/payload", httpx.Response(200, json={"circuits": [{}, "QIR"], "shots": 1}))
    refs = [JobRef("iqm", wire.JOB_ID, index=n) for n in range(3)]
    assert list(await iqm.fetch_many(refs)) == refs[:1]
    with pytest.raises(ResultError, match="not an outcome"):
        await iqm.fetch(refs[1])
    with pytest.raises(ResultError, match="2 results, not 3"):
        await iqm.fetch(refs[2])


async def test_polls_of_several_jobs_fail_apart(iqm, service):
    """One job that cannot be asked for does not hide the others; where none can, it is told."""

    def other(n):
        return f"11111111-0000-4000-8000-00000000000{n}"

    forbidden = httpx.Response(403, json={"error_code": "forbidden", "message": "not yours"})
    service.next("GET", other(2), forbidden)
    service.next("GET", other(3), forbidden)
    refs = [JobRef("iqm", other(n)) for n in (1, 2, 3)]
    states = await iqm.poll(refs)
    assert {ref: state.status for ref, state in states.items()} == {refs[0]: JobStatus.SUCCEEDED}
    with pytest.raises(PermissionDeniedError, match="not yours"):
        await iqm.poll(refs[1:])


async def test_a_cancel_that_is_held_up_is_not_taken_for_done(iqm, service):
    """429 says nothing of the job."""
    service.next("POST", "/cancel", httpx.Response(429, json={"error_code": "rate_limit_exceeded"}))
    with pytest.raises(RateLimitedError):
        await iqm.jobs.cancel(wire.JOB_ID)


async def test_tokens_in_use(iqm, service):
    """The token that requests carry can be read, and its absence is told."""
    assert await iqm.token() == "any"
    async with client(service, token=None) as nobody:
        with pytest.raises(AuthenticationError, match="no credentials"):
            await nobody.token()


async def test_addresses_for_people(iqm):
    """A job's address and the client's words say where things are."""
    assert iqm.jobs.address("j 1") == "https://iqm.example/api/v1/jobs/j%201"
    assert "https://iqm.example" in repr(iqm)


async def test_waiting_for_a_while_only(iqm, service):
    """A wait that is over tells how far the job is; waiting for nothing asks once."""
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="processing")))
    with pytest.raises(WaitTimeoutError, match="still processing") as caught:
        await iqm.jobs.wait(wire.JOB_ID, timeout=40)
    assert caught.value.elapsed >= 40
    with pytest.raises(WaitTimeoutError):
        await iqm.wait_for_compilation(wire.JOB_ID, timeout_secs=3)
    asked = len(service.lines)
    assert (await iqm.jobs.get(wire.JOB_ID, wait=-1.0)).reported == "processing"
    assert len(service.lines) == asked + 1


@pytest.mark.parametrize(
    ("timeline", "word"),
    [([], "pending compilation"), (["compilation_ended"], "pending execution")],
)
async def test_older_words_for_newer_jobs(iqm, service, timeline, word):
    """A job of IQM Server is told in the older words, messages as warnings."""
    entries = [{"status": s, "timestamp": wire.MOMENT, "source": "s"} for s in timeline]
    messages = [{"message": "QB3 is noisy", "source": "station"}]
    job = wire.job(status="processing", timeline=entries, messages=messages)
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=job))
    status = await iqm.get_run_status(wire.JOB_ID)
    assert (status.status, status.warnings) == (word, ("QB3 is noisy",))
    run = await iqm.get_run(wire.JOB_ID)
    assert (run.status, run.measurements) == (word, None)
    service.next("GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="odd")))
    assert (await iqm.get_run_status(wire.JOB_ID)).status == "odd"


async def test_an_id_that_is_no_uuid_is_not_lost(iqm, service):
    """The job runs whatever its id looks like, and the error names it."""
    service.next("POST", "/circuit", httpx.Response(201, json={"id": "job-7", "timeline": 3}))
    flip = Circuit("flip", (Instruction("measure", ("QB1",), {"key": "m"}),))
    with pytest.raises(ProtocolError, match="job-7") as caught:
        await iqm.submit_circuits([flip])
    assert (caught.value.accepted, caught.value.job_id) == ("yes", "job-7")


async def test_what_would_be_sent_can_be_looked_at(iqm, service):
    """Circuits are prepared without being sent, and what was looked at is what is sent."""
    flip = Circuit("flip", (Instruction("measure", ("QB1",), {"key": "m"}),))
    prepared = await iqm.prepare_circuits([flip], shots=7)
    assert not any(line.startswith("POST") for line in service.lines)
    await iqm.submit_prepared(prepared)
    assert service.requests[-1].content == prepared.v1_body()
    assert service.body("/circuit")["shots"] == 7
    with pytest.raises(QuantumAsyncError, match="no circuits"):
        await iqm.prepare_circuits([])


async def test_a_server_that_is_out_of_reach_is_not_taken_for_an_older_one(service):
    """Only a server that says no is asked for the older interface."""
    service.next(
        "GET", "/quantum-computers", httpx.Response(401, json={"error_code": "unauthorized"})
    )
    async with client(service) as iqm:
        with pytest.raises(AuthenticationError):
            await iqm.generation()
    assert len(service.lines) == 1
