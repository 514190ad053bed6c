"""Counts from probabilities, the same at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def shared_out(shares: Mapping[str, float], shots: int) -> dict[str, int]:
    """Share shots out by probability, to the last one; the largest remainders are rounded up.

    Args:
        shares: Probability of each outcome.
        shots: How many shots were taken.
    """
    whole = sum(shares.values())
    if not whole or shots <= 0:
        return {}
    exact = {outcome: share / whole * shots for outcome, share in shares.items()}
    counts = {outcome: int(share) for outcome, share in exact.items()}
    by_remainder = sorted(exact, key=lambda o: (counts[o] - exact[o], o))
    for outcome in by_remainder[: shots - sum(counts.values())]:
        counts[outcome] += 1
    return {outcome: count for outcome, count in counts.items() if count}
