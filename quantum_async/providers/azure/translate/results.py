"""From outputs in their formats to results."""

from __future__ import annotations

import ast
import base64
import json
import math
import re
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise, starmap
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from quantum_async.errors import ResultError, UnsupportedProgramError
from quantum_async.http.redact import beginning, hide
from quantum_async.http.response import decoding
from quantum_async.models.result import BitOrder, Register, Result
from quantum_async.providers.azure.translate import ionq, pulser, quantinuum, quil
from quantum_async.providers.azure.translate.devices import is_simulator
from quantum_async.providers.azure.wire import QUIL, IonQOutput, ResultsV1, ResultsV2
from quantum_async.providers.pulser_results import WrittenResults, check_outcomes, checked_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.job import JobRef
    from quantum_async.providers.azure.wire import AzureJob, Entry


KEY = "quantum_async"
_LONGEST = 4000
"""Characters of a note at most; how many the service takes is not known, so this is a guess."""
_PACKED = "zlib:"
_BEGINNINGS = ('{"', _PACKED)
_MOST_BYTES = 2**24
"""Bytes that a packed note is unpacked to at most."""

_Count = Annotated[int, Field(ge=0, strict=True)]
_MAP = TypeAdapter(tuple[_Count, ...])


class _Written(BaseModel):
    registers: tuple[tuple[str, _Count], ...] = ()
    qubits: tuple[Annotated[int, Field(strict=True)], ...] = ()
    atoms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What a job's result needs beside its output.

    Args:
        registers: The classical registers, in the order of their declaration.
        qubits: For each classical bit of the registers, where it is found in the output: the
            number of a qubit or of a bit there, or -1 where it is never measured into.
        atoms: The atoms, in the order of the bitstrings.
    """

    registers: tuple[Register, ...] = ()
    qubits: tuple[int, ...] = ()
    atoms: tuple[str, ...] = ()

    def words(self) -> dict[str, str]:
        """Write the note down as metadata, packed where it is long.

        Raises:
            UnsupportedProgramError: It is too long even so, and the result could not be read.
        """
        document: dict[str, object] = {}
        if self.registers:
            document["registers"] = [[r.name, r.width] for r in self.registers]
        if self.qubits:
            document["qubits"] = list(self.qubits)
        if self.atoms:
            document["atoms"] = list(self.atoms)
        if not document:
            return {}
        text = json.dumps(document, separators=(",", ":"))
        if len(text) > _LONGEST:
            # Bits mostly follow each other, and steps of one are packed better than numbers.
            steps = [place - before for before, place in pairwise((0, *self.qubits))]
            text = json.dumps({**document, "qubits": steps}, separators=(",", ":"))
            text = _PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        if len(text) > _LONGEST:
            raise UnsupportedProgramError(
                f"what its result needs takes {len(text)} characters of metadata, and "
                f"{_LONGEST} are sent at most",
                provider="azure",
                remedy="Use fewer registers or classical bits, or measure the qubits in their order.",
            )
        return {KEY: text}

    @classmethod
    def read(cls, metadata: Mapping[str, str], job_id: str) -> Note:
        """Read the note of a job; an empty one where there is none.

        Args:
            metadata: What is stored with the job.
            job_id: The job, for the error.

        Raises:
            ResultError: There is one that cannot be understood.
        """
        try:
            text = metadata.get(KEY, "")
            # Other tools may have words of their own there; what was cut off is ours.
            if text.startswith(_BEGINNINGS):
                return _read(text)
            if text := metadata.get("meas_map", ""):
                # So the vendor's own tools note which qubit is measured into each bit.
                return cls(qubits=_vendors(text))
        except ValueError as error:
            raise ResultError(
                f"the metadata of job {job_id} cannot be understood: {error}",
                provider="azure",
                job_id=job_id,
                remedy="Read the output as it is: client.jobs.output(job_id).",
            ) from None
        return cls()


def _read(text: str) -> Note:
    try:
        content = text.encode()
        if is_packed := text.startswith(_PACKED):
            packed = base64.b64decode(text.removeprefix(_PACKED), validate=True)
            content = zlib.decompressobj().decompress(packed, _MOST_BYTES)
        written = _Written.model_validate_json(content)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"the note {beginning(text)!r} cannot be read") from error
    note = Note(
        tuple(Register(name, width) for name, width in written.registers),
        tuple(accumulate(written.qubits)) if is_packed else written.qubits,
        written.atoms,
    )
    if min(note.qubits, default=0) < -1:
        raise ValueError(f"the note {beginning(text)!r} places a bit at {min(note.qubits)}")
    widths = sum(register.width for register in note.registers)
    if note.registers and note.qubits and len(note.qubits) != widths:
        raise ValueError(f"the note {beginning(text)!r} places other than {widths} bits")
    return note


def _vendors(text: str) -> tuple[int, ...]:
    try:
        return _MAP.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"the measurement map {beginning(text)!r} cannot be read") from error


V1 = "microsoft.quantum-results.v1"
V2 = "microsoft.quantum-results.v2"

Outcome: TypeAlias = tuple[str, ...]
"""Registers as strings of bits, in the order in which the program recorded them; a qubit that was
lost is ``2`` or ``-`` in them."""

_LOST = frozenset("2-")
_PLAIN = re.compile(r"[012-]+(?: [012-]+)*")
"""Registers without brackets, such as ``01 1``."""
_NUMBER = re.compile(r"0|-?[1-9]\d*")
_NESTED = re.compile(r"[\[\](),\s012-]+")
"""What tuples and arrays of bits are displayed with."""
_LONGEST_QUOTE = 200
_LOOKED_AT = 4096


def entries_of(format: str, document: JsonValue, job_id: str = "") -> tuple[Entry, ...]:
    """Read results of version 2.

    Args:
        format: How the output is written down.
        document: The output.
        job_id: The job, for the error.

    Raises:
        ResultError: It is written down otherwise, or damaged.
    """
    declared = document.get("DataFormat") if isinstance(document, dict) else None
    if V2 not in (format, declared):
        raise ResultError(
            f"an output of the format {format or 'unknown'} lists no shots",
            provider="azure",
            job_id=job_id,
            remedy="Use client.fetch, or read the output as it is.",
        )
    try:
        return ResultsV2.model_validate(document).results
    except ValidationError as error:
        raise _malformed(error, job_id) from None


def probabilities_of(document: JsonValue, job_id: str = "") -> tuple[tuple[str, float], ...]:
    """Read results of version 1: outcomes as displayed, each with its probability.

    Args:
        document: The output.
        job_id: The job, for the error.

    Raises:
        ResultError: They are damaged.
    """
    try:
        return ResultsV1.model_validate(document).histogram
    except ValidationError as error:
        raise _malformed(error, job_id) from None


def outcomes_in(written: Sequence[JsonValue]) -> list[Outcome | None]:
    """Read outcomes as shots list them or as the service displays them.

    An array of bits is a register; so is each bit of a tuple. Tuples and arrays of those are
    several registers.

    Args:
        written: The outcomes of one program.

    Returns:
        The registers of each; ``None`` where the shot ended in an error.

    Raises:
        ValueError: One is something else, such as a number.
    """
    plain = [each for each in written if isinstance(each, str) and _PLAIN.fullmatch(each)]
    numbers = [each for each in plain if len(each) > 1 and _NUMBER.fullmatch(each)]
    # ``10`` is two bits beside ``01``, and may as well be ten where nothing else is written.
    if numbers and all(_NUMBER.fullmatch(each) for each in plain):
        raise ValueError(f"{numbers[0]!r} may be a number as well as bits")
    return [_outcome(each) for each in written]


def is_lost(outcome: Outcome) -> bool:
    """Say whether a qubit was lost in a shot, so that it is no outcome."""
    return any(not _LOST.isdisjoint(bits) for bits in outcome)


def quoted(value: object) -> str:
    """Quote what was not understood, or its beginning where it is long."""
    # Hidden before it is cut: of a secret that is cut off nobody knows what it is.
    text = hide(repr(value)[:_LOOKED_AT])
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def _malformed(error: ValidationError, job_id: str) -> ResultError:
    found = error.errors()[0]
    place = ".".join(map(str, found["loc"]))
    return ResultError(
        f"the output of job {job_id} is damaged: {place + ': ' if place else ''}{found['msg']}, "
        f"not {quoted(found['input'])}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )


def _outcome(written: JsonValue) -> Outcome | None:
    if isinstance(written, dict) and set(written) == {"Error"}:
        return None
    if isinstance(written, str) and written.startswith("Error"):
        return None
    found = _displayed(written) if isinstance(written, str) else _registers(written)
    if found is None:
        raise ValueError(f"{quoted(written)} is no outcome of qubits")
    return found


def _displayed(text: str) -> Outcome | None:
    if _PLAIN.fullmatch(text):
        return tuple(text.split())
    if not _NESTED.fullmatch(text):
        return None
    try:
        return _registers(ast.literal_eval(text.replace("-", "'-'").strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _registers(value: object) -> Outcome | None:
    """Read nested bits; ``None`` where there is anything else among them."""
    if (bit := _bit(value)) is not None:
        return (bit,)
    if isinstance(value, dict):
        # So are tuples written in JSON.
        names = [f"Item{place}" for place in range(1, len(value) + 1)]
        return _several([value[name] for name in names]) if set(names) == set(value) else None
    if isinstance(value, tuple):
        return _several(value)
    if not isinstance(value, list):
        return None
    bits = [_bit(item) for item in value]
    register = "".join(bit for bit in bits if bit is not None)
    if len(register) == len(value):
        return (register,)
    # Arrays hold items of one kind.
    return _several(value) if not register else None


def _several(items: Sequence[object]) -> Outcome | None:
    found: list[str] = []
    for item in items:
        registers = _registers(item)
        if registers is None:
            return None
        found += registers
    return tuple(found) if found else None


def _bit(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) if str(value) in {"0", "1", *_LOST} else None


def pulser_result(
    document: JsonValue,
    atoms: Sequence[str],
    metadata: Mapping[str, str | float | int | None],
    raw: str | None,
    job_id: str,
) -> Result:
    """Make a result of a sequence's output.

    Args:
        document: The output: a bare counter, or one beside Pulser's serialised results.
        atoms: The names of the atoms; the serialised results name them themselves.
        metadata: What else is known.
        raw: The output as it was.
        job_id: The job, for the error.

    Raises:
        ResultError: There is nothing, or it contradicts itself or the atoms.
    """
    if not isinstance(document, dict):
        raise _damaged(f"it is no object but {quoted(document)}", job_id)
    text = _serialised(document)
    if text is not None and not isinstance(text, str):
        raise _damaged(f"its serialised results are {quoted(text)}", job_id)
    written = WrittenResults.read(text, provider="azure", job_id=job_id)
    if written is not None:
        atoms = written.atoms or atoms
    try:
        counts = _counts(document)
        if counts is None and written is not None:
            counts = written.counts
        check_outcomes(counts, atoms)
    except ValueError as error:
        raise _damaged(str(error), job_id) from None
    if counts is None and written is None:
        raise _damaged("it holds no counts and no observables", job_id)
    return Result(
        counts=counts or {},
        shots=sum((counts or {}).values()),
        bit_order=BitOrder.ATOMS,
        atoms=tuple(atoms),
        expectation_values=written.scalars if written is not None else {},
        metadata=metadata,
        raw=raw if text is None else text,
    )


def names_atoms(document: object) -> bool:
    """Say whether an output names the atoms of its bitstrings itself."""
    return isinstance(document, dict) and isinstance(_serialised(document), str)


def _serialised(document: Mapping[str, JsonValue]) -> JsonValue:
    """Give Pulser's own results, which the service spells the British way."""
    found = document.get("serialised_results")
    return document.get("serialized_results") if found is None else found


