"""What is promised at the main door is kept at every door; table.py says which test holds what."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import quantum_async as qa
from quantum_async.errors import BudgetExceededError, InvalidOptionError
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.qoro.options import QoroOptions
from tests.crash.harness import CREATES
from tests.doors.doors import SHOTS, Classes, Setting, job_params, left_by, turned

pytestmark = pytest.mark.doors

ANGLES = [0.1, 0.2, 0.3]
OWN = {"azure": AzureOptions, "iqm": IQMOptions, "pasqal": PasqalOptions}
ENDED = {"cancelled", "failed", "succeeded"}


def live(stats) -> int:
    """Count jobs that have not ended."""
    return sum(n for word, n in stats["jobs_by_status"].items() if word not in ENDED)


def creates(stats, where: str) -> int:
    """Count requests that may have created something, logins left out."""
    made = {what: n for what, n in stats["requests"].items() if what.startswith(CREATES[where])}
    return sum(n for what, n in made.items() if "token" not in what)


def most_at_once(jobs) -> int:
    """Say how many jobs were unfinished at the same time at the most."""
    steps = [(job["accepted"], 1) for job in jobs]
    steps += [(job["finished"] or math.inf, -1) for job in jobs]
    running = most = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


async def test_what_is_told_is_in_the_journal(door, where, cloud, script) -> None:
    """A process that is killed once it was told ids has a journal that leads to those very jobs."""
    told = died(cloud, script)
    client = Setting(where, cloud.env(where)).client()
    async with qa.Scheduler(client, journal=script.journal) as scheduler:
        jobs = await scheduler.resume()
        assert sorted(job.id for job in jobs) == sorted(told)
        for job in jobs:
            assert (await job).shots == SHOTS
    assert len(told) == 2
    assert cloud.stats()[where]["jobs_created"] == len(set(told))


def test_leaving_by_an_error_cancels(door, where, cloud, knock, tmp_path) -> None:
    """Nothing runs at the provider when the error reaches its caller, and no batch is open."""
    cloud.change(job_time="600s")
    entered = knock(journal=tmp_path / "jobs.db")
    with left_by(entered, ZeroDivisionError()):
        entered.submit(ANGLES)
        assert live(cloud.stats()[where]) == 3
    stats = cloud.stats()[where]
    assert (stats["jobs_created"], live(stats), stats["batches_open"]) == (3, 0, 0)
    assert stats["jobs_by_status"]["cancelled"] == 3


def test_an_interrupted_command_cancels(door, where, cloud, knock, tmp_path) -> None:
    """Ctrl-C while it waits: what runs is cancelled before the command ends, with its own code."""
    cloud.change(job_time="600s")

    over, number = threading.Event(), 1 if where == "iqm" else 3

    def interrupt() -> None:
        while not over.wait(0.02):
            if live(cloud.stats()[where]) == number:
                os.kill(os.getpid(), signal.SIGINT)
                return

    with knock(journal=tmp_path / "jobs.db") as entered, ThreadPoolExecutor() as others:
        others.submit(interrupt)
        ran = entered.ended(*entered.written(ANGLES))
        over.set()
        assert ran.exit_code == 130, ran.stderr
    stats = cloud.stats()[where]
    assert (stats["jobs_created"], live(stats), stats["batches_open"]) == (number, 0, 0)
    assert stats["jobs_by_status"]["cancelled"] == number


def test_what_goes_on_is_found_again(door, where, cloud, knock, tmp_path) -> None:
    """Where jobs go on when it is left by an error, the same script finds them by the journal."""
    cloud.change(job_time="700ms")
    journal = tmp_path / "jobs.db"
    entered = knock(journal=journal)
    with left_by(entered, KeyboardInterrupt()):
        told = entered.submit(ANGLES)
    with knock(journal=journal) as again:
        assert again.submit(ANGLES) == told
        assert len(again.results()) == 3
    stats = cloud.stats()[where]
    assert (stats["jobs_created"], live(stats), stats["batches_open"]) == (3, 0, 0)
    assert stats["jobs_by_status"]["succeeded"] == 3


def died(cloud, script) -> list[str]:
    """Run a script that is killed once it was told its first ids, and return those."""
    cloud.change(paused=True)
    (ready, *told), code = script.live("--dies")
    cloud.change(paused=False)
    assert (ready, code) == ("ready", -signal.SIGKILL), told
    assert not script.output.exists()
    (ids,) = told
    return json.loads(ids)


def test_killed_and_run_again_nothing_is_paid_twice(door, where, cloud, script) -> None:
    """The same script finds what it had sent, sends the rest, and has the results of all."""
    first = died(cloud, script)
    (_, *told), code = script.live()
    assert code == 0, told
    output = json.loads(script.output.read_text())
    assert [json.loads(line) for line in told] == output["ids"]
    told = output["ids"]
    assert told[0] == first
    ids = [job_id for ids in told for job_id in ids]
    assert len(ids) == len(output["results"]) == 4
    stats = cloud.stats()[where]
    # Circuits that are typed together share a job where the service has such jobs.
    assert (stats["jobs_created"], stats["duplicates"], live(stats)) == (len(set(ids)), 0, 0)
    assert len(set(ids)) == (2 if door.shares_jobs and where == "iqm" else 4)


def test_a_budget_is_kept(door, where, cloud, knock, tmp_path) -> None:
    """What would exceed it is refused and not sent, by this run and by others on its journal."""
    given = {"journal": tmp_path / "jobs.db", "budget": qa.Budget(shots=2 * SHOTS + 1)}
    for number, name in enumerate(["first", "second"]):
        with knock(name=name, **given) as entered:
            if not number:
                entered.submit(ANGLES[:2])
            with pytest.raises(BudgetExceededError):
                entered.submit(ANGLES[2:])
    assert cloud.stats()[where]["jobs_created"] == 2


def test_limits_are_kept(door, where, cloud, knock, tmp_path) -> None:
    """At no time there are more unfinished jobs at the service than allowed."""
    with knock(journal=tmp_path / "jobs.db", in_flight=2) as entered:
        entered.submit([0.1 * place for place in range(5)])
        assert len(entered.results()) == 5
    jobs = cloud.jobs(where)
    assert len(jobs) == 5
    assert most_at_once(jobs) == 2


def test_options_are_carried_or_refused(door, where, cloud, knock) -> None:
    """A word for lists arrives with the job; what another provider has is refused, not dropped."""
    with knock() as entered:
        (job_id,) = entered.submit(ANGLES[:1], options=OWN[where](tags=("mine",)))
        with pytest.raises(InvalidOptionError):
            entered.submit(ANGLES[1:], options=QoroOptions(use_packing=True))
        entered.results()
    with Classes(Setting(where, cloud.env(where))) as main:
        assert "mine" in main.call(written_on, main.scheduler.clients[0], job_id)
    assert cloud.stats()[where]["jobs_created"] == 1


async def written_on(client, job_id: str) -> str:
    """Read the words that stand on a job at its service."""
    job = await client.jobs.get(job_id)
    if client.provider == "pasqal":
        return repr((await client.batches.get(job.batch_id)).tags)
    return repr(job)


def test_job_parameters_are_carried_or_refused(door, where, cloud, knock) -> None:
    """Each job has the runs that its parameters say; what they cannot say is refused."""
    with knock() as entered:
        params = [*job_params(ANGLES[:1], 7), *job_params(ANGLES[1:2], 9)]
        entered.run(params)
        with pytest.raises(InvalidOptionError):
            entered.run([{**params[0], "tags": "mine"}])
        assert [sum(counts.values()) for counts in entered.results()] == [7, 9]
    assert [job["shots"] for job in cloud.jobs(where)] == [7, 9]


def test_divis_configurations_are_carried_or_refused(door, where, cloud, knock) -> None:
    """How a simulator runs it arrives with the job; how a quantum computer does is refused there."""
    with knock() as entered:
        job_id = entered.run(turned(0.1), maestro_config={"max_bond_dimension": 7})
        with pytest.raises(InvalidOptionError):
            entered.run(turned(0.2), device_config={"TRANSPILE_LEVEL": 1})
        entered.results()
    with Classes(Setting(where, cloud.env(where))) as main:
        (client,) = main.scheduler.clients
        assert main.call(client.jobs.config, job_id).maestro_config["max_bond_dimension"] == 7
    assert cloud.stats()[where]["jobs_created"] == 1


@pytest.mark.parametrize("bad", [{"shots": 0}, {"angles": [0.1, math.nan]}], ids=str)
def test_bad_input_is_refused_before_anything_is_sent(door, where, cloud, knock, bad) -> None:
    """No shots, or an angle that is no number: an error of bad input, and no create was sent."""
    given = {"angles": ANGLES, **bad}
    if door.is_one_by_one:
        given["angles"] = given["angles"][::-1]
    with knock() as entered:
        with pytest.raises(ValueError):  # ours are of this kind, and so are the vendors' own
            entered.submit(**given)
    assert creates(cloud.stats()[where], where) == 0


def test_results_are_those_of_the_main_door(door, where, simulating) -> None:
    """A program that flips the first qubit alone says the same of each qubit, in the same place."""
    setting = Setting(where, simulating.env(where))
    with Classes(setting) as main:
        expected = main.flipped()
    assert expected == [1.0, *[0.0] * (len(expected) - 1)]
    with door(setting) as entered:
        assert entered.flipped() == expected
