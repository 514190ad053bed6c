"""A 1,000-job sweep whose process is killed at random moments, under faults, on each provider."""

from __future__ import annotations

import os

import pytest

from tests.crash.harness import Outcome, run

SEEDS = range(int(os.environ.get("QUANTUM_ASYNC_SEEDS", "5")))
KNOWING = ["pasqal", "azure"]
"""Providers that can say whether a submission exists."""
FORGETFUL = ["iqm", "qoro"]
"""Providers that cannot."""


def check(outcome: Outcome, points: int, *, can_tell: bool) -> None:
    """Ask the server, not the client, what happened."""
    assert len(outcome.rows) == points
    assert not outcome.failed
    assert not outcome.duplicates
    assert not outcome.batches_open
    done = [row for row in outcome.rows if row["counts"] is not None]
    ids = [row["id"] for row in done]
    assert len(set(ids)) == len(ids)
    assert all(sum(row["counts"].values()) == 10 for row in done)
    if can_tell:
        assert not outcome.uncertain
        assert outcome.created == points
    else:
        # Several points share one job there, so the server's jobs are the journal's submissions.
        assert len(done) + len(outcome.uncertain) == points
        assert outcome.accepted <= outcome.created <= outcome.accepted + outcome.unknown


@pytest.mark.timeout(300)
def test_a_killed_sweep_on_a_sandbox(tmp_path) -> None:
    """One short sweep, so that every push proves the harness and the promise."""
    outcome = run("pasqal", tmp_path, seed=1, points=100, kills=2)
    assert outcome.kills
    check(outcome, 100, can_tell=True)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("provider", [*KNOWING, *FORGETFUL])
def test_every_job_exactly_once(tmp_path, provider: str, seed: int) -> None:
    """Exact and reconcilable providers hold every job once; the others none twice."""
    outcome = run(provider, tmp_path, seed, points=1000, kills=6, limit=500)
    check(outcome, 1000, can_tell=provider in KNOWING)
