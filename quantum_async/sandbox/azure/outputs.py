"""A job's output, in the format that was asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.sandbox.azure.registers import Recorded, outcome_of
from quantum_async.sandbox.chance import seeded_counts, shuffled_shots
from quantum_async.sandbox.emulation import pulser_results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.azure.inputs import Work
    from quantum_async.sandbox.azure.options import AzureOptions
    from quantum_async.sandbox.azure.records import AzureJob
    from quantum_async.sandbox.azure.registers import Shape

NATIVE = {
    "pasqal.pulser-results.v1",
    "ionq.quantum-results.v1",
    "honeywell.quantum-results.v1",
    "rigetti.quil-results.v1",
    "microsoft.quantum-log.v1",
}


@dataclass(frozen=True, slots=True)
class _Measured:
    counts: dict[str, int]
    samples: Sequence[str]


def output_of(job: AzureJob, content: bytes, seed: int, options: AzureOptions) -> bytes:
    """Write the output of a job that has succeeded.

    Args:
        job: The job.
        content: Its input.
        seed: The world's seed, for counts that are drawn.
        options: How the service behaves.
    """
    work = job.work
    if job.output_format == "microsoft.quantum-log.v1" or work is None:
        return content
    measured = _measured(job, work, seed)
    if job.output_format == "pasqal.pulser-results.v1":
        return json.dumps(_pasqal(job, work, measured.counts, options)).encode()
    writer = _WRITERS.get(job.output_format, _microsoft)
    return json.dumps(writer(work.shape, measured)).encode()


def _measured(job: AzureJob, work: Work, seed: int) -> _Measured:
    outcome, label = job.run.outcome, work.label
    if job.target.endswith("sc"):
        # A syntax checker runs nothing.
        zeros = "0" * work.width
        return _Measured({zeros: work.shots}, [zeros] * work.shots)
    if outcome is not None:
        samples = outcome.samples or shuffled_shots(outcome.counts, seed, label)
        return _Measured(outcome.counts, samples)
    counts = seeded_counts(seed, label, work.width, work.shots)
    return _Measured(counts, shuffled_shots(counts, seed, label))


def _pasqal(job: AzureJob, work: Work, counts: dict[str, int], options: AzureOptions) -> JsonValue:
    if options.pasqal_results == "flat":
        return dict(counts)
    if options.pasqal_results == "counter":
        return {"counter": dict(counts)}
    emulated = job.run.outcome.raw if job.run.outcome is not None else None
    serialised = emulated or pulser_results(work.atoms, 1000, counts)
    return {"counter": dict(counts), "serialised_results": serialised}


def _ionq(_: Shape, measured: _Measured) -> JsonValue:
    total = sum(measured.counts.values())
    return {"histogram": {str(int(key, 2)): n / total for key, n in measured.counts.items()}}


def _quantinuum(shape: Shape, measured: _Measured) -> JsonValue:
    split = [shape.split(shape.bits(key)) for key in measured.samples]
    return {name: [found[name][::-1] for found in split] for name in shape.names}


def _quil(shape: Shape, measured: _Measured) -> JsonValue:
    split = [shape.split(shape.bits(key)) for key in measured.samples]
    return {name: [[int(bit) for bit in found[name]] for found in split] for name in shape.names}


def _microsoft(shape: Shape, measured: _Measured) -> JsonValue:
    histogram: list[JsonValue] = []
    for key, count in measured.counts.items():
        display, outcome = _recorded(shape, key)
        histogram.append({"Outcome": outcome, "Display": display, "Count": count})
    shots: list[JsonValue] = [_recorded(shape, key)[1] for key in measured.samples]
    entry: JsonValue = {"Histogram": histogram, "Shots": shots}
    return {"DataFormat": "microsoft.quantum-results.v2", "Results": [entry]}


def _microsoft_v1(shape: Shape, measured: _Measured) -> JsonValue:
    total = sum(measured.counts.values())
    histogram: list[JsonValue] = []
    for key, count in measured.counts.items():
        histogram += [_recorded(shape, key)[0], count / total]
    return {"Histogram": histogram}


def _recorded(shape: Shape, key: str) -> tuple[str, JsonValue]:
    bits = shape.bits(key)
    whole = Recorded(is_tuple=False, items=tuple(range(len(bits))))
    return outcome_of(whole if shape.recorded is None else shape.recorded, bits)


_WRITERS: dict[str, Callable[[Shape, _Measured], JsonValue]] = {
    "ionq.quantum-results.v1": _ionq,
    "honeywell.quantum-results.v1": _quantinuum,
    "rigetti.quil-results.v1": _quil,
    "microsoft.quantum-results.v1": _microsoft_v1,
    "microsoft.quantum-results.v2": _microsoft,
}
