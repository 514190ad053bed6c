"""Programs as the service takes them: a text, the parameters left open in it, and its facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from quantum_async.errors import UnboundParametersError, UnsupportedProgramError
from quantum_async.models._extras import optional_libraries
from quantum_async.models.program import CIRCUIT_FORMATS
from quantum_async.programs.circuits import read_circuit
from quantum_async.programs.parameters import bound_circuit, values_by_parameter
from quantum_async.programs.survey import Survey, without_final_measurements
from quantum_async.programs.tokens import declared, tokens
from quantum_async.providers.qoro.translate.circuits import FUNCTIONS, KNOWN, WORDS, written

if TYPE_CHECKING:
    from collections.abc import Collection

    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.models.result import Register

_ODD_NUMBER = re.compile(r"\.(?!\d)|^\.")


@dataclass(frozen=True)
class Prepared:
    """A program ready for the service.

    Args:
        circuit: The circuit, its parameters open.
        where: What it is called in errors.
        text: OpenQASM 2 in the service's gates.
        names: What stands in the text for each parameter of the circuit, in their order.
        registers: Its classical registers under their own names.
        is_template: Whether the service can put in the values; otherwise each point is bound here.
    """

    circuit: QuantumCircuit
    where: str
    text: str
    names: tuple[str, ...]
    registers: tuple[Register, ...]
    is_template: bool

    @property
    def qubits(self) -> int:
        """How many qubits it declares."""
        return int(self.circuit.num_qubits)

    @property
    def measures(self) -> bool:
        """Whether it measures anything."""
        return Survey.of(self.circuit).measures

    @cached_property
    def bare(self) -> str:
        """The text without the measurements at its end.

        Observables are those of the state before these; the service's simulator would take them
        of the state that a single run of them leaves.
        """
        return written(without_final_measurements(self.circuit), self.where).text

    def values(self, variables: Mapping[str, Value]) -> tuple[float, ...]:
        """Give the numbers for `names`, in their order.

        Args:
            variables: Values by parameter; a vector takes a list.

        Raises:
            UnboundParametersError: A parameter has no value, or a value has no parameter.
        """
        bound = values_by_parameter(self.circuit, variables)
        return tuple(bound[parameter] for parameter in self.circuit.parameters)

    def bound(self, variables: Mapping[str, Value]) -> Prepared:
        """Write the program down with its values, for where it is no template.

        Args:
            variables: Values by parameter.

        Raises:
            UnboundParametersError: A parameter has no value, or a value has no parameter.
        """
        if not self.names:
            return self
        return _prepared(bound_circuit(self.circuit, variables), self.where)


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
    with optional_libraries():
        circuit = read_circuit(program, variables=variables)
    ready = _prepared(circuit, program.where)
    ready.values(variables)
    return ready


def _prepared(circuit: QuantumCircuit, where: str) -> Prepared:
    made = written(circuit, where)
    return Prepared(circuit, where, made.text, made.names, made.registers, made.is_template)


def is_in_the_services_words(text: str, names: Collection[str]) -> bool:
    """Whether a text that was read without errors can be sent as it is written.

    The service reads less than others: no other gates, no definitions of those that it has, and
    no numbers such as ``.5`` or ``1.``.

    Args:
        text: OpenQASM 2.
        names: Names in it that stand for numbers.
    """
    found = list(tokens(text))
    known = {*KNOWN, *WORDS, *FUNCTIONS, *declared(found)} - {"gate", "opaque"}
    known.update(word.text for name in names for word in tokens(name))
    return found[0].text == "OPENQASM" and not any(
        (token.kind == "name" and token.text not in known)
        or (token.kind == "number" and _ODD_NUMBER.search(token.text))
        for token in found
    )


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
