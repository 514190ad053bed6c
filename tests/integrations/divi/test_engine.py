"""Our runner is an adapter: what a scheduler promises holds for Divi's jobs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import anyio
import httpx
import pytest

import quantum_async as qa
import quantum_async.blocking
from quantum_async.errors import (
    BudgetExceededError,
    ConfigurationError,
    DuplicateSubmissionError,
    InvalidOptionError,
    JobFailedError,
    ResultPendingError,
    SubmissionUnknownError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.job import JobRef, JobStatus
from tests.conftest import ROOT
from tests.integrations.divi import script
from tests.integrations.divi.script import BELL, JOBS
from tests.integrations.divi.stand_in import NEWER, runner_module
from tests.integrations.divi.test_runner import ADD, CANCEL, INIT, job
from tests.providers.qoro.service import JOB, client
from tests.providers.qoro.test_client import row


@pytest.fixture
def newer():
    """Our runner beside Divi since 0.14."""
    with runner_module(NEWER) as module:
        yield SimpleNamespace(module=module, backends=module.backends, is_newer=True)


@pytest.fixture
def sandboxed(blocking_sandbox):
    """A sandbox with nothing in it, and what leads to it."""
    blocking_sandbox.reset()
    env = blocking_sandbox.env("qoro")

    def made():
        return qa.QoroClient.from_env(env)

    return SimpleNamespace(sandbox=blocking_sandbox, env=env, client=made)


def created(sandboxed) -> int:
    """How many jobs the sandbox was sent."""
    return sandboxed.sandbox.stats()["qoro"]["jobs_created"]


def ran(runner, circuits, **options):
    """Run circuits to the end, and return their rows."""
    submitted = runner.submit_circuits(circuits, **options)
    runner.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    return submitted.job_id, runner.get_job_results(submitted).results


def stored(path):
    """Read all jobs of a journal."""

    async def read():
        async with SqlJournal(path) as journal:
            return await journal.read(lambda reader: reader.jobs(with_results=True))

    return asyncio.run(read())


def test_a_job_is_in_the_journal_before_the_service_hears_of_it(service, newer, tmp_path):
    """With all of its circuits, and with its result once that is here."""
    path = tmp_path / "jobs.db"
    known = []

    def opened(_):
        found = threading.Thread(target=lambda: known.extend(stored(path)))
        found.start()
        found.join()
        return httpx.Response(201, json={"job_id": JOB})

    service.then("POST", INIT, opened)
    service.rows = [row("a", {"11": 3})]
    with newer.module.QoroRunner(
        client(service), journal=path, tag="mine", polling_interval=0.02
    ) as runner:
        _, rows = ran(runner, {"a": BELL, "b": BELL})
    [before] = known
    assert service.bodies(INIT)[0]["tag"] == f"mine quantum-async:{before.submission}"
    assert (before.state, before.ref, before.spec.shots) == ("pending", None, 2000)
    assert json.loads(before.spec.program.text)["circuits"] == {"a": BELL, "b": BELL}
    [after] = stored(path)
    assert (after.ref.id, str(after.ref)) == (JOB, f"qoro:qoro_maestro/{JOB}")
    assert json.loads(after.result.raw) == rows == [{"label": "a", "results": {"11": 3}}]


def test_a_script_that_is_killed_and_run_again_pays_for_nothing_twice(sandboxed, tmp_path, capsys):
    """It goes on where it was; a third run sends nothing and prints the same again."""
    journal = str(tmp_path / "jobs.db")
    env = {**os.environ, **sandboxed.env, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(
        [sys.executable, "-m", "tests.integrations.divi.script", journal, "2 accepted"],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        check=False,
        timeout=200,
    )
    assert killed.returncode == -signal.SIGKILL
    assert created(sandboxed) == 3
    outputs = []
    for _ in range(2):
        script.main(journal, client=sandboxed.client())
        outputs.append(capsys.readouterr().out)
        assert created(sandboxed) == JOBS
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith(killed.stdout)
    assert len(set(outputs[0].splitlines())) == JOBS


def test_a_submission_that_nobody_knows_of_is_not_sent_again(service, newer, tmp_path):
    """The same program run again hears the same, until its user has settled it."""
    path = tmp_path / "jobs.db"
    lost = httpx.ReadTimeout("lost")
    service.then("POST", ADD, lost)
    service.then("POST", CANCEL, *[httpx.Response(409, json={"error": "ended"})] * 3)
    service.status = "PENDING"
    for _ in range(2):
        with newer.module.QoroRunner(client(service), journal=path, name="vqe") as runner:
            with pytest.raises(SubmissionUnknownError, match=JOB):
                runner.submit_circuits({"a": BELL})
    assert len(service.asked("POST", INIT)) == 1

    [unknown] = stored(path)
    service.status, service.rows = "COMPLETED", [row("0", {"11": 3}), row("1", {"00": 1})]

    async def settle():
        async with qa.Scheduler(client(service), journal=path) as scheduler:
            [settled] = await scheduler.resolve(unknown.spec.key, job_id=JOB)
            return await settled

    rows = json.loads(anyio.run(settle).raw)
    assert [each["label"] for each in rows] == ["0", "1"]
    with newer.module.QoroRunner(client(service), journal=path, name="vqe") as runner:
        assert ran(runner, {"a": BELL}) == (JOB, rows)
    assert len(service.asked("POST", INIT)) == 1


def test_a_failed_job_stays_failed_under_its_name(service, newer, tmp_path):
    """It was paid for: running the program again does not send it again."""
    path = tmp_path / "jobs.db"
    service.status = "FAILED"
    for _ in range(2):
        with newer.module.QoroRunner(
            client(service), journal=path, name="vqe", polling_interval=0.02
        ) as runner:
            submitted = runner.submit_circuits({"a": BELL})
            with pytest.raises(newer.backends.JobFailedError, match=JOB):
                runner.poll_job_status(submitted, loop_until_complete=True)
            with pytest.raises(JobFailedError):
                runner.get_job_results(submitted)
    assert len(service.asked("POST", INIT)) == 1


def test_other_content_under_the_same_name_is_another_job(sandboxed, newer, tmp_path):
    """Shots, options and circuits count, and so does how often the same was submitted."""
    for _ in range(2):
        with newer.module.QoroRunner(
            sandboxed.client(), journal=tmp_path / "jobs.db", name="vqe", polling_interval=0.02
        ) as runner:
            found = [
                ran(runner, {"a": BELL}, **options)[0]
                for options in (
                    {},
                    {},
                    {"ham_ops": "ZZ"},
                    {"shot_groups": [[0, 1, 5]]},
                    {"maestro_config": {"seed": 1}},
                )
            ]
            assert len(set(found)) == len(found)
    assert created(sandboxed) == len(found)


def test_a_job_of_another_process_is_followed_by_its_id(sandboxed, newer, tmp_path):
    """Its circuits keep their labels, and the journal has the result once it is here."""
    path = tmp_path / "jobs.db"
    with newer.module.QoroRunner(sandboxed.client(), journal=path, shots=5) as runner:
        submitted = runner.submit_circuits({"b/1": BELL, "a@2": BELL})
    with newer.module.QoroRunner(sandboxed.client(), journal=path, polling_interval=0.02) as runner:
        again = newer.backends.ExecutionResult(job_id=submitted.job_id)
        assert runner.poll_job_status(again, loop_until_complete=True).value == "COMPLETED"
        rows = runner.get_job_results(again).results
        assert runner.get_job_results(again).results == rows
    assert [each["label"] for each in rows] == ["b/1", "a@2"]
    assert [sum(each["results"].values()) for each in rows] == [5, 5]
    [known] = stored(path)
    assert json.loads(known.result.raw) == rows
    assert created(sandboxed) == 1


def test_a_budget_is_kept(service, newer):
    """Its jobs are Divi's, its shots those of all circuits; what exceeds it is not sent."""
    service.rows = [row("a", {"11": 3})]
    budget = qa.Budget(jobs=2, shots=5000)
    with newer.module.QoroRunner(client(service), budget=budget) as runner:
        runner.submit_circuits({"a": BELL, "b": BELL})
        with pytest.raises(BudgetExceededError, match="5000 shots does not allow 6000"):
            runner.submit_circuits([BELL] * 4, ham_ops="ZZ")
        runner.submit_circuits({"a": BELL}, shot_groups=[[0, 1, 3000]])
        with pytest.raises(BudgetExceededError, match="2 jobs"):
            runner.submit_circuits({"a": BELL}, shot_groups=[[0, 1, 1]])
    assert len(service.asked("POST", INIT)) == 2


