"""Pulser's own backends on our clients, through the sandbox."""

from __future__ import annotations

import gc
import logging
import threading

import pulser
import pytest
from pulser.backend import BitStrings, EmulationConfig
from pulser.backend.remote import (
    BatchStatus,
    JobStatus,
    RemoteBackend,
    RemoteResults,
    RemoteResultsError,
)

import quantum_async.blocking as qa
from quantum_async.errors import (
    BatchClosedError,
    BatchNotClosedError,
    ConfigurationError,
    InvalidOptionError,
    InvalidShotsError,
    JobFailedError,
    UnboundParametersError,
    UnknownTargetError,
    WaitTimeoutError,
)
from quantum_async.integrations.pulser import PulserConnection, ResultsMissingError
from tests.integrations.pulser.sequences import ATOMS, driven, fresnel, job, mappable, older, plain

LOST = {"provider": "pasqal", "method": "PATCH", "route": "*", "fault": "status:500"}


class Emulator(RemoteBackend):
    """An emulator backend as pasqal-cloud's are made."""

    def _submit_kwargs(self):
        config = EmulationConfig(observables=[BitStrings(num_shots=30)])
        return {
            "batch_id": self._batch_id,
            "backend_configuration": config,
            "device_type": "EMU_SV",
        }


def run(connection, *jobs, wait=True):
    return pulser.QPUBackend(driven(), connection).run(list(jobs) or [job()], wait=wait)


def sums(results):
    return [sum(each.final_bitstrings.values()) for each in results]


def test_results_come_in_the_order_of_the_jobs(connection):
    """Each job has its own shots, in the order of its parameters, keyed by atoms."""
    results = run(connection, job(runs=3), job(runs=4), job(runs=5))
    assert sums(results.results) == sums(results) == [3, 4, 5]
    assert len(results) == 3
    assert results[1].atom_order == ("a", "b")
    assert results.get_batch_status() is BatchStatus.DONE
    assert list(results.get_available_results()) == results.job_ids


def test_few_requests(connection, asked):
    """Three jobs take two requests to run and two for their results, and known data none."""
    results = run(connection, job(), job(), job(), wait=False)
    assert sum(asked().values()) == 2
    results.wait()
    asked()
    again = connection.get_results(results.batch_id, results.job_ids)
    assert sums(again) == [100, 100, 100]
    assert again.get_available_results().keys() == set(results.job_ids)
    assert again.outcomes().keys() == set(results.job_ids)
    assert asked() == {}


def test_results_without_the_batch_route(connection, blocking_sandbox, asked):
    """Where results come one by one, three jobs take two requests each and two in all to find out."""
    blocking_sandbox.change(options={"pasqal": {"full_results": False}})
    results = run(connection, job(), job(), job(), wait=False)
    asked()
    results.wait()
    seen = asked()
    assert seen["GET /core-fast/api/v1/jobs/{id}/results_link"] == 3
    assert sums(results) == [100, 100, 100]
    assert asked() == {}


def test_devices_are_asked_for_once(connect, blocking_sandbox, asked):
    """Specifications are read once, however many runs check against them."""
    connection = connect()
    devices = connection.fetch_available_devices()
    assert devices["FRESNEL"] == fresnel()
    for _ in range(2):
        run(connection, wait=False)
    assert asked()["GET /core-fast/api/v1/devices/specs"] == 1


def test_the_device_of_today_is_sent(connection, blocking_sandbox):
    """A sequence made for an older device is sent for the one that it was checked against."""
    results = pulser.QPUBackend(driven(older()), connection).run([job()])
    with qa.PasqalClient.from_env(blocking_sandbox.env("pasqal")) as client:
        sent = pulser.Sequence.from_abstract_repr(
            client.batches.get(results.batch_id).sequence_builder
        )
    assert sent.device == fresnel() != older()


def test_an_emulator_that_mimics_a_qpu_gets_the_device_of_today(connection, blocking_sandbox):
    """What the connection checked against is what it sends, to an emulator too."""
    results = Emulator(driven(older()), connection, mimic_qpu=True).run([job()])
    with qa.PasqalClient.from_env(blocking_sandbox.env("pasqal")) as client:
        batch = client.batches.get(results.batch_id)
    assert batch.device_type == "EMU_SV"
    assert pulser.Sequence.from_abstract_repr(batch.sequence_builder).device == fresnel()


