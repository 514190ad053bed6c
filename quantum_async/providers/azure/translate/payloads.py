"""A job's program as its target reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import UnsupportedProgramError
from quantum_async.models.program import CIRCUIT_FORMATS, ProgramFormat
from quantum_async.programs.survey import BitLayout
from quantum_async.providers.azure.options import CircuitForm, checked_options
from quantum_async.providers.azure.translate import ionq, pulser, qir, quantinuum, quil
from quantum_async.providers.azure.translate.devices import (
    IONQ,
    QUANTINUUM,
    QUBITS,
    RIGETTI,
    formats_of,
    is_adaptive,
    provider_in,
)
from quantum_async.providers.azure.translate.results import V2, Note
from quantum_async.providers.sequences import atoms_of, check_values, facts_of, json_values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pydantic import JsonValue
    from qiskit import QuantumCircuit

    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.azure.options import AzureOptions
    from quantum_async.providers.azure.translate.circuits import Circuit

    JsonObject: TypeAlias = dict[str, JsonValue]
    Writer: TypeAlias = Callable[[JobSpec, QuantumCircuit], "Payload"]

QIR = "qir.v1"


@dataclass(frozen=True, slots=True)
class Payload:
    """A job's input, and what goes with it.

    Args:
        content: The input.
        input_format: How it is written down.
        output_format: How the output is wanted.
        media_type: What it is stored as.
        params: What else the target is told.
        metadata: Words to store with the job.
        name: What the job is called.
    """

    content: bytes = field(repr=False)
    input_format: str
    output_format: str
    media_type: str = "application/json"
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


def payload_of(
    job: JobSpec, target: str, *, in_session: bool, num_qubits: int | None, profile: str = ""
) -> Payload:
    """Write a job down for its target; takes milliseconds to seconds for a circuit.

    Args:
        job: The job.
        target: The target's name.
        in_session: Whether it goes to a session, which Pasqal's side must be told.
        num_qubits: How many qubits the target has, where the service says.
        profile: The profile of QIR that the target takes, where the service says.

    Raises:
        ProgramError: The target cannot run it.
        InvalidOptionError: An option would be dropped on the way.
        MissingExtraError: A library is needed for this, and not installed.
    """
    program = job.program
    formats = formats_of(target)
    if program.format not in formats:
        raise UnsupportedProgramError(
            f"{target} does not run {program.format} programs",
            provider="azure",
            remedy=f"It runs: {', '.join(sorted(formats))}.",
        )
    options = checked_options(job.options, target, program)
    if program.format is ProgramFormat.PULSER:
        return _of_sequence(job, options, in_session=in_session)
    if program.format in CIRCUIT_FORMATS:
        most_qubits = num_qubits or QUBITS.get(target.lower())
        form = options.form
        return _of_circuit(job, target, most_qubits, form, adaptive=is_adaptive(target, profile))
    return _as_it_is(job)


def _of_sequence(job: JobSpec, options: AzureOptions, *, in_session: bool) -> Payload:
    facts = facts_of(job.program)
    check_values(facts, job.variables)
    params: JsonObject = {"shots": job.shots}
    if job.variables:
        # Pulser takes a number or a list of one: they go as they were given.
        params["variables"] = json_values(job.variables, provider="azure")
    if in_session:
        # It tells Pasqal's side to keep one batch for the whole session.
        params["open_batch"] = True
    return Payload(
        pulser.input_of(job.program, options.emulation_text),
        pulser.INPUT,
        pulser.OUTPUT,
        params=params,
        metadata=_atoms_noted(atoms_of(facts, job.variables, provider="azure")),
        name=job.program.name,
    )


def _atoms_noted(atoms: tuple[str, ...]) -> dict[str, str]:
    try:
        return Note(atoms=atoms).words()
    except UnsupportedProgramError:
        # They are read from the input again.
        return {}


def _of_circuit(
    job: JobSpec, target: str, most_qubits: int | None, form: CircuitForm, *, adaptive: bool
) -> Payload:
    from quantum_async.providers.azure.translate.circuits import Limits, prepared_circuit

    limits = Limits(target, most_qubits, goes_on=adaptive, form=" in QIR")
    basis: Sequence[str] = qir.BASIS
    write: Writer = _as_qir
    native = _NATIVE.get(provider_in(target))
    if native is not None and form is CircuitForm.NATIVE:
        basis, write, free = native
        limits = Limits(target, most_qubits, goes_on=free, decides=free, form=" in its own format")
    return write(job, prepared_circuit(job.program, job.variables, basis, limits))


def _as_qir(job: JobSpec, circuit: QuantumCircuit) -> Payload:
    read = _read(circuit, {*qir.BASIS, "reset"})
    entry: JsonObject = {"entryPoint": qir.ENTRY, "arguments": []}
    return Payload(
        qir.qir_of(read).encode(),
        QIR,
        V2,
        media_type=QIR,
        params={"shots": job.shots, "items": [entry]},
        metadata={
            "qiskit": "True",
            "name": read.name,
            "num_qubits": str(read.num_qubits),
            "metadata": "{}",
            **Note(read.bits.registers, _by_place(read)).words(),
        },
        name=job.program.name or read.name,
    )


def _as_ionq(job: JobSpec, circuit: QuantumCircuit) -> Payload:
    read = _read(circuit, {*ionq.BASIS})
    return Payload(
        ionq.ionq_of(read).encode(),
        ionq.INPUT,
        ionq.OUTPUT,
        params={"shots": job.shots},
        metadata={
            "name": read.name,
            "num_qubits": str(read.num_qubits),
            **Note(read.bits.registers, _by_place(read)).words(),
        },
        name=job.program.name or read.name,
    )


def _as_qasm(job: JobSpec, circuit: QuantumCircuit) -> Payload:
    written, bits = quantinuum.qasm_of(circuit), BitLayout.of(circuit)
    places = tuple(written.places[place] for found in bits.places for place in found)
    return Payload(
        written.text.encode(),
        quantinuum.INPUT,
        quantinuum.OUTPUT,
        media_type="application/qasm",
        params={"shots": job.shots},
        metadata=Note(bits.registers, places).words(),
        name=job.program.name or circuit.name,
    )


def _as_quil(job: JobSpec, circuit: QuantumCircuit) -> Payload:
    read = _read(circuit, {*quil.BASIS})
    places = tuple(place for found in read.bits.places for place in found)
    return Payload(
        quil.quil_of(read).encode(),
        quil.INPUT,
        quil.OUTPUT,
        media_type="text/plain",
        params={"shots": job.shots},
        metadata=Note(read.bits.registers, places).words(),
        name=job.program.name or read.name,
    )


_NATIVE: Mapping[str, tuple[Sequence[str], Writer, bool]] = {
    IONQ: (ionq.BASIS, _as_ionq, False),
    QUANTINUUM: (quantinuum.BASIS, _as_qasm, True),
    RIGETTI: (quil.BASIS, _as_quil, False),
}
"""The gates of each vendor's own format, its writer, and whether it goes on after measurements."""


