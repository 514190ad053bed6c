"""One sweep under fire, by our worker or by a careful script on a vendor's client."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from careful import FEWEST
from tally import repeated

from tests.crash import harness

HERE = Path(__file__).parent
KILLS = 6
LIFE = (0.1, 2.5)
LIMIT = 900.0
LATENCY = 0.05
"""Without any, a sweep would be submitted before the first kill."""
TOGETHER = {"iqm", "qoro"}
"""Services where the points of a submission are one job."""


@dataclass(frozen=True)
class Client:
    """A row of the table.

    Args:
        provider: Registry name of the service.
        package: The package that talks to it.
        manner: How it is used.
        python: The interpreter of the vendor's environment; ``None`` for our own worker.
        script: The script on the vendor's client.
        size: Points per submission.
        uses_open: Whether it opens a batch or a session.
    """

    provider: str
    package: str
    manner: str
    python: str | None = None
    script: str = ""
    size: int = 10
    uses_open: bool = False


@dataclass(frozen=True)
class Found:
    """What came of a sweep.

    Args:
        lost: Points without a result of which nothing was said.
        unknown: Points that were reported as uncertain.
        duplicated: Jobs beyond those needed.
        left_open: Batches or sessions still open; at Qoro, jobs never completed.
        created: Jobs at the service.
        requests: How many were sent.
        seconds: From the first start to the end.
        kills: How often the script was killed.
        ended_early: How often it ended with an exception and was started again.
    """

    lost: int
    unknown: int
    duplicated: int
    left_open: int
    created: int
    requests: int
    seconds: float
    kills: int
    ended_early: int


def run(client: Client, seed: int, points: int) -> Found:
    """Run one sweep; where nothing is done for 15 minutes, that is an error."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if client.python is None:
            return _ours(client, folder, seed, points)
        return _theirs(client, folder, seed, points)


def _ours(client: Client, folder: Path, seed: int, points: int) -> Found:
    outcome = harness.run(
        client.provider,
        folder,
        seed,
        points=points,
        kills=KILLS,
        life=LIFE,
        limit=LIMIT,
        latency=LATENCY,
    )
    if outcome.wrong:
        raise AssertionError(f"{len(outcome.wrong)} results differ from the undisturbed sweep's")
    # Where points share a job, an uncertain submission may exist and belongs to nobody's result.
    allowed = outcome.accepted + outcome.unknown if client.provider in TOGETHER else points
    return Found(
        lost=len(outcome.failed),
        unknown=len(outcome.uncertain),
        duplicated=outcome.duplicates + max(0, outcome.created - allowed),
        left_open=outcome.batches_open,
        created=outcome.created,
        requests=outcome.requests,
        seconds=outcome.seconds,
        kills=outcome.kills,
        ended_early=len(outcome.log),
    )


def _theirs(client: Client, folder: Path, seed: int, points: int) -> Found:
    output = folder / "out.json"
    with harness.stage(client.provider, seed, LATENCY) as sandbox:
        (folder / "env.json").write_text(json.dumps(sandbox.env(client.provider)))
        program = harness.program_for(client.provider, folder)
        sandbox.set_faults(harness.plan(client.provider))
        command = [str(client.python), str(HERE / client.script), "--program", str(program)]
        command += ["--env", str(folder / "env.json"), "--points", str(points)]
        command += ["--size", str(client.size), "--notes", str(folder / "notes.json")]
        command += ["--output", str(output), *(["--open"] if client.uses_open else [])]
        start = time.monotonic()
        schedule = harness.Schedule(seed, KILLS, LIFE, LIMIT, failures=20)
        killed, log = harness.persist(command, output, schedule)
        seconds = time.monotonic() - start
        stats, jobs = sandbox.stats()[client.provider], sandbox.jobs(client.provider)
    results = json.loads(output.read_text())["results"]
    return Found(
        lost=sum(not results.get(str(point)) for point in range(points)),
        unknown=0,
        duplicated=repeated([job["shots"] for job in jobs], _expected(client, points)),
        left_open=stats["batches_open"],
        created=stats["jobs_created"],
        requests=sum(stats["requests"].values()),
        seconds=seconds,
        kills=killed,
        ended_early=len(log),
    )


def _expected(client: Client, points: int) -> set[int]:
    """Give the shots of every job that is needed: each submission has one more than the last."""
    together = client.size if client.provider in TOGETHER else 1
    # Qoro's jobs count those of all their circuits.
    each = together if client.provider == "qoro" else 1
    return {each * (FEWEST + number) for number in range(points // together)}
