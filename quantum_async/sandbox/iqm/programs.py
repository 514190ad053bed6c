"""Programs as IQM takes them, and measurements as it writes them.

Pulses are not simulated: what they do to a chip is in no public document. Every array has the
shape that the run definition declares, and its numbers are drawn from the seed. Field numbers of
protocol buffers are those that iqm-data-definitions 3.1 declares.
"""

from __future__ import annotations

import math
import random
import struct
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from quantum_async.sandbox.chance import content_label, seeded_counts, shuffled_shots
from quantum_async.sandbox.service import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.iqm.service import IQMSandboxOptions
    from quantum_async.sandbox.iqm.store import IQMRecord
    from quantum_async.sandbox.world import World


ARITY: Mapping[str, int] = {"prx": 1, "cz": 2, "move": 2, "cc_prx": 1}
"""How many components an operation acts on, where that is fixed."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "prx": ("angle", "phase"),
    "cc_prx": ("angle", "phase", "feedback_qubit", "feedback_key"),
    "measure": ("key",),
    "delay": ("duration",),
}
"""What an operation must be given."""

KNOWN = {"prx", "cz", "move", "cc_prx", "measure", "reset", "barrier", "delay"}

_NUMBERS = {"angle", "phase", "duration"}
_OLD = {"phased_rx": "prx", "measurement": "measure"}


class CircuitFault(Exception):  # noqa: N818  a finding about somebody else's circuit
    """A circuit cannot be run; the job fails."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction on physical components.

    Args:
        name: The operation.
        locus: Where.
        args: Its arguments, angles in radians.
    """

    name: str
    locus: tuple[str, ...]
    args: Mapping[str, JsonValue]

    def number(self, name: str) -> float:
        """Read a numeric argument."""
        value = self.args[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CircuitFault(f"{self.name}: {name} is not a number")
        if not math.isfinite(value):
            raise CircuitFault(f"{self.name}: {name} is not finite")
        return float(value)


@dataclass(frozen=True, slots=True)
class SubmittedCircuit:
    """A circuit.

    Args:
        name: Its name.
        steps: What it does.
        keys: For each measurement key, in order, the components it measures.
    """

    name: str
    steps: tuple[Step, ...]
    keys: Mapping[str, tuple[str, ...]]


def mapping_of(value: JsonValue) -> dict[str, str]:
    """Read a qubit mapping, as a list of pairs or as an object.

    Raises:
        Refusal: It is neither.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return {name: str(physical) for name, physical in value.items()}
    pairs: dict[str, str] = {}
    for item in value if isinstance(value, list) else [None]:
        if not isinstance(item, dict) or not {"logical_name", "physical_name"} <= item.keys():
            raise Refusal(400, "qubit_mapping is malformed", "invalid_job_payload")
        pairs[str(item["logical_name"])] = str(item["physical_name"])
    return pairs


def read_circuit(
    document: JsonValue, mapping: Mapping[str, str], *, in_turns: bool
) -> SubmittedCircuit:
    """Read a circuit.

    Args:
        document: What was submitted.
        mapping: From the circuit's names to the chip's.
        in_turns: Whether angles are full turns.

    Raises:
        Refusal: It is not a circuit at all.
        CircuitFault: It is one that cannot be run.
    """
    if isinstance(document, str):
        raise CircuitFault("this sandbox does not run QIR")
    instructions = document.get("instructions") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(instructions, list):
        raise Refusal(400, "a circuit has no list of instructions", "invalid_job_payload")
    steps = tuple(_step(item, mapping, in_turns=in_turns) for item in instructions)
    keys: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if step.name == "measure":
            key = str(step.args["key"])
            if key in keys:
                raise CircuitFault(f"the measurement key {key!r} is used twice")
            keys[key] = step.locus
    return SubmittedCircuit(str(document.get("name") or ""), steps, keys)


def _step(item: JsonValue, mapping: Mapping[str, str], *, in_turns: bool) -> Step:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise Refusal(400, "an instruction has no name", "invalid_job_payload")
    locus = item.get("locus", item.get("qubits"))
    given = item.get("args") or {}
    if not isinstance(locus, list) or not isinstance(given, dict):
        raise Refusal(400, "an instruction has no locus", "invalid_job_payload")
    name = str(item["name"])
    name = _OLD.get(name, name)
    if name not in KNOWN:
        raise CircuitFault(f"unknown operation {name!r}")
    step = Step(
        name,
        tuple(mapping.get(str(part), str(part)) for part in locus),
        _arguments(given, in_turns=in_turns),
    )
    _check(step)
    return step


def _arguments(given: Mapping[str, JsonValue], *, in_turns: bool) -> dict[str, JsonValue]:
    args: dict[str, JsonValue] = {}
    for name, value in given.items():
        if in_turns and name in {"angle_t", "phase_t"} and isinstance(value, int | float):
            args[name.removesuffix("_t")] = 2 * math.pi * value
        else:
            args[name] = value
    return args


