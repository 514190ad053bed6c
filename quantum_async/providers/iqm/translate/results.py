"""From measurements to results, in this package's bit order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Result
from quantum_async.providers.iqm.translate.layout import by_key, layout_of_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quantum_async.providers.iqm.translate.layout import BitSource, Layout

    Measurements = Mapping[str, Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a circuit's result before it is read.

    Args:
        layout: How measurements fill registers, where that is known.
        shots: How many shots were asked for, where that is known.
        is_heralded: Whether shots may be missing because heralding drops some.
    """

    layout: Layout | None = None
    shots: int | None = None
    is_heralded: bool = False


def result_of(
    measurements: Measurements,
    expected: Expected,
    metadata: Mapping[str, str | float | int | None] | None = None,
) -> Result:
    """Read the measurements of one circuit.

    Args:
        measurements: Outcomes by key, shot and qubit.
        expected: What is known of it.
        metadata: What else the result should say.

    Raises:
        ResultError: Keys, shots or bits are not what the program measures.
    """
    _check_widths(measurements)
    layout = expected.layout or _inferred(measurements)
    shots = _shots(measurements, expected)
    samples = _samples(measurements, layout, shots)
    known: dict[str, str | float | int | None] = dict(metadata or {})
    if expected.is_heralded and expected.shots is not None:
        known["shots_requested"] = expected.shots
    return Result(
        counts=dict(Counter(samples)),
        shots=shots,
        bit_order=BitOrder.QISKIT,
        registers=layout.registers,
        samples=samples,
        metadata=known,
    )


def _check_widths(measurements: Measurements) -> None:
    for key, shots in measurements.items():
        widths = sorted(set(map(len, shots)))
        if len(widths) > 1:
            raise ResultError(
                f"measurement {key!r} has shots of {widths} qubits",
                provider="iqm",
                remedy="client.jobs.measurements(job_id) reads them as they are.",
            )


def _inferred(measurements: Measurements) -> Layout:
    widths = {key: len(shots[0]) if shots else 1 for key, shots in measurements.items()}
    found = layout_of_keys(widths)
    if found is not None:
        return found
    if len(widths) > 1:
        # JSON objects have no order, and the program that had one is not known.
        raise ResultError(
            f"the order of the measurements {', '.join(widths)} is not known",
            provider="iqm",
            remedy="Read them by their keys, with client.jobs.measurements(job_id).",
        )
    return by_key(widths)


def _shots(measurements: Measurements, expected: Expected) -> int:
    lengths = {len(shots) for shots in measurements.values()}
    if len(lengths) > 1:
        raise ResultError(
            f"measurements of {sorted(lengths)} shots in one circuit",
            provider="iqm",
            remedy="client.jobs.measurements(job_id) reads them as they are.",
        )
    found = lengths.pop() if lengths else 0
    is_short = expected.is_heralded and expected.shots is not None and found <= expected.shots
    if expected.shots is not None and found != expected.shots and not is_short:
        raise ResultError(
            f"{found} shots came back where {expected.shots} were asked for",
            provider="iqm",
            remedy="Nothing is known of the others; ask IQM's support about this job.",
        )
    return found


def _samples(measurements: Measurements, layout: Layout, shots: int) -> tuple[str, ...]:
    if not shots:
        return ()
    columns = [list(_columns(measurements, sources, shots)) for sources in layout.sources]
    # Few outcomes differ, so each is written once and shared by all of its shots.
    written = [_written(register) for register in reversed(columns)]
    if len(written) == 1:
        return tuple(written[0])
    shared: dict[tuple[str, ...], str] = {}
    return tuple(shared.setdefault(words, " ".join(words)) for words in zip(*written, strict=True))


def _written(columns: list[Sequence[int]]) -> list[str]:
    words: dict[tuple[int, ...], str] = {}
    written = []
    for bits in zip(*reversed(columns), strict=True):
        word = words.get(bits)
        if word is None:
            word = words[bits] = _word(bits)
        written.append(word)
    return written


def _word(bits: tuple[int, ...]) -> str:
    if any(bit not in (0, 1) for bit in bits):
        raise ResultError(
            f"{bits} is not an outcome of qubits",
            provider="iqm",
            remedy="client.jobs.measurements(job_id) reads the outcomes as they are.",
        )
    return "".join(map(str, map(int, bits)))


def _columns(
    measurements: Measurements, sources: Iterable[BitSource | None], shots: int
) -> Iterable[Sequence[int]]:
    zeros = [0] * shots
    for source in sources:
        if source is None:
            yield zeros
            continue
        try:
            yield [shot[source.position] for shot in measurements[source.key]]
        except (KeyError, IndexError, TypeError):
            raise ResultError(
                f"the result has no qubit {source.position} of measurement {source.key!r}",
                provider="iqm",
                remedy=f"It has: {', '.join(measurements) or 'nothing'}.",
            ) from None
