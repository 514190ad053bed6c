"""At every door the refusal is told, not the cancellations that it causes, whatever the order."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

import quantum_async as qa
import quantum_async.blocking
from quantum_async.blocking._portal import Portal
from quantum_async.blocking._session import Session
from quantum_async.errors import InvalidInputError, RejectedRequestError, UnboundParametersError
from quantum_async.integrations.pulser import QPUBackend
from quantum_async.integrations.qiskit import AsyncProvider
from quantum_async.models.capabilities import Capabilities, SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.integrations.pulser.sequences import driven, fresnel, job
from tests.integrations.qiskit.circuits import asymmetric, backend_of
from tests.interleaving import InterleavedLoop, interleaved
from tests.scheduler.fake import PROGRAM, UNMEASURED, FakeClient

QUICK = qa.Limits(min_poll_interval=0.005)
SEEDS = range(60)
BATCHES = Capabilities(grade=SubmissionGrade.EXACT, open_batch=True, jobs_per_poll=100)
ALONE = Capabilities(grade=SubmissionGrade.EXACT, jobs_per_poll=100)


def slowly(number: int) -> float:
    """Longer than any scenario waits."""
    del number
    return 3600.0


class Hesitant(FakeClient):
    """Looks at each job for a few turns of the loop, and refuses what lacks a value."""

    async def validate(self, job, device) -> None:
        """Refuse."""
        for _ in range(8):
            await anyio.lowlevel.checkpoint()
        if job.program.format == "pulser" and not job.variables:
            raise UnboundParametersError("omega has no value", remedy="Give it one.")
        await super().validate(job, device)


def refusal() -> RejectedRequestError:
    """What a provider says of a job that it will not run."""
    error = RejectedRequestError("not like this", remedy="Do it otherwise.")
    error.status = 422
    return error


@pytest.mark.parametrize("capabilities", [BATCHES, ALONE], ids=["batch", "alone"])
def test_a_refused_run_of_pulsers_backend(capabilities) -> None:
    """The other jobs of the run are cancelled, and the scheduler's block is left in peace."""
    sequence = driven()

    async def scenario() -> None:
        client = Hesitant(run_time=slowly, capabilities=capabilities)
        async with Scheduler(client, limits=QUICK) as scheduler:
            backend = QPUBackend(sequence, scheduler, target="fake:one", devices={"one": fresnel()})
            with pytest.raises(UnboundParametersError):
                await backend.run([job(), job(), {"runs": 1}])
        assert not client.running()

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_a_refused_run_in_an_open_batch_of_pulsers_backend() -> None:
    """The jobs of that run are cancelled, and the batch takes others."""
    sequence = driven()

    async def scenario() -> None:
        client = Hesitant(run_time=lambda number: 3600.0 if number < 2 else 0.01)
        async with Scheduler(client, limits=QUICK) as scheduler:
            backend = QPUBackend(sequence, scheduler, target="fake:one", devices={"one": fresnel()})
            async with backend.open_batch():
                with pytest.raises(UnboundParametersError):
                    await backend.run([job(), job(), {"runs": 1}])
                assert client.world.calls["cancel_batch"] == 0
        assert not client.running()

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_a_refused_run_of_qiskits_backend() -> None:
    """The refusal of one circuit is told, also where the others cannot be cancelled."""
    circuits = [asymmetric()] * 3

    async def scenario() -> None:
        faults = {"submit": [None, refusal()], "cancel": [refusal()]}
        client = FakeClient(run_time=lambda _: 0.5, capabilities=ALONE, faults=faults)
        async with Scheduler(client, limits=QUICK) as scheduler:
            with pytest.raises(RejectedRequestError, match="not like this") as caught:
                await backend_of(AsyncProvider(scheduler)).run(circuits, shots=1)
        assert any("Cancelling the others failed" in note for note in caught.value.__notes__)

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_a_refused_batch_of_the_blocking_scheduler() -> None:
    """The error of the block is told, and leaving the scheduler tells nothing more."""
    for seed in SEEDS:
        portal = Portal(lambda seed=seed: InterleavedLoop(seed))
        portal.start()
        client = Hesitant(run_time=slowly)
        twin = Scheduler(client, limits=QUICK)
        with quantum_async.blocking.Scheduler._of(twin, Session(twin, portal=portal)) as scheduler:
            with pytest.raises(InvalidInputError), scheduler.open_batch(PROGRAM) as batch:
                batch.submit(shots=1)
                batch.submit(UNMEASURED, shots=1)
            assert not batch.is_open
        assert all(job.cancelled_at is not None for job in client.world.jobs.values())
        portal.stop(5.0)