def _as_it_is(job: JobSpec) -> Payload:
    formats = {
        ProgramFormat.QIR: (QIR, V2, QIR),
        ProgramFormat.IONQ: (ionq.INPUT, ionq.OUTPUT, "application/json"),
        ProgramFormat.QUANTINUUM: (quantinuum.INPUT, quantinuum.OUTPUT, "application/qasm"),
        ProgramFormat.QUIL: (quil.INPUT, quil.OUTPUT, "text/plain"),
    }
    program = job.program
    if job.variables:
        raise UnsupportedProgramError(
            f"values cannot be put into a {program.format} program",
            provider="azure",
            remedy="Write the values into it, or pass a circuit with parameters.",
        )
    given, wanted, media = formats[program.format]
    params: JsonObject = {"shots": job.shots}
    metadata: dict[str, str] = {}
    if program.format is ProgramFormat.QIR:
        params["items"] = [{"entryPoint": qir.ENTRY, "arguments": []}]
    if program.format is ProgramFormat.IONQ:
        metadata["num_qubits"] = str(ionq.ionq_qubits(program.text))
    return Payload(program.data, given, wanted, media, params, metadata, program.name)


def _read(circuit: QuantumCircuit, known: Collection[str]) -> Circuit:
    from quantum_async.providers.azure.translate.circuits import read_gates

    read = read_gates(circuit)
    for gate in read.gates:
        # Writers write what they know, and nothing by its name alone.
        if gate.name not in known:
            raise UnsupportedProgramError(
                f"the target has no {gate.name}",
                provider="azure",
                remedy="Replace the operation by gates.",
            )
    return read


def _by_place(circuit: Circuit) -> tuple[int, ...]:
    """Name the measured qubit of each bit of each register, in their order."""
    return tuple(circuit.measured[place] for found in circuit.bits.places for place in found)
