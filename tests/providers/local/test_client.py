"""The local client: cancelling, batches, seeds, executors, lost workers."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from pulser import NoiseModel
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from quantum_async.errors import (
    BatchClosedError,
    BatchError,
    ConfigurationError,
    DeviceLimitError,
    DuplicateSubmissionError,
    InvalidOptionError,
    ResultError,
    ResultPendingError,
    UnboundParametersError,
)
from quantum_async.models.device import DeviceKind
from quantum_async.models.job import JobStatus
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from quantum_async.programs.objects import as_program
from quantum_async.providers.local.client import LocalClient
from quantum_async.simulation.options import SimulationOptions
from tests.simulation.sequences import rabi


def turned():
    theta = Parameter("theta")
    circuit = QuantumCircuit(2, 2)
    circuit.rx(theta, 0)
    circuit.measure([0, 1], [0, 1])
    return as_program(circuit)


TURNED = turned()


def spec(theta=1.0, shots=50, program=TURNED, **changes):
    variables = {"theta": theta} if program is TURNED else {"omega": theta}
    return replace(JobSpec(uuid4().hex, program, shots, variables), **changes)


def request(*jobs, device="automatic", **changes):
    return replace(SubmitRequest(uuid4().hex, device, jobs), **changes)


async def finished(client, refs):
    states = {}
    while len(states) < len(refs):
        known = await client.poll([ref for ref in refs if ref not in states], wait=1.0)
        states |= {ref: state for ref, state in known.items() if state.status.is_terminal}
    return [states[ref] for ref in refs]


class SlowExecutor(Executor):
    """Holds every task back until it is released."""

    def __init__(self):
        self.held = []

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.held.append((future, function, args))
        return future

    def release(self):
        while self.held:
            future, function, args = self.held.pop(0)
            if future.set_running_or_notify_cancel():
                future.set_result(function(*args))


class BreakingExecutor(Executor):
    """Loses the first tasks, as a worker does that is killed."""

    def __init__(self, losses):
        self.losses = losses
        self.submitted = []

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.submitted.append(args[0])
        if len(self.submitted) <= self.losses:
            future.set_exception(ConnectionError("worker gone"))
        else:
            future.set_result(function(*args))
        return future


async def test_a_queued_job_that_is_cancelled_never_runs():
    """What waits behind others is dropped; what runs is told so at once."""
    executor = SlowExecutor()
    async with LocalClient(executor=executor) as client:
        refs = await client.submit(request(*(spec() for _ in range(3))))
        await client.cancel(refs)
        assert {s.status for s in await finished(client, refs)} == {JobStatus.CANCELLED}
        executor.release()
        assert {s.status for s in await finished(client, refs)} == {JobStatus.CANCELLED}
        with pytest.raises(ResultError):
            await client.fetch(refs[0])


async def test_a_poll_waits_for_news_and_no_longer():
    """Nothing new: the answer comes after the time allowed. News: without waiting on."""
    executor = SlowExecutor()
    async with LocalClient(executor=executor) as client:
        refs = await client.submit(request(spec()))
        assert (await client.poll(refs))[refs[0]].status is JobStatus.RUNNING
        assert (await client.poll(refs, wait=0.1))[refs[0]].status is JobStatus.RUNNING
        states = {}

        async def ask():
            states.update(await client.poll(refs, wait=3600.0))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(lambda: client.poll(refs, wait=3600.0))
            await anyio.wait_all_tasks_blocked()
            assert states == {}
            await anyio.to_thread.run_sync(executor.release)
        assert states[refs[0]].status is JobStatus.SUCCEEDED


async def test_that_a_new_job_waits_is_no_news():
    """A poll of what waits behind others is held until it moves, or its end would be seen late."""
    async with LocalClient() as client:
        before = await client.submit(request(spec(shots=3_000_000)))
        refs = await client.submit(request(spec()))
        (state,) = (await client.poll(refs, wait=60.0)).values()
        assert state.status is not JobStatus.QUEUED
        await finished(client, [*before, *refs])


async def test_a_cancelled_poll_does_not_hold_others_up():
    """The task that waited for everybody may leave at any time."""
    executor = SlowExecutor()
    async with LocalClient(executor=executor) as client:
        refs = await client.submit(request(spec()))
        await client.poll(refs)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: client.poll(refs, wait=3600.0))
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await anyio.to_thread.run_sync(executor.release)
        [state] = await finished(client, refs)
        assert state.status is JobStatus.SUCCEEDED


async def test_a_result_before_its_time_is_pending():
    """Fetching too early says that asking again helps."""
    executor = SlowExecutor()
    async with LocalClient(executor=executor) as client:
        [ref] = await client.submit(request(spec()))
        with pytest.raises(ResultPendingError):
            await client.fetch(ref)


async def test_bad_jobs_are_refused_as_a_whole():
    """One bad job of a submission leaves nothing of it queued."""
    async with LocalClient() as client:
        bad = request(spec(), spec(variables={}))
        with pytest.raises(UnboundParametersError):
            await client.submit(bad)
        assert await client.find(bad.key) == []


async def test_one_key_for_two_payloads_is_an_error():
    """A key that comes back with other jobs is a mistake of the caller."""
    async with LocalClient() as client:
        first = request(spec())
        await client.submit(first)
        with pytest.raises(DuplicateSubmissionError):
            await client.submit(replace(first, jobs=(spec(),)))


async def test_concurrent_submissions_of_one_key_create_one_job():
    """Both callers get the same references."""
    async with LocalClient() as client:
        twice, found = request(spec()), []

        async def submit():
            found.append(await client.submit(twice))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit)
            tasks.start_soon(submit)
        assert found[0] == found[1]


async def test_errors_of_the_simulation_become_failed_jobs():
    """What only shows when a job runs is its own failure, with the message."""
    circuit = QuantumCircuit(1, 1)
    circuit.rz(0.3, 0)
    circuit.measure(0, 0)
    program = as_program(circuit)
    async with LocalClient() as client:
        jobs = [JobSpec(uuid4().hex, program, 5), spec()]
        refs = await client.submit(request(jobs[0], device="stabilizer"))
        refs += await client.submit(request(jobs[1]))
        failed, good = await finished(client, refs)
        assert failed.status is JobStatus.FAILED
        assert "stabilizer" in failed.message
        assert good.status is JobStatus.SUCCEEDED
        with pytest.raises(ResultError, match="stabilizer"):
            await client.fetch(refs[0])


async def test_batches_close_and_are_found_by_key():
    """A batch of an unknown id, a closed one and a lost answer are told apart."""
    async with LocalClient() as client:
        opening = BatchRequest(uuid4().hex, "automatic")
        batch = await client.open_batch(opening)
        assert await client.open_batch(opening) == batch
        assert await client.find_batch(opening.key) == batch
        assert await client.find_batch("another") is None
        await client.close_batch(batch)
        with pytest.raises(BatchClosedError):
            await client.submit(request(spec(), batch=batch))
        with pytest.raises(BatchError):
            await client.close_batch(replace(batch, id="unknown"))


async def test_a_client_that_is_not_open_takes_nothing():
    """The error says how to open it."""
    with pytest.raises(ConfigurationError, match="not open"):
        await LocalClient().submit(request(spec()))


async def test_closing_forgets_and_does_not_wait():
    """Unfinished jobs do not hold the program up."""
    client = LocalClient(executor=SlowExecutor())
    async with client:
        [ref] = await client.submit(request(spec()))
    async with client:
        assert await client.find(ref.key) == []


@pytest.mark.parametrize("options", [{"workers": 0}, {"seed": -1}])
def test_senseless_settings_are_refused(options):
    """Workers and seeds are checked when the client is made."""
    with pytest.raises(InvalidOptionError):
        LocalClient(**options)


def test_settings_come_from_the_environment():
    """Numbers are read; anything else is an error that names the variable."""
    assert isinstance(LocalClient.from_env({"QUANTUM_ASYNC_LOCAL_SEED": "7"}), LocalClient)
    with pytest.raises(ConfigurationError, match="QUANTUM_ASYNC_LOCAL_WORKERS"):
        LocalClient.from_env({"QUANTUM_ASYNC_LOCAL_WORKERS": "many"})


async def counts_of(client, *jobs, **changes):
    refs = await client.submit(request(*jobs, **changes))
    await finished(client, refs)
    return [(await client.fetch(ref)).counts for ref in refs]


async def test_a_client_with_a_seed_repeats_itself_in_any_order():
    """Seeds follow from the job; the same job again is an independent repetition."""
    points = [0.5, 1.5, 1.5]
    async with LocalClient(seed=9) as client:
        forward = await counts_of(client, *(spec(theta, 500) for theta in points))
    async with LocalClient(seed=9) as client:
        backward = await counts_of(client, *(spec(theta, 500) for theta in reversed(points)))
    async with LocalClient(seed=10) as client:
        other = await counts_of(client, *(spec(theta, 500) for theta in points))
    assert forward[0] == backward[2]
    assert sorted(map(str, forward[1:])) == sorted(map(str, backward[:2]))
    assert forward[1] != forward[2]
    assert forward != other


async def test_devices_tell_how_many_qubits_fit():
    """Memory decides: one qubit doubles a state vector, two a density matrix."""
    devices = {device.name: device for device in await LocalClient().devices()}
    vector, matrix = devices["statevector"].num_qubits, devices["density_matrix"].num_qubits
    assert vector // 2 == matrix
    assert 20 < vector < 40
    assert devices["pulser"].kind is DeviceKind.ANALOG
    assert all(device.is_simulator for device in devices.values())


async def test_everything_runs_on_an_executor_that_is_passed_in():
    """The client starts neither threads nor processes of its own, and leaves it open."""
    used = []

    class Recording(ThreadPoolExecutor):
        def submit(self, function, /, *args, **kwargs):
            used.append(len(args[0]))
            return super().submit(function, *args, **kwargs)

    with Recording(2) as executor:
        async with LocalClient(executor=executor) as client:
            await counts_of(client, *(spec() for _ in range(6)))
        assert executor.submit(lambda tasks: tasks, []).result() == []
    assert sum(used) == 6


@pytest.mark.usefixtures("never_blocks")
async def test_no_operation_blocks_the_event_loop():
    """Files, processes and simulations are for threads."""
    async with LocalClient() as client:
        await client.devices()
        await client.validate(spec(), "automatic")
        batch = await client.open_batch(BatchRequest(uuid4().hex, "automatic"))
        await counts_of(client, spec(), spec(), batch=batch)
        await client.cancel_batch(batch)


async def test_a_lost_worker_costs_one_repetition():
    """Jobs that an executor lost are run once more, one at a time."""
    executor = BreakingExecutor(losses=1)
    async with LocalClient(executor=executor) as client:
        refs = await client.submit(request(spec(), spec()))
        assert {s.status for s in await finished(client, refs)} == {JobStatus.SUCCEEDED}


async def test_a_job_that_is_lost_twice_has_failed():
    """The job ends, with the likely reason; nothing hangs."""
    executor = BreakingExecutor(losses=100)
    async with LocalClient(executor=executor) as client:
        refs = await client.submit(request(spec()))
        [state] = await finished(client, refs)
        assert state.status is JobStatus.FAILED
        assert "memory" in state.message


def noisy():
    noise = NoiseModel(p_false_pos=0.2, temperature=50.0).to_abstract_repr()
    return spec(
        5.0,
        40,
        as_program(rabi(2)),
        options=SimulationOptions(seed=4, emulation=noise),
    )


async def test_noise_runs_in_a_process_and_gives_the_same_counts_as_in_a_thread():
    """A job that borrows numpy's random state gets a process; its seed holds there too."""
    with ThreadPoolExecutor(1) as executor:
        async with LocalClient(executor=executor) as client:
            [here] = await counts_of(client, noisy(), device="pulser")
    others = children()
    async with LocalClient(workers=1) as client:
        [there] = await counts_of(client, noisy(), device="pulser")
        assert children() - others
    assert here == there
    assert not children() - others


