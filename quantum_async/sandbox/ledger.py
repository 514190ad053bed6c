"""What was asked of a service: requests, submissions and duplicates."""

from __future__ import annotations

from collections import Counter

from quantum_async.sandbox.keeping import Latest

_REMEMBERED = 500_000


class Ledger:
    """Counts of one provider since the start or the last reset."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.duplicates: int = 0
        self._keys: Latest[str, None] = Latest(_REMEMBERED)

    def note_submission(self, key: str | None) -> None:
        """Record a submission the service accepted; a key seen before makes it a duplicate.

        A submission without a key is not counted: two equal ones may both be meant.

        Args:
            key: What the client put on the wire to recognise the submission by, or ``None``.
        """
        if key is None:
            return
        if key in self._keys:
            self.duplicates += 1
        else:
            self._keys[key] = None
