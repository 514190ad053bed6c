"""The two generations of IQM's interface that this client speaks."""

from __future__ import annotations

from enum import StrEnum


class Generation(StrEnum):
    """Which interface a server has."""

    V1 = "v1"
    """IQM Server's own, since November 2025: ``/api/v1``, long polls, radians."""
    LEGACY = "legacy"
    """The older one, ``/jobs``: full turns, no long polls, one quantum computer an address."""