def _counts(document: Mapping[str, JsonValue]) -> dict[str, int] | None:
    """Read the counts; ``None`` where the output has other things only."""
    if "counter" in document:
        return None if document["counter"] is None else checked_counts(document["counter"])
    if _serialised(document) is not None or not document:
        return None
    return checked_counts(document)


def _damaged(why: str, job_id: str) -> ResultError:
    return ResultError(
        f"the output cannot be understood: {why}",
        provider="azure",
        job_id=job_id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )


def shared_out(shares: Mapping[str, float], shots: int) -> dict[str, int]:
    """Share shots out by probability, to the last one; the largest remainders are rounded up.

    Args:
        shares: Probability of each outcome.
        shots: How many shots were taken.
    """
    whole = sum(shares.values())
    if not whole or shots <= 0:
        return {}
    exact = {outcome: share / whole * shots for outcome, share in shares.items()}
    counts = {outcome: int(share) for outcome, share in exact.items()}
    by_remainder = sorted(exact, key=lambda o: (counts[o] - exact[o], o))
    for outcome in by_remainder[: shots - sum(counts.values())]:
        counts[outcome] += 1
    return {outcome: count for outcome, count in counts.items() if count}


_KEPT = 64 * 1024
"""Longest output that a result keeps as it was."""
_ROUNDED = 0.01
"""How far from one probabilities may add up to; the vendor's own reader allows as much."""


