"""The awaited backends, on clients and as children of a scheduler."""

from __future__ import annotations

import math

import anyio
import pulser
import pytest
from pulser.backend import BackendConfig, BitStrings, EmulationConfig, Occupation
from pulser.backend.remote import BatchStatus, JobStatus

import quantum_async as qa
from quantum_async.errors import (
    BatchError,
    BatchNotClosedError,
    ConfigurationError,
    InvalidInputError,
    InvalidShotsError,
    JobFailedError,
    RejectedRequestError,
    UnboundParametersError,
    UnknownTargetError,
    WaitTimeoutError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.integrations.pulser import EmulatorBackend, QPUBackend, WrongTypeError
from quantum_async.integrations.pulser.link import Link
from tests.integrations.pulser.sequences import driven, fresnel, job, older, plain

PI = 2 * math.pi
FAILURE = {"provider": "pasqal", "method": "*", "route": "*", "nth": 2, "fault": "job-failure"}
NO_CLOSING = {
    "provider": "pasqal",
    "method": "PATCH",
    "route": "*",
    "probability": 1.0,
    "fault": "status:500",
}


@pytest.fixture
async def pasqal(sandbox):
    """An open client of the sandbox."""
    async with sandbox.client("pasqal") as client:
        yield client


@pytest.fixture
def counted(sandbox):
    """What the sandbox has seen."""

    async def count():
        return (await sandbox.stats())["pasqal"]

    return count


def sums(results):
    return [sum(each.final_bitstrings.values()) for each in results]


async def requests(counted):
    seen = (await counted())["requests"]
    return sum(n for route, n in seen.items() if "token" not in route)


async def test_results_are_awaited(pasqal, counted):
    """Results come in the order of the jobs, with few requests and none for what is known."""
    results = await QPUBackend(driven(), pasqal).run([job(runs=3), job(runs=4), job(runs=5)])
    assert await requests(counted) == 2
    assert sums(await results) == [3, 4, 5]
    before = await requests(counted)
    assert sums(await results) == [3, 4, 5]
    assert list(await results.get_available_results()) == results.job_ids
    assert await requests(counted) == before
    assert await results.get_batch_status() is BatchStatus.DONE
    assert len(results) == 3
    assert results.batch_id in repr(results)


async def test_backends_share_what_was_read_of_devices(pasqal, counted):
    """A second backend on a client does not read the specifications again."""
    for _ in range(2):
        await QPUBackend(driven(), pasqal).run([job()])
    assert (await counted())["requests"]["GET /core-fast/api/v1/devices/specs"] == 1


async def test_the_device_of_today_is_sent(pasqal):
    """A sequence made for an older device is sent for the one that it was checked against."""
    results = await QPUBackend(driven(older()), pasqal).run([job()])
    text = (await pasqal.batches.get(results.batch_id)).sequence_builder
    assert pulser.Sequence.from_abstract_repr(text).device == fresnel()


async def test_an_emulator_that_mimics_a_qpu_gets_the_device_of_today(pasqal):
    """It is checked and sent like a QPU's, to the emulator."""
    backend = EmulatorBackend(driven(older()), pasqal, mimic_qpu=True, target="EMU_SV")
    batch = await pasqal.batches.get((await backend.run([job()])).batch_id)
    assert batch.device_type == "EMU_SV"
    assert pulser.Sequence.from_abstract_repr(batch.sequence_builder).device == fresnel()
    with pytest.raises(InvalidShotsError, match="at most"):
        await backend.run([job(runs=fresnel().max_runs + 1)])


async def test_outcomes_come_as_they_end(pasqal, sandbox):
    """Each outcome is yielded once, a failed one among the others."""
    await sandbox.set_faults([FAILURE])
    results = await QPUBackend(driven(), pasqal).run([job(runs=1), job(runs=2), job(runs=3)])
    seen = {outcome.job_id: outcome async for outcome in results}
    assert [seen[i].status for i in results.job_ids] == [
        JobStatus.DONE,
        JobStatus.ERROR,
        JobStatus.DONE,
    ]
    assert isinstance(seen[results.job_ids[1]].error, JobFailedError)
    assert sums((await results.get_available_results()).values()) == [1, 3]
    with pytest.raises(JobFailedError, match=results.job_ids[1]):
        await results


async def test_several_failures(pasqal, sandbox):
    """All of them are told."""
    await sandbox.set_faults([{**FAILURE, "nth": 1}, {**FAILURE, "nth": 2}])
    results = await QPUBackend(driven(), pasqal).run([job(), job(), job()], wait=True)
    with pytest.raises(ExceptionGroup) as caught:
        await results
    assert len(caught.value.exceptions) == 2


async def test_jobs_that_go_on(pasqal, sandbox):
    """Waiting can be bounded; the jobs go on until they are cancelled."""
    await sandbox.change(job_time=3600.0)
    results = await QPUBackend(driven(), pasqal).run([job(), job()])
    with pytest.raises(WaitTimeoutError):
        await results.wait(timeout=0.2)
    assert not set((await results.get_job_statuses()).values()) & {JobStatus.DONE, JobStatus.ERROR}
    await results.cancel()
    outcomes = await results.wait()
    assert {each.status for each in outcomes.values()} == {JobStatus.CANCELED}


async def test_an_open_batch(pasqal, counted):
    """Runs in the block join one batch, which its end closes."""
    backend = QPUBackend(driven(), pasqal)
    async with backend.open_batch() as batch_id:
        first = await backend.run([job(runs=1)])
        second = await backend.run([job(runs=2)], wait=True)
        assert (await counted())["batches_open"] == 1
        with pytest.raises(BatchError, match="open"):
            async with backend.open_batch():
                pass
    assert (await counted())["batches_open"] == 0
    assert {first.batch_id, second.batch_id} == {batch_id}
    assert sums([*await first, *await second]) == [1, 2]
    assert (await backend.run([job()])).batch_id != batch_id


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
async def test_an_error_in_the_block_cancels_the_batch(pasqal, sandbox, counted, kind):
    """Nothing stays open or goes on running, and the error goes on."""
    await sandbox.change(job_time=3600.0)
    backend = QPUBackend(driven(), pasqal)
    with pytest.raises(kind):
        async with backend.open_batch():
            await backend.run([job()])
            raise kind
    seen = await counted()
    assert seen["batches_open"] == 0
    assert seen["jobs_by_status"] == {"cancelled": 1}


async def test_a_cancellation_in_the_block_cancels_the_batch(pasqal, sandbox, counted):
    """A task that is cancelled while it waits leaves nothing behind."""
    await sandbox.change(job_time=3600.0)
    backend = QPUBackend(driven(), pasqal)

    async def cancel_once_it_waits():
        while not any(r.startswith("GET") and "jobs" in r for r in (await counted())["requests"]):
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel_once_it_waits)
        async with backend.open_batch():
            await backend.run([job()], wait=True)
    seen = await counted()
    assert seen["batches_open"] == 0
    assert seen["jobs_by_status"] == {"cancelled": 1}


