"""What was asked of a service: requests, submissions and duplicates."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict

_REMEMBERED = 500_000


class Ledger:
    """Counts of one provider since the start or the last reset."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.duplicates: int = 0
        self._keys: OrderedDict[str, None] = OrderedDict()

    def note_submission(self, key: str | None) -> None:
        """Record a submission the service accepted; a key seen before makes it a duplicate.

        A submission without a key is not counted: two equal ones may both be meant.

        Args:
            key: What the client put on the wire to recognise the submission by, or ``None``. Where
                a protocol has no place for one, a face may take the `payload_digest`.
        """
        if key is None:
            return
        if key in self._keys:
            self.duplicates += 1
            return
        self._keys[key] = None
        if len(self._keys) > _REMEMBERED:
            self._keys.popitem(last=False)


def payload_digest(body: bytes) -> str:
    """Name a payload by its content."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()
