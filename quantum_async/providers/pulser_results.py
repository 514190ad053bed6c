"""Pulser's ``Results`` as they are written down, read without Pulser."""

from __future__ import annotations

import json

from quantum_async.errors import ResultError
from quantum_async.models.result import Expectation

_BITSTRINGS = "bitstrings"


class WrittenResults:
    """What is read of Pulser's ``Results``: counts, atoms and numbers, as they were last.

    Args:
        document: The document.

    Raises:
        ResultError: Its counts are none.
    """

    def __init__(self, document: dict[str, object]) -> None:
        self.atoms: tuple[str, ...] = tuple(map(str, _list(document.get("atom_order"))))
        self.counts: dict[str, int] | None = None
        self.scalars: dict[str, Expectation] = {}
        values = _dict(document.get("results"))
        for tag, identity in _dict(document.get("tagmap")).items():
            series = _list(values.get(str(identity)))
            if series:
                self._take(tag, series[-1])

    @classmethod
    def read(cls, text: str | None, *, provider: str, job_id: str) -> WrittenResults | None:
        """Read a document; ``None`` where there is none.

        Args:
            text: The document as text.
            provider: Registry name of the provider.
            job_id: The job concerned.

        Raises:
            ResultError: It is damaged.
        """
        if not text:
            return None
        try:
            return cls(_dict(json.loads(text)))
        except (ValueError, TypeError) as error:
            raise ResultError(
                f"the serialised results are damaged: {error}",
                provider=provider,
                job_id=job_id,
                remedy="Read them as they are, through client.jobs.",
            ) from error

    def _take(self, tag: str, last: object) -> None:
        if tag == _BITSTRINGS and isinstance(last, dict):
            self.counts = {str(outcome): int(count) for outcome, count in last.items()}
        elif isinstance(last, dict) and isinstance(last.get("real"), int | float):
            self.scalars[tag] = Expectation(float(last["real"]))
        elif isinstance(last, int | float) and not isinstance(last, bool):
            self.scalars[tag] = Expectation(float(last))


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
