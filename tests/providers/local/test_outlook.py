"""How many more jobs can be expected."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from quantum_async.providers.local.engine import Outlook


@pytest.fixture
def outlook():
    return Outlook(threading.RLock())


def test_jobs_that_are_announced_are_coming_until_they_have_arrived(outlook):
    """Those that are prepared now, and those that the caller sends after them."""
    with outlook.announced("circuits", 3, expected=40) as arrival:
        assert outlook.coming("circuits") == 43
        arrival.note()
        assert outlook.coming("circuits") == 40
    assert outlook.coming("circuits") == 40


def test_a_small_submission_that_overtakes_hides_nothing_that_is_on_its_way(outlook):
    """Its own hint says that nothing follows, and the large one sent before it still arrives."""
    with ExitStack() as large:
        large.enter_context(outlook.announced("circuits", 64, expected=0))
        with outlook.announced("circuits", 1, expected=0) as small:
            small.note()
        assert outlook.coming("circuits") == 64
    assert outlook.coming("circuits") == 0


def test_an_announcement_that_is_given_up_is_taken_back_once(outlook):
    """Whoever fails while preparing jobs leaves none behind, whether they had arrived or not."""
    for arrived in (False, True):
        with pytest.raises(ValueError, match="no circuit"):
            with outlook.announced("analog", 5, expected=0) as arrival:
                if arrived:
                    arrival.note()
                raise ValueError("no circuit")
        assert outlook.coming("analog") == 0


def test_kinds_are_expected_each_for_itself(outlook):
    """Circuits to come are no reason to start workers for sequences."""
    with outlook.announced("circuits", 2, expected=7):
        assert outlook.coming("analog") == 0
        assert outlook.coming("circuits") == 9


def test_hints_are_forgotten_and_what_is_on_its_way_is_not(outlook):
    """A cancellation may concern the jobs that were hinted at; those under way still arrive."""
    with outlook.announced("circuits", 2, expected=7):
        outlook.forget()
        assert outlook.coming("circuits") == 2
    assert outlook.coming("circuits") == 0


def test_announcements_of_many_threads_add_up(outlook):
    """Nothing is lost between the threads that prepare jobs."""

    def announce():
        for _ in range(500):
            with outlook.announced("circuits", 3, expected=0):
                pass

    threads = [threading.Thread(target=announce) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outlook.coming("circuits") == 0
