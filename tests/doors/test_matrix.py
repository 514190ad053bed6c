"""Scripts at the doors, killed at random moments under faults, until they are done."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing

import anyio
import pytest

import quantum_async as qa
from quantum_async.sandbox import BlockingSandbox
from tests.crash.harness import plan
from tests.doors.conftest import script_for
from tests.doors.doors import SHOTS, CommandLine, Setting
from tests.doors.lives import Script

pytestmark = pytest.mark.doors

SEEDS = range(int(os.environ.get("QUANTUM_ASYNC_DOOR_SEEDS", "3")))
ROUNDS, SIZE = 6, 4
"""How often a script submits, and how many jobs each time."""
SILENCE = 1.5
"""Seconds without an answer after which a request is given up: some are never answered."""
LIFE = (0.05, 1.2)
"""Shortest and longest life in seconds of a process that is killed."""
JOB_TIME = 1.3
"""Seconds that a job takes: longer than a life, so that none sees the end of what it has sent."""
KILLED = [
    ("blocking twins", "pasqal"),
    ("Pulser's QPUBackend", "pasqal"),
    ("Qiskit's SamplerV2", "azure"),
    ("`quantum-async run`", "azure"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("entry", "where"), KILLED, ids=[" on ".join(pair) for pair in KILLED])
def test_no_kill_loses_or_doubles_a_job(cloud, tmp_path, entry: str, where: str, seed: int) -> None:
    """Every job exists once, under the id that was told, and has its result in the end."""
    cloud.change(seed=seed, job_time=JOB_TIME, job_spread=0.0)
    cloud.set_faults(plan(where))
    size = ("--rounds", str(ROUNDS), "--size", str(SIZE), "--silence", str(SILENCE))
    is_typed = entry == CommandLine.name
    script = script_for(cloud, entry, where, tmp_path, *size, *(["--typed"] if is_typed else []))
    assert script.persist(seed, kills=3, life=LIFE)
    stats, expected = cloud.stats()[where], ROUNDS * SIZE
    ids, results = told_by(script)
    assert len(set(ids)) == len(results) == expected
    assert all(sum(counts.values()) == SHOTS for counts in results)
    assert (stats["jobs_created"], stats["duplicates"], stats["batches_open"]) == (expected, 0, 0)


def told_by(script: Script) -> tuple[list[str], list[dict[str, int]]]:
    """Read what a script has told in the end: the ids of its jobs, and their counts."""
    found = json.loads(script.output.read_text())
    if "jobs" in found:
        return [job["job_id"] for job in found["jobs"]], [job["counts"] for job in found["jobs"]]
    return [job_id for told in found["ids"] for job_id in told], found["results"]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_nobody_can_say_is_told_and_settled_by_hand(cloud, tmp_path, seed: int) -> None:
    """Where no job can be looked up, a script stops and says so; only what is given up is sent again."""
    where, (rounds, size) = "qoro", (4, 3)
    cloud.change(seed=seed, job_time=JOB_TIME, job_spread=0.0)
    cloud.set_faults(plan(where))
    words = ("--rounds", str(rounds), "--size", str(size), "--silence", str(SILENCE))
    script = script_for(cloud, "Divi's runner", where, tmp_path, *words)
    given_up: list[int] = []

    def settle() -> None:
        exist = anyio.run(give_up, cloud, where, script)
        given_up.append(exist - sum(given_up))

    assert script.persist(seed, kills=3, life=LIFE, settle=settle)
    ids, results = told_by(script)
    assert len(set(ids)) == len(results) == rounds * size
    assert all(sum(counts.values()) == SHOTS for counts in results)
    assert cloud.stats()[where]["jobs_created"] == rounds * size + sum(given_up)


async def give_up(cloud: BlockingSandbox, where: str, script: Script) -> int:
    """Say of what nobody can say that it is lost, and return how many of those do exist."""
    with closing(sqlite3.connect(script.journal)) as journal:
        rows = journal.execute("SELECT key, state FROM submissions").fetchall()
    keys = [key for key, state in rows if state in {"sending", "unknown"}]
    accepted = sum(state == "accepted" for _, state in rows)
    assert len(keys) == 1, "Divi submits one job after the other"
    client = Setting(where, cloud.env(where)).client()
    async with qa.Scheduler(client, journal=script.journal) as scheduler:
        await scheduler.resolve(keys[0], lost=True)
    return cloud.stats()[where]["jobs_created"] - accepted
