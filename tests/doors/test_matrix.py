"""Scripts at the doors, killed at random moments under faults, until they are done."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.crash.harness import Schedule, persist, plan, stage
from tests.doors import play
from tests.doors.doors import SHOTS

pytestmark = pytest.mark.doors

SEEDS = range(int(os.environ.get("QUANTUM_ASYNC_DOOR_SEEDS", "3")))
ROUNDS, SIZE = 6, 4
"""How often a script submits, and how many jobs each time."""
SILENCE = 1.5
"""Seconds without an answer after which a request is given up: some are never answered."""
KILLED = [
    ("blocking twins", "pasqal"),
    ("Pulser's QPUBackend", "pasqal"),
    ("Qiskit's SamplerV2", "azure"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("door", "where"), KILLED, ids=[" on ".join(pair) for pair in KILLED])
def test_no_kill_loses_or_doubles_a_job(tmp_path, door: str, where: str, seed: int) -> None:
    """Every job exists once, under the id that was told, and has its result in the end."""
    env, output, expected = tmp_path / "env.json", tmp_path / "out.json", ROUNDS * SIZE
    with stage(where, seed, job_time="300ms") as sandbox:
        env.write_text(json.dumps(sandbox.env(where)))
        sandbox.set_faults(plan(where))
        command = [sys.executable, play.__file__, door, where, str(tmp_path / "jobs.db"), str(env)]
        command += ["--output", str(output), "--rounds", str(ROUNDS), "--size", str(SIZE)]
        command += ["--silence", str(SILENCE)]
        schedule = Schedule(seed, kills=3, life=(0.05, 1.2), limit=200)
        killed, log = persist(command, output, schedule)
        stats = sandbox.stats()[where]
    found = json.loads(output.read_text())
    ids = [job_id for told in found["ids"] for job_id in told]
    assert killed
    assert not log
    assert len(set(ids)) == len(found["results"]) == expected
    assert all(sum(counts.values()) == SHOTS for counts in found["results"])
    assert (stats["jobs_created"], stats["duplicates"], stats["batches_open"]) == (expected, 0, 0)
