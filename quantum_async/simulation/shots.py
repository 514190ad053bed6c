"""The check that every simulation makes of its number of shots."""

from __future__ import annotations

from quantum_async.errors import InvalidShotsError

MOST_SHOTS = 10_000_000
"""Most shots of one job; more would need gigabytes for the outcomes alone."""


def check_shots(shots: object) -> int:
    """Return the shots as an integer.

    Raises:
        InvalidShotsError: Not a positive integer, or too many.
    """
    try:
        number = shots.__index__()  # type: ignore[attr-defined]  # numpy integers count too
    except AttributeError:
        number = 0
    if isinstance(shots, bool) or not 0 < number <= MOST_SHOTS:
        raise InvalidShotsError(
            f"{shots!r} shots", remedy=f"Give a whole number from 1 to {MOST_SHOTS}."
        )
    return int(number)
