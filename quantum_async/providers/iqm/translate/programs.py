"""From programs to circuits of a quantum computer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import (
    NoMeasurementError,
    ProgramError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models._extras import optional_libraries
from quantum_async.models.program import CIRCUIT_FORMATS, ProgramFormat
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.circuits import read_circuit, transpiled
from quantum_async.programs.parameters import bound_circuit
from quantum_async.programs.tokens import shape_of
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.translate.circuits import native_circuit
from quantum_async.providers.iqm.translate.results import layout_of
from quantum_async.providers.iqm.validation import check_circuit, check_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target

    from quantum_async.models.program import Program
    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.options import IQMOptions
    from quantum_async.providers.iqm.translate.circuits import Route
    from quantum_async.providers.iqm.translate.results import Layout


def target_of(architecture: Architecture) -> Target:
    """Describe a quantum computer to Qiskit's transpiler.

    Its qubits are the architecture's, in their order; resonators are left out. Where a CZ between
    two qubits is reached over a resonator (`routes_of`), it is offered as if it were direct.

    Args:
        architecture: What is calibrated.
    """
    from qiskit.circuit import Delay, IfElseOp, Measure, Parameter, Reset
    from qiskit.circuit.library import CZGate, IGate, RGate
    from qiskit.transpiler import Target

    qubits = architecture.described.qubits
    index = {name: place for place, name in enumerate(qubits)}
    every: dict[tuple[int, ...], None] = {(place,): None for place in range(len(qubits))}
    target = Target(num_qubits=len(qubits))
    target.add_instruction(
        RGate(Parameter("theta"), Parameter("phi")), _single(architecture, "prx", index)
    )
    pairs = [p for p in _pairs(architecture) if p[0] in index and p[1] in index]
    target.add_instruction(
        CZGate(), {(index[a], index[b]): None for pair in pairs for a, b in (pair, pair[::-1])}
    )
    target.add_instruction(Measure(), _single(architecture, "measure", index))
    target.add_instruction(Reset(), dict(every))
    target.add_instruction(Delay(Parameter("duration")), dict(every))
    target.add_instruction(IGate(), dict(every))
    if architecture.loci("cc_prx"):
        target.add_instruction(IfElseOp, name="if_else")
    return target


def routes_of(architecture: Architecture) -> dict[tuple[str, str], Route]:
    """Say how a CZ between two qubits is reached over a resonator, where it is not direct.

    Args:
        architecture: What is calibrated.

    Returns:
        For each pair, in both orders: which qubit moves, where to, and the other qubit.
    """
    direct = architecture.loci("cz")
    routes: dict[tuple[str, str], Route] = {}
    for move in sorted(architecture.loci("move")):
        moved, resonator = move[0], move[1]
        for locus in sorted(direct):
            if resonator not in locus:
                continue
            other = locus[0] if locus[1] == resonator else locus[1]
            pair = (moved, other)
            if other != moved and pair not in direct and (other, moved) not in direct:
                routes.setdefault(pair, (moved, resonator, other))
                routes.setdefault((other, moved), (moved, resonator, other))
    return routes


def _single(
    architecture: Architecture, gate: str, index: dict[str, int]
) -> dict[tuple[int, ...], None]:
    names = {name for locus in architecture.loci(gate) for name in locus}
    return {(place,): None for name, place in index.items() if name in names}


def _pairs(architecture: Architecture) -> list[tuple[str, str]]:
    direct = [(locus[0], locus[1]) for locus in sorted(architecture.loci("cz"))]
    return [*direct, *routes_of(architecture)]


FORMATS = frozenset({ProgramFormat.IQM, ProgramFormat.QIR, *CIRCUIT_FORMATS})
"""What can run on IQM's quantum computers."""

_ENTRY_POINT = re.compile(r'"entry_?point"', re.IGNORECASE)

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


