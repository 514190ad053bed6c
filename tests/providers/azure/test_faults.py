"""What goes wrong on the way to Azure never runs a job twice and never leaves a session open."""

from __future__ import annotations

import uuid

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    BatchClosedError,
    DuplicateSubmissionError,
    JobFailedError,
    NotSentError,
    QuantumAsyncError,
    ResultError,
)
from quantum_async.models.batch import BatchStatus, FailurePolicy
from quantum_async.models.job import JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from quantum_async.providers.azure.submission import NewJob
from quantum_async.providers.azure.translate.statuses import batch_status

QUIL = Program("DECLARE ro BIT[1]\nX 0\nMEASURE 0 ro[0]\n", ProgramFormat.QUIL, "one")
BROKEN = Program("WAT 0\n", ProgramFormat.QUIL, "broken")
ON = "azure:rigetti.sim.qvm"
TARGET = "rigetti.sim.qvm"
PUT_JOB = "/jobs/{id}"
SAS = "/storage/sasUri"
BLOB = "/{id}/*"

LOST = [
    "reset",
    "timeout",
    "status:500",
    "status:503",
    "html:502",
    "accept-then-status:500",
    "accept-then-status:503",
    "accept-then-reset",
    "accept-then-timeout",
    "truncate",
]


def fault(kind: str, *, route: str, method: str, **more):
    return {"provider": "azure", "method": method, "route": route, "fault": kind, **more}


def request(program: Program = QUIL, *, key: str | None = None, batch=None) -> SubmitRequest:
    spec = JobSpec(uuid.uuid4().hex, program, 10)
    return SubmitRequest(key or uuid.uuid4().hex, TARGET, (spec,), batch)


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize(
    ("route", "method"),
    [(PUT_JOB, "PUT"), (BLOB, "PUT"), (SAS, "POST")],
    ids=["job", "blob", "sas"],
)
async def test_a_fault_on_the_way_in_leaves_exactly_one_job(sandbox, azure, kind, route, method):
    """Whatever is lost of whichever of the three requests: one job, and its result."""
    await sandbox.set_faults([fault(kind, route=route, method=method, nth=1)])
    async with qa.Scheduler(azure()) as scheduler:
        job = await scheduler.submit(QUIL, shots=10, on=ON)
        assert (await job).shots == 10
    stats = (await sandbox.stats())["azure"]
    assert (stats["jobs_created"], stats["duplicates"]) == (1, 0)


async def test_a_submit_after_the_upload_alone_creates_the_job(sandbox, azure):
    """Killed between upload and creation: the same key continues where it ended (weak spot: 409)."""
    await sandbox.set_faults([fault("status:400", route=PUT_JOB, method="PUT", nth=1)])
    async with azure() as client:
        again = request()
        with pytest.raises(QuantumAsyncError):
            await client.submit(again)
        assert await client.find(again.key) == []
        [ref] = await client.submit(again)
        assert await client.find(again.key) == [ref]
    assert (await sandbox.stats())["azure"]["jobs_created"] == 1


async def test_another_payload_under_the_same_key_is_refused(azure):
    """A blob that is there already is taken for ours only where its content is."""
    async with azure() as client:
        first = request()
        await client.submit(first)
        with pytest.raises(DuplicateSubmissionError):
            await client.submit(request(BROKEN, key=first.key))


async def test_a_failure_before_the_job_is_sent_says_so(sandbox, azure):
    """A storage that stays away leaves nothing that could run."""
    await sandbox.set_faults([fault("status:503", route=BLOB, method="PUT")])
    async with azure() as client:
        with pytest.raises(NotSentError) as caught:
            await client.submit(request())
    assert caught.value.accepted == "no"


async def test_abort_tells_why_later_jobs_are_refused(azure):
    """The typed error names the job that failed and the policy that ended the session."""
    async with azure() as client:
        wanted = BatchRequest(uuid.uuid4().hex, TARGET, on_failure=FailurePolicy.ABORT)
        batch = await client.open_batch(wanted)
        [failed] = await client.submit(request(BROKEN, batch=batch))
        await client.jobs.wait(failed.id, timeout=None)
        with pytest.raises(BatchClosedError, match=f"{failed.id} failed: InvalidInputData.*Abort"):
            await client.submit(request(batch=batch))
        assert batch_status(await client.sessions.get(batch.id)) is BatchStatus.FAILED


async def test_a_sequences_batch_outlives_a_failed_job(azure):
    """Where nothing is asked for, Pasqal's sessions continue; the policy can be read."""
    async with azure() as client:
        batch = await client.open_batch(BatchRequest(uuid.uuid4().hex, "pasqal.sim.emu-free"))
        assert (await client.sessions.get(batch.id)).job_failure_policy == "Continue"
        other = await client.open_batch(BatchRequest(uuid.uuid4().hex, TARGET))
        assert (await client.sessions.get(other.id)).job_failure_policy == "Abort"


