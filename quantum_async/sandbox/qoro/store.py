"""What the Qoro service keeps."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.service import Refusal
from quantum_async.sandbox.world import oldest_ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.world import Realm, SandboxJob


WORDS = {
    JobStatus.QUEUED: "PENDING",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.CANCELLING: "RUNNING",
    JobStatus.SUCCEEDED: "COMPLETED",
    JobStatus.FAILED: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
    JobStatus.UNKNOWN: "PENDING",
}
"""The service's words for where a job stands."""

ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

_CREG = re.compile(r"\b(?:creg\s+\w+\s*\[\s*(\d+)\s*\]|bit\s*(?:\[\s*(\d+)\s*\])?\s+\w+)\s*;")


@dataclass(slots=True, eq=False)
class Circuit:
    """A circuit of a job.

    Args:
        label: What its result is called.
        text: The program without open parameters.
        shots: How often it is run.
        observables: Dense words, qubit 0 first; empty for counts.
    """

    label: str
    text: str
    shots: int
    observables: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many classical bits it declares."""
        return sum(int(old or new or 1) for old, new in _CREG.findall(self.text))


@dataclass(slots=True, eq=False)
class Record:
    """A job.

    Args:
        id: Its id.
        owner: The token that opened it.
        job_type: ``"EXECUTE"``, ``"EXPECTATION"`` or ``"VALIDATE"``.
        tag: Its tag.
        target: Where it runs.
        created: World time of its opening.
        execution: The older configuration, or ``None``.
        maestro: The simulator's configuration, or ``None``.
        device: The quantum computer's configuration, or ``None``.
    """

    id: str
    owner: str
    job_type: str
    tag: str
    target: str
    created: float
    execution: dict[str, JsonValue] | None = None
    maestro: dict[str, JsonValue] | None = None
    device: dict[str, JsonValue] | None = None
    circuits: list[Circuit] = field(default_factory=list)
    work: SandboxJob | None = None
    cancelled: bool = False
    failed: bool = False
    validation: dict[str, JsonValue] | None = None
    completed: float | None = None

    def word(self, now: float, *, scheduled: bool = False) -> str:
        """Say where it stands, in the service's words."""
        if self.failed:
            return "FAILED"
        if self.cancelled:
            return "CANCELLED"
        if self.validation is not None:
            return "COMPLETED"
        if self.work is None:
            return "PENDING"
        word = WORDS[self.work.status(now)]
        return "SCHEDULED" if scheduled and word == "PENDING" else word

    def is_open(self) -> bool:
        """Whether it still waits to be completed."""
        return self.work is None and not (self.failed or self.cancelled or self.validation)


class Store:
    """What the service keeps.

    Args:
        realm: The provider's part of the world.
    """

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._records: dict[str, Record] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()

    def get(self, job_id: str) -> Record:
        """Find a job.

        Raises:
            Refusal: There is none.
        """
        record = self._records.get(job_id)
        if record is None:
            raise Refusal(404, "No Job matches the given query.")
        return record

    def add(self, record: Record, now: float) -> None:
        """Keep a new job, and drop the oldest ended ones where there are too many."""
        self._records[record.id] = record
        surplus = len(self._records) - self._realm.world.settings.max_jobs
        for old in oldest_ended(
            self._records.values(), surplus, lambda record: record.word(now) in ENDED
        ):
            self.drop(old, now)

    def drop(self, record: Record, now: float) -> None:
        """Forget a job; one that has not ended is cancelled, as nobody could do it any more."""
        self._records.pop(record.id, None)
        if record.work is not None:
            self._realm.cancel(record.target, [record.work], now)
            self._realm.forget(record.work, now)

    def open_jobs(self) -> int:
        """Count jobs that were opened and never completed."""
        return sum(record.is_open() for record in self._records.values())


_GROUP = re.compile(r"@gzs(\d+):(.*)", re.DOTALL)
_LETTER = re.compile(r"([XYZ])(\d+)")
_NARROW = 255


def unpacked(text: object, what: str) -> str:
    """Unpack a program: gzip in base 64.

    Args:
        text: What was sent.
        what: What it is, for the refusal.

    Raises:
        Refusal: It is something else.
    """
    if not isinstance(text, str):
        raise Refusal(400, f"{what} is not text")
    try:
        return gzip.decompress(base64.b64decode(text, validate=True)).decode()
    except (binascii.Error, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise Refusal(400, f"{what} is not gzip in base 64: {error}") from error


def observables_in(text: str) -> list[list[str]]:
    """Unpack groups of observables into dense words, whose first letter acts on qubit 0.

    Raises:
        Refusal: A group is malformed.
    """
    groups = []
    for part in text.split("|"):
        match = _GROUP.fullmatch(part)
        if match is None:
            groups.append(part.split(";"))
            continue
        width = int(match[1])
        sparse = unpacked(match[2], "a group of observables")
        groups.append([_dense(term, width) for term in sparse.split(";")])
    for group in groups:
        if any(not term or set(term) - set("IXYZ") for term in group):
            raise Refusal(400, "observables are words of I, X, Y and Z")
    return groups


def _dense(term: str, width: int) -> str:
    letters = ["I"] * width
    for letter, place in _LETTER.findall(term):
        if int(place) >= width:
            raise Refusal(400, f"{letter}{place} is outside {width} qubits")
        letters[int(place)] = letter
    return "".join(letters)


def filled(template: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Put values into a template, the longest names first and never within a word."""
    if not names:
        return template
    ordered = sorted(names, key=len, reverse=True)
    found = dict(zip(names, values, strict=True))
    pattern = rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, ordered))})(?![A-Za-z0-9_])"
    return re.sub(pattern, lambda match: str(found[match.group()]), template)


def histogram(counts: Mapping[str, int], width: int) -> dict[str, str | int]:
    """Pack counts as results carry them."""
    rows = sorted((int(key, 2) if key else 0, count) for key, count in counts.items() if count)
    wide = width > _NARROW
    out = bytearray(b"QH2" if wide else b"QH1")
    out += _leb(width) if wide else bytes((width,))
    out += _leb(len(rows)) + _leb(sum(count for _, count in rows)) + _leb(len(rows))
    for (index, _), (last, _) in zip(rows, [(0, 0), *rows], strict=False):
        out += _leb(index - last)
    runs = [(once, len(list(same))) for once, same in groupby(count == 1 for _, count in rows)]
    bitmap = _leb(len(runs))
    if runs:
        bitmap += bytes((runs[0][0],)) + b"".join(_leb(length) for _, length in runs)
    extras = [count - 2 for _, count in rows if count != 1]
    out += _leb(len(bitmap)) + bitmap + _leb(len(extras)) + b"".join(map(_leb, extras))
    payload = base64.b64encode(out).decode()
    return {"encoding": "qh2" if wide else "qh1", "n_bits": width, "payload": payload}


def _leb(number: int) -> bytes:
    out = []
    while True:
        out.append((number & 0x7F) | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)