def result_of(content: bytes, job: AzureJob, ref: JobRef, atoms: Sequence[str] = ()) -> Result:
    """Make a result of a job's output.

    Args:
        content: The output.
        job: The job.
        ref: The same job, as we refer to it.
        atoms: The names of its atoms, for a sequence.

    Raises:
        ResultError: The output is damaged, or of a format that cannot be understood.
    """
    document = _loaded(content, job)
    raw = content.decode("utf-8", "replace") if len(content) <= _KEPT else None
    written = _format(document, job)
    counted = _Counted(job, ref, raw)
    readers = {
        pulser.OUTPUT: lambda: pulser_result(document, atoms, _metadata(job, ref), raw, job.id),
        V2: lambda: counted.of_entries(document),
        V1: lambda: counted.of_displayed(document),
        ionq.OUTPUT: lambda: counted.of_ionq(document),
        quantinuum.OUTPUT: lambda: counted.of_quantinuum(document),
        quil.OUTPUT: lambda: counted.of_quil(document),
    }
    if written not in readers:
        raise _unknown(written, job)
    try:
        return readers[written]()
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        # Whatever a vendor may write one day: an error of ours, and never half a result.
        raise counted.damaged(_reason(error)) from None


class _Counted:
    """Makes results of circuits.

    Args:
        job: The job.
        ref: The same job, as we refer to it.
        raw: Its output as it was.
    """

    def __init__(self, job: AzureJob, ref: JobRef, raw: str | None) -> None:
        self._job = job
        self._ref = ref
        self._raw = raw

    @cached_property
    def _note(self) -> Note:
        return Note.read(self._job.metadata, self._job.id)

    def of_entries(self, document: JsonValue) -> Result:
        entries = entries_of(V2, document, self._job.id)
        if len(entries) != 1:
            raise self.damaged(f"it has {len(entries)} entry points where one was sent")
        entry = entries[0]
        found = outcomes_in([bucket.outcome for bucket in entry.histogram])
        counted = [o for o, b in zip(found, entry.histogram, strict=True) for _ in range(b.count)]
        seen = outcomes_in(entry.shots or ())
        if seen and counted and Counter(seen) != Counter(counted):
            raise self.damaged(
                f"its histogram counts {len(counted)} shots otherwise than its list of {len(seen)}"
            )
        seen = seen or counted
        kept = [outcome for outcome in seen if outcome is not None and not is_lost(outcome)]
        if not kept:
            raise self.damaged(
                "every shot ended in an error or lost a qubit" if seen else "it holds no outcome"
            )
        registers = self._registers(kept)
        keys = {outcome: self._key(outcome) for outcome in set(kept)}
        samples = tuple(keys[outcome] for outcome in kept)
        return self._result(samples, registers, lost=len(seen) - len(kept))

    def of_displayed(self, document: JsonValue) -> Result:
        found = probabilities_of(document, self._job.id)
        self._check_sum(share for _, share in found)
        outcomes = outcomes_in([shown for shown, _ in found])
        kept = [
            (outcome, share)
            for outcome, (_, share) in zip(outcomes, found, strict=True)
            if outcome is not None and not is_lost(outcome)
        ]
        whole = math.fsum(share for _, share in found)
        mass = math.fsum(share for _, share in kept)
        if not mass:
            raise self.damaged("every shot ended in an error or lost a qubit")
        registers = self._registers([outcome for outcome, _ in kept])
        shares: defaultdict[str, float] = defaultdict(float)
        for outcome, share in kept:
            shares[self._key(outcome)] += share / mass
        total = self._shots()
        accepted = round(total * mass / whole)
        return self._shared(dict(shares), accepted, registers, lost=total - accepted)

    def of_ionq(self, document: JsonValue) -> Result:
        histogram = IonQOutput.model_validate(document).histogram
        said, note = self._job.metadata.get("num_qubits", ""), self._note
        width = int(said) if said.isdecimal() else 0
        if not width:
            raise self.damaged(
                f"its metadata says {said!r} where it should say how many qubits its keys stand for"
            )
        if note.qubits and max(note.qubits) >= width:
            raise self.damaged(f"qubit {max(note.qubits)} is measured where {width} were sent")
        self._check_sum(histogram.values())
        registers = note.registers or (Register("c", len(note.qubits) or width),)
        shares: defaultdict[str, float] = defaultdict(float)
        for key, share in histogram.items():
            number = int(key)
            if number >= 1 << width:
                raise self.damaged(f"outcome {key} does not fit {width} qubits")
            bits = f"{number:0{width}b}"[::-1]
            shares[_keyed(_picked(bits, note.qubits), registers)] += share
        return self._shared(dict(shares), self._shots(), registers)

    def of_quantinuum(self, document: JsonValue) -> Result:
        if not isinstance(document, dict):
            raise self.damaged(f"it is no object but {quoted(document)}")
        found = {
            name: self._strings(name, shots)
            for name, shots in document.items()
            # Older answers hold a token.
            if name != "access_token"
        }
        if not found or len({len(shots) for shots in found.values()}) != 1:
            raise self.damaged("its registers do not have the same number of shots")
        note = self._note
        if note.registers and note.qubits:
            # The first bit of a register stands rightmost in its string.
            stored = [found.pop(name) for name in quantinuum.names_of(found)]
            if found:
                raise self.damaged(f"nothing is known of its registers {quoted(list(found))}")
            bits = ("".join(part[::-1] for part in shot) for shot in zip(*stored, strict=True))
            return self._taken(list(bits), note)
        names = [register.name for register in note.registers] or list(found)
        if set(names) != set(found):
            raise self.damaged(f"it has the registers {quoted(list(found))} instead of {names}")
        registers = tuple(Register(n, len(found[n][0]) if found[n] else 0) for n in names)
        shots = zip(*(found[name] for name in reversed(names)), strict=True)
        return self._result(tuple(" ".join(shot) for shot in shots), registers)

    def of_quil(self, document: JsonValue) -> Result:
        columns = QUIL.validate_python(document)
        found = {
            name: self._alike(name, ["".join(map(str, bits)) for bits in shots])
            for name, shots in columns.items()
        }
        note = self._note
        if note.registers and note.qubits:
            if list(found) != [quil.READOUT]:
                raise self.damaged(
                    f"it has the registers {quoted(list(found))} instead of {quil.READOUT}"
                )
            return self._taken(found[quil.READOUT], note)
        if not found or len({len(shots) for shots in found.values()}) != 1:
            raise self.damaged("its registers do not have the same number of shots")
        registers = tuple(Register(n, len(c[0]) if c else 0) for n, c in found.items())
        joined = ("".join(shot) for shot in zip(*found.values(), strict=True))
        return self._result(tuple(_keyed(bits, registers) for bits in joined), registers)

    def damaged(self, why: str) -> ResultError:
        """Make the error of an output that is not what it should be."""
        return ResultError(
            f"the output of job {self._job.id} cannot be understood: {why}",
            provider="azure",
            job_id=self._job.id,
            remedy="Read it as it is: client.jobs.output(job_id).",
        )

    def _registers(self, kept: Sequence[Outcome]) -> tuple[Register, ...]:
        """Name the registers of outcomes, which must all have the same."""
        widths = tuple(map(len, kept[0]))
        note = self._note
        if note.registers:
            recorded = tuple(reversed(_recorded(note)))
            if widths != recorded:
                raise self.damaged(
                    f"{quoted(' '.join(kept[0]))} does not fit registers of {list(recorded)} bits"
                )
        for outcome in kept:
            if tuple(map(len, outcome)) != widths:
                raise self.damaged(
                    f"{quoted(' '.join(kept[0]))} and {quoted(' '.join(outcome))} are not of the "
                    "same registers"
                )
        if note.registers:
            return note.registers
        names = ["c"] if len(widths) == 1 else [f"c{place}" for place in range(len(widths))]
        return tuple(starmap(Register, zip(names, reversed(widths), strict=True)))

    def _key(self, outcome: Outcome) -> str:
        """Write an outcome as Qiskit does, with a 0 for each bit that is never measured into."""
        note = self._note
        if not note.registers or -1 not in note.qubits:
            return " ".join(outcome)
        bits = iter("".join(part[::-1] for part in reversed(outcome)))
        return _keyed(
            "".join("0" if qubit < 0 else next(bits) for qubit in note.qubits), note.registers
        )

    def _taken(self, shots: list[str], note: Note) -> Result:
        """Pick the bits of registers from those of the output."""
        width = 1 + max(note.qubits)
        for bits in shots:
            if len(bits) != width:
                raise self.damaged(f"{quoted(bits)} has other than the {width} bits that were sent")
        samples = (_keyed(_picked(bits, note.qubits), note.registers) for bits in shots)
        return self._result(tuple(samples), note.registers)

    def _strings(self, name: str, shots: JsonValue) -> list[str]:
        if not isinstance(shots, list):
            raise self.damaged(f"its register {name!r} is {quoted(shots)}")
        for shot in shots:
            if not isinstance(shot, str) or shot.strip("01"):
                raise self.damaged(f"its register {name!r} holds {quoted(shot)} instead of bits")
        return self._alike(name, [str(shot) for shot in shots])

    def _alike(self, name: str, shots: list[str]) -> list[str]:
        for shot in shots:
            if len(shot) != len(shots[0]):
                raise self.damaged(
                    f"its register {name!r} holds both {quoted(shots[0])} and {quoted(shot)}"
                )
        return shots

    def _check_sum(self, shares: Iterable[float]) -> None:
        whole = math.fsum(shares)
        if not math.isclose(whole, 1, abs_tol=_ROUNDED):
            raise self.damaged(f"its probabilities add up to {whole:g}")

    def _shots(self) -> int:
        if self._job.shots is None:
            raise self.damaged("it holds shares, and nothing says of how many shots")
        return self._job.shots

    def _shared(
        self,
        shares: dict[str, float],
        shots: int,
        registers: tuple[Register, ...],
        lost: int = 0,
    ) -> Result:
        return self._made(
            shared_out(shares, shots),
            shots,
            registers,
            None,
            lost=lost,
            # A QPU's shares are of shots that were taken; a simulator's were computed.
            probabilities=shares if is_simulator(self._job.target) else None,
        )

    def _result(
        self, samples: tuple[str, ...], registers: tuple[Register, ...], lost: int = 0
    ) -> Result:
        return self._made(dict(Counter(samples)), len(samples), registers, samples, lost=lost)

    def _made(
        self,
        counts: dict[str, int],
        shots: int,
        registers: tuple[Register, ...],
        samples: tuple[str, ...] | None,
        *,
        lost: int = 0,
        probabilities: dict[str, float] | None = None,
    ) -> Result:
        metadata = _metadata(self._job, self._ref)
        if lost:
            metadata["lost_shots"] = lost
        if runs := _runs(self._job.input_params.get("substitutions")):
            metadata["substitutions"] = runs
        return Result(
            counts=counts,
            shots=shots,
            bit_order=BitOrder.QISKIT,
            registers=registers,
            samples=samples,
            exact_probabilities=probabilities,
            metadata=metadata,
            raw=self._raw,
        )


