"""From measurements to results: which bit stands for which qubit."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Register, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.providers.iqm.circuits import Circuit


METADATA = "quantum_async"
"""Where a circuit's metadata says how its registers are made up."""

# The convention of IQM's own Qiskit layer: register's name and size, its place, the bit's place.
_CONVENTION = re.compile(r"(.*)_(\d+)_(\d+)_(\d+)", re.DOTALL)

_Source = tuple[str, Annotated[int, Field(ge=0, strict=True)]]
_WRITTEN = TypeAdapter(dict[Literal["registers"], list[tuple[str, list[_Source | None]]]])


@dataclass(frozen=True, slots=True)
class BitSource:
    """Where a classical bit comes from.

    Args:
        key: The measurement's key.
        position: Which of its qubits.
    """

    key: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """How the outcomes of measurements fill classical registers.

    Args:
        registers: Names and widths, in the order in which the program declares them.
        sources: For each register, where each bit comes from; ``None`` for one never measured
            into, which stays 0.
    """

    registers: tuple[Register, ...]
    sources: tuple[tuple[BitSource | None, ...], ...]

    def metadata(self) -> dict[str, JsonValue]:
        """Write the layout down, for a circuit's metadata."""
        registers: list[JsonValue] = [
            [register.name, [None if s is None else [s.key, s.position] for s in sources]]
            for register, sources in zip(self.registers, self.sources, strict=True)
        ]
        return {"registers": registers}


def conventional_key(register: str, width: int, place: int, bit: int) -> str:
    """Name the measurement of a register's bit as IQM's own Qiskit layer does.

    Args:
        register: The register's name.
        width: How many bits it has.
        place: Which of the circuit's registers it is.
        bit: Which of its bits.
    """
    return f"{register}_{width}_{place}_{bit}"


def layout_of(circuit: Circuit) -> Layout:
    """Say how a circuit's measurements fill registers.

    What its metadata says counts; else the convention, where every key follows it; else each
    measurement is a register of its own.
    """
    written = _from_metadata((circuit.metadata or {}).get(METADATA))
    if written is not None:
        return written
    widths = {
        str(instruction.args["key"]): len(instruction.locus)
        for instruction in circuit.instructions
        if instruction.name == "measure" and "key" in instruction.args
    }
    return layout_of_keys(widths) or by_key(widths)


def layout_of_keys(widths: Mapping[str, int]) -> Layout | None:
    """Make a layout of keys that follow the convention; ``None`` where one does not.

    Args:
        widths: How many qubits each key measures.
    """
    parsed = {key: _CONVENTION.fullmatch(key) for key in widths}
    registers: dict[int, tuple[str, int]] = {}
    sources: dict[int, dict[int, BitSource]] = {}
    for key, match in parsed.items():
        if match is None or widths[key] != 1:
            return None
        width, place, bit = (int(group) for group in match.groups()[1:])
        if bit >= width or registers.setdefault(place, (match[1], width)) != (match[1], width):
            return None
        sources.setdefault(place, {})[bit] = BitSource(key)
    order = sorted(registers)
    return Layout(
        tuple(Register(*registers[place]) for place in order),
        tuple(
            tuple(sources[place].get(bit) for bit in range(registers[place][1])) for place in order
        ),
    )


def by_key(widths: Mapping[str, int]) -> Layout:
    """Make a layout with a register for each key, in the order given."""
    return Layout(
        tuple(Register(key, width) for key, width in widths.items()),
        tuple(
            tuple(BitSource(key, place) for place in range(width)) for key, width in widths.items()
        ),
    )


def _from_metadata(written: JsonValue) -> Layout | None:
    try:
        found = _WRITTEN.validate_python(written)["registers"]
    except (ValidationError, KeyError):
        # It is somebody else's, or damaged: no bit of it is used.
        return None
    return Layout(
        tuple(Register(name, len(bits)) for name, bits in found),
        tuple(tuple(None if bit is None else BitSource(*bit) for bit in bits) for _, bits in found),
    )


if TYPE_CHECKING:
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
