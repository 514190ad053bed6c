"""What a blocking program sees: values, errors, threads, loops and context."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from math import inf

import anyio
import pytest

import quantum_async.blocking as qa
from quantum_async.blocking._handle import Handle, wrap
from quantum_async.blocking._portal import Portal, current_portal, existing_portal
from quantum_async.blocking._session import Session
from tests.scheduler.fake import PROGRAM, UNMEASURED, FakeClient


@pytest.fixture
def scheduler():
    """A blocking scheduler on the scripted provider."""
    with qa.Scheduler(FakeClient()) as opened:
        yield opened


def handle(thing) -> Handle:
    return Handle(thing, Session(thing))


def test_a_job_gives_its_result(scheduler) -> None:
    """Submitting returns a handle, and the handle the result."""
    job = scheduler.submit(PROGRAM, shots=7)
    assert isinstance(job, qa.Job)
    assert job.result().shots == 7
    assert job.is_settled
    assert job.status() is qa.JobStatus.SUCCEEDED
    assert repr(job).startswith("<Job fake:one/job-0")


def test_a_sweep_is_iterated_over_and_asked(scheduler) -> None:
    """Points come as they finish, any number of times, and the results in the grid's order."""
    sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(10)), shots=1)
    assert sorted(point.index for point in sweep) == list(range(10))
    assert len([*sweep]) == len(sweep) == 10
    assert [point.index for point in sweep.result()] == list(range(10))
    assert [point.index for point in sweep.results()] == list(range(10))


def test_leaving_a_loop_early_does_not_stop_a_sweep(scheduler) -> None:
    """After `break` the sweep goes on, and a new loop starts from its beginning."""
    sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(5)), shots=1)
    for _ in sweep:
        break
    assert len(list(sweep)) == 5


def test_jobs_are_yielded_as_the_same_handles(scheduler) -> None:
    """What `as_completed` yields equals what was passed, so that it finds its entry in a dict."""
    jobs = {scheduler.submit(PROGRAM, shots=n): n for n in (1, 2, 3)}
    done = list(scheduler.as_completed(job for job in jobs))
    assert sorted(jobs[job] for job in done) == [1, 2, 3]
    assert done[0] != PROGRAM


def test_a_batch_is_a_block(scheduler) -> None:
    """A batch opens and closes with its ``with`` block, and takes jobs and sweeps."""
    with scheduler.open_batch(PROGRAM) as batch:
        assert batch.is_open
        assert batch.submit(shots=3).result().shots == 3
        assert len(batch.sweep(qa.grid(a=[1, 2]), shots=1).result()) == 2
    assert not batch.is_open


def test_events_are_iterated_over(scheduler) -> None:
    """A job's events end with the job; `next` and ``for`` share one stream."""
    job = scheduler.submit(PROGRAM, shots=1)
    events = job.events()
    job.result()
    kinds = [event.kind for event in events]
    assert kinds[-1:] == [qa.JobEventKind.FINISHED] or not kinds
    assert list(events) == []


def test_an_error_comes_as_it_is(scheduler) -> None:
    """An error has its type, its remedy and its notes, and its traceback no machinery of ours."""
    with pytest.raises(qa.NoMeasurementError) as caught:
        scheduler.submit(UNMEASURED, shots=1)
    assert caught.value.remedy == "Measure."
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not any("/anyio/" in file for file in files)
    assert len([file for file in files if "/blocking/_" in file]) <= 3


def test_a_single_error_of_a_group_comes_alone() -> None:
    """One unseen failure raises as itself, several as the group that async code gets."""
    fails = FakeClient(fails=lambda _: True)
    with pytest.raises(qa.JobFailedError), qa.Scheduler(fails) as scheduler:
        scheduler.submit(PROGRAM, shots=1)
    with pytest.raises(ExceptionGroup) as caught, qa.Scheduler(fails) as scheduler:
        scheduler.submit(PROGRAM, shots=1)
        scheduler.submit(PROGRAM, shots=1)
    assert len(caught.value.exceptions) == 2


