"""Chunks: a job's content cut into bodies that the service takes, measured as they are sent."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import DeviceLimitError, InvalidInputError
from quantum_async.http.encode import json_bytes
from quantum_async.providers.qoro.payloads import (
    QoroCircuit,
    QoroTemplate,
    ShotGroups,
    Shots,
    is_positional,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quantum_async.providers.qoro.payloads import Content, Measured

LIMIT = int(0.95 * 1024 * 1024)
"""Most bytes of one upload; the service's own client keeps to the same."""

_ENDING = len(b'"mode":"append","finalized":"false"},')
_RANGE = 40
"""More bytes than one range of shots needs."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One upload.

    Args:
        opening: The body up to the rows.
        rows: Circuits, or points of a template.
        closing: The body after the rows, up to the last two fields.
    """

    opening: bytes
    rows: tuple[bytes, ...]
    closing: bytes

    def content(self, *, is_last: bool) -> bytes:
        """Return the body.

        Args:
            is_last: Whether the job is complete with it.
        """
        finalized = b"true" if is_last else b"false"
        ending = b'"mode":"append","finalized":"%b"}' % finalized
        return b"".join((self.opening, b",".join(self.rows), self.closing, ending))


def chunks(content: Content, measured: Measured, *, limit: int = LIMIT) -> list[Chunk]:
    """Cut a job's content; takes long for many circuits, so not on the loop.

    Args:
        content: Circuits or templates.
        measured: What is measured of them.
        limit: Most bytes of one upload.

    Raises:
        InvalidInputError: There is nothing, a label comes twice, or what is measured does not fit
            the circuits.
        DeviceLimitError: A circuit does not fit one upload.
    """
    _check(content, measured)
    made: list[Chunk] = []
    for item in content:
        if isinstance(item, QoroTemplate):
            made += _of_template(item, measured, limit)
    circuits = [item for item in content if isinstance(item, QoroCircuit)]
    if circuits:
        made += _of_circuits(circuits, measured, limit)
    return made


def packed(text: str) -> str:
    """Compress a program as the service reads it: gzip in base 64, the same at every call."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return base64.b64encode(compressor.compress(text.encode()) + compressor.flush()).decode()


def labels_of(content: Content) -> list[str]:
    """List the labels of a job's results."""
    return [
        label
        for item in content
        for label in (
            [row.label for row in item.rows] if isinstance(item, QoroTemplate) else [item.label]
        )
    ]


def _check(content: Content, measured: Measured) -> None:
    labels = labels_of(content)
    if not labels:
        raise InvalidInputError(
            "a job needs at least one circuit",
            provider="qoro",
            remedy="Pass circuits, or a template with points.",
        )
    if len(set(labels)) < len(labels):
        twice = next(label for label, times in Counter(labels).items() if times > 1)
        raise InvalidInputError(
            f"two circuits of a job are labelled {twice!r}",
            provider="qoro",
            remedy="Give each circuit a label of its own.",
        )
    kinds = {type(item) for item in content}
    is_mapped = isinstance(measured, ShotGroups) or is_positional(measured)
    if len(kinds) > 1 or (is_mapped and kinds != {QoroCircuit}):
        raise InvalidInputError(
            "templates share no job with circuits, and take neither shots nor observables of "
            "single points",
            provider="qoro",
            remedy="Submit them as jobs of their own.",
        )
    if not isinstance(measured, Shots):
        measured.check(len(labels))


def _of_circuits(circuits: Sequence[QoroCircuit], measured: Measured, limit: int) -> list[Chunk]:
    opening = b'{"circuits":{'
    rows = [json_bytes(c.label) + b":" + json_bytes(packed(c.text)) for c in circuits]
    made = []
    for start, stop in _cut(rows, labels_of(circuits), len(opening), measured, limit):
        closing = b"}," + _fields(measured, start, stop)
        made.append(Chunk(opening, tuple(rows[start:stop]), closing))
    return made


def _of_template(template: QoroTemplate, measured: Measured, limit: int) -> list[Chunk]:
    opening = b'{"circuit_template":%b,"parameter_names":%b,"parameter_sets":[' % (
        json_bytes(packed(template.text)),
        json_bytes(template.names),
    )
    rows = [
        json_bytes({"label": row.label, "values": list(map(float, row.values))})
        for row in template.rows
    ]
    made = []
    for start, stop in _cut(rows, labels_of([template]), len(opening), measured, limit):
        closing = b"]," + _fields(measured, start, stop)
        made.append(Chunk(opening, tuple(rows[start:stop]), closing))
    return made


def _cut(
    rows: Sequence[bytes], labels: Sequence[str], opening: int, measured: Measured, limit: int
) -> Iterator[tuple[int, int]]:
    is_grouped = isinstance(measured, ShotGroups)
    starts = {part.start for part in measured.ranges} if isinstance(measured, ShotGroups) else set()
    fixed = opening + _ENDING + (_RANGE if is_grouped else len(_fields(measured, 0, 0))) + 2
    start, size = 0, fixed
    for place, row in enumerate(rows):
        need = len(row) + 1 + (_RANGE if place in starts else 0)
        if fixed + need > limit:
            raise DeviceLimitError(
                f"circuit {labels[place]!r} needs an upload of {fixed + need} bytes, and one "
                f"takes {limit}",
                provider="qoro",
                remedy="Make the circuit shorter, or ask for fewer observables.",
            )
        if size + need > limit:
            yield start, place
            start, size = place, fixed
        size += need
    yield start, len(rows)


def _fields(measured: Measured, start: int, stop: int) -> bytes:
    return json_bytes(measured.document(start, stop))[1:-1] + b","
