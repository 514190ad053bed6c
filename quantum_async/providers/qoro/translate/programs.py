"""Programs as the service takes them: a text, the parameters left open in it, and its facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quantum_async.errors import (
    ProgramSyntaxError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models._extras import optional_libraries
from quantum_async.models.program import CIRCUIT_FORMATS, ProgramFormat
from quantum_async.providers.qoro.payloads import filled
from quantum_async.providers.qoro.translate.circuits import written
from quantum_async.providers.qoro.translate.qasm import read_qasm

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.models.result import Register

_AMBIGUOUS = re.compile(r"-[^,;\n]*\^")
"""A sign before a power: readers of OpenQASM 2 differ on which comes first."""


@dataclass(frozen=True)
class Prepared:
    """A program ready for the service.

    Args:
        text: OpenQASM 2 in the service's gates.
        bare: The same without the measurements at its end. Observables are those of the state
            before these; the service's simulator would take them of the state that a single run
            of them leaves.
        qubits: How many qubits it declares.
        registers: Its classical registers under their own names.
        measures: Whether it measures anything.
        names: What stands in the text for each parameter.
        circuit: The circuit it was written from, if it was.
        is_template: Whether the service can put in the values; otherwise each point is bound here.
    """

    text: str
    bare: str
    qubits: int
    registers: tuple[Register, ...]
    measures: bool
    names: tuple[str, ...] = ()
    circuit: QuantumCircuit | None = None
    is_template: bool = False

    def values(self, variables: Mapping[str, Value]) -> tuple[float, ...]:
        """Give the numbers for `names`, in their order.

        Args:
            variables: Values by parameter; a vector takes a list.

        Raises:
            UnboundParametersError: A parameter has no value, or a value has no parameter.
        """
        if self.circuit is None:
            numbers = flat(variables)
            if numbers.keys() != set(self.names):
                raise UnboundParametersError(
                    f"the program has the parameters {', '.join(self.names)}, and values were "
                    f"given for {', '.join(numbers) or 'none'}",
                    names=tuple(sorted(numbers.keys() ^ set(self.names))),
                    remedy="Give one number for each parameter.",
                )
            return tuple(numbers[name] for name in self.names)
        from quantum_async.programs.parameters import values_by_parameter

        bound = values_by_parameter(self.circuit, variables)
        return tuple(bound[parameter] for parameter in self.circuit.parameters)

    def bound(self, variables: Mapping[str, Value], where: str) -> Prepared:
        """Write the program down with its values, for where it is no template.

        Args:
            variables: Values by parameter.
            where: What the program is called in errors.

        Raises:
            UnboundParametersError: A parameter has no value, or a value has no parameter.
        """
        if not self.names:
            return self
        if self.circuit is None:
            numbers = dict(zip(self.names, map(repr, self.values(variables)), strict=True))
            text, bare = filled(self.text, numbers), filled(self.bare, numbers)
            return replace(self, text=text, bare=bare, names=(), is_template=False)
        from quantum_async.programs.parameters import bound_circuit

        return _from_circuit(bound_circuit(self.circuit, variables), where)


def prepared(program: Program, variables: Mapping[str, Value]) -> Prepared:
    """Make a program ready; takes long for large programs, so not on the loop.

    Args:
        program: OpenQASM 2 or 3, or a Qiskit circuit. In OpenQASM 2 the names of variables may
            stand where numbers stand.
        variables: Values of its parameters; only their names matter here.

    Raises:
        ProgramError: It is malformed, or the service cannot run it.
        UnboundParametersError: A parameter has no value, or a value has no parameter.
    """
    if program.format not in CIRCUIT_FORMATS:
        raise UnsupportedProgramError(
            f"the Qoro service does not run {program.format} programs",
            provider="qoro",
            remedy="It runs OpenQASM 2, and OpenQASM 3 and Qiskit circuits translated to that.",
        )
    if program.format is ProgramFormat.QASM2:
        return _from_text(program, variables)
    circuit = _read(program)
    ready = _from_circuit(circuit, program.where)
    ready.values(variables)
    return ready


def flat(variables: Mapping[str, Value]) -> dict[str, float]:
    """Write vectors out as single numbers, element 2 of ``w`` under ``w[2]``.

    Raises:
        UnboundParametersError: A value is no number and no list of numbers.
    """
    numbers: dict[str, float] = {}
    for name, value in variables.items():
        items = {name: value}
        if isinstance(value, tuple | list):
            items = {f"{name}[{place}]": item for place, item in enumerate(value)}
        for key, item in items.items():
            if isinstance(item, str | tuple | list | Mapping):
                raise UnboundParametersError(
                    f"{key} takes a number, got {item!r}", names=(name,), remedy="Pass one number."
                )
            numbers[key] = float(item)
    return numbers


def _from_text(program: Program, variables: Mapping[str, Value]) -> Prepared:
    names = tuple(flat(variables))
    facts = read_qasm(program.text, parameters=names, where=program.where)
    unknown = [name for name in names if name not in facts.parameters]
    if unknown:
        raise UnboundParametersError(
            f"the program has no parameter {unknown[0]!r}",
            names=tuple(unknown),
            remedy="Write the parameter's name where its number belongs.",
        )
    if facts.foreign and names:
        raise UnsupportedProgramError(
            f"{program.where} uses {', '.join(sorted(facts.foreign))}, which the service lacks",
            provider="qoro",
            remedy="Pass a parametrised Qiskit circuit, or replace these gates.",
        )
    if facts.foreign:
        return _from_circuit(_read(program), program.where)
    return Prepared(
        facts.text,
        facts.bare,
        facts.qubits,
        facts.registers,
        facts.measures,
        names,
        is_template=bool(names),
    )


def _from_circuit(circuit: QuantumCircuit, where: str) -> Prepared:
    made = written(circuit, where)
    bare, is_template = made.text, False
    try:
        bare = read_qasm(made.text, parameters=made.names, where=where).bare
        is_template = bool(made.names) and not _AMBIGUOUS.search(made.text)
    except ProgramSyntaxError:
        # An angle that OpenQASM 2 cannot say, such as an absolute value: each point is bound here.
        if not made.names:
            raise
    return Prepared(
        made.text,
        bare,
        circuit.num_qubits,
        made.registers,
        made.measures,
        made.names,
        circuit,
        is_template,
    )


def _read(program: Program) -> QuantumCircuit:
    from quantum_async.programs.circuits import read_circuit

    with optional_libraries():
        return read_circuit(program)
