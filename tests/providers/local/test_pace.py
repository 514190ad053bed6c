"""When a pool of processes pays."""

from __future__ import annotations

from quantum_async.providers.local.engine import Pace


def test_a_single_job_never_pays_for_a_pool():
    """However long it takes, a second process would not shorten it."""
    assert not Pace(8).pool_pays("analog", 1, 1000.0, is_warm=False)


def test_one_worker_never_pays():
    """On one core a pool only costs."""
    assert not Pace(1).pool_pays("circuits", 10_000, 1.0, is_warm=True)


def test_many_jobs_pay_and_few_do_not():
    """The break-even lies where serial work exceeds the start-up time by a margin."""
    pace = Pace(2)
    assert not pace.pool_pays("circuits", 100, 0.01, is_warm=True)
    assert pace.pool_pays("circuits", 300, 0.01, is_warm=True)


def test_a_cold_process_leaves_everything_to_the_pool_where_there_is_much():
    """Importing the simulator here is soon done, and only much work is worth the wait instead."""
    pace = Pace(2)
    assert not pace.pool_pays("analog", 100, 0.03, is_warm=False)
    assert pace.pool_pays("analog", 300, 0.03, is_warm=False)


def test_what_is_learnt_moves_the_break_even():
    """Slower jobs than guessed pay earlier, and a longer start-up later."""
    pace = Pace(2)
    for _ in range(5):
        pace.learn("circuits", 0.01, 0.05)
    assert pace.seconds("circuits", 0.01) == 0.05
    assert pace.pool_pays("circuits", 100, 0.01, is_warm=True)
    pace.learn_start_up("circuits", 100.0)
    assert not pace.pool_pays("circuits", 100, 0.01, is_warm=True)


def test_the_first_jobs_prove_nothing():
    """One job that had to translate its program does not send the next one to a process."""
    pace = Pace(2)
    pace.learn("circuits", 0.001, 3.0)
    assert pace.ratio("circuits") == 1.0
    for _ in range(5):
        pace.learn("circuits", 0.001, 3.0)
    assert pace.ratio("circuits") == 8.0


def test_chunks_are_short_and_leave_work_for_everybody():
    """About a seventh of a second each, smaller when little is left."""
    pace = Pace(2)
    assert pace.chunk("analog", 1000, 0.04) == 3
    assert pace.chunk("analog", 6, 0.01) == 2
    assert pace.chunk("analog", 1, 10.0) == 1
    assert pace.chunk("circuits", 100_000, 1e-5) == 64
