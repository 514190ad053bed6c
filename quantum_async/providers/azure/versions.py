"""API versions: which one is spoken, and what its routes mean."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.errors import ConfigurationError

CURRENT = "2026-01-15-preview"
ARM = "2025-12-15-preview"
RESOURCE_GRAPH = "2021-03-01"

_CANCEL_VERB = "2025-12-01"
_UPDATE_IN_PLACE = "2026-01-15"


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version of the data plane; versions are dates and compare as such.

    Args:
        name: Such as ``"2026-01-15-preview"``.

    Raises:
        ConfigurationError: It is no date.
    """

    name: str = CURRENT

    def __post_init__(self) -> None:
        date = self.name[:10]
        if len(date) != 10 or not date.replace("-", "").isdigit():
            raise ConfigurationError(
                f"{self.name!r} is not an API version",
                provider="azure",
                remedy=f"Write it as a date: {CURRENT}.",
            )

    @property
    def can_delete(self) -> bool:
        """Whether DELETE deletes a job; in older versions it cancels it."""
        return self.name[:10] >= _CANCEL_VERB

    @property
    def updates_in_place(self) -> bool:
        """Whether a job is updated where it is; before, there was a route of its own."""
        return self.name[:10] >= _UPDATE_IN_PLACE