@pytest.mark.parametrize("way_out", ["normally", "error", "cancelled"])
async def test_a_session_is_closed_on_every_way_out(sandbox, azure, way_out):
    """Nothing stays open, however the block is left (weak spot: a leaked session)."""
    with anyio.CancelScope() as scope:
        try:
            async with qa.Scheduler(azure()) as scheduler, scheduler.open_batch(on=ON) as batch:
                await batch.submit(QUIL, shots=5)
                if way_out == "error":
                    raise KeyError("ours")
                if way_out == "cancelled":
                    scope.cancel()
                    await anyio.sleep_forever()
        except KeyError:
            assert way_out == "error"
    assert (await sandbox.stats())["azure"]["batches_open"] == 0


@pytest.mark.parametrize("kind", ["accept-then-reset", "accept-then-status:500", "reset"])
async def test_a_lost_answer_opens_one_session(sandbox, azure, kind):
    """The session of our id is found again."""
    await sandbox.set_faults([fault(kind, route="/sessions/{id}", method="PUT", nth=1)])
    async with qa.Scheduler(azure()) as scheduler, scheduler.open_batch(on=ON) as batch:
        await batch.submit(QUIL, shots=5)
    stats = (await sandbox.stats())["azure"]
    assert (stats["batches_open"], stats["duplicates"]) == (0, 0)


async def test_a_failed_job_is_told_with_the_services_words(azure):
    """Code and message, not a missing result (weak spot: swallowed errors)."""
    async with qa.Scheduler(azure()) as scheduler:
        with pytest.raises(JobFailedError, match="InvalidInputData"):
            await (await scheduler.submit(BROKEN, shots=5, on=ON))


async def test_an_expired_signature_is_renewed_before_and_after(sandbox, azure):
    """Addresses are renewed where they end soon, and once more where the storage refuses them."""
    await sandbox.change(options={"azure": {"sas_lifetime": 200.0}})
    async with azure() as client:
        [ref] = await client.submit(request())
        job = await client.jobs.wait(ref.id, timeout=None)
        assert (await client.jobs.output_of(job)).content
    routes = (await sandbox.stats())["azure"]["requests"]
    assert sum(n for route, n in routes.items() if route.endswith(SAS)) == 2
    await sandbox.change(options={"azure": {"sas_lifetime": 3600.0}})
    await sandbox.set_faults([fault("status:403", route=BLOB, method="GET", nth=1)])
    async with azure() as client:
        assert (await client.fetch(ref)).shots == 10


async def test_malformed_output_is_an_error_and_not_text(sandbox, azure):
    """What cannot be read raises (weak spot: a bare except that returns the raw text)."""
    await sandbox.set_faults([fault("body:200:{oops", route=BLOB, method="GET")])
    async with azure() as client:
        [ref] = await client.submit(request())
        await client.jobs.wait(ref.id, timeout=None)
        with pytest.raises(ResultError, match="not JSON"):
            await client.fetch(ref)


async def test_a_bad_key_is_refused_with_words(azure):
    """401 without a body still says what to do."""
    async with azure(connection_string=None, api_key="invalid", **PLACE) as client:
        with pytest.raises(AuthenticationError) as caught:
            [job async for job in client.jobs.list()]
    assert caught.value.remedy


async def test_cancelling_answers_what_has_ended(sandbox, azure):
    """204 counts as accepted, 409 on an ended job as cancelled."""
    await sandbox.change(job_time="30s")
    async with azure() as client:
        [ref] = await client.submit(request())
        assert await client.cancel([ref]) == {}
        assert (await client.poll([ref]))[ref].status is JobStatus.CANCELLED
        assert await client.cancel([ref]) == {}
    await sandbox.change(job_time="20ms")


async def test_a_container_that_the_service_does_not_create_is_created(sandbox, azure):
    """Services before 2026 leave that to the client."""
    await sandbox.change(options={"azure": {"creates_containers": False}})
    async with azure() as client:
        await client.submit(request())
    await sandbox.change(options={"azure": {"creates_containers": True}})
    assert (await sandbox.stats())["azure"]["jobs_created"] == 1


async def test_gzip_and_attachments_come_back_as_they_went(azure):
    """A compressed input is unpacked by its label; attachments can be replaced."""
    new = NewJob(
        target="echo-output",
        content=b"x" * 100_000,
        input_format="microsoft.quantum-log.v1",
        output_format="microsoft.quantum-log.v1",
        provider="Microsoft.Test.FirstParty",
        encoding="gzip",
    )
    async with azure() as client:
        job = await client.jobs.create(new)
        await client.jobs.wait(job.id, timeout=None)
        assert await client.jobs.input(job.id) == new.content
        for text in (b"one", b"two"):
            await client.jobs.upload_attachment(job.id, "a note", text)
        assert await client.jobs.download_attachment(job.id, "a note") == b"two"
        assert "a note" in await client.jobs.list_attachments(job.id)
        async with client.jobs.stream_output(job.id) as download:
            assert b"".join([chunk async for chunk in download.chunks()])


PLACE = {
    "name": "sandbox",
    "resource_group": "sandbox",
    "subscription_id": "00000000-0000-4000-8000-000000000002",
}
