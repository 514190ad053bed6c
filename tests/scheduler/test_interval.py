"""Poll intervals: small lag, few polls."""

from __future__ import annotations

import random

from hypothesis import given, strategies as st

from quantum_async.scheduler.polling import IntervalLaw


def poll(law: IntervalLaw, run_time: float) -> tuple[int, float]:
    """Follow one job; return the number of polls and the lag in seconds."""
    age, polls = 0.0, 0
    while age < run_time:
        age += law.next_delay(age)
        polls += 1
    return polls, age - run_time


@given(st.floats(0.2, 5_000))
def test_cold_lag_is_a_tenth_of_the_run_time(run_time: float) -> None:
    """Without history the lag is at most a tenth of the run time, or the shortest interval."""
    _, lag = poll(IntervalLaw(0.1, 1e9), run_time)
    assert lag <= max(0.1 * run_time, 0.1) + 1e-9


@given(st.lists(st.floats(0.5, 1_000), min_size=16, max_size=400), st.floats(0.5, 1_000))
def test_warm_lag_is_bounded(history: list[float], run_time: float) -> None:
    """With history the lag is at most a fifth of the age, once the earliest end has passed."""
    law = IntervalLaw(0.1, 1e9)
    for duration in history:
        law.learn(duration)
    earliest = sorted(history[-256:])[int(0.02 * min(len(history), 256))]
    _, lag = poll(law, run_time)
    assert lag <= max(0.2 * (run_time + lag), earliest - run_time, 0.1) + 1e-6


def test_a_narrow_law_needs_few_polls() -> None:
    """Jobs of 30 s give or take 5 % are found with at most 4 polls and 10 % lag on average."""
    rng = random.Random(1)
    law = IntervalLaw(0.1, 1e9)
    outcomes = []
    for _ in range(400):
        run_time = 30 * rng.uniform(0.95, 1.05)
        outcomes.append((*poll(law, run_time), run_time))
        law.learn(run_time)
    warm = outcomes[100:]
    assert sum(polls for polls, _, _ in warm) / len(warm) <= 4
    assert sum(lag / run_time for _, lag, run_time in warm) / len(warm) <= 0.1


def test_bounds_hold() -> None:
    """No interval is shorter or longer than the limits."""
    law = IntervalLaw(0.5, 2.0)
    assert law.next_delay(0.0) == 0.5
    assert law.next_delay(1e6) == 2.0


def test_a_fleet_is_asked_about_at_a_tenth_of_its_median() -> None:
    """Jobs that share requests are found with a lag of a tenth of the median run, however long."""
    law = IntervalLaw(0.001, 1e9)
    for number in range(100):
        law.learn(1.0 + number / 50)
    for age in (1.5, 2.5, 6.0):
        assert abs(law.next_delay(age, company=1000) - 0.2) < 0.01
    assert law.next_delay(0.5, company=1000) == law.next_delay(0.5), "none ends so early"
