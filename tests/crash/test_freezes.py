"""A process that is stopped at a random moment, another that takes over, and the first wakes up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from quantum_async.journal.records import SendState
from quantum_async.journal.sql import SqlJournal
from tests.crash.harness import CREATES, TARGETS, WORKER, program_for, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from quantum_async.sandbox import BlockingSandbox

FREEZES = range(int(os.environ.get("QUANTUM_ASYNC_FREEZES", "20")))
POINTS, SIZE = 40, 5
LEASE = 2.0
TRUE_LEASE = 30.0
LOST = "LostLeaseError"
PAUSE = 4.0
"""Seconds: longer than the lease, so that others have it while its owner waits."""
LIMIT = 200.0
"""Seconds after which a process that has not ended by itself is given up."""
KNOWING = ["pasqal", "azure"]
PROVIDERS = [*KNOWING, "iqm", "qoro"]


def pauses(provider: str, nth: int) -> list[dict[str, object]]:
    """Have the service ask for a pause, which is waited out when the process is stopped."""
    row = {"provider": provider, "method": CREATES[provider], "route": "*"}
    return [
        {**row, "nth": nth, "fault": f"retry-after:{PAUSE}"},
        {**row, "probability": 0.05, "fault": "accept-then-status:504"},
    ]


def wait_for_pause(sandbox: BlockingSandbox, provider: str, nth: int) -> None:
    """Wait until the service has asked for its pause."""
    seen = 0
    while seen < nth:
        requests = sandbox.stats()[provider]["requests"]
        seen = sum(n for what, n in requests.items() if what.startswith(CREATES[provider]))
        time.sleep(0.01)


@contextmanager
def worker(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker, wait until it has begun, and see to its end."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        process.stdout.readline()
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def finish(command: list[str], output: Path) -> set[str | None]:
    """Run the sweep to its end in another process, as soon as it can be had; return its errors."""
    output.unlink(missing_ok=True)
    while not output.exists():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        is_held = "in the hands of" in done.stderr
        assert done.returncode == 0 or is_held, done.stderr[-2000:]
        time.sleep(0.1)
    return {row["error"] for row in json.loads(output.read_text())}


def unsettled(place: str) -> list[SendState]:
    """List the submissions that are neither accepted nor rejected."""

    async def read() -> list[SendState]:
        async with SqlJournal(place) as journal:
            found = await journal.read(lambda reader: reader.submissions())
        return [s.state for s in found if s.state not in {SendState.ACCEPTED, SendState.REJECTED}]

    return anyio.run(read)


def freeze(provider: str, place: str, folder: Path, seed: int, lease: float) -> None:
    """Stop the owner at a drawn moment, let another finish its work, and wake the first up."""
    chance = random.Random(seed)
    nth = chance.randint(1, 3)
    woken, last = folder / "woken.json", folder / "last.json"
    with stage(provider, seed, latency=0.05, job_time="300ms") as sandbox:
        sandbox.set_faults(pauses(provider, nth))
        environment = folder / "env.json"
        environment.write_text(json.dumps(sandbox.env(provider)))
        command = [sys.executable, str(WORKER), "--provider", provider, "--env", str(environment)]
        command += ["--program", str(program_for(provider, folder)), "--target", TARGETS[provider]]
        command += ["--points", str(POINTS), "--size", str(SIZE), "--at-once", "3"]
        command += ["--lease", str(lease), "--journal", place, "--output"]
        with worker([*command, str(woken)]) as owner:
            wait_for_pause(sandbox, provider, nth)
            time.sleep(chance.uniform(0.0, 0.5))
            os.killpg(owner.pid, signal.SIGSTOP)
            wake_up(owner, command, folder, chance, lease)
        # Whoever comes last has all of it: a third one where the second was ended in between. On a
        # busy machine it may be too slow for its own lease, and stops as it should: one more, then.
        while LOST in finish([*command, str(last)], last):
            pass
        stats = sandbox.stats()[provider]
    check(provider, place, json.loads(last.read_text()), stats)


def wake_up(
    owner: subprocess.Popen[bytes],
    command: list[str],
    folder: Path,
    chance: random.Random,
    lease: float,
) -> None:
    """Let another take over, and wake the owner up while that is at work or once it is done."""
    taken_over = folder / "taken-over.json"
    if chance.random() < 0.5:
        time.sleep(lease * chance.uniform(1.0, 1.6))
        with worker([*command, str(taken_over)]):
            time.sleep(chance.uniform(0.0, 1.0))
            os.killpg(owner.pid, signal.SIGCONT)
            owner.communicate(timeout=LIMIT)
    else:
        finish([*command, str(taken_over)], taken_over)
        os.killpg(owner.pid, signal.SIGCONT)
        owner.communicate(timeout=LIMIT)


def check(
    provider: str, place: str, rows: list[dict[str, object]], stats: Mapping[str, object]
) -> None:
    """Ask the server, not the clients, what happened."""
    done = [row for row in rows if row["counts"] is not None]
    unknown = [row for row in rows if row["error"] == "SubmissionUnknownError"]
    assert not stats["duplicates"]
    assert len(done) + len(unknown) == len(rows) == POINTS, [row["error"] for row in rows]
    if provider in KNOWING:
        assert not unknown
        assert stats["jobs_created"] == POINTS
        assert not unsettled(place)
    else:
        ids = {row["id"].partition("[")[0] for row in done}
        assert len(ids) <= stats["jobs_created"] <= len(ids) + len(unsettled(place))


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("provider", "place"),
    [
        ("pasqal", "sqlite"),
        ("pasqal", "postgresql"),
        ("azure", "postgresql"),
        ("iqm", "sqlite"),
        ("qoro", "postgresql"),
    ],
    indirect=["place"],
)
def test_a_frozen_owner_sends_nothing_twice(tmp_path, place, provider: str) -> None:
    """The promise below with a moment each, so that every push proves it."""
    freeze(provider, place, tmp_path, 1002, LEASE)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", FREEZES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_freeze_doubles_a_job(tmp_path, place, provider: str, seed: int) -> None:
    """Whenever a process is stopped and woken up, what it had begun exists once at the most."""
    freeze(provider, place, tmp_path, 1000 + seed, LEASE)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_true_lease_is_a_fence(tmp_path, place, provider: str, seed: int) -> None:
    """The same with the lease that everybody has."""
    freeze(provider, place, tmp_path, 2000 + seed, TRUE_LEASE)
