"""From histograms and expectation values to results."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from quantum_async.errors import InvalidOptionError, ResultError
from quantum_async.http.encode import gzip_bytes
from quantum_async.models.result import BitOrder, Expectation, Register, Result
from quantum_async.providers.qoro.wire import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from quantum_async.models.job import JobRef
    from quantum_async.providers.qoro.wire import ResultRow


_USUAL = "c"
_ALL = "meas"
"""What Qiskit's `measure_all` calls its register: so usual that a sweep need not spell it out."""


def label_of(index: int, registers: Sequence[Register]) -> str:
    """Name a circuit by its place, and by its classical registers unless they are as usual.

    A result then says which bits belong together, also to a process that never saw the program.

    Args:
        index: The circuit's place in the job.
        registers: Its classical registers.
    """
    if len(registers) <= 1 and all(register.name == _USUAL for register in registers):
        return str(index)
    if [register.name for register in registers] == [_ALL]:
        return f"{index};"
    named = ",".join(f"{quote(r.name, safe='')}:{r.width}" for r in registers)
    return f"{index};{named}"


def registers_of(label: str, width: int) -> tuple[Register, ...] | None:
    """Read the registers off a label.

    Args:
        label: What `label_of` made.
        width: How many bits the result has.

    Returns:
        The registers, or ``None`` where they do not explain the result.
    """
    _, mark, named = label.partition(";")
    if not named:
        return (Register(_ALL if mark else _USUAL, width),) if width else ()
    try:
        parts = [part.rsplit(":", 1) for part in named.split(",")]
        registers = tuple(Register(unquote(name), int(size)) for name, size in parts)
    except ValueError:
        return None
    return registers if sum(register.width for register in registers) == width else None


_WIDEST = 2**20
_LONGEST = 128
"""Most bits of a number that counts something."""
_MAGIC = {b"QH1": "qh1", b"QH2": "qh2"}


def decode_histogram(encoding: str, payload: str, width: int | None = None) -> dict[str, int]:
    """Unpack counts, and check everything that the format lets one check.

    ``"qh1"`` holds outcomes of up to 255 bits, ``"qh2"`` longer ones. After three bytes of magic
    and the width come, as unsigned LEB128 numbers: the number of distinct outcomes, the number of
    shots, the gaps between the sorted outcomes, a run-length coded bitmap of the outcomes that were
    seen once, and the other counts less two.

    Args:
        encoding: ``"qh1"`` or ``"qh2"``.
        payload: The histogram in base 64.
        width: How many bits an outcome must have, or ``None``.

    Raises:
        ResultError: It is damaged, or of an encoding that this package does not know.
    """
    if encoding not in _MAGIC.values():
        raise ResultError(
            f"a result is encoded as {encoding!r}",
            provider="qoro",
            remedy="Update this package; if that does not help, report it.",
        )
    try:
        packed = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _damaged("it is not base 64") from error
    if not packed:
        return {}
    if _MAGIC.get(packed[:3]) != encoding:
        raise _damaged(f"it begins with {packed[:3]!r} and is said to be {encoding}")
    return _Reader(packed, 3).histogram(width)


