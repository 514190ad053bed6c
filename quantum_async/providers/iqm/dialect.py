"""What differs between the generations of IQM's interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import JsonValue


class Generation(StrEnum):
    """Which interface a server has."""

    V1 = "v1"
    """IQM Server's own, since November 2025: ``/api/v1``, long polls, radians."""
    LEGACY = "legacy"
    """The older one, ``/jobs``: full turns, no long polls, one quantum computer an address."""


CircuitMeasurements = Mapping[str, Sequence[Sequence[int]]]
"""Outcomes of one circuit, by key, shot and qubit."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server holds of a job that has succeeded.

    Args:
        measurements: For each circuit, in the order of the submission.
        payload: What was submitted, where it was asked for and is there.
    """

    measurements: tuple[CircuitMeasurements, ...]
    payload: Mapping[str, JsonValue] | None = None


def not_offered(what: str) -> ConfigurationError:
    """Make the error of something that only the newer interface has."""
    return ConfigurationError(
        f"the server speaks IQM's older interface, which has no {what}",
        provider="iqm",
        remedy="It needs IQM Server; ask whoever runs the quantum computer.",
    )