def test_an_unknown_device_is_refused(connection, asked):
    """What is made for a device that is not there is refused before anything is sent."""
    backend = pulser.QPUBackend(driven(pulser.AnalogDevice), connection)
    with pytest.raises(UnknownTargetError, match="FRESNEL"):
        backend.run([job()])
    assert asked() == {"GET /core-fast/api/v1/devices/specs": 1}


def test_bad_jobs_are_refused(connection, stats):
    """Missing variables, odd shots and unknown keys are refused before anything is sent."""
    backend = pulser.QPUBackend(driven(), connection)
    with pytest.raises(UnboundParametersError):
        backend.run([{"runs": 10}])
    with pytest.raises(InvalidShotsError):
        backend.run([job(runs=0)])
    with pytest.raises(InvalidOptionError):
        backend.run([{**job(), "tags": ["a"]}])
    with pytest.raises(InvalidOptionError, match="priority"):
        connection.submit(driven(), job_params=[job()], priority=1)
    assert stats()["jobs_created"] == 0


def test_mappable_registers(connection):
    """Jobs name the traps of their atoms; atoms come in the order in which they are declared."""
    jobs = [{"runs": 5, "variables": {"qubits": dict(reversed(ATOMS.items()))}}]
    [result] = pulser.QPUBackend(mappable(), connection).run(jobs, wait=True)
    assert result.atom_order == ("q0", "q1")


def test_emulators(connection):
    """An emulator's configuration goes along and says how many shots a job takes."""
    results = Emulator(plain(), connection).run(wait=True)
    assert sums(results) == [30]
    [shown] = results.outcomes().values()
    assert shown.status is JobStatus.DONE


def test_a_target_of_ones_own(connect):
    """The connection's target stands in where neither backend nor device says where to run."""
    sequence = driven(pulser.MockDevice)
    backend = RemoteBackend(sequence, connect(target="EMU_FREE"))
    assert sums(backend.run([job(runs=6)], wait=True)) == [6]
    with pytest.raises(UnknownTargetError):
        RemoteBackend(sequence, connect()).run([job(runs=6)])


def test_more_jobs_than_a_batch_takes_at_once(connection, stats):
    """A hundred and one jobs are one batch that is closed, in order."""
    results = run(connection, *(job(runs=runs) for runs in range(1, 102)))
    assert sums(results) == list(range(1, 102))
    assert connection.get_results(results.batch_id).job_ids == results.job_ids
    assert stats()["batches_open"] == 0


def test_an_open_batch(connection, stats, asked):
    """Runs in the block join one batch, which its end closes."""
    backend = pulser.QPUBackend(driven(), connection)
    connection.fetch_available_devices()
    asked()
    with backend.open_batch():
        first = backend.run([job(runs=1)])
        second = backend.run([job(runs=2), job(runs=3)])
        assert stats()["batches_open"] == 1
        assert sum(asked().values()) == 3
    assert stats()["batches_open"] == 0
    assert first.batch_id == second.batch_id
    second.wait()
    assert sums(second) == [2, 3]
    assert connection.get_results(first.batch_id).job_ids == first.job_ids + second.job_ids
    with pytest.raises(BatchClosedError):
        connection.submit(driven(), batch_id=first.batch_id, job_params=[job()])


def test_an_error_in_the_block_closes_the_batch(connection, stats):
    """The batch is closed as Pulser closes it, and the error goes on."""
    backend = pulser.QPUBackend(driven(), connection)
    with pytest.raises(ZeroDivisionError), backend.open_batch():
        backend.run([job()])
        raise ZeroDivisionError
    assert stats()["batches_open"] == 0
    assert sums(run(connection, job(runs=2))) == [2]


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_failing_to_close_hides_no_error(connect, blocking_sandbox, kind):
    """What ended the block goes on, and says that the batch may still be open."""
    connection = connect()
    connection._link.grace = 0.5
    backend = pulser.QPUBackend(driven(), connection)
    with pytest.raises(kind) as caught, backend.open_batch():
        blocking_sandbox.set_faults([{**LOST, "probability": 1.0}])
        raise kind
    assert any("may still be open" in note for note in caught.value.__notes__)
    assert backend._batch_id is None
    blocking_sandbox.set_faults([])


def test_failing_to_close_is_told(connect, blocking_sandbox):
    """Also inside a handler of another error, which is not the block's."""
    connection = connect()
    connection._link.grace = 0.5
    backend = pulser.QPUBackend(driven(), connection)
    try:
        raise LookupError
    except LookupError as other:
        with pytest.raises(BatchNotClosedError), backend.open_batch():
            blocking_sandbox.set_faults([{**LOST, "probability": 1.0}])
        assert not hasattr(other, "__notes__")
    blocking_sandbox.set_faults([])