class _Reader:
    """Read a packed histogram from front to back."""

    def __init__(self, packed: bytes, position: int) -> None:
        self._packed = packed
        self._position = position

    def histogram(self, expected: int | None) -> dict[str, int]:
        width = self._width()
        if expected is not None and width != expected:
            raise _damaged(f"its outcomes have {width} bits instead of {expected}")
        distinct, shots = self._number(), self._number()
        outcomes = self._outcomes(self._number(), width)
        counts = self._counts(len(outcomes))
        if self._position != len(self._packed):
            raise _damaged("something follows it")
        if len(outcomes) != distinct or sum(counts) != shots:
            raise _damaged("its sums do not agree")
        keys = (f"{outcome:0{width}b}" if width else "" for outcome in outcomes)
        return dict(zip(keys, counts, strict=True))

    def _width(self) -> int:
        if self._packed[:3] == b"QH1":
            return self._byte()
        width = self._number()
        if width > _WIDEST:
            raise _damaged(f"its outcomes have {width} bits")
        return width

    def _outcomes(self, many: int, width: int) -> list[int]:
        self._check_room(many)
        outcomes, last = [], 0
        for place in range(many):
            gap = self._number(width)
            last += gap
            if last >> width or (place and not gap):
                raise _damaged("an outcome is too large or comes twice")
            outcomes.append(last)
        return outcomes

    def _counts(self, many: int) -> list[int]:
        is_one = list(self._runs(many))
        others = self._number()
        if len(is_one) != many or others != is_one.count(False):
            raise _damaged("its counts are not as many as its outcomes")
        return [1 if once else self._number() + 2 for once in is_one]

    def _runs(self, many: int) -> Iterator[bool]:
        end = self._number() + self._position
        if end == self._position:
            return
        runs = self._number()
        value = bool(self._byte()) if runs else False
        left = many
        for _ in range(runs):
            length = self._number()
            left -= length
            if left < 0:
                raise _damaged("its runs are longer than its outcomes are many")
            yield from (value for _ in range(length))
            value = not value
        if self._position != end:
            raise _damaged("its runs do not end where they should")

    def _check_room(self, many: int) -> None:
        # A corrupt number must not make room for a billion outcomes.
        if many > len(self._packed) - self._position:
            raise _damaged("it breaks off")

    def _byte(self) -> int:
        if self._position >= len(self._packed):
            raise _damaged("it breaks off")
        self._position += 1
        return self._packed[self._position - 1]

    def _number(self, bits: int = _LONGEST) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            # A corrupt number must not take time without a limit either.
            if shift > bits + 7:
                raise _damaged("a number in it does not end")


def _damaged(why: str) -> ResultError:
    return ResultError(
        f"a histogram is damaged: {why}",
        provider="qoro",
        remedy="Fetch the result again; if that does not help, report it to the service.",
    )


_LETTERS = frozenset("IXYZ")


def turned(observable: str) -> str:
    """Turn an observable round: from our order of qubits to the service's, or back.

    Ours has the letter of qubit 0 rightmost, as Qiskit has it; the service's has it leftmost.
    """
    return observable[::-1]


def check_observables(observables: Sequence[str], width: int, where: str = "the circuit") -> None:
    """Refuse observables that a circuit does not have.

    Args:
        observables: Pauli strings.
        width: How many qubits the circuit declares.
        where: What the circuit is called.

    Raises:
        InvalidOptionError: One is not a Pauli string of that width.
    """
    for observable in observables:
        if len(observable) != width or not _LETTERS.issuperset(observable):
            raise InvalidOptionError(
                f"{observable!r} is not an observable of {where}, which has {width} qubits",
                provider="qoro",
                remedy="Write one of I, X, Y, Z per qubit.",
            )


def packed_groups(groups: Sequence[Sequence[str]]) -> str:
    """Write groups of observables as the service reads them.

    Args:
        groups: Pauli strings whose leftmost letter acts on qubit 0; those of one group are of one
            length.
    """
    return "|".join(_packed(group) for group in groups)


def expectations(
    values: Mapping[str, object], observables: Sequence[str] | None = None
) -> dict[str, Expectation]:
    """Read the values of observables.

    Args:
        values: What the service sent, by its way of writing them.
        observables: What was asked for, in our way; all that was sent where it is not known.

    Raises:
        ResultError: A value is missing, or is no number.
    """
    wanted = [turned(name) for name in values] if observables is None else observables
    return {observable: _expectation(values, observable) for observable in wanted}