def _recorded(note: Note) -> list[int]:
    """Say how many bits of each register are measured into, those with none left out."""
    widths, start = [], 0
    for register in note.registers:
        places = note.qubits[start : start + register.width]
        start += register.width
        widths.append(sum(place >= 0 for place in places) if note.qubits else register.width)
    return [width for width in widths if width]


def _picked(bits: str, places: Sequence[int]) -> str:
    """Pick bits by their places, with a 0 for one that has none; all where there are no places."""
    return "".join("0" if place < 0 else bits[place] for place in places) if places else bits


def _keyed(bits: str, registers: Iterable[Register]) -> str:
    """Write bits, the first one first, as Qiskit writes an outcome."""
    parts, start = [], 0
    for register in registers:
        parts.append(bits[start : start + register.width][::-1])
        start += register.width
    return " ".join(reversed(parts))


def _runs(substitutions: JsonValue) -> int:
    """Say for how many sets of values a Quil program ran, whose shots follow on each other."""
    columns = substitutions.values() if isinstance(substitutions, dict) else ()
    return max((len(column) for column in columns if isinstance(column, list)), default=0)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        found = error.errors()[0]
        return f"{': '.join([*map(str, found['loc']), found['msg']])}, not {quoted(found['input'])}"
    return str(error) if isinstance(error, ValueError) else repr(error)


def _loaded(content: bytes, job: AzureJob) -> JsonValue:
    what = f"the output of job {job.id}"
    with decoding(content, what, provider="azure", job_id=job.id, accepted="yes"):
        try:
            found: JsonValue = json.loads(content)
        except ValueError as error:
            raise ResultError(
                f"{what} is not JSON; it begins with {beginning(content)!r}",
                provider="azure",
                job_id=job.id,
                remedy="Read it as it is: client.jobs.output(job_id).",
            ) from error
    return found


def _format(document: JsonValue, job: AzureJob) -> str:
    declared = document.get("DataFormat") if isinstance(document, dict) else None
    return declared if isinstance(declared, str) else (job.output_data_format or "")


def _metadata(job: AzureJob, ref: JobRef) -> dict[str, str | float | int | None]:
    return {
        "device": job.target or ref.target,
        "job_id": job.id,
        "batch_id": job.session_id,
        "cost": job.cost_estimate.estimated_total if job.cost_estimate is not None else None,
    }


def _unknown(format: str, job: AzureJob) -> ResultError:
    return ResultError(
        f"outputs of the format {format or 'that the job does not name'} hold no counts",
        provider="azure",
        job_id=job.id,
        remedy="Read it as it is: client.jobs.output(job_id).",
    )
