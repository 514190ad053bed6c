"""A 1,000-job sweep whose process is killed at random moments, under faults, on each provider."""

from __future__ import annotations

import os

import pytest

from tests.crash.harness import Outcome, run

SEEDS = range(int(os.environ.get("QUANTUM_ASYNC_SEEDS", "50")))
POINTS = int(os.environ.get("QUANTUM_ASYNC_POINTS", "1000"))
KNOWING = ["pasqal", "azure"]
"""Providers that can say whether a submission exists."""
FORGETFUL = ["iqm", "qoro"]
"""Providers that cannot."""


def check(outcome: Outcome, points: int, *, can_tell: bool) -> None:
    """Ask the server, not the client, what happened."""
    assert len(outcome.rows) == points
    assert not outcome.failed
    assert not outcome.duplicates
    assert not outcome.sent_twice
    assert not outcome.wrong
    done = [row for row in outcome.rows if row["counts"] is not None]
    ids = [row["id"] for row in done]
    assert len(set(ids)) == len(ids)
    assert all(sum(row["counts"].values()) == 10 for row in done)
    if can_tell:
        assert not outcome.uncertain
        assert not outcome.batches_open
        assert outcome.created == points
    else:
        # Several points share one job there, so the server's jobs are the journal's submissions.
        assert len(done) + len(outcome.uncertain) == points
        # What a killed process had opened and not completed is among the unknown.
        assert outcome.batches_open <= outcome.unknown
        assert outcome.accepted <= outcome.created <= outcome.accepted + outcome.unknown


@pytest.mark.crash
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("provider", [*KNOWING, *FORGETFUL])
def test_a_killed_sweep_is_finished(tmp_path, provider: str, seed: int) -> None:
    """The promise below on short sweeps, so that every push proves it."""
    outcome = run(
        provider, tmp_path, seed, points=60, size=4, kills=2, life=(0.05, 0.6), job_time="700ms"
    )
    assert outcome.kills
    check(outcome, 60, can_tell=provider in KNOWING)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("provider", [*KNOWING, *FORGETFUL])
def test_every_job_exactly_once(tmp_path, provider: str, seed: int) -> None:
    """Exact and reconcilable providers hold every job once; the others none twice."""
    outcome = run(provider, tmp_path, seed, points=POINTS, kills=6, limit=500)
    check(outcome, POINTS, can_tell=provider in KNOWING)