def children():
    """Worker processes of this one; another test's client may have left some."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and "providers.local.worker" in command:
            found.add(int(folder.name))
    return found


def wide(qubits=22, depth=30):
    circuit = QuantumCircuit(qubits)
    for layer in range(depth):
        circuit.rx(0.1 + layer, range(qubits))
    circuit.measure_all()
    return JobSpec(uuid4().hex, as_program(circuit), 10)


async def test_a_job_too_large_for_this_machine_is_refused_with_what_it_takes():
    """Before anything of it runs, and wherever the limit is noticed."""
    async with LocalClient() as client:
        for job, device in (
            (wide(45), "automatic"),
            (wide(30), "density_matrix"),
            (spec(1.0, program=as_program(rabi(28))), "pulser"),
        ):
            with pytest.raises(DeviceLimitError, match=r"[\d,]+\.\d GiB"):
                await client.submit(request(job, device=device))


async def test_a_killed_worker_costs_its_jobs_one_repetition():
    """The out-of-memory killer takes a worker: its job is run again, the others do not suffer."""
    others = children()
    async with LocalClient(workers=2) as client:
        jobs = request(wide(10, 20), wide(6), device="density_matrix")
        refs = await client.submit(jobs)
        while not (workers := children() - others):
            await anyio.sleep(0.05)
        while (await client.poll(refs, wait=1.0))[refs[0]].status is JobStatus.QUEUED:
            pass
        os.kill(min(workers), signal.SIGKILL)
        states = await finished(client, refs)
        assert {state.status for state in states} == {JobStatus.SUCCEEDED}


async def test_a_long_simulation_stops_when_it_is_cancelled():
    """Cancelling what runs in a worker frees the core, and later jobs still run."""
    others = children()
    async with LocalClient(workers=1) as client:
        refs = await client.submit(request(wide(26, 200)))
        while (await client.poll(refs, wait=1.0))[refs[0]].status is JobStatus.QUEUED:
            pass
        await client.cancel(refs)
        while children() - others:
            await anyio.sleep(0.01)
        assert len(await counts_of(client, spec())) == 1
