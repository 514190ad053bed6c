"""Everything that is left to chance repeats itself with the seed."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quantum_async.sandbox import BlockingSandbox
from quantum_async.sandbox.chance import run_time, seeded_counts, shuffled_shots

FAULTS = [
    {"method": "GET", "probability": 0.4, "fault": "status:500"},
    {"fault": "job-failure", "probability": 0.3},
]


def history(wire_to, make_batch, until, seed: int) -> list[object]:
    """Run the same requests against a new sandbox and write down what happened."""
    with BlockingSandbox(simulate=False, job_time=0.1, seed=seed, faults=FAULTS) as sandbox:
        pasqal = wire_to(sandbox.url("pasqal"))
        body = make_batch(jobs=[{"runs": 100}] * 20, device_type="EMU_FREE")
        batch = pasqal.v1("POST", "/batches", body).data
        statuses = [pasqal.v1("GET", "/batches").status for _ in range(20)]
        sandbox.set_faults([])
        until(lambda: all(job["finished"] for job in sandbox.jobs("pasqal")))
        jobs = sandbox.jobs("pasqal")
        lengths = [job["end"] - job["start"] for job in jobs]
        results = pasqal.v1("GET", f"/batches/{batch['id']}/full_results").data
        counts = [results[job["id"]]["counter"] for job in jobs if job["id"] in results]
        return [statuses, lengths, [job["status"] for job in jobs], counts]


def test_a_run_repeats_itself(wire_to, make_batch, until):
    """With one seed faults, run times, failures and counts are the same; with another they differ."""
    first, again, other = (history(wire_to, make_batch, until, seed) for seed in (5, 5, 6))
    # Seconds since the epoch leave microseconds to a difference.
    assert first.pop(1) == pytest.approx(again.pop(1), abs=1e-5)
    assert first == again
    del other[1]
    assert all(a != b for a, b in zip(first, other, strict=True))


@given(seed=st.integers(0, 99), width=st.integers(0, 30), shots=st.integers(1, 5000))
def test_drawn_counts_have_the_right_shape(seed, width, shots):
    """Counts that nobody simulated still sum up to the shots and have the register's width."""
    counts = seeded_counts(seed, "job", width, shots)
    assert sum(counts.values()) == shots
    assert all(len(outcome) == width and count > 0 for outcome, count in counts.items())
    listed = shuffled_shots(counts, seed, "job")
    assert {outcome: listed.count(outcome) for outcome in counts} == counts


@given(mean=st.floats(0, 100), spread=st.floats(0, 1), number=st.integers(0, 10**6))
def test_run_times_stay_within_their_spread(mean, spread, number):
    """A run time is within the spread around the mean."""
    length = run_time(1, "pasqal", number, mean, spread)
    assert mean * (1 - spread) - 1e-9 <= length <= mean * (1 + spread) + 1e-9
