"""From a row of the service's results to a result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Result
from quantum_async.providers.qoro.labels import registers_of
from quantum_async.providers.qoro.translate.histograms import decode_histogram
from quantum_async.providers.qoro.translate.observables import expectations, number
from quantum_async.providers.qoro.wire import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Register
    from quantum_async.providers.qoro.wire import ResultRow


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