def _check(step: Step) -> None:
    if not step.locus or len(step.locus) != ARITY.get(step.name, len(step.locus)):
        raise CircuitFault(f"{step.name} cannot act on {len(step.locus)} components")
    if len(set(step.locus)) < len(step.locus):
        raise CircuitFault(f"{step.name} names a component twice")
    for name in ARGUMENTS.get(step.name, ()):
        if name not in step.args:
            raise CircuitFault(f"{step.name} needs the argument {name}")
        if name in _NUMBERS:
            step.number(name)


_KEY, _VALUE = 1, 2
_MAPPING, _AWG, _SOURCES = 1, 1, 3


def channel_dictionary(channels: Mapping[str, JsonValue]) -> bytes:
    """Write the drive channels with the sources that feed back to them.

    Args:
        channels: Properties by channel, as the JSON form has them.
    """
    return b"".join(field(_MAPPING, _entry(name, value)) for name, value in channels.items())


def _entry(name: str, properties: JsonValue) -> bytes:
    sources = properties.get("fast_feedback_sources") if isinstance(properties, dict) else None
    names = cast("list[str]", sources or [])
    awg = b"".join(field(_SOURCES, source.encode()) for source in names)
    return field(_KEY, name.encode()) + field(_VALUE, field(_AWG, awg))


def field(number: int, content: bytes) -> bytes:
    """Write a field that holds text, a message or packed numbers."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Write a field that holds a whole number."""
    return varint(number << 3) + varint(value)


def fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the fields of a message; what is no text, message or packed numbers is passed over.

    Raises:
        ValueError: The message is damaged.
    """
    place = 0
    while place < len(content):
        tag, place = read_varint(content, place)
        kind = tag & 7
        if kind == 0:
            _, place = read_varint(content, place)
            continue
        length, place = (
            read_varint(content, place) if kind == 2 else ({1: 8, 5: 4}.get(kind, -1), place)
        )
        if length < 0 or place + length > len(content):
            raise ValueError("a field is cut off")
        if kind == 2:
            yield tag >> 3, content[place : place + length]
        place += length


def read_varint(content: bytes, place: int) -> tuple[int, int]:
    """Read a whole number, and give it with the place behind it.

    Raises:
        ValueError: It is cut off.
    """
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            break
        byte, place = content[place], place + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number is cut off")


def varint(value: int) -> bytes:
    """Write a whole number."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


MEDIA = b"application/protobuf"
MOST_VALUES = 1_000_000

_SCALAR, _INTEGER, _FLOAT = 1, 3, 5
_INTEGER_TYPE, _FLOAT_TYPE = 3, 4


@dataclass(frozen=True, slots=True)
class PulseRun:
    """What a pulse job is to measure.

    Args:
        sweep_id: What its client calls it.
        spots: How many spots its sweep has.
        sizes: For each parameter to return, how many values at each spot.
    """

    sweep_id: str
    spots: int
    sizes: Mapping[str, int]


def read_run(content: bytes) -> PulseRun:
    """Read a run definition.

    Raises:
        Refusal: It is none, or asks for nothing or for too much.
    """
    try:
        run = _read(content)
    except ValueError as error:
        raise Refusal(400, f"not a run definition: {error}", "invalid_job_payload") from error
    if run.spots * sum(run.sizes.values()) > MOST_VALUES:
        raise Refusal(400, "the run returns too many values", "invalid_input")
    return run


def _read(content: bytes) -> PulseRun:
    packed = [value for body in _all(content, 13) for value in _all(body, 2)]
    definitions = [*packed, *_all(content, 12)]
    if not _all(content, 1) or not definitions:
        raise ValueError("it lacks its id or its sweep")
    sweep = definitions[0]
    declared = {_text(entry, _KEY): _size(_last(entry, _VALUE)) for entry in _all(content, 8)}
    wanted = [name.decode() for name in _all(sweep, 4)]
    if not wanted:
        raise ValueError("it returns nothing")
    sizes = {name: declared.get(name, 1) for name in wanted}
    return PulseRun(_text(sweep, 1), _size(_last(sweep, 3)), sizes)


def sweep_results(run: PulseRun, label: str) -> bytes:
    """Write what a run measured: numbers drawn for each parameter and spot.

    Args:
        run: The run.
        label: What the draw depends on.
    """
    results = b"".join(
        field(2, field(_KEY, name.encode()) + field(_VALUE, b"".join(_arrays(run, name, label))))
        for name in run.sizes
    )
    return field(1, run.sweep_id.encode()) + results


def settings() -> bytes:
    """Write the settings that every quantum computer has, as a tree."""
    options = {
        "playlist_repeats": (_INTEGER_TYPE, number_field(_INTEGER, 2 * 1000)),
        "averaging_bins": (_INTEGER_TYPE, number_field(_INTEGER, 2 * 1000)),
        "end_delay": (_FLOAT_TYPE, varint(4 << 3 | 1) + struct.pack("<d", 3e-4)),
    }
    entries = b"".join(
        field(2, field(_KEY, name.encode()) + field(_VALUE, _setting(name, kind, value)))
        for name, (kind, value) in options.items()
    )
    node = field(1, b"options") + entries
    return field(1, b"root") + field(3, field(_KEY, b"options") + field(_VALUE, node))


