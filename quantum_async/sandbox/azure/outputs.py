"""A job's output, in the format that was asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import seeded_counts, shuffled_shots
from quantum_async.sandbox.emulation import pulser_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from quantum_async.sandbox.azure.options import AzureOptions
    from quantum_async.sandbox.azure.records import AzureJob

NATIVE = {
    "pasqal.pulser-results.v1",
    "ionq.quantum-results.v1",
    "honeywell.quantum-results.v1",
    "rigetti.quil-results.v1",
    "microsoft.quantum-log.v1",
}


def output_of(job: AzureJob, content: bytes, seed: int, options: AzureOptions) -> bytes:
    """Write the output of a job that has succeeded.

    Args:
        job: The job.
        content: Its input.
        seed: The world's seed, for counts that are drawn.
        options: How the service behaves.
    """
    if job.output_format == "microsoft.quantum-log.v1" or job.work is None:
        return content
    counts, samples = _drawn(job, seed)
    if job.output_format == "pasqal.pulser-results.v1":
        return json.dumps(_pasqal(job, counts, options)).encode()
    writer = _WRITERS.get(job.output_format, _microsoft)
    return json.dumps(writer(job, counts, samples)).encode()


def _drawn(job: AzureJob, seed: int) -> tuple[dict[str, int], list[str]]:
    assert job.work is not None
    outcome, label = job.run.outcome, job.work.label
    if job.target.endswith("sc"):
        # A syntax checker runs nothing.
        zeros = "0" * job.work.width
        return {zeros: job.work.shots}, [zeros] * job.work.shots
    if outcome is not None:
        samples = outcome.samples or shuffled_shots(outcome.counts, seed, label)
        return dict(outcome.counts), list(samples)
    counts = seeded_counts(seed, label, job.work.width, job.work.shots)
    return counts, shuffled_shots(counts, seed, label)


def _pasqal(job: AzureJob, counts: dict[str, int], options: AzureOptions) -> JsonValue:
    assert job.work is not None
    if options.pasqal_results == "flat":
        return dict(counts)
    if options.pasqal_results == "counter":
        return {"counter": dict(counts)}
    serialised = pulser_results(job.work.atoms, 1000, counts)
    return {"counter": dict(counts), "serialised_results": serialised}


def _ionq(job: AzureJob, counts: dict[str, int], samples: list[str]) -> JsonValue:
    del samples
    assert job.work is not None
    total = sum(counts.values())
    return {"histogram": {str(int(key, 2)): count / total for key, count in counts.items()}}


def _quantinuum(job: AzureJob, counts: dict[str, int], samples: list[str]) -> JsonValue:
    del counts
    assert job.work is not None
    shape = job.work.shape
    columns: dict[str, JsonValue] = {}
    split = [shape.split(shape.bits(key)) for key in samples]
    for name in shape.names:
        columns[name] = [found[name][::-1] for found in split]
    return columns


def _quil(job: AzureJob, counts: dict[str, int], samples: list[str]) -> JsonValue:
    del counts
    assert job.work is not None
    shape = job.work.shape
    split = [shape.split(shape.bits(key)) for key in samples]
    return {name: [[int(bit) for bit in found[name]] for found in split] for name in shape.names}


def _microsoft(job: AzureJob, counts: dict[str, int], samples: list[str]) -> JsonValue:
    histogram: list[JsonValue] = []
    for key, count in counts.items():
        display, outcome = _recorded(job, key)
        histogram.append({"Outcome": outcome, "Display": display, "Count": count})
    shots: list[JsonValue] = [_recorded(job, key)[1] for key in samples]
    entry: JsonValue = {"Histogram": histogram, "Shots": shots}
    return {"DataFormat": "microsoft.quantum-results.v2", "Results": [entry]}


def _recorded(job: AzureJob, key: str) -> tuple[str, JsonValue]:
    assert job.work is not None
    shape = job.work.shape
    bits = shape.bits(key)
    records = shape.records or (tuple(range(len(bits))),)
    arrays = [[int(bits[result]) for result in record] for record in records]
    if not shape.is_tuple:
        return str(arrays[0]), list(arrays[0])
    return (
        str(tuple(arrays)),
        {f"Item{place}": list(array) for place, array in enumerate(arrays, start=1)},
    )


_WRITERS: dict[str, Callable[[AzureJob, dict[str, int], list[str]], JsonValue]] = {
    "ionq.quantum-results.v1": _ionq,
    "honeywell.quantum-results.v1": _quantinuum,
    "rigetti.quil-results.v1": _quil,
    "microsoft.quantum-results.v2": _microsoft,
}
