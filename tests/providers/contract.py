"""What every provider must do, whoever wrote it: subclass `ProviderContract` and run it.

A provider's test module subclasses the suite, names it ``Test...`` and overrides the fixtures
`client` and `sent`, and what differs in the attributes. Polling, fetching and waiting go through
`finished`, so that a provider which answers slowly only changes `patience`.
"""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar
from uuid import uuid4

import anyio
import pytest

from quantum_async.errors import (
    BatchError,
    ConfigurationError,
    InvalidInputError,
    InvalidShotsError,
    JournalError,
    NotFoundError,
    QuantumAsyncError,
    SubmissionUnknownError,
    UnknownTargetError,
    UnsupportedProgramError,
)
from quantum_async.http.fence import fenced
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest
from quantum_async.models.target import Target
from quantum_async.providers.base import ProviderClient

FLIPPED = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
x q[0];
measure q -> c;
"""


class ProviderContract(ABC):
    """The contract, one test per promise."""

    device: ClassVar[str]
    """A device that runs `program`."""
    program: ClassVar[Program] = Program(FLIPPED, ProgramFormat.QASM2, "flipped")
    """A program whose only outcome is `outcome`."""
    outcome: ClassVar[str] = "01"
    unsupported: ClassVar[Program] = Program("{}", ProgramFormat.IONQ)
    """A program that the device cannot run."""
    options: ClassVar[RunOptions] = RunOptions()

    @pytest.fixture
    @abstractmethod
    def client(self) -> ProviderClient:
        """A client that is not open yet."""

    @abstractmethod
    def sent(self, client: ProviderClient) -> int:
        """Count the requests that the client has sent so far."""

    @pytest.fixture
    async def opened(self, client):
        """The same client, open."""
        async with client:
            yield client

    def spec(self, **changes) -> JobSpec:
        """A job that runs."""
        plain = JobSpec(uuid4().hex, self.program, 20, options=self.options)
        return replace(plain, **changes)

    def request(self, *jobs: JobSpec, **changes) -> SubmitRequest:
        """A submission of jobs, or of one plain job."""
        return replace(SubmitRequest(uuid4().hex, self.device, jobs or (self.spec(),)), **changes)

    async def finished(self, client: ProviderClient, refs: list[JobRef]) -> list[JobState]:
        """Poll until every job has ended."""
        states: dict[JobRef, JobState] = {}
        while len(states) < len(refs):
            asked = [ref for ref in refs if ref not in states]
            wait = 1.0 if client.capabilities.long_poll else 0.0
            known = await client.poll(asked[: client.capabilities.jobs_per_poll], wait=wait)
            assert set(known) <= set(asked), "a poll answers only what was asked"
            states |= {ref: s for ref, s in known.items() if s.status.is_terminal}
            await anyio.sleep(0 if client.capabilities.long_poll else 0.05)
        return [states[ref] for ref in refs]

    def test_a_constructor_a_property_and_a_repr_send_nothing(self, client):
        """Nothing is sent, and no loop is needed, before the client is entered."""
        assert client.capabilities.jobs_per_submission >= 1
        assert client.capabilities.jobs_per_poll >= 1
        assert Target.parse(f"{client.name}:{self.device}").provider == client.name
        assert repr(client)
        assert not client.is_open
        assert self.sent(client) == 0

    def test_a_client_is_not_pickled(self, client):
        """It holds credentials and connections, and says what to do instead."""
        with pytest.raises(ConfigurationError, match="pickled") as caught:
            pickle.dumps(client)
        assert "environment" in (caught.value.remedy or "")

    async def test_what_may_not_leave_stays(self, opened):
        """Each request of a submission is looked at, and none leaves that must not."""
        looks = 0

        def look() -> float:
            nonlocal looks
            looks += 1
            if looks == last:
                raise lost
            return 60.0

        last, lost = 0, JournalError("the lease is gone")
        # What the first submission asks for is known to the others.
        await opened.submit(self.request())
        with fenced(look) as passage:
            await opened.submit(self.request())
        if not passage.has_left:
            return  # all is done on this machine
        for last in range(1, looks + 1):
            looks, lost = 0, JournalError("the lease is gone")
            with fenced(look) as passage, pytest.raises(JournalError) as caught:
                await opened.submit(self.request())
            assert caught.value is lost
            assert lost.accepted == "no"
            assert not passage.has_left or last > 2

    async def test_opening_and_closing_twice_are_harmless(self, client):
        """A scheduler need not know who else has opened a client."""
        await client.open()
        await client.open()
        assert client.is_open
        await client.close()
        await client.close()
        assert not client.is_open

    async def test_a_closed_client_can_be_opened_again(self, client):
        """Entering a second time works as the first."""
        for _ in range(2):
            async with client:
                [ref] = await client.submit(self.request())
                [state] = await self.finished(client, [ref])
                assert state.status is JobStatus.SUCCEEDED

    async def test_devices_have_names_to_target(self, opened):
        """The list is not empty, and every entry can be written as a target."""
        devices = await opened.devices()
        assert self.device in {device.name for device in devices}
        for device in devices:
            target = Target.parse(device.target)
            assert (target.provider, target.device) == (opened.name, device.name)

    async def test_a_job_runs_from_submission_to_result(self, opened):
        """Submit, poll, fetch: the result is what the program says."""
        [ref] = await opened.submit(self.request())
        [state] = await self.finished(opened, [ref])
        assert state.status is JobStatus.SUCCEEDED, state
        result = await opened.fetch(ref)
        assert result.counts == {self.outcome: 20}
        assert result.shots == 20

    async def test_a_result_can_be_fetched_again(self, opened):
        """A fetch that was cut short is repeated."""
        [ref] = await opened.submit(self.request())
        await self.finished(opened, [ref])
        assert (await opened.fetch(ref)).counts == (await opened.fetch(ref)).counts

    async def test_references_come_in_the_order_of_the_request(self, opened):
        """Each of several jobs is found under its own reference."""
        many = min(3, opened.capabilities.jobs_per_submission)
        jobs = [self.spec(shots=10 + number) for number in range(many)]
        if len({opened.grouping(job) for job in jobs}) > 1:
            jobs = [self.spec() for _ in range(many)]
        refs = await opened.submit(self.request(*jobs))
        assert [ref.key for ref in refs] == [job.key for job in jobs]
        assert len(set(refs)) == many
        await self.finished(opened, refs)
        results = [await opened.fetch(ref) for ref in refs]
        assert [result.shots for result in results] == [job.shots for job in jobs]

    async def test_the_shortcut_for_many_results_agrees_with_fetch(self, opened):
        """What `fetch_many` yields is what `fetch` yields."""
        [ref] = await opened.submit(self.request())
        await self.finished(opened, [ref])
        found = await opened.fetch_many([ref])
        assert set(found) <= {ref}
        for result in found.values():
            assert result.counts == {self.outcome: 20}

    async def test_references_survive_pickling(self, opened):
        """A reference is all that another process needs."""
        [ref] = await opened.submit(self.request())
        copy = pickle.loads(pickle.dumps(ref))
        assert copy == ref
        assert copy.provider == opened.name
        [state] = await self.finished(opened, [copy])
        assert state.status is JobStatus.SUCCEEDED

    async def test_an_unknown_job_is_missing_from_a_poll(self, opened):
        """A poll of a strange reference does not fail the others."""
        [ref] = await opened.submit(self.request())
        await self.finished(opened, [ref])
        strange = replace(ref, id=str(uuid4()))
        states = await opened.poll([ref, strange])
        assert strange not in states
        assert states[ref].status is JobStatus.SUCCEEDED

    async def test_polling_nothing_answers_nothing(self, opened):
        """No jobs, no answer, no waiting."""
        assert not await opened.poll([], wait=3600.0)

    async def test_an_unknown_jobs_result_is_refused(self, opened):
        """The error is ours and says which job."""
        [ref] = await opened.submit(self.request())
        await self.finished(opened, [ref])
        with pytest.raises(QuantumAsyncError):
            await opened.fetch(replace(ref, id=str(uuid4())))

    async def test_cancelling_a_finished_job_is_harmless(self, opened):
        """A job that has ended counts as cancelled; its result stays."""
        [ref] = await opened.submit(self.request())
        await self.finished(opened, [ref])
        assert await opened.cancel([ref]) == {}
        assert (await opened.fetch(ref)).counts == {self.outcome: 20}

    async def test_a_cancelled_job_ends(self, opened):
        """A cancelled job does not hang, whether or not it could still be stopped."""
        [ref] = await opened.submit(self.request())
        await opened.cancel([ref])
        [state] = await self.finished(opened, [ref])
        assert state.status in {JobStatus.CANCELLED, JobStatus.SUCCEEDED}

    async def test_a_lost_answer_can_be_looked_up_as_the_grade_says(self, opened):
        """`find` returns the jobs of a key, or says that it cannot."""
        request = self.request()
        refs = await opened.submit(request)
        if opened.capabilities.grade is SubmissionGrade.AT_MOST_ONCE:
            with pytest.raises(SubmissionUnknownError):
                await opened.find(request.key)
            return
        await anyio.sleep(opened.capabilities.settle_delay)
        assert await opened.find(request.key) == refs
        assert await opened.find(uuid4().hex) == []

    async def test_an_exact_provider_takes_a_key_once(self, opened):
        """Sending the same submission again creates nothing."""
        if opened.capabilities.grade is not SubmissionGrade.EXACT:
            pytest.skip("only for exact providers")
        request = self.request()
        assert await opened.submit(request) == await opened.submit(request)

    async def test_validating_accepts_what_runs(self, opened):
        """A good job passes, and its default device is known."""
        await opened.validate(self.spec(), self.device)

    @pytest.mark.parametrize("shots", [0, -1, 2.5])
    async def test_bad_shots_are_refused_before_anything_is_sent(self, opened, shots):
        """Shots that no device takes never reach the provider."""
        before = self.sent(opened)
        with pytest.raises(InvalidShotsError):
            await opened.validate(self.spec(shots=shots), self.device)
        assert self.sent(opened) == before

    async def test_unknown_variables_are_refused(self, opened):
        """A value without a parameter is a mistake of the caller."""
        with pytest.raises(InvalidInputError):
            await opened.validate(self.spec(variables={"no_such_parameter": 1.0}), self.device)

    async def test_foreign_programs_are_refused(self, opened):
        """A format that the device cannot run is refused by name."""
        with pytest.raises(UnsupportedProgramError):
            await opened.validate(self.spec(program=self.unsupported), self.device)

    async def test_unknown_devices_are_refused(self, opened):
        """The error lists or hints at what there is."""
        with pytest.raises((UnknownTargetError, NotFoundError)):
            await opened.validate(self.spec(), "no-such-device")

    async def test_an_open_batch_takes_jobs_until_it_is_closed(self, opened):
        """Open, submit, close twice; then it takes no more."""
        batch_request = BatchRequest(uuid4().hex, self.device, self.program)
        if not opened.capabilities.open_batch:
            with pytest.raises(BatchError):
                await opened.open_batch(batch_request)
            return
        batch = await opened.open_batch(batch_request)
        assert pickle.loads(pickle.dumps(batch)) == batch
        refs = []
        for _ in range(2):
            refs += await opened.submit(self.request(batch=batch))
        await opened.close_batch(batch)
        await opened.close_batch(batch)
        with pytest.raises(QuantumAsyncError):
            await opened.submit(self.request(batch=batch))
        states = await self.finished(opened, refs)
        assert {state.status for state in states} == {JobStatus.SUCCEEDED}

    async def test_cancelling_a_batch_ends_its_jobs(self, opened):
        """Nothing in a cancelled batch goes on for ever."""
        if not opened.capabilities.open_batch:
            pytest.skip("this provider has no open batches")
        batch = await opened.open_batch(BatchRequest(uuid4().hex, self.device, self.program))
        refs = await opened.submit(self.request(batch=batch))
        await opened.cancel_batch(batch)
        for state in await self.finished(opened, refs):
            assert state.status.is_terminal
