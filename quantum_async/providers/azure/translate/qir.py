"""QIR of circuits: textual LLVM, in the base profile where that is enough."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantum_async.providers.azure.translate.circuits import Circuit, Gate

ENTRY = "ENTRYPOINT__main"
BASIS = "h x y z s sdg t tdg rx ry rz cx cz swap ccx".split()
"""Qiskit's names of the gates that are written."""

_ADJOINT = {"sdg": "s", "tdg": "t"}
_RESULT, _QUBIT = "%Result*", "%Qubit*"
_FLAGS = """
!llvm.module.flags = !{!0, !1, !2, !3}

!0 = !{i32 1, !"qir_major_version", i32 1}
!1 = !{i32 7, !"qir_minor_version", i32 0}
!2 = !{i32 1, !"dynamic_qubit_management", i1 false}
!3 = !{i32 1, !"dynamic_result_management", i1 false}
"""


def qir_of(circuit: Circuit) -> str:
    """Write a circuit down.

    Each register's bits are recorded from the last to the first, and the last register first, so
    that an outcome reads as Qiskit writes it.

    Args:
        circuit: The circuit, in gates of `BASIS`.
    """
    results: dict[int, int] = {}
    if circuit.is_measured_last:
        results = {bit: number for number, bit in enumerate(_recorded(circuit))}
        steps = [*map(_call, circuit.gates), *_measurements(circuit, results)]
    else:
        steps = list(_in_order(circuit, results))
    measured = sum("__m__body" in step for step in steps)
    profile = "base_profile" if circuit.is_measured_last else "adaptive_profile"
    body = [*steps, *_records(circuit, results)]
    calls = "\n".join(f"  call void @{call}" for call in body)
    declared = "\n\n".join(_declarations(body))
    attributes = (
        f'attributes #0 = {{ "entry_point" "output_labeling_schema" "qir_profiles"="{profile}" '
        f'"required_num_qubits"="{circuit.num_qubits}" "required_num_results"="{measured}" }}\n'
        'attributes #1 = { "irreversible" }\n'
    )
    return (
        f"%Result = type opaque\n%Qubit = type opaque\n\ndefine void @{ENTRY}() #0 {{\nblock_0:\n"
        f"{calls}\n  ret void\n}}\n\n{declared}\n\n{attributes}{_FLAGS}"
    )


def _recorded(circuit: Circuit) -> Iterator[int]:
    """Name the classical bits that are measured into."""
    return (bit for bit, qubit in enumerate(circuit.measured) if qubit >= 0)


def _call(gate: Gate) -> str:
    name = _ADJOINT.get(gate.name, gate.name)
    kind = "adj" if gate.name in _ADJOINT else "body"
    operands = [*(f"double {_double(p)}" for p in gate.params), *map(_qubit, gate.qubits)]
    return f"__quantum__qis__{name}__{kind}({', '.join(operands)})"


def _measurements(circuit: Circuit, results: dict[int, int]) -> Iterator[str]:
    for bit, result in results.items():
        yield f"__quantum__qis__m__body({_qubit(circuit.measured[bit])}, {_result(result)})"


def _in_order(circuit: Circuit, results: dict[int, int]) -> Iterator[str]:
    """Write operations in their order; every measurement has a result of its own."""
    number = 0
    for step in circuit.steps:
        if step.name == "measure":
            # A bit that is measured into again shows the later result.
            results[step.clbits[0]] = number
            yield f"__quantum__qis__m__body({_qubit(step.qubits[0])}, {_result(number)})"
            number += 1
        else:
            yield _call(step)


def _records(circuit: Circuit, results: dict[int, int]) -> Iterator[str]:
    registers = [
        [results[bit] for bit in reversed(places) if bit in results]
        for places in reversed(circuit.bits.places)
    ]
    registers = [found for found in registers if found]
    if len(registers) > 1:
        yield f"__quantum__rt__tuple_record_output(i64 {len(registers)}, i8* null)"
    for found in registers:
        yield f"__quantum__rt__array_record_output(i64 {len(found)}, i8* null)"
        for result in found:
            yield f"__quantum__rt__result_record_output({_result(result)}, i8* null)"


def _declarations(body: list[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for call in body:
        name, _, operands = call.partition("(")
        kinds = ", ".join(operand.split()[0] for operand in operands.rstrip(")").split(", "))
        seen.setdefault(name, kinds)
    for name, kinds in seen.items():
        mark = " #1" if "__m__" in name or "__reset__" in name else ""
        yield f"declare void @{name}({kinds}){mark}"


def _qubit(number: int) -> str:
    return f"{_QUBIT} inttoptr (i64 {number} to {_QUBIT})"


def _result(number: int) -> str:
    return f"{_RESULT} inttoptr (i64 {number} to {_RESULT})"


def _double(value: float) -> str:
    # LLVM takes a decimal only where it is exact, and the bits always.
    return f"0x{struct.pack('>d', value).hex().upper()}"
