"""From any program to one circuit of a submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import (
    NoMeasurementError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.program import CIRCUIT_FORMATS, ProgramFormat
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.translate.circuits import native_circuit
from quantum_async.providers.iqm.translate.layout import layout_of
from quantum_async.providers.iqm.translate.target import routes_of, target_of, transpiled
from quantum_async.providers.iqm.validation import check_circuit, check_on
from quantum_async.simulation.cache import ProgramCache
from quantum_async.simulation.circuits.parameters import values_by_parameter
from quantum_async.simulation.circuits.read import read_circuit

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from quantum_async.models.program import Program
    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.options import IQMOptions
    from quantum_async.providers.iqm.translate.layout import Layout

FORMATS = frozenset({ProgramFormat.IQM, ProgramFormat.QIR, *CIRCUIT_FORMATS})
"""What can run on IQM's quantum computers."""

_read: ProgramCache[QuantumCircuit] = ProgramCache("iqm")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program ready to be sent.

    Args:
        circuit: The circuit, or QIR text that the server reads itself.
        layout: How its measurements fill registers; not known for QIR.
    """

    circuit: Circuit | str
    layout: Layout | None


def check_format(program: Program) -> None:
    """Refuse a program of a kind that no IQM quantum computer runs.

    Raises:
        UnsupportedProgramError: By name.
    """
    is_text = isinstance(program.payload, str) if program.format is ProgramFormat.QIR else True
    if program.format not in FORMATS or not is_text:
        raise UnsupportedProgramError(
            f"IQM does not run {program.format} programs",
            provider="iqm",
            remedy=f"It runs: {', '.join(sorted(FORMATS))} (QIR as text).",
        )


def prepare(job: JobSpec, architecture: Architecture, options: IQMOptions) -> Prepared:
    """Make a job's program ready to be sent; may take milliseconds.

    Args:
        job: The job.
        architecture: What the quantum computer can run.
        options: The job's options.

    Raises:
        InvalidInputError: It cannot run, with circuit, instruction and locus.
    """
    program = job.program
    check_format(program)
    if program.format is ProgramFormat.QIR:
        _no_variables(job)
        return Prepared(program.text, None)
    if program.format is ProgramFormat.IQM:
        _no_variables(job)
        circuit = Circuit.read(program.text, program.where)
        layout = layout_of(circuit)
    else:
        circuit, layout = _translated(job, architecture, options)
    _check(circuit, architecture, options, program.where)
    return Prepared(circuit, layout)


def _check(circuit: Circuit, architecture: Architecture, options: IQMOptions, where: str) -> None:
    if not any(instruction.name == "measure" for instruction in circuit.instructions):
        raise NoMeasurementError(f"{where} measures nothing", provider="iqm")
    check_circuit(circuit)
    check_on(circuit, architecture, options.mapping, options.move_validation)


def _translated(
    job: JobSpec, architecture: Architecture, options: IQMOptions
) -> tuple[Circuit, Layout]:
    circuit = _prepared_circuit(job.program, architecture, options)
    values = values_by_parameter(circuit, job.variables)
    if values:
        circuit = circuit.assign_parameters(values, inplace=False)
    mapping = options.mapping
    names = [str(n) for n in range(circuit.num_qubits)] if mapping else architecture.components
    routes = routes_of(architecture) if options.transpile else {}
    return native_circuit(circuit, names, mapping, routes)


def _prepared_circuit(
    program: Program, architecture: Architecture, options: IQMOptions
) -> QuantumCircuit:
    circuit = _read.get(program, "", lambda: read_circuit(program))
    if not options.transpile:
        return circuit
    level, seed = options.optimization_level, options.seed
    variant = f"{architecture.fingerprint} {level} {seed}"

    def bring() -> QuantumCircuit:
        return transpiled(circuit, target_of(architecture), level=level, seed=seed)

    return _read.get(program, variant, bring)


def _no_variables(job: JobSpec) -> None:
    if job.variables:
        names = tuple(job.variables)
        raise UnboundParametersError(
            f"a {job.program.format} program has no parameters, and {', '.join(names)} got values",
            names=names,
            remedy="Pass a Qiskit circuit with parameters, or a function that makes programs.",
        )
