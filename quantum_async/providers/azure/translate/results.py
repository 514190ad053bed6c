"""Results of jobs from their output, whichever vendor wrote it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pydantic import ValidationError

from quantum_async.errors import ResultError
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
    probabilities_of,
    registers_in,
)
from quantum_async.providers.azure.translate.shares import shared_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.job import JobRef
    from quantum_async.providers.azure.translate.quantum_results import Outcome
    from quantum_async.providers.azure.wire import AzureJob

_KEPT = 64 * 1024
"""Longest output that a result keeps as it was."""


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
    counted = _Counted(job, ref, Note.read(job.metadata), raw)
    readers = {
        pulser.OUTPUT: lambda: pulser_result(document, atoms, _metadata(job, ref), raw, job.id),
        V2: lambda: counted.of_entries(document),
        V1: lambda: counted.of_displayed(probabilities_of(document, job.id)),
        ionq.OUTPUT: lambda: counted.of_ionq(document),
        quantinuum.OUTPUT: lambda: counted.of_quantinuum(document),
        quil.OUTPUT: lambda: counted.of_quil(document),
    }
    if written not in readers:
        raise _unknown(written, job)
    try:
        return readers[written]()
    except (ValueError, LookupError, TypeError) as error:
        # Whatever a vendor may write one day: an error of ours, and never half a result.
        raise counted.damaged(_first_line(error)) from error


class _Counted:
    """Makes results of circuits.

    Args:
        job: The job.
        ref: The same job, as we refer to it.
        note: What was stored with it.
        raw: Its output as it was.
    """

    def __init__(self, job: AzureJob, ref: JobRef, note: Note, raw: str | None) -> None:
        self._job = job
        self._ref = ref
        self._note = note
        self._raw = raw

    def of_entries(self, document: JsonValue) -> Result:
        entries = entries_of(V2, document, self._job.id)
        if len(entries) != 1:
            raise self.damaged(f"it has {len(entries)} entry points where one was sent")
        entry = entries[0]
        seen = [registers_in(shot) for shot in entry.shots or ()]
        if not seen:
            seen = [registers_in(b.outcome) for b in entry.histogram for _ in range(b.count)]
        kept = [outcome for outcome in seen if outcome is not None and not is_lost(outcome)]
        if seen and not kept:
            raise self.damaged("every shot ended in an error or lost a qubit")
        registers = self._registers(kept[0] if kept else ())
        samples = tuple(self._key(outcome) for outcome in kept)
        return self._result(samples, registers, lost=len(seen) - len(kept))

    def of_displayed(self, found: Mapping[str, float]) -> Result:
        outcomes = {shown: registers_in(shown) for shown in found}
        kept = {
            shown: outcome
            for shown, outcome in outcomes.items()
            if outcome is not None and not is_lost(outcome)
        }
        whole = sum(found.values())
        mass = sum(found[shown] for shown in kept)
        if not kept or not mass:
            raise self.damaged("it holds no outcome")
        registers = self._registers(next(iter(kept.values())))
        shares: defaultdict[str, float] = defaultdict(float)
        for shown, outcome in kept.items():
            shares[self._key(outcome)] += found[shown] / mass
        total = self._job.shots or 0
        accepted = round(total * mass / whole)
        return self._shared(dict(shares), accepted, registers, lost=total - accepted)

    def of_ionq(self, document: JsonValue) -> Result:
        histogram = IonQOutput.model_validate(document).histogram
        width = int(self._job.metadata.get("num_qubits") or 0)
        if not width:
            raise self.damaged("nothing says how many qubits its keys stand for")
        if histogram and max(histogram) >= 1 << width:
            raise self.damaged(f"outcome {max(histogram)} does not fit {width} qubits")
        registers = self._note.registers or (Register("c", self._bits(width)),)
        shares: defaultdict[str, float] = defaultdict(float)
        for number, share in histogram.items():
            bits = f"{number:0{width}b}"[::-1]
            shares[_keyed(self._measured(bits), registers)] += share
        return self._shared(dict(shares), self._job.shots or 0, registers)

    def of_quantinuum(self, document: JsonValue) -> Result:
        if not isinstance(document, dict):
            raise self.damaged("it is no object")
        found = {
            name: [str(shot) for shot in shots]
            for name, shots in document.items()
            if isinstance(shots, list) and name != "access_token"
        }
        names = [register.name for register in self._note.registers if register.name in found]
        names += [name for name in found if name not in names]
        if not names or len({len(found[name]) for name in names}) != 1:
            raise self.damaged("its registers do not have the same number of shots")
        if any(set(bits) - {"0", "1"} for name in names for bits in found[name]):
            raise self.damaged("a register holds other values than bits")
        registers = tuple(Register(n, len(found[n][0]) if found[n] else 0) for n in names)
        # A register's own string has its last bit leftmost already.
        shots = zip(*(found[name] for name in reversed(names)), strict=True)
        return self._result(tuple(" ".join(shot) for shot in shots), registers)

    def of_quil(self, document: JsonValue) -> Result:
        columns = QUIL.validate_python(document)
        note = self._note
        if note.registers and note.qubits and quil.READOUT in columns:
            shots = ("".join(map(str, bits)) for bits in columns[quil.READOUT])
            samples = [
                _keyed("".join(bits[place] for place in note.qubits), note.registers)
                for bits in shots
            ]
            return self._result(tuple(samples), note.registers)
        if not columns:
            raise self.damaged("it has no registers")
        registers = tuple(Register(n, len(c[0]) if c else 0) for n, c in columns.items())
        joined = (
            "".join("".join(map(str, bits)) for bits in shot)
            for shot in zip(*columns.values(), strict=True)
        )
        return self._result(tuple(_keyed(bits, registers) for bits in joined), registers)

    def damaged(self, why: str) -> ResultError:
        """Make the error of an output that is not what it should be."""
        return ResultError(
            f"the output of job {self._job.id} cannot be understood: {why}",
            provider="azure",
            job_id=self._job.id,
            remedy="Read it as it is: client.jobs.output(job_id).",
        )

    def _registers(self, outcome: Outcome) -> tuple[Register, ...]:
        if self._note.registers:
            return self._note.registers
        names = ["c"] if len(outcome) == 1 else [f"c{place}" for place in range(len(outcome))]
        return tuple(
            Register(name, len(bits)) for name, bits in zip(names, reversed(outcome), strict=True)
        )

    def _key(self, outcome: Outcome) -> str:
        """Write an outcome as Qiskit does, with a 0 for each bit that is never measured into."""
        note = self._note
        if not (note.registers and note.qubits) or -1 not in note.qubits:
            return " ".join(outcome)
        bits = iter("".join(part[::-1] for part in reversed(outcome)))
        return _keyed(
            "".join("0" if qubit < 0 else next(bits, "0") for qubit in note.qubits),
            note.registers,
        )

    def _measured(self, bits: str) -> str:
        """Pick the bits that are measured, in the order of the registers."""
        if not self._note.qubits:
            return bits
        return "".join("0" if qubit < 0 else bits[qubit] for qubit in self._note.qubits)

    def _bits(self, width: int) -> int:
        return len(self._note.qubits) or width

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


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        found = error.errors()[0]
        return ": ".join([*map(str, found["loc"]), found["msg"]])
    return repr(error)


def _loaded(content: bytes, job: AzureJob) -> JsonValue:
    try:
        found: JsonValue = json.loads(content)
    except ValueError as error:
        raise ResultError(
            f"the output of job {job.id} is not JSON",
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