def test_a_connection_that_ends_closes_its_batches(connect, stats):
    """A batch that was opened without a block is closed with its connection."""
    with connect() as connection:
        connection.submit(driven(), open=True)
        assert stats()["batches_open"] == 1
    assert stats()["batches_open"] == 0


def test_a_connection_that_is_dropped_closes_its_batches(blocking_sandbox, stats):
    """Scripts let connections go without a word; nothing stays open, and nobody is warned."""
    connection = PulserConnection(qa.PasqalClient.from_env(blocking_sandbox.env("pasqal")))
    connection.submit(driven(), open=True)
    block = connection._block
    del connection
    gc.collect()
    while not block.call.done.wait(1.0):
        pass
    assert stats()["batches_open"] == 0


def test_a_failed_job_hides_no_other(connection, blocking_sandbox):
    """The others' results are there, and the failed one says why it failed."""
    blocking_sandbox.set_faults(
        [{"provider": "pasqal", "method": "*", "route": "*", "nth": 2, "fault": "job-failure"}]
    )
    results = run(connection, job(runs=1), job(runs=2), job(runs=3))
    outcomes = list(results.outcomes().values())
    assert [each.status for each in outcomes] == [JobStatus.DONE, JobStatus.ERROR, JobStatus.DONE]
    assert isinstance(outcomes[1].error, JobFailedError)
    found = results.get_available_results()
    assert sums(found.values()) == [1, 3]
    with pytest.raises(RemoteResultsError) as caught:
        _ = results.results
    assert isinstance(caught.value.__cause__, ResultsMissingError)
    assert isinstance(caught.value.__cause__.__cause__, JobFailedError)


def test_partial_results(connection, blocking_sandbox):
    """Nothing is there at first, Pulser's own error says so, and waiting can be bounded."""
    blocking_sandbox.change(job_time=60.0, job_spread=0.0)
    results = run(connection, job(), wait=False)
    assert results.get_available_results() == {}
    with pytest.raises(RemoteResultsError, match="get_available_results"):
        _ = results.results
    with pytest.raises(WaitTimeoutError):
        results.wait(timeout=0.2)
    assert results.get_batch_status() in {BatchStatus.PENDING, BatchStatus.RUNNING}


def test_results_in_another_process(connection, connect, asked):
    """A batch is found by its id alone, whole or in part, by Pulser's class too."""
    sent = run(connection, job(runs=3), job(runs=4), wait=False)
    sent.wait()
    other = connect()
    asked()
    whole = other.get_results(sent.batch_id)
    assert whole.job_ids == sent.job_ids
    assert sums(whole) == [3, 4]
    assert sum(asked().values()) <= 7
    part = RemoteResults(sent.batch_id, connect(), sent.job_ids[1:])
    assert sums(part) == [4]
    assert sums(part.get_available_results().values()) == [4]
    with pytest.raises(RuntimeError, match="nonsense"):
        other.get_results(sent.batch_id, ["nonsense"])


def test_many_threads(connection):
    """Threads that share a connection get their own results."""
    found = {}

    def work(runs):
        found[runs] = sums(run(connection, job(runs=runs)))

    threads = [threading.Thread(target=work, args=(runs,)) for runs in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {runs: [runs] for runs in range(1, 9)}


async def test_inside_a_running_loop(connection):
    """A notebook's loop does not matter."""
    assert sums(run(connection, job(runs=2))) == [2]


async def test_a_client_of_another_loop(sandbox):
    """A client that is open in the program's own loop is refused, with what to do instead."""
    async with sandbox.client("pasqal") as client:
        with pytest.raises(ConfigurationError, match="event loop"):
            PulserConnection(client)


def test_a_client_that_is_open_stays_open(blocking_sandbox):
    """A client of the caller's own is shared, not closed."""
    with qa.PasqalClient.from_env(blocking_sandbox.env("pasqal")) as client:
        with PulserConnection(client) as connection:
            results = run(connection)
        assert client.batches.get(results.batch_id).jobs_count == 1


def test_nothing_is_sent_by_constructing(connect, asked, caplog):
    """Neither a connection nor a backend sends anything, and Pulser has nothing to log."""
    with caplog.at_level(logging.WARNING):
        pulser.QPUBackend(driven(), connect())
    assert asked() == {}
    assert caplog.records == []
