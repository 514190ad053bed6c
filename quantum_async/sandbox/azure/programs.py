"""Targets of the Azure service, programs as it takes them, and outputs as it writes them."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from quantum_async.sandbox.azure.languages import (
    Recorded,
    Shape,
    of_qasm,
    outcome_of,
    read_ionq,
    read_qir,
    read_quil,
)
from quantum_async.sandbox.chance import content_label, seeded_counts, shuffled_shots
from quantum_async.sandbox.emulation import common_part, pulser_results
from quantum_async.sandbox.simulator import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.azure.service import AzureOptions
    from quantum_async.sandbox.azure.store import AzureJob


@dataclass(frozen=True, slots=True)
class Target:
    """A target.

    Args:
        id: Its name.
        provider: Whose it is.
        qubits: How many qubits it has.
        profile: Which profile of QIR it takes, or ``None``.
        has_queue: Whether it runs one job at a time, as hardware does.
    """

    id: str
    provider: str
    qubits: int
    profile: str | None = None
    has_queue: bool = False


_BASE, _ADAPTIVE = "Base", "Adaptive_RI"

TARGETS = (
    Target("pasqal.sim.emu-tn", "pasqal", 100),
    Target("pasqal.sim.emu-sv", "pasqal", 25),
    Target("pasqal.sim.emu-mps", "pasqal", 80),
    Target("pasqal.sim.emu-free", "pasqal", 12),
    Target("pasqal.qpu.fresnel", "pasqal", 100, has_queue=True),
    Target("pasqal.qpu.fresnel-can1", "pasqal", 100, has_queue=True),
    Target("ionq.simulator", "ionq", 29, _BASE),
    Target("ionq.qpu.aria-1", "ionq", 25, _BASE, has_queue=True),
    Target("ionq.qpu.forte-1", "ionq", 35, _BASE, has_queue=True),
    Target("ionq.qpu.forte-enterprise-1", "ionq", 35, _BASE, has_queue=True),
    Target("quantinuum.sim.h2-1sc", "quantinuum", 56, _ADAPTIVE),
    Target("quantinuum.sim.h2-1e", "quantinuum", 56, _ADAPTIVE),
    Target("quantinuum.qpu.h2-1", "quantinuum", 56, _ADAPTIVE, has_queue=True),
    Target("quantinuum.sim.helios-1sc", "quantinuum", 98, "Adaptive_RIF"),
    Target("rigetti.sim.qvm", "rigetti", 20, _BASE),
    Target("rigetti.qpu.cepheus-1-108q", "rigetti", 108, _BASE, has_queue=True),
    Target("echo-output", "Microsoft.Test.FirstParty", 0),
    Target("echo-quantinuum", "Microsoft.Test.FirstParty", 0),
)

BY_NAME = {target.id.lower(): target for target in TARGETS}


def providers() -> list[str]:
    """Name the providers, in order."""
    return list(dict.fromkeys(target.provider for target in TARGETS))


_DEFAULT_SHOTS = 500


class UnreadableInputError(Exception):
    """The input cannot be run; becomes the job's error.

    Args:
        code: The service's own word.
        message: Why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Work:
    """What a job asks of a simulator.

    Args:
        shots: How many shots.
        width: How many bits an outcome has.
        tasks: Makes the simulation from a seed; ``None`` where there is nothing to simulate.
        shape: The registers of an outcome.
        atoms: The names of the atoms, for a sequence.
        label: What decides the outcome, as a name.
    """

    shots: int
    width: int
    tasks: Callable[[int], list[Task]] | None = None
    shape: Shape = field(default_factory=Shape)
    atoms: tuple[str, ...] = ()
    label: str = ""


def shots_of(params: Mapping[str, JsonValue]) -> int:
    """Read the number of shots, under the name of today or of yesterday."""
    for name in ("shots", "count"):
        value = params.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            if value < 1:
                raise UnreadableInputError("InvalidProperty", f"{name} must be positive")
            return value
    return _DEFAULT_SHOTS


def work_of(content: bytes, format: str, params: Mapping[str, JsonValue]) -> Work:
    """Read a job's input.

    Args:
        content: The input.
        format: How it is written down.
        params: What else the target was told.

    Raises:
        UnreadableInputError: It is none.
    """
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(content)
    label = content_label("azure", content, sorted(params.items()))
    return replace(_work_of(content, format, params), label=label)


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInputError("InvalidInputData", f"not gzip: {error}") from error


def _work_of(content: bytes, format: str, params: Mapping[str, JsonValue]) -> Work:
    shots = shots_of(params)
    try:
        if format == "pasqal.pulser.v1":
            return _sequence(content, shots, params)
        if format in _CIRCUITS:
            program, shape = _CIRCUITS[format](content.decode())
            return Work(shots, shape.width, _simulation(program, shots), shape)
    except UnreadableInputError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UnreadableInputError("InvalidInputData", f"cannot be read: {error!r}") from error
    return Work(shots, 0)


def _simulation(program: str, shots: int) -> Callable[[int], list[Task]]:
    return lambda seed: [Task("automatic", "qasm2", program, shots, seed=seed)]


def _qasm(text: str) -> tuple[str, Shape]:
    return text, of_qasm(text)


_CIRCUITS: dict[str, Callable[[str], tuple[str, Shape]]] = {
    "qir.v1": read_qir,
    "ionq.circuit.v1": read_ionq,
    "honeywell.openqasm.v1": _qasm,
    "rigetti.quil.v1": read_quil,
}


def _sequence(content: bytes, shots: int, params: Mapping[str, JsonValue]) -> Work:
    document = json.loads(content)
    text = document["sequence_builder"]
    sequence = json.loads(text)
    given = params.get("variables")
    variables: Mapping[str, JsonValue] = given if isinstance(given, dict) else {}
    atoms = tuple(str(atom.get("name", atom.get("qid"))) for atom in sequence["register"])
    _check(sequence, variables)
    mapped = variables.get("qubits")
    if isinstance(mapped, dict):
        atoms = atoms[: len(mapped)]
    emulation = document.get("emulation_config") or ""

    def tasks(seed: int) -> list[Task]:
        return [Task("pulser", "pulser", text, shots, variables, seed, common_part(emulation))]

    return Work(shots, len(atoms), tasks, atoms=atoms)


def _check(sequence: dict[str, JsonValue], variables: Mapping[str, JsonValue]) -> None:
    declared = sequence.get("variables")
    wanted = set(declared) if isinstance(declared, dict) else set()
    given = set(variables) - {"qubits"}
    if wanted != given:
        names = ", ".join(sorted(wanted ^ given))
        raise UnreadableInputError("InvalidInputData", f"variables do not match: {names}")


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