def test_groups_of_one_are_unwrapped() -> None:
    """A group of one, however deep, is its member; the group stays as the hidden context."""

    class Grouped:
        async def fail(self) -> None:
            async with anyio.create_task_group() as outer, anyio.create_task_group() as tasks:
                del outer
                tasks.start_soon(anyio.sleep, 0)
                raise ValueError("alone")

    thing = Grouped()
    with pytest.raises(ValueError, match="alone") as caught:
        handle(thing)._call("fail", thing.fail)
    assert isinstance(caught.value.__context__, ExceptionGroup)
    assert caught.value.__suppress_context__


def test_a_long_traceback_is_trimmed_as_any_other() -> None:
    """An error from a deep recursion reaches a caller who is deep himself with all of its frames."""

    class Deep:
        async def fail(self) -> None:
            def down(depth: int) -> None:
                if depth == 700:
                    raise ValueError("at the bottom")
                down(depth + 1)

            down(0)

    def call(depth: int) -> None:
        if depth:
            call(depth - 1)
        else:
            handle(thing)._call("fail", thing.fail)

    thing = Deep()
    with pytest.raises(ValueError, match="at the bottom") as caught:
        call(300)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names.count("down") == 701


def test_the_bodys_own_error_passes_through() -> None:
    """An error of the block's body cancels its jobs and reaches the caller untouched."""
    fake = FakeClient(run_time=lambda _: 60.0)
    error = ZeroDivisionError("mine")
    with pytest.raises(ZeroDivisionError) as caught, qa.Scheduler(fake) as scheduler:
        scheduler.submit(PROGRAM, shots=1)
        raise error
    assert caught.value is error
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names == ["test_the_bodys_own_error_passes_through"]
    assert [job.cancelled_at is None for job in fake.world.jobs.values()] == [False]


def test_stop_iteration_in_a_block_stays_what_it_is() -> None:
    """Even `StopIteration`, which coroutines cannot raise, leaves a block as itself."""
    with pytest.raises(StopIteration), qa.Scheduler(FakeClient()):
        next(iter(()))


def test_a_failed_opening_raises() -> None:
    """A client that cannot be opened fails the entering, and the facade goes on."""

    class Closed(FakeClient):
        async def open(self) -> None:
            raise qa.AuthenticationError("no")

    with pytest.raises(qa.AuthenticationError), qa.Scheduler(Closed()):
        pass
    with qa.Scheduler(FakeClient()) as scheduler:
        assert scheduler.submit(PROGRAM, shots=2).result().shots == 2


def test_a_deadline_ends_the_call_on_both_sides() -> None:
    """A call beyond its ``timeout`` is cancelled in the loop too, and says what it was."""
    fake = FakeClient(run_time=lambda _: inf)
    with qa.Scheduler(fake) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(a=[1, 2]), shots=1)
        with pytest.raises(qa.WaitTimeoutError, match=r"Sweep\.result did not finish") as caught:
            sweep.result(timeout=0.05)
        assert caught.value.elapsed > 0.0
        job = scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(qa.WaitTimeoutError, match="still"):
            job.result(timeout=0.01)
        for remote in fake.world.jobs.values():
            remote.run_time = 0.0
        assert len(sweep.result()) == 2
        assert job.result().shots == 1


def test_several_threads_share_a_scheduler() -> None:
    """Threads submit, wait and iterate at the same time."""
    with qa.Scheduler(FakeClient(run_time=lambda _: 0.05)) as scheduler:

        def work(shots: int) -> int:
            sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(5)), shots=shots)
            total = sum(point.outcome().shots for point in sweep)
            return total + scheduler.submit(PROGRAM, shots=shots).result().shots

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(1, 17))) == [6 * n for n in range(1, 17)]


def test_threads_each_have_a_scheduler_of_their_own() -> None:
    """Blocks are entered and left on any thread."""

    def work(shots: int) -> int:
        with qa.Scheduler(FakeClient()) as scheduler:
            return scheduler.submit(PROGRAM, shots=shots).result().shots

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(1, 17))) == list(range(1, 17))


async def test_it_works_inside_a_running_loop() -> None:
    """A cell's running loop does not matter, and is not touched."""
    loop, factory = asyncio.get_running_loop(), asyncio.get_running_loop().get_task_factory()
    with qa.Scheduler(FakeClient()) as scheduler:
        assert scheduler.submit(PROGRAM, shots=4).result().shots == 4
    assert asyncio.get_running_loop() is loop
    assert loop.get_task_factory() is factory
    assert type(loop).__module__.startswith("asyncio")


