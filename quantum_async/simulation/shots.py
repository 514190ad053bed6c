"""The check that every job's number of shots has to pass."""

from __future__ import annotations

from typing import SupportsIndex

from quantum_async.errors import InvalidShotsError

MOST_SHOTS = 10_000_000
"""Most shots of one job; more would need gigabytes for the outcomes alone."""


def check_shots(shots: object, *, provider: str | None = None) -> int:
    """Return the shots as an integer.

    Args:
        shots: How many; numpy's integers count too.
        provider: Registry name of the provider, for the error.

    Raises:
        InvalidShotsError: Not a positive integer, or too many.
    """
    number = 0
    # Asking for a protocol takes longer than all else that is checked of a job.
    if type(shots) is int:
        number = shots
    elif isinstance(shots, SupportsIndex) and not isinstance(shots, bool):
        number = shots.__index__()
    if not 0 < number <= MOST_SHOTS:
        raise InvalidShotsError(
            f"{shots!r} shots",
            provider=provider,
            remedy=f"Give a whole number from 1 to {MOST_SHOTS}.",
        )
    return number