def _setting(name: str, kind: int, value: bytes) -> bytes:
    words = f"options.{name}".encode()
    parameter = field(1, words) + field(2, name.encode()) + number_field(4, _SCALAR)
    return field(2, parameter + number_field(5, kind)) + field(3, value)


def _arrays(run: PulseRun, name: str, label: str) -> Iterator[bytes]:
    for spot in range(run.spots):
        chance = random.Random(f"{label} {name} {spot}")  # noqa: S311  repeatable, not secret
        size = run.sizes[name]
        values = struct.pack(f"<{size}d", *(chance.random() for _ in range(size)))
        yield field(1, field(1, varint(size)) + field(_FLOAT, field(1, values)))


def _size(sweeps: bytes) -> int:
    """Multiply the lengths of sweeps; those in parallel have one length."""
    lengths = []
    for parallel in _all(sweeps, 1):
        first = _all(parallel, 1)
        lengths.append(_length(_last(first[0], 2)) if first else 0)
    return math.prod(lengths)


def _length(values: bytes) -> int:
    for kind, held in fields(values):
        if kind == 1:
            return len(_all(held, 1))
        packed = b"".join(_all(held, 1))
        return len(packed) // 8 if kind in {4, 5} else _count(packed)
    return 0


def _count(packed: bytes) -> int:
    place = count = 0
    while place < len(packed):
        _, place = read_varint(packed, place)
        count += 1
    return count


def _all(content: bytes, number: int) -> list[bytes]:
    return [value for found, value in fields(content) if found == number]


def _last(content: bytes, number: int) -> bytes:
    return (_all(content, number) or [b""])[-1]


def _text(content: bytes, number: int) -> str:
    return _last(content, number).decode()


Shots = list[list[int]]


class Measurements:
    """Writes the results of jobs.

    Args:
        world: The world.
        options: How the service behaves.
    """

    def __init__(self, world: World, options: IQMSandboxOptions) -> None:
        self._world = world
        self.options = options

    def is_ready(self, record: IQMRecord, now: float) -> bool:
        """Whether a job's artifacts are there."""
        finished = record.work.finished(now)
        if record.word(now) != "completed" or finished is None:
            return False
        return now >= finished + self.options.artifacts_lag

    def documents(self, record: IQMRecord) -> list[dict[str, Shots]]:
        """Write what a job measured: for each circuit, by key, shot and qubit."""
        return [
            _by_key(circuit, shots)
            for circuit, shots in zip(record.circuits, self._shots(record), strict=True)
        ]

    def counts(self, record: IQMRecord) -> list[dict[str, object]]:
        """Write the counts of a job: first bit of the first key leftmost."""
        return [
            {"measurement_keys": list(circuit.keys), "counts": dict(Counter(shots))}
            for circuit, shots in zip(record.circuits, self._shots(record), strict=True)
        ]

    def _shots(self, record: IQMRecord) -> Iterator[list[str]]:
        outcomes = record.work.outcomes
        for number, circuit in enumerate(record.circuits):
            if outcomes:
                # A register for each bit, the last one leftmost: reversed, they are in order.
                samples = outcomes[number].samples or ()
                shots = [sample.replace(" ", "")[::-1] for sample in samples]
            else:
                shots = self._drawn(record, circuit)
            yield self._heralded(record, number, shots)

    def _drawn(self, record: IQMRecord, circuit: SubmittedCircuit) -> list[str]:
        seed, label = self._world.settings.seed, _label(circuit, record.shots)
        width = sum(map(len, circuit.keys.values()))
        return shuffled_shots(seeded_counts(seed, label, width, record.shots), seed, label)

    def _heralded(self, record: IQMRecord, number: int, shots: list[str]) -> list[str]:
        if not record.is_heralded:
            return shots
        label = f"{self._world.settings.seed} herald {record.work.number} {number}"
        chance = random.Random(label)  # noqa: S311  repeatable, not secret
        kept = [shot for shot in shots if chance.random() >= self.options.heralding_loss]
        return kept or shots[:1]


def _by_key(circuit: SubmittedCircuit, shots: list[str]) -> dict[str, Shots]:
    found: dict[str, Shots] = {}
    begin = 0
    for key, locus in circuit.keys.items():
        end = begin + len(locus)
        found[key] = [[int(bit) for bit in shot[begin:end]] for shot in shots]
        begin = end
    return found


def _label(circuit: SubmittedCircuit, shots: int) -> str:
    # Its name is the client's affair.
    steps = [(step.name, step.locus, sorted(step.args.items())) for step in circuit.steps]
    return content_label("iqm", steps, sorted(circuit.keys.items()), shots)
