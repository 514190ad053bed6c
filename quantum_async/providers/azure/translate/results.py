"""Results of jobs from their output, whichever vendor wrote it."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from functools import cached_property
from itertools import starmap
from typing import TYPE_CHECKING

from pydantic import ValidationError

from quantum_async.errors import ResultError
from quantum_async.http.redact import beginning
from quantum_async.http.response import decoding
from quantum_async.models.result import BitOrder, Register, Result
from quantum_async.providers.azure.outputs import QUIL, IonQOutput
from quantum_async.providers.azure.translate import ionq, pulser, quantinuum, quil
from quantum_async.providers.azure.translate.catalogue import is_simulator
from quantum_async.providers.azure.translate.notes import Note
from quantum_async.providers.azure.translate.pulser_results import pulser_result
from quantum_async.providers.azure.translate.quantum_results import (
    V1,
    V2,
    entries_of,
    is_lost,
    outcomes_in,
    probabilities_of,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.job import JobRef
    from quantum_async.providers.azure.translate.quantum_results import Outcome
    from quantum_async.providers.azure.wire import AzureJob


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