def number(name: str, value: object) -> float:
    """Read a value.

    Args:
        name: What it is the value of.
        value: What the service sent.

    Raises:
        ResultError: It is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ResultError(
            f"the service sent {value!r} as the value of {name}",
            provider="qoro",
            remedy="Fetch it again; if that does not help, report it to the service.",
        )
    return float(value)


def _expectation(values: Mapping[str, object], observable: str) -> Expectation:
    # The service tells no error: its simulators compute, its quantum computers estimate.
    return Expectation(number(observable, values.get(turned(observable))), None)


def _packed(group: Sequence[str]) -> str:
    terms = ";".join(
        "".join(f"{letter}{place}" for place, letter in enumerate(term) if letter != "I") or "I"
        for term in group
    )
    packed = base64.b64encode(gzip_bytes(terms.encode())).decode()
    return f"@gzs{len(group[0])}:{packed}"


def counts_of(row: ResultRow) -> dict[str, int]:
    """Unpack the counts of a row, keyed as the service keys them.

    Raises:
        ResultError: It holds something else, or is damaged.
    """
    found = row.results
    if isinstance(found, Histogram):
        return decode_histogram(found.encoding, found.payload, found.n_bits)
    raise ResultError(
        f"circuit {row.label!r} has no counts",
        provider="qoro",
        remedy="client.jobs.expectation_values(job_id) reads values of observables.",
    )


def plain_values(row: ResultRow) -> dict[str, float]:
    """Unpack a row: counts, or values by observable.

    Raises:
        ResultError: The histogram is damaged, or a value is no number.
    """
    if isinstance(row.results, Histogram):
        return dict(counts_of(row))
    return {name: number(name, value) for name, value in (row.results or {}).items()}


def by_label(rows: Iterable[ResultRow], name: Callable[[str], str] = str) -> dict[str, ResultRow]:
    """Sort rows by their labels.

    Args:
        rows: The rows.
        name: Which part of a label is meant; all of it by default.

    Raises:
        ResultError: Two have the same, so that nobody knows which is whose.
    """
    found: dict[str, ResultRow] = {}
    for row in rows:
        if name(row.label) in found:
            raise ResultError(
                f"two results are labelled {row.label!r}",
                provider="qoro",
                remedy="client.jobs.rows(job_id) reads them in their order.",
            )
        found[name(row.label)] = row
    return found


def result_of(row: ResultRow, job: JobRef) -> Result:
    """Make a result of a row.

    Counts come with the first classical bit rightmost, as Qiskit writes them, but without a space
    between registers.

    Raises:
        ResultError: It is missing or damaged, or its bits cannot be told apart.
    """
    metadata = {"device": job.target, "job_id": job.id}
    if isinstance(row.results, Histogram):
        counts = counts_of(row)
        if not counts:
            raise _empty(job)
        width = len(next(iter(counts), "")) or row.results.n_bits or 0
        registers = registers_of(row.label, width)
        if registers is None:
            raise ResultError(
                f"the outcomes of job {job} have {width} bits, which its registers do not explain",
                provider="qoro",
                job_id=job.id,
                remedy="client.jobs.counts(job_id) reads the outcomes as the service sent them.",
            )
        return Result(
            _spaced(counts, registers),
            sum(counts.values()),
            BitOrder.QISKIT,
            registers,
            metadata=metadata,
        )
    if not row.results:
        raise _empty(job)
    values = expectations(row.results)
    return Result({}, 0, BitOrder.QISKIT, expectation_values=values, metadata=metadata)


def result_of_all(rows: Sequence[ResultRow], job: JobRef) -> Result:
    """Make the result of a whole job: the service's rows, unpacked, as `Result.raw`.

    Raises:
        ResultError: One is damaged.
    """
    found = [plain_values(row) for row in rows]
    pairs = list(zip(rows, found, strict=True))
    counted = [counts for row, counts in pairs if isinstance(row.results, Histogram)]
    return Result(
        {},
        sum(int(sum(counts.values())) for counts in counted),
        BitOrder.QISKIT,
        metadata={"device": job.target, "job_id": job.id},
        raw=json.dumps([{"label": row.label, "results": values} for row, values in pairs]),
    )


def _empty(job: JobRef) -> ResultError:
    return ResultError(
        f"job {job} has an empty result",
        provider="qoro",
        job_id=job.id,
        remedy="Fetch it again; if that does not help, report it to the service.",
    )


def _spaced(counts: Mapping[str, int], registers: Sequence[Register]) -> Mapping[str, int]:
    if len(registers) < 2:
        return counts
    cuts, stop = [], sum(register.width for register in registers)
    for register in registers:
        cuts.append((stop - register.width, stop))
        stop -= register.width
    return {
        " ".join(outcome[start:end] for start, end in reversed(cuts)): count
        for outcome, count in counts.items()
    }
