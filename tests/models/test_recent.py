"""A mapping that does not grow for ever."""

from __future__ import annotations

from quantum_async.models._recent import Recent


def test_what_was_written_longest_ago_is_forgotten():
    """Writing again counts, reading does not."""
    kept = Recent[str, int](3)
    for place, name in enumerate("abc"):
        kept[name] = place
    assert kept["b"] == 1
    kept["a"] = 7
    kept["d"] = 8
    assert dict(kept) == {"c": 2, "a": 7, "d": 8}
    for number in range(1000):
        kept[str(number)] = number
    assert list(kept) == ["997", "998", "999"]