@pytest.fixture
async def cancelled(sandbox):
    """A client, and a scope that is cancelled when the client sends its next batch or job."""

    def cancel(event):
        if is_armed and event.method == "POST" and event.url.endswith("/batches"):
            is_armed.clear()
            scope.cancel()

    is_armed, scope = set(), anyio.CancelScope()
    options = SessionOptions(hooks=EventHooks(request=[cancel]))
    async with qa.PasqalClient.from_env(sandbox.env("pasqal"), options=options) as client:
        # What the first run asks for once, the next one does not.
        backend = QPUBackend(driven(), client)
        await backend.run([job()])
        is_armed.add(True)
        yield backend, scope


async def test_a_cancellation_while_a_batch_opens(cancelled, counted):
    """A batch that was opened for a task that is gone is closed."""
    backend, scope = cancelled
    before = (await counted())["requests"]
    with scope:
        async with backend.open_batch():
            pass
    assert scope.cancelled_caught
    after = await counted()
    assert sum(after["requests"].values()) > sum(before.values())
    assert after["batches_open"] == 0


async def test_a_cancellation_while_jobs_are_sent(cancelled, sandbox, counted):
    """Jobs whose ids nobody got are cancelled."""
    await sandbox.change(job_time=3600.0)
    backend, scope = cancelled
    with scope:
        await backend.run([job()])
    assert scope.cancelled_caught
    assert (await counted())["jobs_by_status"].get("cancelled") == 1


