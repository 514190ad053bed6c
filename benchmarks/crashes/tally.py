"""The service's own list of jobs, counted."""

from __future__ import annotations

from collections import Counter


def repeated(shots: list[int], expected: set[int]) -> int:
    """Count the jobs beyond one for each expected number of shots, which no two submissions share.

    Raises:
        ValueError: There are jobs that nobody asked for.
    """
    found = Counter(shots)
    if strange := found.keys() - expected:
        raise ValueError(f"jobs that nobody asked for, of {sorted(strange)} shots")
    return sum(found.values()) - len(found)
