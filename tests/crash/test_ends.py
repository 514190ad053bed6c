"""A process that ends at once after `submit` has returned: the journal alone leads to the job."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio
import pytest

import quantum_async as qa
from tests.crash.harness import TARGETS, program_for, stage
from tests.crash.worker import client_for

SCRIPT = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
import anyio
import quantum_async as qa
from tests.crash.worker import client_for

async def main():
    client = client_for({provider!r}, json.loads(Path({env!r}).read_text()))
    async with qa.Scheduler(client, journal={journal!r}) as scheduler:
        program = qa.Program.load({program!r})
        job = await scheduler.submit(program, shots=10, variables={{"theta": 0.5}}, on={target!r})
        os.write(1, job.id.encode())
        os._exit(0)

anyio.run(main)
"""


@pytest.mark.crash
@pytest.mark.parametrize("provider", sorted(TARGETS))
async def test_a_job_outlives_an_end_right_after_submit(tmp_path, provider: str) -> None:
    """It is found again on every provider, by the id that was told, and is not sent twice."""
    journal, env = str(tmp_path / "jobs.db"), tmp_path / "env.json"
    with stage(provider, 1) as sandbox:
        env.write_text(json.dumps(sandbox.env(provider)))
        words = {"provider": provider, "journal": journal, "target": TARGETS[provider]}
        words |= {"env": str(env), "program": str(program_for(provider, tmp_path))}
        script = SCRIPT.format(root=str(Path(__file__).parents[2]), **words)
        done = await anyio.run_process([sys.executable, "-c", script])
        client = client_for(provider, sandbox.env(provider))
        async with qa.Scheduler(client, journal=journal) as scheduler:
            (job,) = await scheduler.resume()
            assert job.id == done.stdout.decode()
            assert (await job).shots == 10
        assert sandbox.stats()[provider]["jobs_created"] == 1