async def test_failing_to_close_hides_no_error(pasqal, sandbox):
    """What ended the block goes on, and says that the batch may still be open."""
    backend = QPUBackend(driven(), pasqal)
    backend._link.grace = 0.5
    with pytest.raises(ZeroDivisionError) as caught:
        async with backend.open_batch():
            await sandbox.set_faults([NO_CLOSING])
            raise ZeroDivisionError
    assert "may still be open" in caught.value.__notes__[0]
    await sandbox.set_faults([])
    with pytest.raises(BatchNotClosedError):
        async with backend.open_batch():
            await sandbox.set_faults([NO_CLOSING])


@pytest.mark.parametrize("fault", ["accept-then-reset", "accept-then-status:504"])
async def test_a_lost_answer_gives_one_batch(pasqal, sandbox, counted, fault):
    """A batch whose answer was lost is found by its key, not sent again."""
    rule = {"provider": "pasqal", "method": "POST", "route": "/core-fast/api/v1/batches"}
    await sandbox.set_faults([{**rule, "nth": 1, "fault": fault}])
    results = await QPUBackend(driven(), pasqal).run([job(runs=3)])
    assert sums(await results) == [3]
    assert (await counted())["jobs_created"] == 1


async def test_a_scheduler_owns_the_jobs(sandbox, counted):
    """Its block waits for them; one run is one batch, closed at once."""
    async with qa.Scheduler(sandbox.client("pasqal")) as scheduler:
        backend = QPUBackend(driven(), scheduler)
        results = await backend.run([job(runs=1), job(runs=2)])
        assert (await counted())["batches_open"] == 0
        assert sums(await results) == [1, 2]
        async with backend.open_batch():
            more = await backend.run([job(runs=3)], wait=True)
        seen = [outcome.job_id async for outcome in results]
    assert sorted(seen) == sorted(results.job_ids)
    assert await results.get_batch_status() is BatchStatus.DONE
    assert sums((await more.get_available_results()).values()) == [3]
    assert more.batch_id != results.batch_id


async def test_leaving_a_scheduler_by_an_error_cancels(sandbox, counted):
    """Jobs and batches of its backends end with it."""
    await sandbox.change(job_time=3600.0)
    with pytest.raises(ZeroDivisionError):
        async with qa.Scheduler(sandbox.client("pasqal")) as scheduler:
            backend = QPUBackend(driven(), scheduler)
            results = await backend.run([job()])
            assert (await results.outcomes())[results.job_ids[0]].result is None
            raise ZeroDivisionError
    seen = await counted()
    assert seen["batches_open"] == 0
    assert seen["jobs_by_status"] == {"cancelled": 1}


async def test_a_failed_job_of_a_scheduler(sandbox):
    """It hides no other, and whoever looked at it is not told again."""
    await sandbox.set_faults([FAILURE])
    async with qa.Scheduler(sandbox.client("pasqal")) as scheduler:
        results = await QPUBackend(driven(), scheduler).run([job(runs=1), job(runs=2)], wait=True)
        with pytest.raises(JobFailedError):
            await results
        assert len(await results.get_available_results()) == 1


async def test_which_client_of_a_scheduler():
    """The target names the client; without one it must be clear."""
    async with qa.Scheduler(qa.LocalClient(), qa.PasqalClient(token="t")) as scheduler:
        with pytest.raises(ConfigurationError, match="local, pasqal"):
            QPUBackend(driven(), scheduler)
        results = await QPUBackend(driven(), scheduler, target="local:pulser").run([job(runs=3)])
        assert sums(await results) == [3]


