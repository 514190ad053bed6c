"""Bodies of new batches whose sequence is written down and compressed once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.http import encode
from quantum_async.http.encode import LARGE, Body, CompressedPrefix, json_bytes

if TYPE_CHECKING:
    from quantum_async.providers.pasqal.submission import NewBatch

_KEPT = 8


class Prefixes:
    """Remember how the bodies of the sequences used last begin.

    Most of a new batch is its sequence, and a sweep sends the same one with every batch: only
    the jobs behind it are written down and compressed anew.
    """

    def __init__(self) -> None:
        self._made: OrderedDict[str, bytes | CompressedPrefix] = OrderedDict()
        self._making = anyio.Lock()

    async def body(self, batch: NewBatch, digest: str | None = None) -> Body:
        """Return the body of a new batch.

        Args:
            batch: The batch.
            digest: What tells its sequence from others, where that is known.
        """
        rest = json_bytes(batch.rest())
        if batch.sequence is None:
            return await encode.body(b'{"sequence_builder":null,' + rest[1:])
        prefix = await self._prefix(batch.sequence, digest)
        if isinstance(prefix, CompressedPrefix):
            return Body(prefix.finish(rest[1:]), encoding="gzip")
        return await encode.body(prefix + rest[1:])

    async def _prefix(self, sequence: str, digest: str | None) -> bytes | CompressedPrefix:
        key = digest or hashlib.sha256(sequence.encode()).hexdigest()
        # Before the lock, which is held for a turn of the loop at least: a thousand submissions
        # would follow each other one turn at a time.
        if (known := self._known(key)) is not None:
            return known
        # One at a time: whoever waits for the same sequence then finds it made.
        async with self._making:
            if (known := self._known(key)) is not None:
                return known
            made = self._made[key] = await _make(sequence)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
            return made

    def _known(self, key: str) -> bytes | CompressedPrefix | None:
        if key in self._made:
            self._made.move_to_end(key)
        return self._made.get(key)


async def _make(sequence: str) -> bytes | CompressedPrefix:
    if len(sequence) < LARGE:
        return _start(sequence)
    start = await anyio.to_thread.run_sync(_start, sequence)
    return await CompressedPrefix.make(start)


def _start(sequence: str) -> bytes:
    return b'{"sequence_builder":' + json_bytes(sequence) + b","