def test_limits_are_kept(sandboxed, newer):
    """No more jobs are at the service than the limit says; the others wait their turn."""
    most = []

    def work(runner, scheduler):
        submitted = runner.submit_circuits({"a": BELL})
        most.append(len(scheduler.unfinished))
        runner.poll_job_status(submitted, loop_until_complete=True)

    limits = qa.Limits(jobs_in_flight=1, min_poll_interval=0.02)
    with quantum_async.blocking.Scheduler(sandboxed.client(), limits=limits) as scheduler:
        runner = newer.module.QoroRunner(scheduler)
        threads = [threading.Thread(target=work, args=[runner, scheduler]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(most) <= {0, 1}
    assert len(most) == created(sandboxed) == 4


def test_a_scheduler_in_place_of_a_client_owns_the_jobs(service, newer):
    """What it was given holds, and closing the runner ends nothing of it."""
    service.rows = [row("a", {"11": 3})]
    limits = qa.Limits(min_poll_interval=0.02)
    blocking = quantum_async.blocking.Scheduler(
        client(service), client(service, name="lab2", account="two"), limits=limits
    )
    with blocking as scheduler:
        with newer.module.QoroRunner(scheduler, target="lab2:gpu_cluster") as runner:
            service.status = "RUNNING"
            submitted = runner.submit_circuits({"a": BELL})
        assert [ref.id for ref in scheduler.unfinished] == [JOB]
        assert scheduler.unfinished[0].account == "two"
        service.status = "COMPLETED"
        runner.poll_job_status(submitted, loop_until_complete=True)
        with pytest.raises(ConfigurationError, match="are 2 among: qoro, lab2"):
            newer.module.QoroRunner(scheduler)
        with pytest.raises(ConfigurationError, match="beside a scheduler"):
            newer.module.QoroRunner(scheduler, target="lab2:", budget=qa.Budget(jobs=1))
    assert service.asked("POST", CANCEL) == []
    assert service.bodies(INIT)[0]["simulator_cluster"] == "gpu_cluster"


async def test_what_belongs_to_another_event_loop_is_refused(service, newer):
    """A client that is open in the program's own loop, and an async scheduler."""
    async with client(service) as opened:
        with pytest.raises(ConfigurationError, match="of the program's own"):
            newer.module.QoroRunner(opened)
    with pytest.raises(ConfigurationError, match="of the program's own"):
        newer.module.QoroRunner(qa.Scheduler(client(service)))
    with pytest.raises(ConfigurationError, match="one client of qoro is needed"):
        newer.module.QoroRunner(qa.LocalClient())
    with pytest.raises(InvalidOptionError, match="on_cancel"):
        newer.module.QoroRunner(client(service), on_cancel="forget")


@pytest.mark.parametrize(("policy", "cancels"), [("detach", 0), ("cancel", 1)])
def test_closing_follows_the_policy(service, newer, policy, cancels):
    """By default jobs go on, and a runner that is closed can be used again."""
    service.status = "RUNNING"

    def cancelled(_):
        service.status = "CANCELLED"
        return httpx.Response(200, json={"status": "cancelled", "job_id": JOB})

    service.then("POST", CANCEL, cancelled)
    runner = newer.module.QoroRunner(client(service), on_cancel=policy, polling_interval=0.02)
    with runner:
        submitted = runner.submit_circuits({"a": BELL})
    runner.close()
    assert len(service.asked("POST", CANCEL)) == cancels
    word = runner.poll_job_status(submitted)
    assert word.value == service.status
    runner.close()


def test_a_runner_that_is_not_closed_ends_with_the_program_quietly(sandboxed, tmp_path):
    """Nothing hangs, nothing is written, and the job goes on."""
    script = tmp_path / "script.py"
    script.write_text(
        "from tests.integrations.divi.stand_in import NEWER, runner_module\n"
        "with runner_module(NEWER) as module:\n"
        "    runner = module.QoroRunner(polling_interval=0.02)\n"
        f"    done = runner.submit_circuits([{BELL!r}])\n"
        "    runner.poll_job_status(done, loop_until_complete=True)\n"
        "    other = module.QoroRunner()\n"
        f"    other.submit_circuits([{BELL!r}])\n"
        "    del other\n"
    )
    sandboxed.sandbox.change(job_time=0.02)
    env = {**os.environ, **sandboxed.env, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    found = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env=env,
        check=False,
        timeout=120,
    )
    assert (found.returncode, found.stdout) == (0, "")
    assert "Warning" not in found.stderr
    assert "Traceback" not in found.stderr
    assert created(sandboxed) == 2


def test_an_upload_that_is_ended_in_the_middle_leaves_nothing(service, newer, tmp_path):
    """The job is cancelled at once and written down as not accepted; its name is free again."""
    event = threading.Event()
    path = tmp_path / "jobs.db"

    async def slow(request):
        answer = service(request)
        if request.url.path.endswith(ADD) and not event.is_set():
            event.set()
            await anyio.sleep_forever()
        return answer

    options = SessionOptions(transport=httpx.MockTransport(slow))
    service.rows = [row("a", {"11": 3})]
    slowly = client(service, options=options)
    with newer.module.QoroRunner(slowly, journal=path, name="vqe") as runner:
        with pytest.raises(newer.module.ExecutionCancelledError):
            runner.submit_circuits({"a": BELL}, cancellation_event=event)
    assert len(service.asked("POST", CANCEL)) == 1
    assert [each.state for each in stored(path)] == ["rejected"]
    with newer.module.QoroRunner(
        client(service), journal=path, name="vqe", polling_interval=0.02
    ) as runner:
        assert ran(runner, {"a": BELL})[0] == JOB
    assert len(service.asked("POST", INIT)) == 2


def test_results_are_not_waited_for_where_they_are_only_fetched(service, newer):
    """A job that goes on has none yet, which is said and not waited out."""
    service.status = "RUNNING"
    with newer.module.QoroRunner(client(service)) as runner:
        with pytest.raises(ResultPendingError, match="it is RUNNING"):
            runner.get_job_results(job(newer))


async def test_a_named_job_is_sent_once(tmp_path):
    """Of any provider: under way it is refused, over it is read, and another one is refused."""
    circuit = 'OPENQASM 3; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c = measure q;'
    path = tmp_path / "jobs.db"
    refs: set[JobRef] = set()
    for _ in range(2):
        async with qa.Scheduler(qa.LocalClient(seed=1), journal=path) as scheduler:
            for _ in range(2):
                submitted = await scheduler.submit(circuit, shots=3, name="one")
                assert (await submitted).counts == {"1": 3}
                assert submitted.state.status is JobStatus.SUCCEEDED
                refs.add(submitted.ref)
            with pytest.raises(DuplicateSubmissionError, match="shots"):
                await scheduler.submit(circuit, shots=4, name="one")
            with pytest.raises(qa.InvalidInputError):
                await scheduler.submit(circuit, shots=3, name="two", variables={"none": 1.0})
            await scheduler.submit(circuit, shots=3, name="two")
    assert len(refs) == 1
