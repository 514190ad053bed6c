"""A job's output as it is stored."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.http.redact import beginning
from quantum_async.http.response import decoding
from quantum_async.providers.azure.translate.quantum_results import entries_of

if TYPE_CHECKING:
    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class JobOutput:
    """A job's output as it is stored.

    Args:
        content: The bytes, unpacked.
        format: How they are written down, such as ``"microsoft.quantum-results.v2"``.
        job_id: The job.
    """

    content: bytes = field(repr=False)
    format: str
    job_id: str = ""

    @property
    def text(self) -> str:
        """The output as UTF-8."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> JsonValue:
        """Read the output as JSON.

        Raises:
            ResultError: It is none.
            ProtocolError: It nests too deeply to be read.
        """
        with decoding(
            self.content, "the output", provider="azure", job_id=self.job_id, accepted="yes"
        ):
            try:
                found: JsonValue = json.loads(self.content)
            except ValueError as error:
                raise ResultError(
                    f"the output is not JSON: {error}; it begins with {beginning(self.content)!r}",
                    provider="azure",
                    job_id=self.job_id,
                    remedy="Read it as it is: output.content.",
                ) from error
        return found

    def shots(self) -> list[list[JsonValue]]:
        """List every shot's outcome, one list for each entry point.

        Raises:
            ResultError: The format lists no shots, or this output does not.
        """
        found = []
        for entry in entries_of(self.format, self.json(), self.job_id):
            if entry.shots is None:
                raise self._lacking("lists no shots")
            found.append(list(entry.shots))
        return found

    def histogram(self) -> list[dict[str, int]]:
        """Count the outcomes as the service displays them, for each entry point.

        Raises:
            ResultError: The format has no histogram, or this output displays no outcomes.
        """
        found = []
        for entry in entries_of(self.format, self.json(), self.job_id):
            counts: Counter[str] = Counter()
            for bucket in entry.histogram:
                if bucket.display is None:
                    raise self._lacking(f"does not display the outcome {bucket.outcome!r}")
                counts[bucket.display] += bucket.count
            found.append(dict(counts))
        return found

    def _lacking(self, what: str) -> ResultError:
        return ResultError(
            f"the output of job {self.job_id} {what}",
            provider="azure",
            job_id=self.job_id,
            remedy="Read it as it is: output.json().",
        )