def test_the_portals_own_thread_is_refused(scheduler) -> None:
    """A callback on the loop's thread gets an error with the remedy instead of waiting for ever."""
    job = scheduler.submit(PROGRAM, shots=1)
    thing = FakeClient()
    with pytest.raises(qa.FacadeError, match="its own event loop") as caught:
        handle(thing)._ask(job.result)
    assert "async classes" in caught.value.remedy
    assert job.result().shots == 1


def test_a_programs_function_may_use_the_facade(scheduler) -> None:
    """A sweep's program function runs on a worker thread, where blocking is fine."""

    def build(a: int) -> qa.Program:
        scheduler.submit(PROGRAM, shots=a).result()
        return PROGRAM

    assert len(scheduler.sweep(build, qa.grid(a=[1, 2]), shots=1).result()) == 2


def test_context_variables_are_seen() -> None:
    """What the caller has set in its context, the client sees, and so do its tracing hooks."""
    who = contextvars.ContextVar("who", default="nobody")

    class Curious(FakeClient):
        async def devices(self):
            return [who.get()]

    client = wrap(Curious())
    who.set("me")
    assert client.devices() == ["me"]


def test_any_client_can_be_scheduled() -> None:
    """A blocking scheduler takes blocking clients and those that have no twin."""
    client = wrap(FakeClient())
    with qa.Scheduler(client, qa.LocalClient(), FakeClient(name="other")) as scheduler:
        job = scheduler.submit(PROGRAM, shots=2, on="fake:one")
        assert job.result().shots == 2
        assert scheduler.submit(PROGRAM, shots=2, on="other:one").target == "other:one"


def test_a_client_is_a_block_of_its_own() -> None:
    """A client works without a scheduler, as a block or opened and closed by hand."""
    with qa.LocalClient() as client:
        assert {device.name for device in client.devices()} >= {"statevector"}
        assert client.name == "local"
    assert not client.is_open
    client.open()
    assert client.is_open
    client.close()


def test_constructing_starts_nothing() -> None:
    """No thread and no traffic before the first call."""
    before = threading.active_count()
    scheduler = qa.Scheduler(qa.LocalClient())
    assert repr(scheduler)
    assert scheduler.grace == 10.0
    assert threading.active_count() == before


def test_outside_its_block_a_scheduler_refuses() -> None:
    """As the async one does."""
    with pytest.raises(qa.SchedulerClosedError):
        qa.Scheduler(FakeClient()).submit(PROGRAM, shots=1)


def test_there_is_one_portal() -> None:
    """However many threads ask at once, one loop runs, under a name that profilers show."""
    with ThreadPoolExecutor(8) as pool:
        portals = set(pool.map(lambda _: current_portal(), range(32)))
    assert portals == {existing_portal()}
    names = [t.name for t in threading.enumerate() if t.name == "quantum-async-portal"]
    assert len(names) == 1


def test_a_dead_portal_says_why() -> None:
    """Handles of a loop that has stopped are refused with the cause and the remedy."""
    portal = Portal()
    portal.start()
    portal.stop(5.0)
    with pytest.raises(qa.FacadeError, match="has stopped") as caught:
        portal.check()
    assert "new clients" in caught.value.remedy


def test_an_abandoned_loop_leaves_no_task_behind(scheduler) -> None:
    """A ``for`` loop that is left early gives its task back."""
    sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(3)), shots=1)
    sweep.result()
    tasks = len(handle(sweep)._ask(asyncio.all_tasks))
    for _ in range(10):
        for _ in sweep:
            break
    gc.collect()
    while len(handle(sweep)._ask(asyncio.all_tasks)) > tasks:
        time.sleep(0.01)


def test_looking_ahead_hides_no_error() -> None:
    """Points that the loop never got to stay unseen, and raise when the block is left."""
    fails = FakeClient(fails=lambda number: number > 0, run_time=lambda number: 0.2 * number)
    with pytest.raises(qa.JobFailedError), qa.Scheduler(fails) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(a=[1, 2]), shots=1, on_error="collect")
        for _ in sweep:
            break
        while sweep.done < 2:
            time.sleep(0.01)