def native(job: JobSpec) -> Circuit | None:
    """Read a program as far as that needs no quantum computer; may take milliseconds.

    Args:
        job: The job.

    Returns:
        A circuit that is in IQM's own form already, or ``None``.

    Raises:
        InvalidInputError: No quantum computer could run it, with circuit and instruction.
    """
    program = job.program
    check_format(program)
    if program.format is ProgramFormat.QIR:
        _no_variables(job)
        _check_qir(program)
    if program.format is not ProgramFormat.IQM:
        return None
    _no_variables(job)
    circuit = Circuit.read(program.text, program.where)
    _check(circuit, program.where)
    return circuit


def needs_architecture(job: JobSpec, options: IQMOptions) -> bool:
    """Whether a program cannot be made ready without knowing the quantum computer."""
    if options.checked or options.transpile:
        return True
    return job.program.format in CIRCUIT_FORMATS and not options.mapping


def prepare(job: JobSpec, architecture: Architecture | None, options: IQMOptions) -> Prepared:
    """Make a job's program ready to be sent; may take milliseconds.

    Args:
        job: The job.
        architecture: What the quantum computer can run; may be ``None`` where
            `needs_architecture` says so.
        options: The job's options.

    Raises:
        InvalidInputError: It cannot run, with circuit, instruction and locus.
    """
    return prepare_read(job, native(job), architecture, options)


def prepare_read(
    job: JobSpec, read: Circuit | None, architecture: Architecture | None, options: IQMOptions
) -> Prepared:
    """Make a job's program ready to be sent, of which `native` has read what it could.

    Raises:
        InvalidInputError: It cannot run, with circuit, instruction and locus.
    """
    program = job.program
    if program.format is ProgramFormat.QIR:
        return Prepared(program.text, None)
    if read is not None:
        circuit, layout = read, layout_of(read)
    else:
        circuit, layout = _translated(job, architecture, options)
        _check(circuit, program.where)
    if architecture is not None and options.checked:
        check_on(circuit, architecture, options.mapping, options.move_validation)
    return Prepared(circuit, layout)


def _check(circuit: Circuit, where: str) -> None:
    if not any(instruction.name == "measure" for instruction in circuit.instructions):
        raise NoMeasurementError(
            f"{where} measures nothing", provider="iqm", remedy="Measure what you want to know."
        )
    check_circuit(circuit)


def _check_qir(program: Program) -> None:
    if _ENTRY_POINT.search(program.text) is None:
        raise ProgramError(
            f"{program.where}: not QIR: no function has the attribute entry_point",
            provider="iqm",
            remedy="Give the text of an LLVM module that follows the QIR specification.",
        )


def _translated(
    job: JobSpec, architecture: Architecture | None, options: IQMOptions
) -> tuple[Circuit, Layout]:
    target = architecture if options.transpile else None
    circuit = _prepared_circuit(job, target, options)
    circuit = bound_circuit(circuit, job.variables)
    names: Sequence[str] = [str(n) for n in range(circuit.num_qubits)]
    if architecture is not None and not options.mapping:
        names = architecture.components
    routes = {} if target is None else routes_of(target)
    return native_circuit(circuit, names, options.mapping, routes)


def _prepared_circuit(
    job: JobSpec, target: Architecture | None, options: IQMOptions
) -> QuantumCircuit:
    program = job.program
    with optional_libraries():
        circuit = read_circuit(program, {"move"}, job.variables)
    if target is None:
        return circuit
    level, seed = options.optimization_level, options.seed
    variant = f"{target.fingerprint} {level} {seed} {shape_of(program, job.variables)}"

    def bring() -> QuantumCircuit:
        return transpiled(
            circuit,
            f"{program.where} cannot be brought to {len(target.described.qubits)} qubits of IQM's",
            provider="iqm",
            remedy="Use fewer qubits that depend on each other, or a quantum computer that fits.",
            target=target_of(target),
            optimization_level=level,
            seed_transpiler=seed,
        )

    return _read.get(program, variant, bring)


def _no_variables(job: JobSpec) -> None:
    if job.variables:
        names = tuple(job.variables)
        raise UnboundParametersError(
            f"a {job.program.format} program has no parameters, and {', '.join(names)} got values",
            names=names,
            remedy="Pass a Qiskit circuit with parameters, or a function that makes programs.",
        )
