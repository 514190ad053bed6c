"""What a service that runs for long forgets."""

from __future__ import annotations

from hypothesis import given, strategies as st

from quantum_async.sandbox.world import Latest, oldest_ended


@given(keys=st.lists(st.integers(0, 20)), most=st.integers(1, 8))
def test_the_latest_entries_are_kept(keys, most):
    """As many entries as are wanted stay: those that were new last."""
    kept: Latest[int, int] = Latest(most)
    expected: list[int] = []
    for place, key in enumerate(keys):
        if key not in expected:
            expected = [*expected, key][-most:]
        kept[key] = place
    assert list(kept) == expected


@given(ended=st.lists(st.booleans()), surplus=st.integers(-3, 12))
def test_what_has_not_ended_is_never_chosen(ended, surplus):
    """The oldest that have ended are chosen, no more than are too many."""
    chosen = oldest_ended(range(len(ended)), surplus, ended.__getitem__)
    assert chosen == [place for place, over in enumerate(ended) if over][: max(0, surplus)]