async def test_the_simulator_stands_in(counted):
    """The same backends run on the simulator, with every observable."""
    async with qa.LocalClient(seed=1) as client:
        down, up = await (await QPUBackend(driven(), client).run([job(0.0), job(PI)]))
        config = EmulationConfig(observables=[BitStrings(num_shots=30), Occupation()])
        backend = EmulatorBackend(plain(), client, config=config)
        [emulated] = await (await backend.run())
    assert dict(down.final_bitstrings) == {"00": 100}
    assert up.final_bitstrings["11"] > 80
    assert sum(emulated.final_bitstrings.values()) == 30
    assert list(emulated.occupation[-1]) == pytest.approx([1.0, 1.0], abs=0.1)


async def test_the_simulator_takes_what_pulser_cannot_write_down():
    """A sequence with an index that a variable had, as pulser-simulation does."""
    register = pulser.Register({"a": (0.0, 0.0), "b": (60.0, 0.0)})
    sequence = pulser.Sequence(register, pulser.MockDevice)
    sequence.declare_channel("local", "rydberg_local", initial_target="a")
    index = sequence.declare_variable("index", dtype=int)
    sequence.target_index(index, "local")
    sequence.add(pulser.Pulse.ConstantPulse(500, PI, 0.0, 0.0), "local")
    async with qa.LocalClient(seed=1) as client:
        config = EmulationConfig(observables=[BitStrings(num_shots=30)], solver="dmrg")
        backend = EmulatorBackend(sequence.build(index=1), client, config=config)
        [flipped] = await (await backend.run())
    assert dict(flipped.final_bitstrings) == {"01": 30}


async def test_default_shots(pasqal):
    """The configuration's number of shots counts where a job does not say one."""
    backend = QPUBackend(plain(), pasqal, config=BackendConfig(default_num_shots=7))
    assert sums(await (await backend.run())) == [7]
    assert sums(await (await backend.run([{}, {"runs": 5}]))) == [7, 5]


async def test_what_is_refused(pasqal, counted):
    """Nothing of it is sent."""
    backend = QPUBackend(driven(), pasqal)
    with pytest.raises(InvalidInputError, match="job_params"):
        await backend.run()
    with pytest.raises(WrongTypeError):
        await backend.run({"runs": 1})
    with pytest.raises(InvalidShotsError):
        await backend.run([{"variables": {"omega": 1.0}}])
    with pytest.raises(UnknownTargetError):
        await QPUBackend(driven(pulser.AnalogDevice), pasqal).run([job()])
    with pytest.raises(WrongTypeError):
        QPUBackend(driven(), pasqal, config={"default_num_shots": 3})
    with pytest.raises(WrongTypeError):
        QPUBackend(driven(pulser.MockDevice), pasqal)
    with pytest.raises(WrongTypeError):
        EmulatorBackend(driven(), pasqal, config=BackendConfig())
    assert (await counted())["jobs_created"] == 0


async def test_a_link_is_shared_by_nobody(pasqal):
    """A link that did not open its client does not close it."""
    async with Link(pasqal) as link:
        assert await link.devices()
    assert pasqal.is_open


async def test_a_refused_run_leaves_nothing(pasqal, sandbox, counted):
    """Where one of several submissions is refused, what was accepted is cancelled."""
    await sandbox.change(job_time=3600.0)
    rule = {"provider": "pasqal", "method": "POST", "route": "/core-fast/api/v2/batches/{id}/jobs"}
    await sandbox.set_faults([{**rule, "nth": 2, "fault": "status:422"}])
    with pytest.raises(RejectedRequestError):
        await QPUBackend(driven(), pasqal).run([job() for _ in range(101)])
    seen = await counted()
    assert seen["batches_open"] == 0
    assert seen["jobs_by_status"] == {"cancelled": 100}


async def test_a_refused_run_of_a_scheduler(sandbox, counted):
    """The error is the job's own, not a group, and the batch is closed."""
    async with qa.Scheduler(sandbox.client("pasqal")) as scheduler:
        with pytest.raises(UnboundParametersError):
            await QPUBackend(driven(), scheduler).run([job(), {"runs": 1}])
        assert (await counted())["batches_open"] == 0
