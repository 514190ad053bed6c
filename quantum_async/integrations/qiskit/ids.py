"""Ids of jobs in Qiskit's sense, each of which may be several of the provider's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantum_async.models.job import JobRef

_SEPARATOR, _COUNT = ",", "*"


def job_id_of(refs: Iterable[JobRef], *, counted: bool) -> str:
    """Name a job: by the provider's own id, or by several joined with commas.

    Args:
        refs: Its circuits.
        counted: Whether to say how many circuits each of the provider's jobs has, because the
            provider does not.
    """
    circuits = Counter(ref.id for ref in refs)
    return _SEPARATOR.join(
        f"{name}{_COUNT}{count}" if counted and count > 1 else name
        for name, count in circuits.items()
    )


def parts_of(job_id: str) -> list[tuple[str, int | None]]:
    """Take an id apart: the provider's ids, and how many circuits each has, where it says so.

    Raises:
        InvalidInputError: It is empty or malformed.
    """
    parts: list[tuple[str, int | None]] = []
    for part in job_id.split(_SEPARATOR):
        name, mark, count = part.strip().partition(_COUNT)
        if not name or (mark and not count.isdecimal()):
            raise InvalidInputError(
                f"{job_id!r} is not the id of a job", remedy="Pass what job.job_id() returned."
            )
        parts.append((name, int(count) if mark else None))
    return parts
